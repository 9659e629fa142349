import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.inr import coordinates, fit, network
from inr_sae.inr.backbones import neurbf
from inr_sae.inr.backbones.neurbf import kernels
from tests.inr.backbones import parity

CONFIG = dict(width=256, n_layers=5, coordinates=(-1.0, 1.0), **neurbf.DEFAULTS)


@pytest.fixture(scope="module")
def images():
    """An edge down the middle of noise that is faint."""
    rng = np.random.default_rng(0)
    made = rng.uniform(0, 0.02, (2, 24, 30, 1)).astype(np.float32)
    made[:, :, 15:] += 0.8
    return made


@pytest.fixture(scope="module")
def encoder(images):
    return neurbf.init(jax.random.key(0), CONFIG, images)


def test_phi_is_1_at_the_centre_and_a_half_at_mahalanobis_distance_1(rng):
    centre, shape = jnp.array([0.2, -0.3]), jnp.array([[4.0, 1.0], [1.0, 9.0]])
    assert kernels.phi(centre, centre, shape) == 1.0
    away = np.linalg.cholesky(np.linalg.inv(shape)) @ [np.cos(0.7), np.sin(0.7)]
    assert kernels.phi(centre + away, centre, shape) == pytest.approx(0.5, rel=1e-5)


def test_normalised_kernels_sum_to_1_and_no_gradient_flows_through_the_sum(encoder, rng):
    x = jnp.asarray(rng.uniform(0, 23, (40, 2)), jnp.float32)
    numbers, values = kernels.nearest(x, encoder["constants"]["centres"], encoder["constants"]["shapes"])
    np.testing.assert_allclose(values.sum(1), 1.0, rtol=1e-5)
    away = np.linalg.norm(x[:, None] - encoder["constants"]["centres"], axis=-1)
    np.testing.assert_array_equal(np.sort(numbers, axis=1), np.sort(np.argsort(away, axis=1)[:, :4], axis=1))
    phi = jnp.array([0.5, 0.25, 0.2, 0.05])
    slope = jax.jacobian(kernels.normalised)(phi)
    np.testing.assert_allclose(slope, np.eye(4) / phi.sum(), rtol=1e-5)


def test_shapes_are_symmetric_positive_definite_and_clipped(images, encoder):
    shapes = np.asarray(encoder["constants"]["shapes"])
    np.testing.assert_allclose(shapes, shapes.swapaxes(1, 2), rtol=1e-4, atol=1e-4)
    assert (np.linalg.eigvalsh(shapes) > 0).all()
    deviations = np.linalg.eigvalsh(shapes) ** -0.5
    assert deviations.min() >= kernels.NARROWEST * (1 - 1e-5) and deviations.max() <= 30 / 4 * (1 + 1e-5)


def test_kernels_gather_where_the_picture_changes(images, encoder):
    columns = np.asarray(encoder["constants"]["centres"])[:, 1]
    at_edge = np.abs(columns - 14.5) < 2.2
    assert at_edge.mean() > 0.4, "a third of this would be even"
    flat = neurbf.init(jax.random.key(0), CONFIG, np.zeros_like(images))
    assert (np.abs(np.asarray(flat["constants"]["centres"])[:, 1] - 14.5) < 2.2).mean() < 0.3


@pytest.mark.parametrize("ends", [(-1.0, 1.0), (0.0, 1.0)])
def test_kernels_are_the_signals_own_and_near_is_near_in_pixels_whatever_the_coordinates(images, ends):
    tall = images[:, :, ::3]
    encoder = neurbf.init(jax.random.key(0), CONFIG | {"coordinates": ends}, tall)
    centres, _ = kernels.place(tall.copy(), len(encoder["constants"]["centres"]))
    np.testing.assert_allclose(encoder["constants"]["centres"], centres, rtol=1e-6)
    numbers = neurbf.embed(encoder, coordinates.grid(24, 10, *ends))[:, : kernels.NEAREST]
    pixels = np.stack(np.unravel_index(np.arange(240), (24, 10)), axis=-1)
    away = np.linalg.norm(pixels[:, None] - centres, axis=-1)
    read = np.take_along_axis(away, np.asarray(numbers, int), axis=1).max(axis=1)
    np.testing.assert_allclose(read, np.sort(away, axis=1)[:, kernels.NEAREST - 1], atol=1e-4)


def test_centres_and_shapes_are_bit_equal_after_training(images, rng):
    params = network.init(neurbf, jax.random.split(jax.random.key(0)), CONFIG, images)
    x = coordinates.grid(24, 30)
    data = fit.tiles(neurbf.embed(params["encoder"], x), jnp.asarray(images.reshape(2, -1, 1)), 300)
    state = fit.init_state(params, None, 5e-3, jax.random.key(0))
    after, losses = fit.fit_cohort(neurbf, None, 5e-3, 20, state, data)
    for name, before in params["encoder"]["constants"].items():
        same = jax.tree.map(lambda a, b: (a == b).all(), before, after.params["encoder"]["constants"][name])
        assert all(jax.tree.leaves(same)), name
    assert losses[-1].sum() < 0.5 * losses[0].sum()


def test_outputs_gradients_and_a_step_equal_pytorchs(rng):
    def louder(encoder):
        units = encoder["units"] | {"kernels": jax.tree.map(lambda leaf: 1e4 * leaf, encoder["units"]["kernels"])}
        return encoder | {"units": units}

    small = {"highest": 64.0, "pixels_per_kernel": 4.0, "channels": 8, "hidden": 16}
    parity.assert_network_gradients_and_a_step_are_pytorchs(neurbf, CONFIG | small, rng, louder)


def test_more_kernels_than_pixels_are_refused(images):
    with pytest.raises(InputError, match=r"neurbf\.pixels_per_kernel = 0\.5 asks for 1440 kernels.* 720 pixels"):
        network.init_encoder(neurbf, jax.random.key(0), CONFIG | {"pixels_per_kernel": 0.5}, images)
