"""Every key of a study once, with the paper's values; what a config's string says; and the scales that it chooses from.

Other configs set only what differs. A key's comment gives its unit or its choices; reasons stand in docs/methods.md. A
backbone's keys, and a dictionary method's, come from its own file.

A config's string has one grammar in all files: words between commas, each of which may have a name before it, as in
`celebahq`, `celebahq,notebook` or `faces=celebahq,mine=folder`. A word is a scale (a data set with the paper's budgets,
or `demo`), a recipe, or what else the file knows; a name tells several sets of one kind apart, where a file takes
several.
"""

import functools

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from inr_sae import dictionaries
from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.protocols import BOUNDED, PROTOCOLS
from inr_sae.rows.common import MADE
from inr_sae.signals.load import data_sets

SCALES = ("demo", *data_sets())
RECIPES = {  # {key: value} by which a recipe differs from the defaults
    # The paper's text.
    "paper": {"inr.coordinates": (-1.0, 1.0)},
    # The authors' public notebook.
    "notebook": {
        "cohort.steps": 5001,
        "fit.steps": 2000,
        "dictionary.topk.init": "kaiming",
        "dictionary.topk.second_bias": True,
        "dictionary.topk.batch": 8192,
        "ablation.through": ("reconstruction", "activations"),  # the first is what claims are about
    },
    # What the published tables compare, it seems: four times as many steps behind a frozen prefix.
    "published": {"fit.steps": 2000, "fit.budget.full": 500},
}


def get_config():
    """The paper's hyperparameters and budgets, on phantoms of CelebA-HQ's size."""
    config = ConfigDict()
    config.seed = 0  # of all weights, batches and fits; the draw of signals has its own
    config.stages = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "explorer", "report")

    config.signals = ConfigDict(
        dict(
            dataset="phantom",  # a data set's file in inr_sae/signals/
            root="",  # folder of the images, with its subfolders
            size=placeholder(tuple),  # (height, width) in pixels; not set: the images' own
            crop="none",  # none: a resize stretches; center: keeps proportions, loses borders
            plane="stored",  # of NIfTI volumes: sagittal, coronal, axial; stored: files are slices already
            grey=False,  # average the colour channels
            n_cohort=10,
            cohort_names=(),  # which n_cohort images, by name and in this order; empty: drawn
            n_validation=0,  # kept apart from cohort and test, for tuning
            n_test=14,
            train_on="cohort",  # cohort; first: its first signal alone; validation: as many of these instead
            seed=0,  # of the draw
            subject="",  # a regular expression that matches the subject in an image's name; empty: as the set says
            background=placeholder(float),  # grey, 0 to 1, behind what is transparent; not set: that is refused
            nan_to_zero=False,  # NaN of NIfTI and .npy is 0, as behind a head; False: it is refused
        )
    )
    config.inr = ConfigDict(
        dict(
            backbone="siren",  # a file in inr_sae/inr/backbones/
            width=256,
            n_layers=5,  # hidden layers, L
            coordinates=(0.0, 1.0),  # of the first and the last pixel of each axis; the paper's text: (-1.0, 1.0)
            **{name: dict(network.backbone(name).DEFAULTS) for name in network.backbone_names()},
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
            layout="inr_sae",  # one of inr_sae/exchange/layouts.py, or a json file that says what differs from inr_sae
            heads="fit",  # fit: by least squares to the cohort's signals; file: the file's, in the signals' order
        )
    )
    config.fit = ConfigDict(
        dict(
            steps=500,  # epochs, where a step takes a part of the pixels
            budget={name: 0 for name in PROTOCOLS},  # steps of one protocol; 0: `steps`. Equal budgets compare fairly
            pixels=0,  # a step takes; 0: all
            new="backbone",  # law of what starts anew: the backbone's own, or PyTorch's default ("torch")
            learning_rate=1e-4,
            other_rates=(),  # tried beside learning_rate, for every protocol and boundary
            protocols=("full", "freeze"),  # of inr_sae/protocols.py: also warm, thaw, random, scratch
            splits=("test",),  # whose signals are fitted: test, validation; cohort: its own, as a control
            taus=(),  # freeze boundaries; empty: every one that there is
            boundaries={name: () for name in BOUNDED},  # of one protocol, as of a costly control; empty: `taus`
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
            frequencies={name: () for name in network.backbone_names()},  # an encoder each; empty: that of `inr`
        )
    )
    config.networks = ConfigDict(  # each the study of a cohort, and all beside each other
        dict(
            backbones=("siren", "ffmlp"),
            n_layers=(),  # empty: inr.n_layers
            widths=(),  # empty: inr.width
            seeds=(0,),  # of weights, batches and fits: initialisations of one cohort
        )
    )
    # (cohort's, test-time) learning rate of a backbone among several; empty: cohort.learning_rate, fit.learning_rate
    config.rates = ConfigDict({name: () for name in network.backbone_names()})
    config.recipes = ConfigDict(  # candidates for what a publication leaves open
        dict(
            published="",  # csv of its numbers; empty: the paper's and its notebook's
            targets=(),  # sets that are fitted: signals.dataset, or names in `sets`
            coordinates=((0.0, 1.0), (-1.0, 1.0)),
            cohort_steps=(),  # of the encoder's training; empty: cohort.steps alone
            pixels=(0, 8192),  # a step; 0: all
            steps=(500, 2000),  # epochs, where a step takes a part of the pixels
            rates=(1e-4,),
            new=("backbone",),  # as fit.new
            clipped=(False, True),  # PSNR of output clipped to [0, 1]
        )
    )
    config.dictionary = ConfigDict(
        dict(
            method="topk",  # a file or folder in inr_sae/dictionaries/
            layers=(),  # that have one; empty: all
            **{name: dict(dictionaries.method(name).DEFAULTS) for name in dictionaries.method_names()},
        )
    )
    config.ablation = ConfigDict(
        dict(
            top=4,  # atoms a layer of highest mean magnitude, at most 16
            random=4,  # and as many alive ones drawn at random: the top ones are a biased sample
            cohort_signals=1,  # each with its own head
            test_signals=1,  # each fitted with layers 0..l frozen, if the sweep has run
            through=("activations",),  # what an atom is taken from: the network's own, or also their "reconstruction"
        )
    )
    config.conditions = ConfigDict(
        dict(
            regimes=("single", "cohort"),  # also second: a cohort of the validation signals
            backbones=("siren", "ffmlp"),
        )
    )
    config.single = ConfigDict(  # the single-signal regime of Table 2
        dict(steps=500, **{name: _single(network.backbone(name)) for name in network.backbone_names()})
    )
    config.single.siren.update(dict(frequency=50.0, learning_rate=2e-4))
    config.single.ffmlp.update(dict(frequency=20.0, learning_rate=5e-4))
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
            regimes=("cohort",),  # whose dictionaries are fitted again
            seeds=(1,),  # from these further seeds, each matched with the first
            max_atoms=4096,  # alive atoms that are matched, those of highest mean magnitude
        )
    )
    config.classes = ConfigDict(  # images with classes
        dict(
            dataset="digits",  # a file in inr_sae/signals/labelled/: digits, folder, idx
            root="",  # folder: with one subfolder a class; idx: of train-images-idx3-ubyte and its like
            size=placeholder(tuple),  # (height, width) in pixels of a folder's images; not set: their own
            crop="none",  # as signals.crop
            background=placeholder(float),  # as signals.background
            nan_to_zero=False,  # as signals.nan_to_zero
            grey=False,  # average the colour channels
            n_train=1200,
            n_validation=237,
            n_test=360,
            seed=0,  # of the draw
        )
    )
    config.weights = ConfigDict(  # networks fitted to them, and the reader of the networks' weights
        dict(
            width=32,
            n_hidden=3,  # adapted layers, those behind the first
            omega_0=10.0,  # of the first layer
            inner_steps=4,  # gradient steps that fit the network to an image
            reader_width=32,
            reader_head=16,  # width of an attention head
            reader_blocks=3,
            gain=500.0,  # of what the reader sees
            steps=400,  # of the outer loop
            batch=50,
            learning_rate=2e-3,  # peak of the one cycle, of the shared start and the reader
            rate_learning_rate=1e-2,  # and of the rates
            log_every=50,  # steps between rows of history.csv; also the steps in one dispatch
            seeds=(0, 1, 2, 3, 4, 5),  # fewer have no verdict, nor have fewer than six conditions of a reader of `all`
            # The first of each makes a condition; every other value stands in it alone. From four contrasts other than
            # 0 on six seeds have no verdict on these.
            ce_weights=(0.01, 0.0, 0.03, 0.1),  # share of the cross-entropy's gradient that reaches the networks
            tokens=("all", "weights", "biases"),  # what of the offsets the reader is shown
            contrasts=(0.0, 0.01, 0.1),  # weight of a supervised contrastive loss on the offsets
        )
    )
    config.geometry = ConfigDict(  # of test-time fits of one encoder, by data set
        dict(
            sets=(),  # names in `sets`, whose test signals are fitted beside those of `signals`
            protocols=("freeze", "full"),  # freeze: the head alone is fitted, behind all layers
        )
    )
    config.decompositions = ConfigDict(  # methods held against each other, on cohort encoders of several backbones
        dict(
            backbones=("siren", "ffmlp"),
            methods=("neurons", "pca", "lib", "topk", "lifted", "operator", "convolutional"),
            drop_db=1.0,  # of PSNR, within which directions and interactions are needed
            coordinates=256,  # drawn at random, at which interactions are measured
            shares=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),  # of the coordinates, where a unit is strongest
        )
    )
    config.recovery = ConfigDict(  # a known dictionary of functions on a line, learned again
        dict(
            points=64,  # of the line
            atoms=16,  # known ones, of which `active` make a sample
            active=2,
            n_atoms=32,  # learned ones, of which as many fire
            modes=8,  # of smooth atoms, and of an operator with few modes: from -7 to 7
            lift=128,  # width behind a lifting
            steps=1000,
            batch=256,  # samples a step
            log_every=10,
            rates_adam=(3e-3, 1e-2, 3e-2, 1e-1),  # every model counts at that of these by which it is soonest
            rates_sgd=(3.0, 10.0, 30.0, 100.0),
            seeds=(0, 1, 2, 3, 4),
        )
    )
    config.convergence = ConfigDict(
        dict(
            seeds=(3,),  # of further encoders of each cohort; `seed` to `seed` + 2 are those of the regimes
            dictionary_seeds=(1,),  # further seeds of its dictionaries alone
            of=("units", "atoms"),  # what is compared
            max_atoms=4096,  # alive atoms that are compared one to one, those of highest mean magnitude
            many=256,  # units, or strongest atoms, that others are predicted from and that form clusters
            targets=32,  # units or atoms of the other network that are predicted
        )
    )
    config.meaning = ConfigDict(
        dict(
            max_atoms=4096,  # alive atoms a layer that are explained, those of highest mean magnitude
        )
    )
    config.steering = ConfigDict(
        dict(
            alphas=(-2.0, -1.0, 0.0, 0.5, 2.0, 4.0, 8.0),  # what codes are multiplied by
            atoms=4,  # a layer, those of highest mean magnitude: each alone, and all at once
            through=("activations", "reconstruction"),  # as ablation.through
            kept=(1, 4, 16, 64, 256, 1024),  # the strongest atoms, which alone keep their codes
            fit_atoms=1,  # of the atoms, with which a held-out signal is fitted anew; 0: none
            fit_alphas=(0.0, 4.0),
        )
    )
    config.explorer = ConfigDict(
        dict(
            atoms=4096,  # a layer, those of highest mean magnitude; all of them have their numbers
            tile=48,  # larger side of an atom's map, in pixels
            side=96,  # larger side of the image that is hovered over
            per_pixel=12,  # atoms that are told at a pixel, the strongest
            effects=24,  # atoms a layer whose effects are pictured: the top ones, and those that cost most
            live=64,  # larger side of the image that the page's own network gives, in pixels
            steered=1024,  # atoms a layer whose codes can be multiplied there, the strongest
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


def _single(backbone):
    """The single-signal regime of a backbone that the paper does not tune: its own frequency and rate."""
    frequency = {} if backbone.FREQUENCY is None else {"frequency": backbone.DEFAULTS[backbone.FREQUENCY]}
    return {"learning_rate": network.rate(backbone)} | frequency


def cohort_of(name, scale, demo=None):
    """The config of a cohort study of a backbone at its own rate; scale, demo: as of `at_scale`."""
    config = get_config()
    rate = network.rate(network.backbone(name))
    config.inr.backbone = name
    config.cohort.learning_rate = config.fit.learning_rate = rate
    return at_scale(config, scale, demo)


def words(string):
    """[(name, word)] of a config's string; the name is the word itself where none stands before it.

    Raises UserError for an empty name or word.
    """
    found = []
    for item in string.split(",") if string else ():
        name, equals, word = item.partition("=")
        found.append((name, word if equals else name))
    if not all(name and word for name, word in found):
        raise UserError(f"the config string is {string!r}; it is words, or names=words, between commas")
    return found


def apart(string):
    """(recipe or "", the other words of a config's string as [(name, word)])."""
    listed = words(string)
    recipes = [word for name, word in listed if name == word and word in RECIPES]
    if len(recipes) > 1:
        raise UserError(f"the config string {string!r} names two recipes; give one of {', '.join(RECIPES)}")
    others = [item for item in listed if item[1] not in recipes]
    if recipes == ["published"] and all(word == "demo" for _, word in others):
        raise UserError(
            f"the config string {string!r} names budgets, and the demo has its own; name what it is for, too, as in "
            "'phantom,published'"
        )
    return "".join(recipes), others


def of_cohort(listed, string):
    """(the word of the first set, which has the cohort, the others) of the [(name, word)] of a config's string."""
    (name, word), *others = listed or [("demo", "demo")]
    data_set(word)
    if name != word:
        raise UserError(f"the config string is {string!r}; its first set has the cohort, and takes no name")
    return word, others


def one_word(string, known, default):
    """The one word of a config's string beside a recipe, `default` for none; raises UserError for any other."""
    listed = apart(string)[1] or [(default, default)]
    name, word = listed[0]
    if len(listed) > 1 or name != word or word not in known:
        recipes = ", ".join(RECIPES)
        raise UserError(f"the config string is {string!r}; it is one of {', '.join(known)}, and of {recipes}, or none")
    return word


def at_scale(config, string, demo=None):
    """The config at the scale that a string names: `demo`, or a data set with the paper's budgets; and by its recipe.

    demo: {key: value} of the groups `cohort` and `fit` that the demo sets otherwise.
    """
    scale = one_word(string, SCALES, "demo")
    by_recipe(config, apart(string)[0])
    if scale == "demo":
        return _demo(config, demo or {})
    config.signals.dataset = scale
    if scale in MADE:
        config.signals.size = (218, 178)
    if scale in ("celebahq", "oasis"):
        config.signals.n_validation = 50
        config.signals.n_test = 100
    return config


def data_set(word):
    """The config group `signals` of the scale that a word names; raises UserError for any other word."""
    if word not in SCALES:
        raise UserError(f"the config string has {word!r}; it is one of {', '.join(SCALES)}")
    return at_scale(get_config(), word).signals


def by_recipe(config, recipe):
    """The config by one of RECIPES; "" leaves it as it is."""
    for key, value in RECIPES.get(recipe, {}).items():
        group, _, name = key.rpartition(".")
        functools.reduce(lambda node, part: node[part], group.split("."), config)[name] = value
    return config


def of_methods(config):
    """The config group of every dictionary method."""
    return [config.dictionary[name] for name in dictionaries.method_names()]


def update_known(group, **values):
    """Set the keys that a group has, and leave out those that it has not."""
    group.update({key: value for key, value in values.items() if key in group})


def at_most(group, **values):
    """Lower the keys that a group has to these values; what is lower already stays."""
    update_known(group, **{key: min(value, group.get(key, value)) for key, value in values.items()})


def single(config):
    """The same config for one signal alone: nothing transfers, so nothing is swept and no signal is held out."""
    config.stages = tuple(stage for stage in config.stages if stage != "freeze_sweep")
    config.signals.update(dict(n_cohort=1, n_validation=0, n_test=0))
    return config


def _demo(config, changes):
    """The whole study in a few minutes on 2 CPU cores: small phantoms and short schedules."""
    config.signals.update(dict(size=(64, 64), n_cohort=10, n_test=2))
    config.cohort.steps = min(600, config.cohort.steps)
    config.fit.update(dict(steps=150, seeds=1))
    for group in of_methods(config):
        at_most(group, n_atoms=256, k=16, steps=300, batch=1024)
    config.dictionary.topk.update(dict(n_atoms=1024, k=16, steps=450, learning_rate=1e-3, batch=1024))
    for group, values in changes.items():
        config[group].update(values)
    return config
