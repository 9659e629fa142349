import jax
import numpy as np
import pytest

from inr_sae.inr import initial


@pytest.mark.parametrize("n, first, last", [(1, "hidden_0", "hidden_0"), (10, "hidden_0", "hidden_9")])
def test_names_of_up_to_ten_units_have_one_digit(n, first, last):
    names = initial.unit_names(n)
    assert len(names) == n and (names[0], names[-1]) == (first, last)


@pytest.mark.parametrize("n", [3, 7, 10, 11, 12, 101])
def test_names_sort_in_forward_order(n):
    names = initial.unit_names(n, "block")
    assert list(names) == sorted(names) and [int(name.removeprefix("block_")) for name in names] == list(range(n))


def test_a_layers_weights_lie_within_their_bound_and_its_biases_within_pytorchs():
    bounds = {0: 0.1, 1: 3.0}
    layers = initial.uniform_layers(jax.random.key(0), 40, 50, ("a", "b"), lambda i, d_in: bounds[i] * d_in)
    for i, (name, d_in) in enumerate({"a": 40, "b": 50}.items()):
        assert layers[name]["w"].shape == (d_in, 50) and layers[name]["b"].shape == (50,)
        assert 0.9 * bounds[i] * d_in < np.abs(layers[name]["w"]).max() <= bounds[i] * d_in
        assert 0.8 * d_in**-0.5 < np.abs(layers[name]["b"]).max() <= d_in**-0.5


@pytest.mark.parametrize("leading", [(), (3,)])
def test_a_layer_drawn_anew_by_pytorchs_law_keeps_its_shapes(leading):
    linear = {"w": np.zeros((*leading, 40, 50)), "b": np.zeros((*leading, 50))}
    drawn = initial.as_in_torch(jax.random.key(0), linear)
    for name, leaf in drawn.items():
        assert leaf.shape == linear[name].shape
        assert 0.8 * 40**-0.5 < np.abs(leaf).max() <= 40**-0.5
    if leading:
        assert (drawn["w"][0] != drawn["w"][1]).any()
