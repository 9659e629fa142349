"""Networks of other programs, written out in NumPy, float64, each with its own recipe for coordinates; and ours."""

import numpy as np

from inr_sae.exchange import convert
from inr_sae.inr import network
from inr_sae.inr.coordinates import grid

SHAPE = (7, 5)  # of the images
WIDTH = 16
FOURIER = 6  # frequencies
N_LAYERS = 3


def linear(rng, d_in, d_out, bound):
    """(w (d_in, d_out), b (d_out,)) as a foreign program would hold them: float32, bias not zero."""
    return rng.uniform(-bound, bound, (d_in, d_out)).astype("f4"), rng.uniform(0.1, 0.4, d_out).astype("f4")


def siren_layers(rng, n_layers=N_LAYERS):
    bound = np.sqrt(6 / WIDTH) / 30
    return [linear(rng, 2, WIDTH, 0.5)] + [linear(rng, WIDTH, WIDTH, bound) for _ in range(n_layers - 1)]


def ffmlp_layers(rng, n_layers=N_LAYERS):
    return [linear(rng, 2 * FOURIER if i == 0 else WIDTH, WIDTH, 0.3) for i in range(n_layers)]


def heads(rng, m, channels=3):
    return [linear(rng, WIDTH, channels, 0.2) for _ in range(m)]


def named(layers, w, b, numbers=None, out_in=True):
    """{name: array}: formats w and b give a layer's names from its number."""
    out = {}
    for i, (weight, bias) in zip(numbers or range(len(layers)), layers):
        out |= {w.format(i): weight.T if out_in else weight, b.format(i): bias}
    return out


def strainer_tensors(rng):
    """The tensors of a STRAINER of three shared layers and two decoders."""
    tensors = named(siren_layers(rng), "encoder.{}.weight", "encoder.{}.bias", [0, 2, 4])
    return tensors | named(heads(rng, 2), "decoder.{}.0.weight", "decoder.{}.0.bias")


def fourier_tensors(rng):
    """The tensors of a Fourier feature network."""
    b = rng.normal(size=(FOURIER, 2)).astype("f4")
    return named(ffmlp_layers(rng) + heads(rng, 1), "w_{}", "b_{}", out_in=False) | {"B": b}


def affine(h, layer):
    w, b = (np.asarray(leaf, np.float64) for leaf in layer)
    return h @ w + b


def sine_net(x, layers, first_omega_0=30.0, omega_0=30.0):
    h = np.asarray(x, np.float64)
    for i, layer in enumerate(layers):
        h = np.sin((omega_0 if i else first_omega_0) * affine(h, layer))
    return h


def relu_net(x, b, layers, factor=2 * np.pi, order="sin_cos"):
    """b (F, 2), which gives B's columns in the order of x."""
    projected = factor * np.asarray(x, np.float64) @ np.asarray(b, np.float64).T
    features = [np.sin(projected), np.cos(projected)]
    h = np.concatenate(features if order == "sin_cos" else features[::-1], axis=-1)
    for layer in layers:
        h = np.maximum(affine(h, layer), 0)
    return h


def pixels(rows, columns, column_first=False):
    """(H * W, 2) coordinates, in raster order of the pixels."""
    r, c = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([c.ravel(), r.ravel()] if column_first else [r.ravel(), c.ravel()], axis=-1)


def ends(low=-1.0, high=1.0, **order):
    return pixels(np.linspace(low, high, SHAPE[0]), np.linspace(low, high, SHAPE[1]), **order)


def half_open(**order):
    return pixels(*(np.linspace(0, 1, n, endpoint=False) for n in SHAPE), **order)


def signals_of(h, decoders, low=0.0, high=1.0):
    """Images (M, N, C) in [0, 1] of a network that gives them in [low, high]."""
    return (np.stack([affine(h, head) for head in decoders]) - low) / (high - low)


def assert_same_function(params, h, signals, x=None):
    """Our network of params is the foreign one: last activations h (N, d), images (M, N, C) or None.

    x (N, 2): our coordinates of the pixels, the grid's if None.
    """
    backbone = network.backbone(convert.facts_of(params)["backbone"])
    our_h = network.activations(backbone, params["encoder"], grid(*SHAPE) if x is None else x)[-1]
    assert np.median(np.ptp(h, axis=0)) > 1e-2  # it depends on the pixel
    np.testing.assert_allclose(our_h, h, atol=1e-5)
    if signals is None:
        assert params["heads"] is None
    else:
        np.testing.assert_allclose(network.apply_heads(params["heads"], our_h), signals, atol=1e-5)
