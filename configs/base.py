"""Every key of a study once, with the paper's values, and the scales that a config string chooses from.

Other configs set only what differs. A key's comment gives its unit or its choices; reasons stand in BUILD.md.
"""

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

SCALES = ("demo", "phantom", "folder", "celebahq", "kodak", "oasis")


def get_config():
    """The paper's hyperparameters and budgets, on phantoms of CelebA-HQ's size."""
    config = ConfigDict()
    config.seed = 0  # of all weights, batches and fits; the draw of signals has its own
    config.stages = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "explorer", "report")

    config.signals = ConfigDict(
        dict(
            dataset="phantom",  # phantom, folder, celebahq, kodak, oasis
            root="",  # folder of the images
            size=placeholder(tuple),  # (height, width) in pixels; not set: the images' own
            crop="none",  # none: a resize stretches; center: keeps proportions, loses borders
            plane="stored",  # of NIfTI volumes: sagittal, coronal, axial; stored: files are slices already
            grey=False,  # average the colour channels
            n_cohort=10,
            cohort_names=(),  # which n_cohort images, by name and in this order; empty: drawn
            n_validation=0,  # kept apart from cohort and test, for tuning
            n_test=14,
            train_on="cohort",  # cohort; first: its first signal alone; validation: these instead, a second cohort
            seed=0,  # of the draw
        )
    )
    config.inr = ConfigDict(
        dict(
            backbone="siren",  # a file in inr_sae/inr/backbones/
            width=256,
            n_layers=5,  # hidden layers, L
            omega_0=30.0,  # SIREN
            sigma=10.0,  # FFMLP: standard deviation of the Fourier frequencies, in periods per unit of a coordinate
            n_fourier=256,  # FFMLP: frequencies F; layer 0 has 2F inputs
        )
    )
    config.cohort = ConfigDict(
        dict(
            steps=5000,
            learning_rate=1e-4,
            stop_psnr_db=placeholder(float),  # stop once the cohort's mean PSNR reaches it; not set: all steps
            log_every=50,  # steps between rows of history.csv; also the steps in one dispatch
        )
    )
    config.external = ConfigDict(  # an encoder that was trained elsewhere, in the place of the cohort's training
        dict(
            file="",  # its tensors, .safetensors or .npz; empty: the cohort is trained here
            layout="inr_sae",  # one of inr_sae/inr/layouts.py, or a json file that says what differs from inr_sae
            heads="fit",  # fit: by least squares to the cohort's signals; file: the file's, in the signals' order
        )
    )
    config.fit = ConfigDict(
        dict(
            steps=500,
            learning_rate=1e-4,
            other_rates=(),  # tried beside learning_rate, for every protocol and boundary
            protocols=("full", "freeze"),  # of inr_sae/inr/protocols.py: also warm, thaw, random, scratch
            taus=(0, 1, 2, 3, 4),  # freeze boundaries
            seeds=3,  # of the new layers and the head, for each test signal
            batch=0,  # fits that a device takes at once; 0: as its memory allows, at most 8
            log_every=50,  # steps between points of curves.csv; also the steps in one dispatch
        )
    )
    config.metrics = ConfigDict(
        dict(
            lpips=False,  # needs the extra `lpips`
            lpips_weights="",  # torchvision's AlexNet file; empty: the one in torch's own cache
        )
    )
    config.sets = ConfigDict()  # of a matrix: signal sets, each like `signals`, by the names that `transfer` uses
    config.transfer = ConfigDict(
        dict(
            sources=(),  # sets that a cohort encoder is trained on
            targets=(),  # sets that are fitted
            split="test",  # of the targets: test, or validation for tuning
            backbones=("siren", "ffmlp"),
            omega_0=(30.0,),  # an encoder each, for SIREN
            sigma=(10.0,),  # an encoder each, for FFMLP
        )
    )
    config.sae = ConfigDict(
        dict(
            n_atoms=4096,
            k=32,
            steps=10000,
            learning_rate=1e-4,
            batch=4096,  # coordinates a step, over all devices
            layers=(0, 1, 2, 3, 4),
            log_every=100,  # steps in one dispatch
        )
    )
    config.ablation = ConfigDict(
        dict(
            top=4,  # atoms a layer of highest mean magnitude
            random=4,  # and as many alive ones drawn at random: the top ones are a biased sample
            cohort_signals=1,  # each with its own head
            test_signals=1,  # each fitted with layers 0..l frozen, if the sweep has run
        )
    )
    config.conditions = ConfigDict(
        dict(
            regimes=("single", "cohort"),  # also second: a cohort of the validation signals
            backbones=("siren", "ffmlp"),
        )
    )
    config.single = ConfigDict(  # the single-signal regime of Table 2
        dict(steps=500, omega_0=50.0, learning_rate_siren=2e-4, sigma=20.0, learning_rate_ffmlp=5e-4)
    )
    config.size_sweep = ConfigDict(
        dict(
            n_atoms=(1024, 2048, 4096, 8192),
            k=(4, 16, 32, 64, 128),
            steps=10000,
            regimes=("cohort",),
        )
    )
    config.stability = ConfigDict(
        dict(
            regimes=("cohort",),  # whose SAEs are trained again
            seeds=(1,),  # from these further seeds, each matched with the first
            max_atoms=4096,  # alive atoms that are matched, those of highest mean magnitude
        )
    )
    config.explorer = ConfigDict(
        dict(
            atoms=4096,  # a layer, those of highest mean magnitude; all of them have their numbers
            tile=48,  # larger side of an atom's map, in pixels
            side=96,  # larger side of the image that is hovered over
            per_pixel=12,  # atoms that are told at a pixel, the strongest
            effects=24,  # atoms a layer whose effects are pictured: the top ones, and those that cost most
            quality=45,  # of the WebP atlases, 1 to 100
        )
    )
    config.report = ConfigDict(
        dict(
            title="",  # empty: made from the config
            top=8,  # atoms a layer in the gallery, at most 16
        )
    )
    config.runtime = ConfigDict(
        dict(
            precision="highest",  # of matrix products: highest (float32), high (TF32, bfloat16x3), default
            cache_dir="~/.cache/inr_sae/xla",  # compiled programs; empty: none. Trusted code: keep it private
            checkpoint_seconds=60.0,  # between checkpoints; 0: at every row of the history
            keep=2,  # checkpoints of each training, the newest; of 1, damage to it costs the whole training
        )
    )
    return config.lock()


def at_scale(config, scale):
    """The config at the scale of a config string: "" or "demo", or a data set with the paper's budgets."""
    scale = scale or "demo"
    if scale not in SCALES:
        raise ValueError(f"the config string is {scale!r}; it is one of {', '.join(SCALES)}, or nothing for the demo")
    if scale == "demo":
        return _demo(config)
    config.signals.dataset = scale
    if scale == "phantom":
        config.signals.size = (218, 178)
    if scale in ("celebahq", "oasis"):
        config.signals.n_validation = 50
        config.signals.n_test = 100
    return config


def single(config):
    """The same config for one signal alone: nothing transfers, so nothing is swept and no signal is held out."""
    config.stages = tuple(stage for stage in config.stages if stage != "freeze_sweep")
    config.signals.update(dict(n_cohort=1, n_validation=0, n_test=0))
    return config


def _demo(config):
    """The whole study in a few minutes on 2 CPU cores: small phantoms and short schedules."""
    config.signals.update(dict(size=(64, 64), n_cohort=10, n_test=2))
    config.cohort.steps = min(800, config.cohort.steps)
    config.fit.update(dict(steps=150, seeds=2))
    config.sae.update(dict(n_atoms=1024, k=16, steps=600, learning_rate=1e-3, batch=1024))
    if config.inr.backbone == "ffmlp":  # slow to start: at the paper's 1e-4 nothing is learnt in so few steps
        config.cohort.learning_rate = max(3e-4, config.cohort.learning_rate)
        config.fit.learning_rate = 3e-4
    return config
