import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import network, program
from tests.inr.builders import BACKBONES, EVERY, SIGNALS, X, built, settings


@EVERY
def test_units_that_are_translated_give_the_same(backbone):
    encoder, translated = built(backbone)["encoder"], 0
    h = backbone.embed(encoder, X)
    for unit in network.unit_names(encoder):
        after = backbone.apply(encoder, unit, h)
        try:
            of_unit = program.trace(lambda h, unit=unit: backbone.apply(encoder, unit, h), h.shape[1])
        except program.Untranslatable:
            pass
        else:
            translated += 1
            np.testing.assert_allclose(program.run(of_unit, h), after, atol=2e-5)
        h = after
    assert translated, "not a unit can be told to another machine"


@pytest.mark.parametrize("width", [5, 7, 10, 11])
def test_whatever_its_width_a_unit_is_translated(width):
    """WIRE's of 10 has 7 complex numbers."""
    backbone = BACKBONES["wire"]
    config = settings(backbone, width=width)
    encoder = backbone.init(jax.random.key(0), config, SIGNALS)
    name = network.unit_names(encoder)[-1]
    h = jnp.ones((4, 2 * int(width / 2**0.5)))
    of_unit = program.trace(lambda h: backbone.apply(encoder, name, h), h.shape[1])
    np.testing.assert_allclose(program.run(of_unit, h), backbone.apply(encoder, name, h), atol=2e-5)


@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_coordinates_are_embedded_alike(name):
    backbone = BACKBONES[name]
    encoder = built(backbone)["encoder"]
    of_embedding = program.trace(lambda x: backbone.embed(encoder, x), 2)
    np.testing.assert_allclose(program.run(of_embedding, X), backbone.embed(encoder, X), atol=2e-4)


@pytest.mark.parametrize("op", sorted(program.UNARY))
def test_every_operation_of_one_argument(op, rng):
    functions = {"neg": jnp.negative, "logistic": jax.nn.sigmoid}
    function = functions.get(op, getattr(jnp, op, None))
    h = rng.uniform(0.1, 2, (5, 3)).astype(np.float32)
    np.testing.assert_allclose(program.run(program.trace(function, 3), h), function(h), rtol=1e-5)


def test_what_the_output_does_not_need_is_left_out():
    def function(h):
        return [jnp.sin(h) * 2.0, jnp.cos(h) * 3.0][0]

    names = [name for name, _, _ in program.trace(function, 3).operations]
    assert names == ["sin", "mul"]


def test_columns_powers_and_parts():
    def function(h):
        return jnp.concatenate([h[:, :1] ** 3, jnp.maximum(h, 0.5)[:, ::2] / 2.0], axis=1)

    h = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
    np.testing.assert_allclose(program.run(program.trace(function, 3), h), function(h), rtol=1e-6)


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda h: h[jnp.argsort(h[:, 0])], "squeeze|sort"),  # the rows in another order
        (lambda h: h - h.mean(axis=0), "reduce_sum"),
        (lambda h: h @ h.T, "transpose|dot_general"),
    ],
)
def test_what_mixes_rows_is_refused(function, said):
    with pytest.raises(program.Untranslatable, match=said):
        program.trace(function, 3)


def test_the_slope_of_what_is_computed_knows_no_stopped_gradient():
    def step(h):
        return jnp.sin((jax.lax.stop_gradient(jnp.abs(h)) + 1.0) * h)

    h = jnp.linspace(-2.0, 2.0, 9)[:, None]
    slope = jax.vmap(jax.jacfwd(lambda row: program.as_computed(step, 1)(row[None])[0]))(h)[:, 0, 0]
    by_hand = jnp.cos((jnp.abs(h) + 1.0) * h) * (2.0 * jnp.abs(h) + 1.0)
    np.testing.assert_allclose(slope, by_hand[:, 0], atol=1e-5)


def test_what_is_not_translated_is_differentiated_as_it_is():
    def step(h):
        return jnp.cumsum(h, axis=1)

    assert program.as_computed(step, 3) is step
