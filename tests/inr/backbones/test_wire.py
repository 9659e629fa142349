import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.inr import network
from inr_sae.inr.backbones import wire
from inr_sae.measure.rank import stable_rank
from tests.inr.backbones import parity

CONFIG = dict(width=parity.WIDTH, n_layers=parity.N_LAYERS, coordinates=(-1.0, 1.0), omega=10.0, sigma=10.0)
SIGNALS = np.zeros((1, 2, 2, 3), np.float32)


def as_complex(h):
    re, im = np.split(np.asarray(h, np.float64), 2, axis=1)
    return re + 1j * im


def test_weights_follow_its_law_and_parameters_are_as_many_as_of_real_layers():
    config = CONFIG | {"width": 256}
    units = wire.init(jax.random.key(0), config, SIGNALS)["units"]
    assert units["hidden_0"]["w"].shape == (2, 181) and parity.looks_uniform(units["hidden_0"]["w"], 2**-0.5)
    for name in ("w_re", "w_im", "b_re", "b_im"):
        assert parity.looks_uniform(units["hidden_3"][name], 181**-0.5)
    assert not (units["hidden_3"]["w_re"] == units["hidden_3"]["w_im"]).any()
    n = sum(leaf.size for leaf in units["hidden_3"].values())
    assert n == pytest.approx(256 * 257, rel=0.01)


def test_a_layer_is_the_complex_wavelet(rng):
    params = wire.init(jax.random.key(0), CONFIG, SIGNALS)
    x = rng.uniform(-1, 1, (30, 2)).astype(np.float32)
    h = None
    for name in wire.unit_names(CONFIG)[:3]:
        leaves = {key: np.asarray(leaf, np.float64) for key, leaf in params["units"][name].items()}
        before = x.astype(np.float64) if h is None else as_complex(h)
        w = leaves["w"] if h is None else leaves["w_re"] + 1j * leaves["w_im"]
        b = leaves["b"] if h is None else leaves["b_re"] + 1j * leaves["b_im"]
        z = before @ w + b
        h = wire.apply(params, name, x if h is None else h)
        np.testing.assert_allclose(as_complex(h), np.exp(1j * 10 * z - np.abs(10 * z) ** 2), atol=3e-5)


def test_activations_are_bounded(rng):
    """By 1 of real pre-activations, by exp(omega^2 / (4 sigma^2)) of complex ones; which is reached."""
    constants = {"omega": jnp.float32(15.0), "sigma": jnp.float32(10.0)}
    re, im = (jnp.asarray(rng.normal(0, 0.1, (4000, 1)), jnp.float32) for _ in range(2))
    assert np.abs(as_complex(wire.wavelet(constants, re, 0.0))).max() <= 1 + 1e-6
    bound = np.exp(15.0**2 / (4 * 10.0**2))
    assert np.abs(as_complex(wire.wavelet(constants, re, im))).max() <= bound * (1 + 1e-5)
    summit = wire.wavelet(constants, jnp.zeros((1, 1)), jnp.full((1, 1), -15.0 / 200.0))
    assert np.abs(as_complex(summit)) == pytest.approx(bound, rel=1e-5)


def test_the_stable_rank_of_the_real_form_is_twice_that_of_the_complex_matrix(rng):
    re, im = (rng.normal(size=(9, 9)) for _ in range(2))
    assert stable_rank(wire.real_form(re, im)) == pytest.approx(2 * stable_rank(re + 1j * im), rel=1e-5)
    encoder = wire.init(jax.random.key(0), CONFIG, SIGNALS)
    assert jnp.iscomplexobj(wire.matrix(encoder, "hidden_1")) and not jnp.iscomplexobj(wire.matrix(encoder, "hidden_0"))


def test_the_gradient_at_zero_is_finite():
    """Of abs(z)^2 it would not be."""
    constants = {"omega": jnp.float32(10.0), "sigma": jnp.float32(10.0)}
    slope = jax.grad(lambda z: wire.wavelet(constants, z, z).sum())(jnp.zeros((2, 2)))
    assert np.isfinite(slope).all()


def test_outputs_gradients_and_a_step_equal_pytorchs(rng):
    config = CONFIG | {"omega": 3.0, "sigma": 3.0}
    model = parity.assert_network_gradients_and_a_step_are_pytorchs(wire, config, rng)
    bias = model.heads.bias.grad
    assert (bias.imag == 0).all() and (bias.real != 0).any(), "a complex head's imaginary bias reaches no output"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"omega": 20.0}, r"wire\.omega = 20 is 2 times wire\.sigma = 10 or more"),
        ({"width": 1}, "width is 1.*at least 2"),
    ],
)
def test_what_overflows_or_has_no_unit_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        network.init_encoder(wire, jax.random.key(0), CONFIG | change, SIGNALS)
