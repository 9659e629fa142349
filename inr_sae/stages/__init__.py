"""One file a stage, and nothing but stages; `stage(name)` finds it, and nothing else need know it.

What a stage's module declares:

    NEEDS                    stages it builds on; a tuple among them names alternatives, of which one will do
    USES                     stages whose results it takes in where they are done
    READS                    keys and groups of the config; run, check and sections get these alone. What they say of
                             backbones and dictionary methods that are not in use decides nothing
    WRITES                   paths and patterns of what it writes, relative to the study's folder. Where it is done
                             again these go first, but for studies within and sweeps, which look after themselves
    LENT                     (optional) patterns within WRITES at which another stage writes
    check(config)            raises UserError naming the first key that cannot be, before the folder is made
    run(config, store)       does it, and what is there already of a run that was cut off is not done again
    sections(config, store, exhibits)   (optional) its `report.page.Section`s, from what it has stored; figures and
                             tables go through `report.exhibits.Exhibits`
    heading(config)          (optional) the `report.page.Heading` of a study that has this stage
    CHEAP                    (optional) True: done again in a moment, so a changed key does so without --redo

A table's rows are a NamedTuple in `rows/`, of which a csv file's columns and their types follow. A stage that measures
one study's dictionaries or those of several reads `conditions.READS` and goes by `conditions.with_dictionaries`.

Beside these stand the functions by which other stages read what it has written: no other file names a stage's files.
Stages run in an order that follows from NEEDS and USES.
"""

import importlib
import pkgutil
from functools import lru_cache

from inr_sae.run import once


@lru_cache
def stage_names():
    """The names of all stages there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def stage(name):
    """The module of a stage. Raises ValueError naming the ones there are."""
    if name not in stage_names():
        raise ValueError(f"there is no stage {name!r}; there are {', '.join(stage_names())}")
    return importlib.import_module(f"{__name__}.{name}")


def needed(name):
    """Every stage that a stage's NEEDS and USES name."""
    return once.needed(stage(name))


def ordered(names):
    """The names so that each comes after those it needs or uses, as near as may be to the order they are given in."""
    order = []

    def place(name):
        for before in needed(name):
            if before in names and before not in order:
                place(before)
        if name not in order:
            order.append(name)

    for name in names:
        place(name)
    return order


@lru_cache
def built_on(name):
    """Every stage that builds on this one, at once or over others, in order."""
    found = {name}
    order = ordered(stage_names())
    for each in order:
        if found & set(needed(each)):
            found.add(each)
    return [each for each in order if each in found - {name}]


def writes():
    """{stage: what it writes} of all stages."""
    return {name: stage(name).WRITES for name in stage_names()}
