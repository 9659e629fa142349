"""WIRE: complex Gabor wavelets, exp(i omega z - |s z|^2) in every layer (Saragadam et al. 2023).

Complex numbers are pairs of real ones throughout, so that a gradient and Adam are what PyTorch's are. Activations are
[Re h, Im h]. The head is a real one on these: the real part of a complex head A + iB is [Re h, Im h] [A; -B], and the
imaginary part of its bias reaches no output.
"""

import jax
import jax.numpy as jnp

from inr_sae.errors import InputError, argument
from inr_sae.inr import initial
from inr_sae.inr.sine import sin_cos

LABEL = "WIRE"
DEFAULTS = {
    "omega": 5.0,  # frequency; 5 to 20 occur; tuned on phantoms, see docs/tuning
    "sigma": 10.0,  # s, the inverse width; |h| is at most exp(omega^2 / (4 sigma^2)), so omega/sigma stays below 2
}
FREQUENCY = "omega"
RATE = 1.5e-3  # tuned on phantoms; FINER's best for WIRE is 5e-3, decayed to a tenth, where here it is constant
MOST_RATIO = 2.0  # of omega to sigma: e at most beyond layer 0; above it products of a few layers overflow


def unit_names(config):
    """`hidden_0` ... `hidden_{L-1}`."""
    return initial.unit_names(config["n_layers"])


def complex_width(config):
    """d = int(width / sqrt 2) complex numbers, whose layers have as many real parameters as real ones of that width."""
    return int(config["width"] / 2**0.5)


def init(key, config, signals):
    """`hidden_0` {"w" (2, d), "b"} real, `hidden_i` {"w_re", "w_im" (d, d), "b_re", "b_im"}; all U(+-1/sqrt(d_in)).

    Raises InputError for a width without a complex number, and for omega/sigma at which activations may overflow.
    """
    d = complex_width(config)
    if d < 1:
        raise InputError(
            f"{argument('width')} is {config['width']}, and {LABEL} has width/sqrt(2) complex numbers; it is at least 2"
        )
    if config["omega"] >= MOST_RATIO * config["sigma"]:
        raise InputError(
            f"{argument('wire.omega')} = {config['omega']:g} is {MOST_RATIO:g} times {argument('wire.sigma')} = "
            f"{config['sigma']:g} or more, and activations up to exp(omega^2/(4 sigma^2)) overflow; lower it, or raise "
            "sigma"
        )
    units = {}
    for i, name in enumerate(unit_names(config)):
        real, imaginary = jax.random.split(jax.random.fold_in(key, i))
        if i == 0:
            units[name] = initial.uniform_linear(real, 2, d, 2**-0.5)
            continue
        re, im = (initial.uniform_linear(each, d, d, d**-0.5) for each in (real, imaginary))
        units[name] = {"w_re": re["w"], "w_im": im["w"], "b_re": re["b"], "b_im": im["b"]}
    constants = {name: jnp.float32(config[name]) for name in ("omega", "sigma")}
    return {"units": units, "constants": constants}


def embed(params, x):
    """Coordinates as they are, (N, 2) -> (N, 2)."""
    return x


def apply(params, unit, h):
    """exp(i omega z - |s z|^2) of z = h W + b as [Re, Im], (N, 2) or (N, 2d) -> (N, 2d)."""
    leaves = params["units"][unit]
    if "w" in leaves:
        return wavelet(params["constants"], h @ leaves["w"] + leaves["b"], 0.0)
    z = h @ real_form(leaves["w_re"], leaves["w_im"]) + jnp.concatenate([leaves["b_re"], leaves["b_im"]])
    d = leaves["b_re"].shape[0]
    return wavelet(params["constants"], z[:, :d], z[:, d:])


def real_form(re, im):
    """[[A, B], [-B, A]] of A + iB: what multiplies [Re h, Im h] from the right."""
    return jnp.concatenate([jnp.concatenate([re, im], axis=1), jnp.concatenate([-im, re], axis=1)])


def wavelet(constants, re, im):
    """[Re, Im] of exp(i omega z - |s z|^2), z = re + i im; |z|^2 is re^2 + im^2, whose gradient at 0 is 0."""
    omega, sigma = constants["omega"], constants["sigma"]
    size = jnp.exp(-omega * im - jnp.square(sigma * re) - jnp.square(sigma * im))
    sine, cosine = sin_cos(omega * re)
    return jnp.concatenate([size * cosine, size * sine], axis=1)


def matrix(params, unit):
    """The layer's W, (2, d) real or (d, d) complex."""
    leaves = params["units"][unit]
    return leaves["w"] if "w" in leaves else leaves["w_re"] + 1j * leaves["w_im"]


def head_bound(config, d):
    """1/sqrt(d/2): as of a hidden layer on d/2 complex numbers. Its biases lie within 1/sqrt(d), as of any head."""
    return (d / 2) ** -0.5
