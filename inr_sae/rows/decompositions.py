"""Dictionary methods held against each other, and a known dictionary learned again."""

from typing import NamedTuple

from inr_sae.rows.common import NUMBER

_METHOD = [("backbone", str), ("layer", int), ("method", str)]
KeptRow = NamedTuple("KeptRow", [*_METHOD, ("n_kept", int), ("psnr_db", float), ("psnr_network_db", float)])
KeptRow.__doc__ = "decompositions/kept.csv: PSNR with some atoms of a layer, the others' part at its mean."
_NEEDED = [("n_atoms", int), ("n_needed", int | None), ("drop_db", float)]
NeededRow = NamedTuple("NeededRow", [*_METHOD, *_NEEDED])
NeededRow.__doc__ = "decompositions/needed.csv: how many atoms keep the network's PSNR within a drop; none: all do not."
_EDGES = [("n_edges", int), ("n_needed", int), ("n_effective", float), ("drop_db", float), ("psnr_db", float)]
EdgeRow = NamedTuple("EdgeRow", [*_METHOD, *_EDGES])
EdgeRow.__doc__ = (
    "decompositions/edges.csv: interactions between the features of a layer and of the next one: how many are not 0, "
    "how many keep the PSNR within a drop of that with all, (sum)^2 / sum of squares of their strengths, and that PSNR."
)
_GRID = [("grid", str), ("height", int), ("width", int)]
_RESOLVED = [("r2", float), ("codes_change", NUMBER), ("support_change", NUMBER), ("psnr_db", float)]
ResolutionRow = NamedTuple("ResolutionRow", [*_METHOD, *_GRID, *_RESOLVED])
ResolutionRow.__doc__ = (
    "decompositions/resolution.csv: a dictionary on the network's true activations at another grid: R², how much codes "
    "differ at the coordinates in common (by norm, and which atoms fire), PSNR against the network's own output there."
)
_SHARE = [("backbone", str), ("layer", int), ("share", float)]
SpatialRow = NamedTuple(
    "SpatialRow", [*_SHARE, ("psnr_db", float), ("psnr_random_db", float), ("psnr_network_db", float)]
)
SpatialRow.__doc__ = (
    "decompositions/spatial.csv: PSNR with every unit where it is strongest, a share of the coordinates, 0 elsewhere; "
    "and at as many coordinates at random."
)
_MODEL = [("model", str), ("lifted", int), ("modes", int | None), ("atoms", str), ("optimizer", str)]
_MODEL += [("learning_rate", float), ("seed", int)]
_RECOVERED = [("cosine_mean", float), ("above_0_9_fraction", float), ("step", int)]
RecoveryRow = NamedTuple("RecoveryRow", [*_MODEL, *_RECOVERED])
RecoveryRow.__doc__ = (
    "recovery/recovery.csv: the largest cosine of each atom of a known dictionary with those that were learned, along "
    "training; modes: of the operator's kernels, none without; atoms: smooth or rough, the known ones."
)
