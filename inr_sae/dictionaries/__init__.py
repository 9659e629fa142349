"""One complete file or folder a method of decomposing activations; `method(name)` finds it, and nothing else need know
it.

Symbols: h (N, d) activations of one layer at N coordinates; n directions ("atoms"); codes z, one a coordinate and atom.
What a method's file holds, where `config` is a mapping with the keys of its `DEFAULTS`:

    DEFAULTS                     {key: default}: the method's own config group `dictionary.<name>`, a comment each
    LABEL                        what people call it
    check(config, n_devices)     raises errors.InputError naming the key (by errors.argument) that cannot be
    n_atoms(config, d)           how many directions it has for activations of width d; raises errors.InputError as
                                 `check` does, for a d that it cannot take
    fit(jobs, train)             a list of params, nested dicts of arrays, one for each of the `codes.Job`s.
                                 train(state, state.Training) -> (state, history) runs what takes many steps: then it is
                                 checkpointed, shown and can be cut off; it is called once, for all jobs together, and a
                                 closed form does not need it
    FIELD                        whether a coordinate's codes are of the whole field, and not of its own row alone
    encode(params, h, config)    `codes.Codes` of h: sparse or dense, signed or not; pure, and jitted by others. h is
                                 (N, d), and may come in chunks; of a FIELD it is (H, W, d), a whole grid, and the codes
                                 say so by their shape (H, W)
    decode(params, codes)        h_hat (N, d)
    directions(params)           (n, d): what one unit of each code adds to h; of a FIELD along what an atom adds. Their
                                 lengths are the method's choice, and with them the scale of z: atoms are ordered by the
                                 mean of |z| or of z^2, and active where z > 0.01, so as a rule they are of unit length
    remove(params, h, codes, atom)  h without the atom of that number, which may be traced: h minus its own part of it
    POINTWISE                    whether that part is, at every coordinate, the code there times the direction
    LINEAR                       whether codes are z = (h - mean) E, by a closed form that no seed changes; params are
                                 then those of `linear.params`, of which the interactions between layers are computed

A `Training` measures one number a job, in the order of the jobs. Of `steps`, `n_atoms`, `k` and `batch` in DEFAULTS
demos have smaller ones, and that of decompositions takes 400 steps at a `learning_rate` of 3e-3; a method that has the
first three can be swept over sizes (`stages/size_sweep.py`). An SAE that differs in what a step draws, in its loss or
in what follows a step trains by `fields.fit`, of which these are arguments. Files without a LABEL help methods and are
none. Statistics, ablation, matching, maps and the explorer read codes alone; they are written once, in `atoms/`.
"""

import importlib
import pkgutil
from functools import lru_cache


@lru_cache
def method_names():
    """The names of all methods there are, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(name for name in names if hasattr(importlib.import_module(f"{__name__}.{name}"), "LABEL"))


def method(name):
    """The module of a method. Raises ValueError naming the ones there are."""
    if name not in method_names():
        raise ValueError(f"there is no dictionary method {name!r}; there are {', '.join(method_names())}")
    return importlib.import_module(f"{__name__}.{name}")
