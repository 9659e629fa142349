"""Tiny studies of every kind, at any depth: their configs, and their finished folders.

Compilation is nearly all that they cost, so they share widths, sizes and counts: what one has compiled others find.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from configs import base, convergence, decompositions, dictionaries, recipes, transfer, tune
from inr_sae import study
from tests.conftest import shrink
from tests.helpers import UNLIKE, made_once, rows

DEPTHS = (3, 7)  # neither is the paper's five
SIZE, TURNED = (12, 11), (11, 12)  # two grids of as many pixels


def small(config, n_layers):
    """The config at a size for tests, n_layers deep; of its layers the first and the last have dictionaries."""
    config = shrink(config)
    config.signals.update(dict(size=SIZE, n_cohort=2, n_test=2))
    config.inr.update(dict(width=8, n_layers=n_layers))
    config.inr.ffmlp.n_fourier = 4
    config.cohort.update(dict(steps=200, log_every=100, learning_rate=2e-3))
    config.fit.update(dict(steps=4, log_every=2, seeds=1, batch=1, taus=(0, n_layers - 1)))
    config.dictionary.layers = (0, n_layers - 1)
    config.dictionary.topk.update(dict(n_atoms=24, k=4, steps=6, log_every=3))
    config.runtime.checkpoint_seconds = 60.0
    return config


def single(backbone, n_layers):
    """A study of one backbone; the shallow one of every layer, as is the default."""
    config = small(base.at_scale(base.get_config(), "demo"), n_layers)
    config.inr.backbone = backbone
    config.fit.seeds = 2
    if n_layers == min(DEPTHS):
        config.fit.taus = config.dictionary.layers = ()
    return config


def matrix(n_layers, module=transfer):
    """A matrix of both of the paper's backbones; or its tuning, by its config's module.

    The shallow one has two sets, and every protocol. The deep one's seed is one of which the stable rank picks a layer
    that is fitted; of it STRAINER's recipe has half the steps.
    """
    config = small(module.get_config(), n_layers)
    for name, size in (("heads", SIZE), ("fine_heads", TURNED)):
        config.sets[name].update(dict(size=size, n_cohort=2, n_test=2, n_validation=2))
    config.fit.taus = tuple(sorted({0, 1, 2, n_layers - 1}))
    if n_layers != min(DEPTHS):
        config.transfer.update(dict(sources=("heads",), targets=("heads",)))
        config.fit.protocols = ("full", "freeze", "thaw")
        config.fit.budget.full = config.fit.steps // 2
        config.seed = 9
    return config


def tuning(n_layers):
    """A tuning of both backbones: several frequencies of the one."""
    config = matrix(n_layers, tune)
    config.transfer.update(dict(sources=("heads",), targets=("heads",)))
    config.transfer.frequencies.update(dict(siren=(5.0, 30.0), ffmlp=(2.0,)))
    config.fit.protocols = ("full", "scratch")
    return config


def compared(n_layers):
    """A study of the dictionaries of both backbones in every regime."""
    config = small(dictionaries.get_config(), n_layers)
    config.signals.n_validation = 2
    config.single.steps = 200
    config.dictionary.topk.update(dict(steps=400, log_every=200, learning_rate=1e-2))  # R² is high enough to speak
    config.size_sweep.update(dict(n_atoms=(8, 16), k=(4, 6), steps=400))
    config.explorer.update(dict(atoms=20, per_pixel=3, effects=6, tile=12))
    return config


def decomposed(n_layers):
    """A study of every dictionary method on both backbones, of every layer."""
    config = small(decompositions.get_config(), n_layers)
    config.signals.size = (9, 7)
    config.dictionary.layers = ()
    for method in config.decompositions.methods:
        if "n_atoms" in config.dictionary[method]:
            config.dictionary[method].update(dict(n_atoms=24, k=4, steps=6, log_every=3, batch=16))
    config.decompositions.update(dict(coordinates=16, shares=(0.25, 1.0)))
    config.recovery.update(dict(points=8, atoms=4, n_atoms=6, modes=2, lift=12))
    config.recovery.update(dict(steps=4, log_every=2, batch=8, seeds=(0,)))
    config.recovery.update(dict(rates_adam=(3e-3,), rates_sgd=(1.0, 1e38)))
    return config


def converged(n_layers):
    """A study of whether networks of both backbones learn the same, of what atoms mean, and of steering."""
    config = small(convergence.get_config(), n_layers)
    config.signals.n_validation = 2
    config.single.steps = 200
    config.dictionary.topk.update(dict(steps=400, log_every=200, learning_rate=1e-2))
    config.convergence.update(dict(many=6, targets=3))
    config.steering.update(dict(alphas=(-2.0, 0.0, 4.0), atoms=2, kept=(1, 4, 64), fit_alphas=(0.0, 1.0)))
    config.explorer.update(dict(atoms=20, per_pixel=3, effects=6, tile=12))
    return config


def recipes_of(n_layers):
    """A search for the recipe behind the numbers of published.csv, which nobody has published."""
    config = small(recipes.get_config(), n_layers)
    config.inr.backbone = "ffmlp"
    config.recipes.update(dict(published=str(Path(__file__).with_name("published.csv"))))
    config.recipes.update(dict(pixels=(0,), steps=(2, 4), rates=(3e-4,)))
    return config


SINGLES = {f"single_{name}_{min(DEPTHS)}": partial(single, name, min(DEPTHS)) for name in UNLIKE}
SINGLES |= {f"single_ffmlp_{max(DEPTHS)}": partial(single, "ffmlp", max(DEPTHS))}
MATRICES, TUNINGS, COMPARISONS, SEARCHES = (
    {f"{build.__name__}_{n}": partial(build, n) for n in DEPTHS} for build in (matrix, tuning, compared, recipes_of)
)
DECOMPOSED, CONVERGED = {"decomposed_3": partial(decomposed, 3)}, {"converged_3": partial(converged, 3)}
ALL = DECOMPOSED | CONVERGED | SINGLES | MATRICES | TUNINGS | COMPARISONS | SEARCHES


class Finished(NamedTuple):
    """A finished study."""

    config: object
    workdir: Path

    @property
    def last(self):
        """The last layer."""
        return self.config.inr.n_layers - 1

    def rows(self, name):
        """The rows of one of its csv files, as text."""
        return rows(self.workdir / name)


def finished(tmp_path_factory, name):
    """The Finished study of a name, made by the first of a session's workers that asks for it."""
    make = {each: partial(make_study, build) for each, build in ALL.items()}
    return Finished(ALL[name](), made_once(tmp_path_factory, name, make[name], make))


def make_study(build, folder):
    """Run a study to its end."""
    study.run(build(), folder, {"config_file": "configs/x.py", "overridden": {"fit.steps": 4}})
