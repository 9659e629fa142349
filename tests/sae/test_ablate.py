import jax
import numpy as np
import pytest

from inr_sae.inr import coordinates, fit, network
from inr_sae.sae import ablate, stats, topk

CONFIG = dict(width=16, n_layers=4, omega_0=30.0, sigma=3.0, n_fourier=8)


@pytest.mark.parametrize("name", ["siren", "ffmlp"])
def test_where_an_atom_does_not_fire_its_ablation_changes_nothing_at_all(name):
    """An INR is evaluated point by point, so this holds exactly, for both backbones."""
    backbone = network.backbone(name)
    params = {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 1, 3),
    }
    h = network.prefix(backbone, params["encoder"], 1, coordinates.grid(13, 11))
    sae = topk.init(jax.random.key(2), 64, h.mean(0))
    z = stats.maps(sae, h, range(64), 3)
    assert ((z > 0).any(1) & (z == 0).any(1)).sum() > 10  # many atoms fire at some coordinates and not at others
    for atom in range(64):
        effect = ablate.ablate(lambda h: fit.outputs(backbone, params, 1, h)[0], h, z[atom], sae["w_dec"][atom]).effect
        assert (effect[z[atom] == 0] == 0).all()
        if (z[atom] > 0).any():
            assert np.abs(effect[z[atom] > 0]).max() > 0


def test_all_atoms_at_once_give_what_each_alone_gives(rng):
    backbone = network.backbone("siren")
    params = {
        "encoder": backbone.init(jax.random.key(0), CONFIG),
        "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, 1, 3),
    }
    h = network.prefix(backbone, params["encoder"], 1, coordinates.grid(9, 7))
    sae, target = topk.init(jax.random.key(2), 40, h.mean(0)), rng.uniform(size=(63, 3)).astype(np.float32)
    rest = jax.tree_util.Partial(lambda params, h: network.outputs(backbone, params, 2, h)[0], params)
    effects = ablate.ablate_all(rest, sae, h, 3, target, rows=20)
    z = stats.maps(sae, h, range(40), 3)
    before = np.square(np.asarray(rest(h)) - target).mean()
    for atom in range(40):
        alone = ablate.ablate(rest, h, z[atom], sae["w_dec"][atom])
        change = np.square(alone.output - target).mean() - before
        assert effects.mse_change[atom] == pytest.approx(change, rel=1e-3, abs=1e-7)
        assert effects.energy[atom] == pytest.approx(np.square(alone.effect).sum(), rel=1e-3, abs=1e-9)
        active = np.square(alone.effect[z[atom] > 0.01]).sum()
        assert effects.energy_active[atom] == pytest.approx(active, rel=1e-3, abs=1e-9)


def test_effect_and_output_of_a_linear_rest(rng):
    h, w = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(3, 2)).astype(np.float32)
    z, atom = np.array([0, 0.5, 0, 2, 0.001], np.float32), np.array([1, 0, 0], np.float32)
    result = ablate.ablate(jax.jit(lambda h: h @ w), h, z, atom)
    np.testing.assert_allclose(result.effect, z[:, None] * w[0], atol=1e-6)
    np.testing.assert_allclose(result.output, h @ w - z[:, None] * w[0], atol=1e-6)


def test_share_of_the_effect_inside_the_active_pixels():
    effect = np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    assert ablate.effect_inside(effect, np.array([1.0, 0.005, 0.0])) == pytest.approx(9 / 25)
    assert np.isnan(ablate.effect_inside(np.zeros((3, 2)), np.ones(3)))
