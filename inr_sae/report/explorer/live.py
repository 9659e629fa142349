"""What the explorer's page needs to run a network itself: weights, codes and directions as compact numbers.

Weights are float32. Codes and directions are kept in three bytes, as shares of their largest magnitude: within 1e-7 of
it, where two bytes would show in the output.
"""

import base64

import numpy as np

from inr_sae.report.explorer.pack import packed

STEPS = 2**23 - 1  # of a number in three bytes, on either side of 0


def floats(array):
    """{"shape", "data"} of an array as float32."""
    array = np.asarray(array, np.float32)
    return {"shape": list(array.shape), "data": packed(array)}


def compact(array):
    """{"shape", "top", "data"} of an array in three bytes a number, little-endian, offset by 2^23."""
    array = np.asarray(array, np.float64)
    top = float(np.abs(array).max(initial=0.0)) or 1.0
    steps = (np.round(array / top * STEPS).astype(np.int64) + 2**23).astype("<u4")
    three = steps.reshape(-1, 1).view(np.uint8)[:, :3]
    return {"shape": list(array.shape), "top": top, "data": base64.b64encode(three.tobytes()).decode("ascii")}


def program(of_unit):
    """A function of rows as {"constants", "operations"}; of_unit has the two as attributes."""
    operations = [[name, list(arguments), list(numbers)] for name, arguments, numbers in of_unit.operations]
    return {"constants": [floats(each) for each in of_unit.constants], "operations": operations}


def network(start, programs, inputs, heads, targets):
    """The network from unit `start` on.

    programs: of each unit from there. inputs (P, d): of unit `start`, at the P coordinates of the page's grid. heads
    {"w": (M, d, C), "b": (M, C)}; targets (M, P, C).
    """
    return {
        "start": start,
        "units": [program(each) for each in programs],
        "input": floats(inputs),
        "heads": {name: floats(leaf) for name, leaf in heads.items()},
        "targets": floats(targets),
    }


def dictionary(values, indices, atoms, directions):
    """The atoms of one layer that can be steered.

    values (P, k) and indices (P, k): the codes at the page's grid, indices None for one slot an atom, of which those of
    these atoms are kept. atoms (A,): which can be steered, with directions (A, d).
    """
    return {
        "values": compact(values if indices is not None else np.asarray(values)[:, np.asarray(atoms)]),
        "indices": None if indices is None else packed(np.asarray(indices, np.uint16)),
        "atoms": [int(atom) for atom in atoms],
        "directions": compact(directions),
    }
