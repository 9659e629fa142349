"""What every backbone's network does is in `test_backbones.py`; here is what is written once for them."""

import itertools

import jax
import numpy as np

from inr_sae.inr import fit, network
from tests.inr.builders import SIGNALS, X, built, settings


def test_each_head_reads_its_own_weights(backbone, rng):
    heads = network.init_heads(backbone, jax.random.key(1), settings(backbone), 16, 3, 2)
    h = rng.normal(size=(7, 16)).astype(np.float32)
    outputs = network.apply_heads(heads, h)
    for j in range(3):
        np.testing.assert_allclose(outputs[j], h @ heads["w"][j] + heads["b"][j], atol=1e-5)


def test_heads_do_not_depend_on_how_many_there_are(backbone):
    few, many = (network.init_heads(backbone, jax.random.key(1), settings(backbone), 16, n, 2) for n in (2, 5))
    np.testing.assert_array_equal(few["w"], many["w"][:2])
    assert (many["w"][0] != many["w"][1]).any()


def test_there_is_a_head_a_signal_as_wide_as_the_last_unit(backbone):
    params = built(backbone)
    d = network.widths(backbone, params["encoder"])[-1]
    assert params["heads"]["w"].shape == (len(SIGNALS), d, SIGNALS.shape[-1])
    assert params["heads"]["b"].shape == (len(SIGNALS), SIGNALS.shape[-1])


def test_what_lies_behind_a_layer_gives_the_networks_outputs(backbone):
    params = built(backbone)
    whole = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], X))
    for layer, h in enumerate(network.activations(backbone, params["encoder"], X)):
        behind = network.behind(backbone, params, layer)
        np.testing.assert_allclose(behind(h), whole, atol=1e-5)
        np.testing.assert_allclose(jax.jit(lambda behind, h: behind(h))(behind, h), whole, atol=1e-5)


def test_the_networks_behind_one_layer_are_one_program_for_all_params(backbone):
    """So a program that takes one as its argument is not compiled anew for each head."""
    params = built(backbone)
    one, other = (network.behind(backbone, params | {"heads": head}, 1) for head in heads_apart(params["heads"]))
    assert jax.tree.structure(one) == jax.tree.structure(other) and hash(one.func) == hash(other.func)


def heads_apart(heads):
    return [jax.tree.map(lambda leaf, j=j: leaf[j : j + 1], heads) for j in range(2)]


def test_bytes_a_row_count_every_units_activations(backbone):
    shallow, deep = (built(backbone, n_layers)["encoder"] for n_layers in (3, 12))
    per_unit = [4 * 2 * sum(network.widths(backbone, encoder)) for encoder in (shallow, deep)]
    grown = fit.bytes_a_row(backbone, deep) - fit.bytes_a_row(backbone, shallow)
    assert grown >= per_unit[1] - per_unit[0]
    assert (grown > 0) == (network.n_units(deep) > network.n_units(shallow)), "of fixed depth it is the same"


def test_backbones_have_no_heads_in_common():
    """Of one key, or units of the same number would be alike for having begun with one head."""
    every = [network.backbone(name) for name in network.backbone_names()]
    heads = [np.asarray(network.init_heads(each, jax.random.key(1), settings(each), 16, 1, 3)["w"]) for each in every]
    for one, other in itertools.combinations(heads, 2):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.6
