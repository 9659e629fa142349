"""Whether class signal in the weights of fitted networks is clustered, or routed by the reader (arXiv 2605.08281).

Networks with a learned start are fitted to images, and a transformer reads the class off their weights' offsets; one
training for every condition and seed.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from inr_sae.errors import UserError
from inr_sae.inr import coordinates
from inr_sae.machine import extras, processes
from inr_sae.machine.progress import Progress
from inr_sae.report.page import Heading
from inr_sae.report.parts import weights as parts
from inr_sae.rows.weights import (
    ALL_TOKENS,
    BaselineRow,
    ClassImageRow,
    FlowRow,
    InterventionRow,
    ReaderHistoryRow,
    ReadingRow,
)
from inr_sae.run import checks, drawn, training
from inr_sae.run.keys import key_of
from inr_sae.signals.labelled.load import SPLITS
from inr_sae.state import Training
from inr_sae.weights import diagnostics, outer, readings
from inr_sae.weights.reader import Reader

NEEDS, USES = (), ()
READS = ("seed", "classes", "weights", "runtime")
WRITES = ("class_signal",)
KINDS = {"readings": ReadingRow, "flow": FlowRow, "interventions": InterventionRow}
SIZES = ("width", "n_hidden", "inner_steps", "reader_width", "reader_head", "reader_blocks", "gain", "omega_0")
BUDGET = ("steps", "batch", "learning_rate", "rate_learning_rate", "log_every")


class Condition(NamedTuple):
    """How a reader and the networks that it reads are trained."""

    ce_weight: float
    tokens: str
    contrast: float

    @property
    def name(self):
        """As figures and folders call it."""
        pressed = f"_contrast_{self.contrast:.9g}" if self.contrast else ""
        return f"ce_{self.ce_weight:.9g}_{self.tokens}{pressed}"


def check(config):
    """Refuse sizes and conditions that cannot be, images that cannot be read, and a missing scikit-learn."""
    with checks.naming("classes"):
        extras.need_scikit_learn("stages has class_signal, which needs")
    checks.positive(config, *(f"weights.{key}" for key in (*SIZES, *BUDGET)), "runtime.keep")
    weights = config.weights
    if weights.reader_width % weights.reader_head:
        raise UserError(
            f"weights.reader_head = {weights.reader_head} does not divide weights.reader_width = {weights.reader_width}"
        )
    for key in ("seeds", "ce_weights", "tokens", "contrasts"):
        checks.some(f"weights.{key}", weights[key])
    for key in ("ce_weights", "contrasts"):
        if min(weights[key]) < 0:
            raise UserError(f"weights.{key} has {min(weights[key])}; a weight is 0 or above")
    for which in weights.tokens:
        checks.one_of("weights.tokens", which, outer.TOKENS)
    if weights.tokens[0] != ALL_TOKENS:
        raise UserError(
            f"weights.tokens has {weights.tokens[0]!r} first, and the first is what others are held to and "
            f"interventions are made on; put {ALL_TOKENS!r} first"
        )
    n_train = len(drawn.read_classes("classes", config.classes).train.labels)
    if weights.batch > n_train:
        raise UserError(f"weights.batch = {weights.batch} is more than classes.n_train = {n_train}")


def conditions(config):
    """The Conditions: the first of each key's values together, then every other value in its place alone."""
    weights = config.weights
    base = Condition(weights.ce_weights[0], weights.tokens[0], weights.contrasts[0])
    found = [base]
    for key, values in (("ce_weight", weights.ce_weights), ("tokens", weights.tokens), ("contrast", weights.contrasts)):
        found += [base._replace(**{key: value}) for value in values[1:]]
    return found


def task_of(config, n_classes):
    """The `outer.Task` of a config."""
    weights = config.weights
    heads = weights.reader_width // weights.reader_head
    reader = Reader(n_classes, weights.reader_width, heads, weights.reader_blocks, weights.gain)
    budget = (weights.steps, weights.batch, weights.learning_rate, weights.rate_learning_rate)
    return outer.Task(reader, weights.omega_0, *budget)


def data_of(part):
    """The `outer.Data` of the images of a split."""
    n, height, width, channels = part.images.shape
    images = 2.0 * part.images.reshape(n, height * width, channels) - 1.0
    return outer.Data(coordinates.grid(height, width), jnp.asarray(images), jnp.asarray(part.labels, jnp.int32))


def run(config, store):
    """Writes class_signal/images.csv, baselines.csv, a folder for every condition and seed, and what these measured
    together: readings.csv, flow.csv, interventions.csv."""
    split = draw(config, store)
    if not store.exists("class_signal/baselines.csv"):
        store.write_rows("class_signal/baselines.csv", BaselineRow, baselines(split))
    runs = [(condition, seed) for condition in conditions(config) for seed in config.weights.seeds]
    for condition, seed in runs:
        files = [f"{name}.csv" for name in KINDS] + ["map.npz"] * (seed == config.weights.seeds[0])
        at = folder(condition, seed)
        if not training.is_whole(store, at) or not all(store.exists(f"{at}/{file}") for file in files):
            measure(config, store, split, condition, seed)
    for name, kind in KINDS.items():
        rows = [row for which in runs for row in store.read_rows(f"{folder(*which)}/{name}.csv", kind)]
        store.write_rows(f"class_signal/{name}.csv", kind, rows)


def folder(condition, seed):
    """The folder of one training."""
    return f"class_signal/{condition.name}/seed_{seed}"


def draw(config, store):
    """The `labelled.load.Split` of the study, held to the pixels that it had the first time."""
    split = drawn.read_classes("classes", config.classes)
    rows = []
    for name in SPLITS:
        part = getattr(split, name)
        labels = [split.classes[label] for label in part.labels]
        rows += [ClassImageRow(name, *about) for about in zip(part.names, labels, part.digests)]
    file = "class_signal/images.csv"
    if not store.exists(file):
        store.write_rows(file, ClassImageRow, rows)
    elif (stored := store.read_rows(file, ClassImageRow)) != rows:
        first = next((row for row in rows if row not in stored), stored[0])
        raise UserError(
            f"the {first.split} image {first.name} is not what {store.path(file)} says it was; restore the images, or "
            "start a new --workdir"
        )
    return split


def baselines(split):
    """BaselineRows: the nearest neighbours' vote, and logistic regression, on the pixels; and the largest class."""
    pixels = (split.train.images, split.train.labels, split.test.images, split.test.labels)
    counts = np.bincount(split.train.labels)
    return [
        BaselineRow("nearest neighbours of pixels", diagnostics.nearest_accuracy(*pixels)),
        BaselineRow("logistic regression on pixels", diagnostics.probe(*pixels)),
        BaselineRow("the largest class", float(np.mean(split.test.labels == counts.argmax()))),
    ]


def training_of(task, pressure, data, chunk, label):
    """The `state.Training` of a task on {split: Data} under an `outer.Condition`; a row is mse, cross-entropy and the
    accuracy on validation."""

    def accuracy(params):
        return readings.read(task, pressure, params, data["validation"]).accuracy

    return Training(
        label=label,
        total=task.steps,
        chunk=chunk,
        run=lambda n, state: outer.train(task, n, pressure, state, data["train"]),
        measure=lambda state, losses: [*losses.mean(axis=0), accuracy(state.params)],
        describe=lambda row: f"{100 * row[-1]:.1f} % of validation",
    )


def measure(config, store, split, condition, seed):
    """Train one reader, or go on with it, and write what it measured."""
    weights, at = config.weights, folder(condition, seed)
    task = task_of(config, len(split.classes))
    pressure = outer.Condition(condition.ce_weight, outer.shown(condition.tokens, weights.width), condition.contrast)
    data = {name: data_of(getattr(split, name)) for name in SPLITS}
    sizes = (weights.width, weights.n_hidden, data["train"].images.shape[-1], weights.inner_steps)
    state = outer.init_state(task, key_of(config.seed, "class_signal", seed), *sizes)
    label = store.label(f"{condition.name} seed {seed}")
    of_task = training_of(task, pressure, data, weights.log_every, label)
    state, history = training.train(store, at, state, of_task, config.runtime)
    store.write_rows(f"{at}/history.csv", ReaderHistoryRow, [ReaderHistoryRow(*row) for row in history])
    keys, rng = (condition.name, *condition, seed), np.random.default_rng([config.seed, seed])
    reads = {name: readings.read(task, pressure, state.params, data[name]) for name in SPLITS}
    test = reads["test"]
    with Progress(f"{label}, measured", 3) as progress:
        store.write_rows(f"{at}/readings.csv", ReadingRow, [readings.reading(keys, reads, split.test.images)])
        store.write_rows(f"{at}/flow.csv", FlowRow, readings.flow(keys, reads["train"], test, rng))
        progress.advance(1, "geometry")
        processes.stop_if_asked()
        if seed == config.weights.seeds[0]:
            store.write_npz(f"{at}/map.npz", labels=test.labels, classes=np.array(split.classes), **mapped(test))
        progress.advance(1, "map")
        processes.stop_if_asked()
        rows = []  # of a reader that does not see all that would be changed
        if condition.tokens == ALL_TOKENS:
            answer = lambda tokens: outer.read(task, pressure, state.params, tokens)[0]  # noqa: E731
            rows = readings.changed(keys, answer, test, weights.n_hidden, rng)
        store.write_rows(f"{at}/interventions.csv", InterventionRow, rows)
        progress.advance(1, f"accuracy {100 * test.accuracy:.1f} %")


def mapped(read):
    """{"offsets", "last"}: maps (B, 2) of the raw offsets and of the mean tokens after the last block."""
    spaces = {"offsets": read.tokens, "last": read.means[:, -1]}
    return {name: diagnostics.flattened_to_plane(features) for name, features in spaces.items()}


def load(store, name):
    """The rows of one of KINDS."""
    return store.read_rows(f"class_signal/{name}.csv", KINDS[name])


def described(config):
    """As in "digits, 1200 images to train on and 360 to test on"."""
    classes = config.classes
    return f"{classes.dataset}, {classes.n_train} images to train on and {classes.n_test} to test on"


def sections(config, store, exhibits):
    """Whether class signal is clustered or routed, accuracy, token flow, interventions, and the map."""
    seed = config.weights.seeds[0]
    base, *others = conditions(config)
    mapped_ones = [base, *(each for each in others if each.contrast != base.contrast)]
    maps = {each.name: store.read_npz(f"{folder(each, seed)}/map.npz") for each in mapped_ones}
    found = parts.Study(
        *(load(store, name) for name in KINDS),
        store.read_rows("class_signal/baselines.csv", BaselineRow),
        base=base.name,
        maps=maps,
        classes=tuple(map(str, maps[base.name]["classes"])),
    )
    return parts.study_sections(exhibits, found)


def heading(config):
    """The title of a study of what weights carry."""
    weights = config.weights
    n_seeds = len(weights.seeds)
    seeds = f"{n_seeds} seed{'s' * (n_seeds != 1)}"
    how = f"{len(conditions(config))} conditions of {seeds}, {weights.steps} steps each"
    caveat = ("Digits of 8x8 pixels are not MNIST: pixels alone tell them apart, so the object is the mechanism.",)
    return Heading(
        f"What the weights of networks fitted to {config.classes.dataset} carry",
        f"{described(config)}; {how}.",
        caveat if config.classes.dataset == "digits" else (),
    )
