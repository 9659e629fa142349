"""What is timed has the sizes that it says, and its operations are those of its matrices."""

from types import ModuleType

import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.inr import network
from inr_sae.tools.bench import problem
from tests.tools.bench.small import SIZES


@pytest.mark.parametrize("name", network.backbone_names())
def test_a_problem_is_a_fit_of_its_images(name):
    images = problem.images(SIZES)
    _, state, data, x, targets = problem.problem(name, SIZES, 0, images)
    assert images.shape == (2, 8, 12, 3) and x.shape == (96, 2)
    np.testing.assert_array_equal(targets, images.reshape(2, 96, 3))
    assert data.targets.shape[1] == state.params["heads"]["w"].shape[0] == 2
    assert np.sum(data.weight) == pytest.approx(1.0)


def test_operations_are_counted_off_the_matrices():
    """By hand: forward and weight gradient of every moving unit, input gradient of all but the first."""
    matrices = {"a": jnp.zeros((2, 4)), "b": None, "c": jnp.zeros((4, 5), jnp.complex64), "d": jnp.zeros((10, 3))}
    widths = {"a": 4, "b": 8, "c": 10, "d": 3}
    backbone = ModuleType("a backbone")
    backbone.matrix = lambda params, unit: matrices[unit]
    backbone.embed = lambda params, x: x
    backbone.apply = lambda params, unit, h: jnp.zeros((len(h), widths[unit]))
    params = {"encoder": {"units": dict.fromkeys(matrices)}, "heads": {"w": jnp.zeros((7, 3, 2))}}
    a, c, d, heads = 2 * 4, 4 * 4 * 5, 10 * 3, 3 * 7 * 2
    operations = [problem.step_operations(backbone, params, 100, tau) for tau in (None, 0, 1, 2, 3)]
    assert operations[0] == 2 * 100 * (2 * a + 3 * c + 3 * d + 3 * heads)
    assert operations[1] == 2 * 100 * (3 * c + 3 * d + 3 * heads)  # the first that moves has no matrix
    assert operations[2] == 2 * 100 * (2 * c + 3 * d + 3 * heads)
    assert operations[3] == 2 * 100 * (2 * d + 3 * heads)
    assert operations[4] is None  # heads alone touch no pixel


def test_a_table_that_is_read_row_by_row_multiplies_nothing():
    for name in ("neurbf", "hashgrid"):
        backbone, state, _, x, _ = problem.problem(name, SIZES, 0)
        counted = problem.step_operations(backbone, state.params, len(x), None)
        units = state.params["encoder"]["units"].values()
        layers = sum(leaf.size for unit in units for key, leaf in unit.items() if key == "w")
        assert counted == 2 * len(x) * 3 * (layers + state.params["heads"]["w"].size)


def test_a_scale_leaves_at_least_64():
    assert problem.at_scale(1.0) == problem.Sizes()
    assert (problem.at_scale(0.5).height, problem.at_scale(0.01).height) == (109, 64)
    assert problem.at_scale(0.01).width == problem.Sizes().width
