"""The Local Interaction Basis (arXiv 2405.10928): of each layer the directions that matter to the next layer's basis.

From the outputs, whose basis is the identity, backwards. With h (N, d) the activations, mean mu, centred covariance
G = U D U', R = U D^-1/2 and R+ = D^1/2 U' over the D that are not negligible: M' is the mean over coordinates of J J',
J (d, r) the derivative of the next layer's features by h, and R+ M' R+' = V L V'. Features are (h - mu) C with
C = R V L^1/2, and C+ = L^-1/2 V' R+ brings them back. Their covariance is L, and every one of them changes the next
layer's features alike in the mean.

Where a step of the network is phi(h W), M' = W [(C C') o E(s s')] W' with the slopes s = phi' and C of the next layer:
no derivative is taken at a coordinate by itself. Of any other step it is: that is 256 times the work, so the mean is
then over MOST coordinates, drawn at random, where there are more.

Parameters as in `linear`, and "strength" (d,), the L, largest first; 0 where there is no such direction.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.dictionaries import linear
from inr_sae.dictionaries.linear import check, decode, directions, encode, n_atoms, remove
from inr_sae.errors import InputError
from inr_sae.inr import program

LABEL = "LIB"
DEFAULTS = {}
POINTWISE, FIELD, LINEAR = True, False, True
NEGLIGIBLE = 1e-10  # a variance, and a strength, below this share of the largest is none
ROWS, MOST = 256, 2048  # coordinates at once, and in all, where derivatives are taken one by one
__all__ = ["DEFAULTS", "check", "decode", "directions", "encode", "fit", "n_atoms", "remove"]


def fit(jobs, train):
    """The basis of every job's layer; what jobs of one network have in common is computed once.

    Raises InputError for a job that does not say what its network does step by step.
    """
    if any(not job.steps for job in jobs):
        raise InputError(
            "the local interaction basis of a layer is made from the network behind it, step by step, and here nobody "
            "says what these steps are"
        )
    given = {which(job.steps): job.h for job in jobs}
    found = {}
    return [basis(job.h, job.steps, given, found) for job in jobs]


def which(steps):
    """Tells networks behind a layer apart."""
    return tuple(map(id, steps))


def basis(h, steps, given, found):
    """The parameters for activations h (N, d) with these steps behind them.

    given: {which steps: activations before them}; found: {which steps: parameters}, what is known already.
    """
    if which(steps) not in found:
        step, *rest = steps
        if rest:
            after = given.get(which(rest))
            after = step(h) if after is None else after
            readout = np.asarray(basis(after, rest, given, found)["encoder"], np.float64)
        else:
            readout = np.eye(jax.eval_shape(step, h).shape[1])  # of the outputs
        found[which(steps)] = from_gram(h, gram(step, h, readout))
    return found[which(steps)]


def from_gram(h, of_features):
    """The parameters for activations h (N, d) and M' (d, d)."""
    d = h.shape[1]
    mean, covariance = linear.covariance(h)
    variances, vectors = without_negligible(*linear.eigen(covariance))
    whiten, colour = vectors / np.sqrt(variances), (vectors * np.sqrt(variances)).T  # R (d, r), R+ (r, d)
    strengths, turned = without_negligible(*linear.eigen(colour @ of_features @ colour.T))
    forth, back = np.zeros((d, d)), np.zeros((d, d))
    r = len(strengths)
    forth[:, :r] = whiten @ turned * np.sqrt(strengths)
    back[:r] = (turned / np.sqrt(strengths)).T @ colour
    strength = jnp.asarray(np.concatenate([strengths, np.zeros(d - r)]), jnp.float32)
    return linear.params(mean, forth, back) | {"strength": strength}


def without_negligible(values, vectors):
    """The eigenvalues that are not negligible beside the largest, and their vectors."""
    kept = values > NEGLIGIBLE * values.max(initial=0.0)
    return values[kept], vectors[:, kept]


def gram(step, h, readout):
    """M' (d, d), float64: the mean over h (N, d) of J J', J the derivative by h of step(h) times readout (d', r)."""
    try:
        layer = program.layer(program.trace(step, h.shape[1]))
    except program.Untranslatable:
        layer = None
    if layer is None:
        return gram_of_any(program.as_computed(step, h.shape[1]), h, readout)
    slopes_gram = mean_of_products(np.asarray(slopes(layer, h)))
    w = np.asarray(layer.w, np.float64)
    return w @ (readout @ readout.T * slopes_gram) @ w.T


def slopes(layer, h):
    """phi'(h W) of a `program.Layer`, (N, d')."""
    z = jnp.asarray(h) @ layer.w
    return jax.jvp(partial(program.run, layer.phi, xp=jnp), (z,), (jnp.ones_like(z),))[1]


def mean_of_products(s):
    """E(s s') of rows s (N, d'), (d', d') float64."""
    rows = (s[i : i + linear.ROWS].astype(np.float64) for i in range(0, len(s), linear.ROWS))
    return sum(part.T @ part for part in rows) / len(s)


def gram_of_any(step, h, readout):
    """`gram` of a step that is no `program.Layer`: derivatives at every coordinate, or at MOST of them."""
    if len(h) > MOST:
        h = jnp.asarray(h)[np.random.default_rng(0).choice(len(h), MOST, replace=False)]
    readout, total = jnp.asarray(readout, jnp.float32), 0.0
    for start in range(0, len(h), ROWS):
        total = total + np.asarray(_gram_of_rows(step, h[start : start + ROWS], readout), np.float64)
    return total / len(h)


@jax.jit
def _gram_of_rows(step, h, readout):
    jacobians = jax.vmap(jax.jacrev(lambda row: (step(row[None]) @ readout)[0]))(h)  # (B, r, d)
    return jnp.einsum("bri,brj->ij", jacobians, jacobians, precision="highest")
