"""The recipes that a run can be held to, as data, and in what a run's config and images differ from one.

`paper` is the paper's text, `notebook` the authors' public notebook (SIREN on CelebA alone), `published` what the
tables seem to compare: 2000 steps behind a frozen prefix with 500 of STRAINER's recipe, on [0, 1].
"""

from typing import NamedTuple

_COMMON = {
    "inr.width": 256,
    "inr.n_layers": 5,
    "inr.coordinates": (-1.0, 1.0),
    "inr.siren.omega_0": 30.0,
    "inr.ffmlp.sigma": 10.0,
    "inr.ffmlp.n_fourier": 256,
    "external.file": "",
    "signals.n_cohort": 10,
    "signals.train_on": "cohort",
    "signals.grey": False,
    "cohort.steps": 5000,
    "cohort.learning_rate": 1e-4,
    "cohort.stop_psnr_db": None,
    "fit.learning_rate": 1e-4,
    "fit.new": "backbone",
    "fit.pixels": 0,
    "fit.budget.full": 500,
    "fit.budget.freeze": 500,
    "fit.seeds": 3,
    "fit.taus": (0, 1, 2, 3, 4),
    "fit.boundaries.freeze": (),
    "fit.protocols": ("full", "freeze"),
    "transfer.split": "test",
    "transfer.backbones": ("siren", "ffmlp"),
    "conditions.regimes": ("single", "cohort"),
    "conditions.backbones": ("siren", "ffmlp"),
    "dictionary.method": "topk",
    "dictionary.layers": (0, 1, 2, 3, 4),
    "dictionary.topk.n_atoms": 4096,
    "dictionary.topk.k": 32,
    "dictionary.topk.steps": 10000,
    "dictionary.topk.learning_rate": 1e-4,
    "dictionary.topk.batch": 4096,
    "dictionary.topk.init": "tied",
    "dictionary.topk.second_bias": False,
    "size_sweep.n_atoms": (1024, 2048, 4096, 8192),
    "size_sweep.k": (4, 16, 32, 64, 128),
    "size_sweep.steps": 10000,
    "ablation.top": 4,
    "ablation.through": ("activations",),
    "runtime.precision": "highest",
}
RECIPES = {  # {key of a study's config: value}
    "paper": _COMMON,
    "notebook": _COMMON
    | {
        "inr.backbone": "siren",
        "inr.coordinates": (0.0, 1.0),
        "cohort.steps": 5001,
        "fit.budget.full": 2000,
        "fit.budget.freeze": 2000,
        "fit.seeds": 1,
        "transfer.backbones": ("siren",),
        "conditions.regimes": ("cohort",),
        "conditions.backbones": ("siren",),
        "dictionary.topk.batch": 8192,
        "dictionary.topk.init": "kaiming",
        "dictionary.topk.second_bias": True,
        "size_sweep.n_atoms": (),
        "size_sweep.k": (),
        "ablation.top": 1,
        "ablation.through": ("reconstruction",),
    },
    "published": _COMMON | {"inr.coordinates": (0.0, 1.0), "fit.budget.freeze": 2000},
}
LABELS = {
    "paper": "the paper's text",
    "notebook": "the authors' notebook",
    "published": "what the published tables seem to compare",
}
# More than the recipe's is no difference: a higher number, or other members beside its own; of units none named is all.
AT_LEAST = ("fit.seeds", "fit.protocols", "ablation.top", "transfer.backbones")
AT_LEAST += ("conditions.regimes", "conditions.backbones", "size_sweep.n_atoms", "size_sweep.k")
UNITS = ("fit.taus", "dictionary.layers")


class Images(NamedTuple):
    """The images of a set: what they are, not what a config calls them."""

    dataset: str  # the reader that knows them: celebahq, kodak, oasis, folder, phantom
    size: tuple  # (height, width)
    n_test: int | None  # how many were fitted; None where that does not matter


CELEBAHQ = Images("celebahq", (218, 178), 100)
SETS = {
    "paper": (CELEBAHQ, Images("oasis", (192, 160), 100), Images("kodak", (512, 768), 14)),
    "notebook": (CELEBAHQ._replace(n_test=1),),
}
SETS["published"] = SETS["paper"]


def differences(config, recipe):
    """[sentence]: every key of a recipe whose value in the run is another, as in "cohort.steps is 60, not 5000".

    config: {"group.key": value}, a study's; of what it leaves out nothing is said. The keys of backbones and methods
    that it does not use do not count.
    """
    said, run = [], resolved(config)
    for key, value in recipe.items():
        if key in run and used(key, run) and not meets(key, run[key], value):
            said.append(f"{key} is {shown(run[key])}, not {shown(value)}")
    return said


def resolved(config):
    """A config with lists as tuples, each protocol's budget of 0 as what stands for it, `fit.steps`, and of the ways in
    which atoms are removed the one that claims are about."""
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    budgets = {key: value or plain["fit.steps"] for key, value in plain.items() if key.startswith("fit.budget.")}
    ways = {key: value[:1] for key, value in plain.items() if key == "ablation.through"}
    return plain | budgets | ways


def used(key, config):
    """Whether a key is used: of a backbone's group only where it is inr.backbone, of a method's likewise."""
    for group, choice in (("inr", "inr.backbone"), ("dictionary", "dictionary.method")):
        parts = key.split(".")
        if parts[0] == group and len(parts) > 2 and choice in config:
            return parts[1] == config[choice]
    return True


def meets(key, value, wanted):
    """Whether a run's value of a key is what the recipe wants."""
    if key in UNITS:
        return not value or set(value) >= set(wanted)
    if key in AT_LEAST:
        return set(value) >= set(wanted) if isinstance(wanted, tuple) else value >= wanted
    return value == wanted


def shown(value):
    """A config's value in a sentence."""
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    if isinstance(value, float):
        return f"{value:g}"
    return {"": "empty", None: "none"}.get(value, str(value))


def differences_of_images(images, sets):
    """[sentence]: in what the Images of a run differ from those of a recipe."""
    said = []
    for ours in images:
        theirs = next((each for each in sets if each.dataset == ours.dataset), None)
        if theirs is None:
            said.append(f"{ours.dataset} is none of its sets")
            continue
        if ours.size != theirs.size:
            said.append(f"{ours.dataset} at {by(ours.size)}, not {by(theirs.size)}")
        if ours.n_test is not None and ours.n_test < theirs.n_test:
            said.append(f"{ours.n_test} of {theirs.n_test} {ours.dataset} images")
    return said


def by(size):
    """As in "218x178"."""
    return f"{size[0]}x{size[1]}"


def all_differences(configs, images, whole=True):
    """{recipe: (sentence, ...)} of the configs of a run's encoders and the Images that these were tested on.

    whole: whether a set that a recipe has and the run lacks is a difference.
    """
    found = {}
    for name, recipe in RECIPES.items():
        said = [sentence for config in configs for sentence in differences(config, recipe)]
        said += differences_of_images(images, SETS[name])
        present = {each.dataset for each in images}
        missing = [each.dataset for each in SETS[name] if each.dataset not in present]
        said += [f"no {dataset} images" for dataset in missing if whole]
        found[name] = tuple(dict.fromkeys(said))
    return found
