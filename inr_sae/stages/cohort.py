"""Stage 1: draw the signals and train the encoder that they share."""

import logging

import numpy as np

from inr_sae.errors import UserError
from inr_sae.folder.checkpoints import read_params
from inr_sae.inr import fit, network
from inr_sae.machine import devices
from inr_sae.measure.cap import CAP_DB, capped
from inr_sae.measure.image import psnr_from_mse
from inr_sae.report import sentences
from inr_sae.report.figures import pictures
from inr_sae.report.figures.style import save
from inr_sae.report.page import Heading
from inr_sae.report.parts import study as parts
from inr_sae.rows.transfer import HistoryRow, SignalRow
from inr_sae.run import checks, drawn, external, ground, trained, training
from inr_sae.run.keys import key_of
from inr_sae.run.trained import TrainedCohort
from inr_sae.signals.load import n_trained
from inr_sae.state import Training

NEEDS, USES = (), ()
READS = ("seed", "signals", "inr", "external", "cohort", "runtime")
WRITES = ("cohort",)
logger = logging.getLogger("inr_sae")
SIGNALS = "cohort/signals.csv"


def check(config):
    """Refuse an encoder or a training that cannot be, and signals that cannot be read."""
    checks.positive(config, "inr.width", "inr.n_layers", "cohort.steps", "cohort.learning_rate", "cohort.log_every")
    if config.cohort.stop_psnr_db is not None and config.cohort.stop_psnr_db > CAP_DB:
        raise UserError(
            f"cohort.stop_psnr_db is {config.cohort.stop_psnr_db}; of each signal the mean counts at most {CAP_DB:.2f} "
            "dB, the rounding of 8-bit images"
        )
    checks.one_of("external.heads", config.external.heads, ("fit", "file"))
    if config.external.file is None:
        raise UserError("external.file is not set; it names the tensors of the encoder, .safetensors or .npz")
    check_coordinates(config.inr.coordinates)
    backbone = trained.backbone_of(config.inr)
    for key in backbone.DEFAULTS:
        checks.positive_value(f"inr.{config.inr.backbone}.{key}", config.inr[config.inr.backbone][key])
    signals = drawn.read("signals", config.signals)
    trained.like(config.inr, signals.cohort)
    if config.external.file:
        external.read(config, signals.cohort)
        external.refuse_other_pixels(config, signals)


def check_coordinates(values, key="inr.coordinates"):
    """Raise UserError naming the key unless these are two ends, the lower one first."""
    if len(values) != 2 or not values[0] < values[1]:
        raise UserError(f"{key} is {tuple(values)}; it is the first and the last pixel's, as in (0.0, 1.0)")


def run(config, store):
    """Train the cohort, or take an encoder from elsewhere; writes cohort/signals.csv, checkpoints, history.csv,
    reconstructions.png."""
    signals = draw(config, store)
    ground.settle_training(store, "cohort", ground.of_training(config, signals))
    state = initial(config, signals.cohort)
    backbone, settings = trained.backbone_of(config.inr), trained.settings(config.inr)
    x = trained.grid(settings, signals.cohort)
    if config.external.file:
        params = external.params(config, signals.cohort, x)
        state = fit.init_state(params, None, config.cohort.learning_rate, state.key)
    data = tiles(backbone, state.params["encoder"], x, signals.cohort)
    if config.external.file:
        history = [[0, *map(float, fit.signal_mse(backbone, state.params, None, data))]]
        training.keep(store, "cohort", state, history)
        logger.info(
            "%s: %.2f dB on its %d signals; where that is too low, look at the layout's coordinates, range and "
            "output_range, and at the names of the signals",
            *(config.external.file, mean_psnr(history[0][1:]), len(history[0]) - 1),
        )
    else:
        of_cohort = training_of(config, backbone, data)
        of_cohort = of_cohort._replace(label=store.label(f"cohort {config.inr.backbone}"))
        state, history = training.train(store, "cohort", state, of_cohort, config.runtime)
    store.write_rows("cohort/history.csv", HistoryRow, [history_row(row) for row in history])
    outputs = TrainedCohort(settings, backbone, state.params, signals, x).outputs()
    save(store, "cohort/reconstructions.png", pictures.reconstructions(signals.cohort, outputs, signals.names.cohort))


def tiles(backbone, encoder, x, signals):
    """The `fit.Tiles` of signals (M, H, W, C) at coordinates x (N, 2), for all units to move."""
    h = network.prefix(backbone, encoder, -1, x)
    rows = fit.tile_rows(1, fit.bytes_a_row(backbone, encoder), devices.accelerator_memory())
    return fit.tiles(h, trained.flat(signals), rows)


def training_of(config, backbone, data):
    """The `state.Training` of a cohort on Tiles."""
    rate, stop_db = config.cohort.learning_rate, config.cohort.stop_psnr_db
    return Training(
        label="cohort",
        total=config.cohort.steps,
        chunk=config.cohort.log_every,
        run=lambda n, state: fit.fit_cohort(backbone, None, rate, n, state, data),
        measure=lambda state, losses: fit.signal_mse(backbone, state.params, None, data),
        describe=lambda mse: f"{mean_psnr(mse):.2f} dB",
        stop=lambda mse: stop_db is not None and mean_psnr(mse) >= stop_db,
        mend=f"its rate, {rate:g}: cohort.learning_rate or, where it is given, rates.<backbone> or single.<backbone>",
    )


def mean_psnr(mse):
    """Mean PSNR in dB of signals from the mse of each, capped."""
    return float(np.mean(capped(psnr_from_mse(np.array(mse)))))


def history_row(row):
    """The HistoryRow of [step, mse of each signal]."""
    step, mse = row[0], np.array(row[1:])
    psnr = capped(psnr_from_mse(mse))
    return HistoryRow(step, mse.sum(), psnr.mean(), psnr.min(), psnr.max())


def draw(config, store):
    """The study's Signals, held to the pixels that they had the first time."""
    return drawn.draw("signals", config.signals, store, SIGNALS)


def initial(config, signals):
    """The TrainState at step 0 for signals (M, H, W, C); it depends on the config, and on them where the backbone's
    weights do."""
    keys = key_of(config.seed, "encoder"), key_of(config.seed, "heads")
    params = network.init(trained.backbone_of(config.inr), keys, trained.settings(config.inr), signals)
    return fit.init_state(params, None, config.cohort.learning_rate, key_of(config.seed, "cohort"))


def load(config, store):
    """The TrainedCohort of a study's folder."""
    signals = draw(config, store)
    params = training.restore(store, "cohort", initial(config, signals.cohort))[0].params
    settings = trained.settings(config.inr)
    x = trained.grid(settings, signals.cohort)
    return TrainedCohort(settings, trained.backbone_of(config.inr), params, signals, x)


def studies(root):
    """The folders, in `root` and below, of studies whose cohort is done, sorted."""
    return sorted(path.parent.parent for path in root.rglob("cohort/done.json"))


def params_of(store):
    """The parameters {"encoder", "heads"} of a done cohort, whatever the config."""
    params = read_params(store.path("cohort/checkpoints"))
    params["encoder"].setdefault("constants", {})
    return params


def history(store):
    """The HistoryRows of a done cohort."""
    return store.read_rows("cohort/history.csv", HistoryRow)


def trained_on(store):
    """The SignalRows of what the encoder was trained on, in the order of its heads."""
    return [row for row in store.read_rows(SIGNALS, SignalRow) if row.split == "cohort"]


def picture(store):
    """The png of the cohort's signals and reconstructions."""
    return store.path("cohort/reconstructions.png").read_bytes()


def sections(config, store, exhibits):
    """How the cohort was trained."""
    signals = store.read_rows(SIGNALS, SignalRow)
    return [parts.cohort_section(exhibits, history(store), signals, picture(store), bool(config.external.file))]


def length(config):
    """How long a cohort is trained, for a reader."""
    most = "at most " if config.cohort.stop_psnr_db is not None else ""
    return f"{most}{config.cohort.steps} steps"


def heading(config):
    """The title of a study of one encoder."""
    label, signals, n = trained.backbone_of(config.inr).LABEL, config.signals, n_trained(config.signals)
    whose = "a cohort" if n > 1 else "one signal"
    how = f"{length(config)}, seed {config.seed}"
    if config.external.file:
        how = f"encoder from {config.external.file}"
    return Heading(
        f"{label} on {signals.dataset}: the encoder of {whose}",
        f"{label}, {trained.size(config.inr)}; cohort of {n} from {signals.dataset}, {how}.",
        sentences.caveats([signals.dataset], config.external.file),
    )
