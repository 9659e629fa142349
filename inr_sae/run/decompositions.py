"""What the decompositions of one trained encoder are measured by: atoms kept, interactions, other grids, coordinates
kept. Functions of a TrainedCohort and fitted dictionaries, which return rows."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.atoms import edges, keeping, statistics
from inr_sae.inr import network
from inr_sae.measure.image import psnr_from_mse
from inr_sae.rows.decompositions import EdgeRow, KeptRow, NeededRow, ResolutionRow, SpatialRow
from inr_sae.run import trained

FINER = 1.37  # an uneven number of times as many pixels: coordinates that the training grid does not have


def kept_rows(encoder, of_layer, named, drop_db):
    """(KeptRows, NeededRow) of a layer: atoms in the order of their mean z^2, in doubling numbers, and how many of them
    keep the PSNR within `drop_db` of the network's.

    of_layer: (layer, h (N, d), its Dictionary). named: (backbone, layer, method), as rows begin.
    """
    layer, h, dictionary = of_layer
    targets, behind = trained.flat(encoder.signals.cohort), encoder.behind(layer)
    order = np.argsort(-keeping.energies(dictionary, h), kind="stable")

    def psnr_of(n):
        keep = np.zeros(len(order), bool)
        keep[order[:n]] = True
        return float(trained.mean_psnr(behind, jnp.asarray(keeping.kept(dictionary, h, keep)), targets))

    of_network = float(trained.mean_psnr(behind, h, targets))
    psnr = {n: psnr_of(n) for n in keeping.steps(len(order))}
    enough = keeping.needed(psnr, psnr_of, of_network - drop_db)
    rows = [KeptRow(*named, n, value, of_network) for n, value in psnr.items()]
    return rows, NeededRow(*named, len(order), enough, drop_db)


def edge_row(encoder, of_layers, at, drop_db, named):
    """The EdgeRow between a layer and the next one, or the outputs.

    of_layers: (layer, h (N, d), parameters of its basis, those of the next one's or None for the outputs). at (S,): the
    coordinates at which interactions are measured.
    """
    layer, h, first, second = of_layers
    h, step = jnp.asarray(h)[at], encoder.steps()[layer]
    if second is None:
        second = outputs_basis(encoder)
    between = edges.Between(step, basis(first), basis(second))
    strength = np.asarray(edges.strengths(between, h))
    targets = trained.flat(encoder.signals.cohort)[:, at]
    last = layer + 1 == encoder.n_units
    behind = jax.tree_util.Partial(_apart, targets) if last else encoder.behind(layer + 1)

    def psnr_of(mask):
        return float(trained.mean_psnr(behind, edges.masked(between, h, jnp.asarray(mask)), targets))

    fewest = edges.fewest(strength, psnr_of, drop_db)
    everything = psnr_of(np.ones(strength.shape, bool))
    return EdgeRow(*named, int((strength > 0).sum()), fewest, edges.effective(strength), drop_db, everything)


def basis(params):
    """What interactions read of a basis's parameters."""
    return {name: params[name] for name in ("mean", "encoder", "directions")}


def outputs_basis(encoder):
    """The outputs themselves: every channel of every signal."""
    n = encoder.params["heads"]["b"].size
    return {"mean": jnp.zeros(n), "encoder": jnp.eye(n), "directions": jnp.eye(n)}


def _apart(targets, side_by_side):
    """Outputs (N, M * C) as (M, N, C)."""
    m, n, c = targets.shape
    return jnp.moveaxis(side_by_side.reshape(n, m, c), 1, 0)


def grids(shape):
    """{name: (height, width)} that dictionaries are evaluated on; of an odd side half and double have its pixels."""
    return {
        "same": tuple(shape),
        "half": tuple(max(2, (n + 1) // 2) for n in shape),
        "double": tuple(2 * n - 1 for n in shape),
        "between": tuple(round(FINER * (n - 1)) + 1 for n in shape),
    }


def resolution_rows(encoder, of_layer, named):
    """ResolutionRows of a layer's dictionary; of_layer, named: as of `kept_rows`."""
    layer, h, dictionary = of_layer
    rows = []
    for name, shape in grids(encoder.shape).items():
        other = encoder.on_grid(shape)
        h_there = network.prefix(encoder.backbone, encoder.encoder, layer, other.x)
        there = dictionary.at(shape)
        _, reconstruction = statistics.measure(there, h_there)
        pairs = pairs_of_codes((dictionary, h), (there, h_there), in_common(encoder.shape, shape))
        change, support = changes(pairs, statistics.fires(there, h_there))
        behind = encoder.behind(layer)
        mse = jnp.mean(jnp.square(behind(jnp.asarray(reconstruction.h_hat)) - behind(h_there)))
        psnr = float(psnr_from_mse(mse))
        rows.append(ResolutionRow(*named, name, *shape, reconstruction.r2, change, support, psnr))
    return rows


def in_common(shape, other):
    """(rows of the one, rows of the other) of the pixels that two grids with the same end points have in common, in
    one order; none where that is but the ends."""
    steps = [(n - 1, m - 1) for n, m in zip(shape, other)]
    if any(min(a, b) == 0 or max(a, b) % min(a, b) for a, b in steps):
        return np.arange(0), np.arange(0)
    ours = np.ix_(*(np.arange(0, a + 1, max(1, a // b)) for a, b in steps))
    theirs = np.ix_(*(np.arange(0, b + 1, max(1, b // a)) for a, b in steps))
    return tuple(np.arange(np.prod(grid)).reshape(grid)[at].ravel() for grid, at in ((shape, ours), (other, theirs)))


def pairs_of_codes(ours, theirs, rows):
    """Pairs of codes (P, n) of the same pixels, some at a time; ours, theirs: (dictionary, h), rows: as `in_common`."""
    some = len(rows[0]) if ours[0].method.FIELD else statistics.ROWS  # a field is encoded as a whole, so once
    for i in range(0, len(rows[0]), max(1, some)):
        yield [
            np.asarray(statistics.codes_at(*each, at[i : i + some]).dense()) for each, at in zip((ours, theirs), rows)
        ]


def changes(pairs, fires=True):
    """(change by norm, share of the firing atoms that differ) of pairs of codes (P, n); None for what has no meaning,
    as where there are none, or of atoms that do not fire, since their codes are signed."""
    apart = norm = differ = either = 0.0
    for ours, theirs in pairs:
        apart += np.square(np.float64(theirs) - ours).sum()
        norm += np.square(np.float64(ours)).sum()
        differ += ((ours > 0) ^ (theirs > 0)).sum()
        either += ((ours > 0) | (theirs > 0)).sum()
    return float(np.sqrt(apart / norm)) if norm else None, float(differ / either) if fires and either else None


def spatial_rows(encoder, layer, h, shares, backbone, rng):
    """SpatialRows of a layer's units."""
    targets, behind = trained.flat(encoder.signals.cohort), encoder.behind(layer)
    of_network = float(trained.mean_psnr(behind, h, targets))
    rows = []
    for share in shares:
        found = [keeping.at_strongest(h, share), keeping.at_random(h, share, rng)]
        psnr = [float(trained.mean_psnr(behind, jnp.asarray(each), targets)) for each in found]
        rows.append(SpatialRow(backbone, layer, float(share), *psnr, of_network))
    return rows
