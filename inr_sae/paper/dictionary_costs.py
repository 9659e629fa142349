"""What the removal of single atoms costs, of the atoms that the paper ablates: the top ones of each layer."""

from typing import NamedTuple

import numpy as np

from inr_sae.paper.claims import Measured
from inr_sae.paper.dictionary_content import top

MOST_COSTLY = 4  # top atoms a layer


def largest_drop(effects, cohorts, atoms):
    """Measured: the largest drop in dB over FFMLP's top atoms of layers from 2 on; None where none was ablated.

    On the test signal, as published, or on the cohort's where that alone is there; where both are the note has the
    other, since a fit behind frozen layers that came to little has little to lose. effects: {role of a signal:
    {Condition: [EffectRow]}}. cohorts: {backbone: Condition} of cohort encoders. atoms: {backbone: {layer:
    [AtomRow]}} of the layers that count.
    """
    found = {role: of_role({role: effects.get(role, {})}, cohorts, atoms, ("ffmlp",))[1] for role in ("test", "cohort")}
    deep = {role: drops for role, of_role in found.items() if (drops := deep_drops(of_role))}
    if not deep:
        return None
    role, *others = deep
    note = f"on a {role} signal; {max(found[role][0].every):.1f} dB over all atoms"
    note += "".join(f"; {max(deep[other]):.1f} on a {other} signal" for other in others)
    return Measured(max(deep[role]), note=note)


def deep_drops(found):
    """The drops of the top atoms of layers from 2 on; found: the Drops of one backbone, or none."""
    return [drop for each in found for layer, drop in each.top if layer >= 2]


def costs_more(effects, cohorts, atoms):
    """Measured: the largest drop in dB over FFMLP's top atoms minus that over SIREN's, likewise, on a signal of a role
    that both have."""
    role, found = of_role(effects, cohorts, atoms, ("ffmlp", "siren"))
    if not role:
        return None
    ours, theirs = ([drop for _, drop in each.top] for each in found)
    note = f"FFMLP {max(ours):.1f}, SIREN {max(theirs):.1f} on a {role} signal; over all atoms "
    note += " and ".join(f"{max(each.every):.1f}" for each in found)
    return Measured(max(ours) - max(theirs), chance=chance_of_lead(ours, theirs), note=note)


class Drops(NamedTuple):
    """What the removal of single atoms costs a signal, in dB."""

    top: list  # (layer, drop) of the layers' top atoms
    every: list  # of all atoms


def of_role(effects, cohorts, atoms, backbones):
    """(role, [Drops of each backbone]) of the first role, test before cohort, that all have effects of; (None, [])."""
    for role in ("test", "cohort"):
        rows = [effects.get(role, {}).get(cohorts.get(backbone)) for backbone in backbones]
        if all(rows):
            found = [drops(of_backbone, atoms[backbone]) for of_backbone, backbone in zip(rows, backbones)]
            if all(each.top for each in found):
                return role, found
    return None, []


def drops(effects, atoms):
    """The Drops of EffectRows, in the layers of {layer: [AtomRow]}."""
    strongest = {(layer, row.atom) for layer, of_layer in atoms.items() for row in top(of_layer, MOST_COSTLY)}
    counted = [row for row in effects if row.layer in atoms]
    of_top = [(row.layer, row.psnr_drop_db) for row in counted if (row.layer, row.atom) in strongest]
    return Drops(of_top, [row.psnr_drop_db for row in counted])


def chance_of_lead(ours, theirs):
    """The probability that the largest of ours leads theirs by as much, were all numbers dealt out at random; 1 without
    a lead."""
    lead, dealt = max(ours) - max(theirs), -np.sort(-np.concatenate([ours, theirs]))
    if lead <= 0:
        return 1.0
    chance, all_ours = 0.0, 1.0
    for place, value in enumerate(dealt):  # the largest of theirs is here, and all before it are ours
        left = len(dealt) - place
        if dealt[0] - value >= lead:
            chance += all_ours * len(theirs) / left
        all_ours *= max(len(ours) - place, 0) / left
    return chance
