import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_sae.atoms import ablation, statistics
from inr_sae.dictionaries import topk
from inr_sae.dictionaries.topk import model
from inr_sae.inr import coordinates, network
from tests.atoms.builders import axes, signed_axes
from tests.dictionaries.builders import METHODS, dictionary, fitted
from tests.inr.builders import BACKBONES, built


def one_signal(job):
    """The network behind a job's layer, of the first signal alone."""
    return lambda h: job.behind(h)[:1]


@pytest.mark.parametrize("name", BACKBONES)
def test_where_an_atom_does_not_fire_its_ablation_changes_nothing_at_all(name):
    """An INR is evaluated point by point, so this holds exactly, for every backbone."""
    backbone, params = BACKBONES[name], built(BACKBONES[name])
    h = network.prefix(backbone, params["encoder"], 1, coordinates.grid(13, 11))
    one = dictionary(topk, model.init(jax.random.key(2), 64, h.mean(0)), k=3)
    z = statistics.maps(one, h, range(64))
    assert ((z > 0).any(1) & (z == 0).any(1)).sum() > 10  # many atoms fire at some coordinates and not at others
    behind = network.behind(backbone, params, 1)
    for atom, removed in enumerate(ablation.ablate(behind, one, h, range(64))):
        assert (removed.effect[z[atom] == 0] == 0).all()
        if (z[atom] > 0).any():
            assert np.abs(removed.effect[z[atom] > 0]).max() > 0


@pytest.mark.parametrize("rows", [20, 128])
@pytest.mark.parametrize("name", METHODS)
def test_all_atoms_at_once_give_what_each_alone_gives(name, rows, monkeypatch, rng):
    monkeypatch.setattr(ablation, "ROWS", rows)
    job, fit = fitted(name)[0]
    target = rng.uniform(size=(len(job.h), 2)).astype(np.float32)
    behind = jax.tree_util.Partial(lambda behind, h: behind(h)[:1], job.behind)
    effects = ablation.ablate_all(behind, fit, job.h, target)
    n = fit.directions().shape[0]
    z = statistics.maps(fit, job.h, range(n))
    assert len(effects.energy) == n and (effects.energy > 0).any()
    for atom, alone in enumerate(ablation.ablate(jax.jit(one_signal(job)), fit, job.h, range(n))):
        before = np.square(alone.before - target).mean()
        change = np.square(alone.output - target).mean() - before
        assert effects.mse_change[atom] == pytest.approx(change, rel=1e-3, abs=1e-6)
        assert effects.energy[atom] == pytest.approx(np.square(alone.effect).sum(), rel=1e-3, abs=1e-8)
        active = np.square(alone.effect[np.abs(z[atom]) > 0.01]).sum()
        assert effects.energy_active[atom] == pytest.approx(active, rel=1e-3, abs=1e-8)


@pytest.mark.parametrize("name", METHODS)
def test_ablation_runs_the_network_on_its_own_activations_without_the_atom(name):
    """By brute force, from what the method itself says that it removes."""
    job, fit = fitted(name)[1]
    behind = jax.jit(one_signal(job))
    codes = fit.encode(job.h)
    for atom, removed in zip((0, 2), ablation.ablate(behind, fit, job.h, (0, 2)), strict=True):
        np.testing.assert_allclose(removed.before, behind(job.h)[0], atol=1e-6)
        np.testing.assert_allclose(removed.output, behind(fit.remove(job.h, codes, atom))[0], atol=1e-5)
        np.testing.assert_array_equal(removed.effect, removed.before - removed.output)


@pytest.mark.parametrize("name", METHODS)
def test_an_atom_can_be_taken_from_the_reconstruction(name, rng):
    """`start` is what it is taken from; its codes are those of the activations all the same."""
    job, fit = fitted(name)[0]
    codes, target = fit.encode(job.h), rng.uniform(size=(len(job.h), 2)).astype(np.float32)
    start = fit.decode(codes)
    behind = jax.tree_util.Partial(lambda behind, h: behind(h)[:1], job.behind)
    removed = ablation.ablate(jax.jit(one_signal(job)), fit, job.h, [1], start)[0]
    np.testing.assert_allclose(removed.before, behind(start)[0], atol=1e-5)
    np.testing.assert_allclose(removed.output, behind(fit.remove(start, codes, 1))[0], atol=1e-5)
    effects = ablation.ablate_all(behind, fit, job.h, target, start)
    assert effects.energy[1] == pytest.approx(np.square(removed.effect).sum(), rel=1e-3, abs=1e-8)


def test_effect_and_output_of_a_linear_rest(rng):
    h, w = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(3, 2)).astype(np.float32)
    h[:, 0] = [0, 0.5, 0, 2, 0.001]
    behind = jax.jit(lambda h: (h @ w)[None])
    for one in (axes(3), signed_axes(3)):
        result = ablation.ablate(behind, one, h, [0])[0]
        np.testing.assert_allclose(result.effect, h[:, :1] * w[0], atol=1e-6)
        np.testing.assert_allclose(result.output, h[:, 1:] @ w[1:], atol=1e-6)
        np.testing.assert_allclose(result.before, h @ w, atol=1e-6)


def test_signed_codes_are_active_on_both_sides_of_0(rng):
    """The energy of a linear rest, by hand."""
    h = np.array([[1.0], [-2.0], [0.005], [0.0]], np.float32)
    behind = jax.tree_util.Partial(lambda h: (h @ jnp.array([[1.0, 0.0]]))[None])
    effects = ablation.ablate_all(behind, signed_axes(1), h, np.zeros((4, 2), np.float32))
    np.testing.assert_allclose(effects.energy, [1 + 4 + 0.005**2], rtol=1e-6)
    np.testing.assert_allclose(effects.energy_active, [1 + 4], rtol=1e-6)
    np.testing.assert_allclose(effects.mse_change, [-(1 + 4 + 0.005**2) / 8], rtol=1e-6)


def test_share_of_the_effect_inside_the_active_pixels():
    effect = np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    assert ablation.effect_inside(effect, np.array([1.0, 0.005, 0.0])) == pytest.approx(9 / 25)
    assert ablation.effect_inside(effect, np.array([-1.0, -0.005, 0.0])) == pytest.approx(9 / 25), "of signed codes too"
    assert np.isnan(ablation.effect_inside(np.zeros((3, 2)), np.ones(3)))
