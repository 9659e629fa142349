"""The operator SAE, and what it shares with the lifted and the convolutional one."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.core import FrozenDict

from inr_sae import state
from inr_sae.dictionaries import codes, convolutional, fields, lifted, operator, spectral, topk
from inr_sae.dictionaries.topk import model
from inr_sae.errors import InputError
from tests.dictionaries.builders import small
from tests.inr.builders import same

SHAPE, D, N = (9, 7), 5, 12


def config(method, **changes):
    return small(method) | {"n_atoms": N, "k": 3} | changes


def wave(shape):
    """A smooth field of D channels on a grid with end points."""
    rows, columns = np.meshgrid(*(np.linspace(0, 1, n) for n in shape), indexing="ij")
    waves = [np.sin(3 * rows * (i + 1) + 2 * columns) * (1 + i * columns) for i in range(D)]
    return jnp.asarray(np.stack(waves, axis=-1).reshape(-1, D), jnp.float32)


def with_kernels(method, rng, scale=0.3, **changes):
    """A Dictionary on the field whose kernels do something."""
    own = config(method, **changes)
    params = method.init(jax.random.key(0), own, wave(SHAPE))
    kernels = {name: scale * rng.normal(size=leaf.shape).astype(np.float32) for name, leaf in params["kernels"].items()}
    return codes.Dictionary(method, FrozenDict(own), params | {"kernels": kernels}, SHAPE)


def test_without_modes_it_is_the_pointwise_sae_bit_for_bit():
    h, own = wave(SHAPE), config(operator, modes=0)
    params = operator.init(jax.random.key(0), own, h)
    ours = codes.Dictionary(operator, FrozenDict(own), params, SHAPE)
    theirs = codes.Dictionary(topk, FrozenDict({"k": 3}), model.init(jax.random.key(0), N, h.mean(0)))
    a, b = ours.encode(h), theirs.encode(h)
    assert same((a.values, a.indices), (b.values, b.indices)) and same(ours.decode(a), theirs.decode(b))
    assert same(ours.remove(h, a, 2), theirs.remove(h, b, 2)) and same(ours.directions(), theirs.directions())
    assert same(
        jax.grad(lambda p: fields.loss(p, h, 3, None))(params)["sae"],
        jax.grad(lambda p: jnp.mean(jnp.square(model.reconstruct(p, h, 3) - h)))(theirs.params),
    )


@pytest.mark.parametrize("method", [operator, convolutional])
def test_kernels_begin_at_0_so_it_begins_as_the_pointwise_sae(method):
    h, own = wave(SHAPE), config(method)
    params = method.init(jax.random.key(0), own, h)
    ours = codes.Dictionary(method, FrozenDict(own), params, SHAPE)
    values, _ = model.encode(params["sae"], h, 3)
    np.testing.assert_allclose(ours.encode(h).values, values, atol=1e-6)


def test_pointwise_codes_commute_with_subsampling_and_convolutional_ones_do_not(rng):
    """The coordinates that 2n - 1 have in common with n; and the operator's nearly do."""
    fine_shape = tuple(2 * n - 1 for n in SHAPE)
    fine, coarse = wave(fine_shape), wave(SHAPE)
    common = np.arange(len(fine)).reshape(fine_shape)[::2, ::2].ravel()
    np.testing.assert_allclose(fine[common], coarse, atol=1e-6)
    sae = codes.Dictionary(topk, FrozenDict({"k": 3}), model.init(jax.random.key(0), N, coarse.mean(0)))
    np.testing.assert_array_equal(sae.encode(fine).dense()[common], sae.encode(fine[common]).dense())
    change = {}
    for method in (operator, convolutional):
        dictionary = with_kernels(method, rng)
        here, there = dictionary.encode(coarse).dense(), dictionary.at(fine_shape).encode(fine).dense()
        change[method] = float(jnp.linalg.norm(there[common] - here) / jnp.linalg.norm(here))
    assert change[operator] < 0.15 and change[convolutional] > 2 * change[operator]


def test_an_atoms_part_is_its_code_and_what_its_kernel_makes_of_it(rng):
    for method in (operator, convolutional):
        dictionary, h = with_kernels(method, rng), wave(SHAPE)
        found = dictionary.encode(h)
        without = found.replace(values=jnp.where(found.indices == 4, 0.0, found.values))
        part = dictionary.decode(found) - dictionary.decode(without)
        assert np.abs(part).max() > 0.01
        np.testing.assert_allclose(h - dictionary.remove(h, found, 4), part, atol=1e-5)


@pytest.mark.parametrize("method", [operator, convolutional, lifted])
def test_training_lowers_the_error_and_keeps_unit_atoms(method):
    h = wave(SHAPE)
    own = config(method, steps=200, log_every=100, batch=64, learning_rate=1e-2)
    job = codes.Job("layer", jax.random.key(3), h, SHAPE, None, own)
    began = codes.Dictionary(method, FrozenDict(own), method.init(job.key, own, h), SHAPE)
    (ended,) = codes.fit(method, [job], state.train)
    before, after = (float(jnp.mean(jnp.square(each.decode(each.encode(h)) - h))) for each in (began, ended))
    assert after < 0.3 * before
    np.testing.assert_allclose(jnp.linalg.norm(ended.params["sae"]["w_dec"], axis=1), 1, atol=1e-5)
    if "kernels" in ended.params:
        assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(ended.params["kernels"]))
    if "constants" in ended.params:
        assert same(ended.params["constants"], began.params["constants"])


@pytest.mark.parametrize("batch, most", [(100, 63), (16, 16), (1, 12)])
def test_a_step_reads_a_coarser_grid_of_the_field(batch, most):
    h, own = wave(SHAPE), config(operator, batch=batch)
    params = operator.init(jax.random.key(0), own, h)
    drawn, spread = operator.draw(jax.random.key(5), h, SHAPE, own, params["constants"])
    assert 4 <= len(drawn) <= most
    assert {tuple(row) for row in np.asarray(drawn)} <= {tuple(row) for row in np.asarray(h)}
    assert spread(params["kernels"]["encoder"], jnp.ones((len(drawn), N))).shape == (len(drawn), N)


@pytest.mark.parametrize("shape", [SHAPE, SHAPE[::-1]])
def test_a_step_that_reads_every_coordinate_reads_the_grid(shape, monkeypatch):
    monkeypatch.setattr(operator, "spread_over", lambda x, area, constants: (x, area))
    h = wave(shape)
    drawn, (x, area) = operator.draw(jax.random.key(5), h, shape, config(operator, batch=len(h)), {})
    np.testing.assert_array_equal(drawn, h)
    np.testing.assert_allclose(x, spectral.grid(shape)[0], atol=1e-6)
    np.testing.assert_allclose(area, spectral.grid(shape)[1])


@pytest.mark.parametrize("shape", [(33, 33), (20, 31)])
@pytest.mark.parametrize("method", [operator, convolutional])
def test_over_many_steps_all_coordinates_are_read_equally_often(method, shape):
    n, own, draws = shape[0] * shape[1], config(method, batch=60), 20000
    draw = jax.vmap(lambda key: method.draw(key, jnp.arange(n)[:, None], shape, own, None)[0][:, 0])
    drawn = np.asarray(draw(jax.random.split(jax.random.key(0), draws)))
    assert all(len(set(of_step)) == drawn.shape[1] for of_step in drawn[:50]), "none twice in a step"
    count = np.bincount(drawn.ravel(), minlength=n) / drawn.size * n
    deviation = np.sqrt(n / drawn.size)  # of a count about its mean, in the mean
    assert np.abs(count - 1).max() < 5 * deviation


def test_a_kernel_reaches_no_pixel_across_the_border(rng):
    """A window that goes on at the opposite border is spread there as the whole grid is."""
    shape, n, draws = (7, 6), 42, 60
    own = config(convolutional, batch=30)
    kernel = jnp.asarray(rng.normal(size=(9, N)).astype(np.float32))
    h = jnp.arange(float(n))[:, None] + 1
    whole = convolutional.spread_of(shape)(kernel, jnp.tile(h, N))

    @jax.jit
    def one_draw(key):
        drawn, spread = convolutional.draw(key, h, shape, own, None)
        return drawn, spread(kernel, jnp.tile(drawn, N))

    for key in jax.random.split(jax.random.key(1), draws):
        drawn, found = one_draw(key)
        places = np.asarray(drawn[:, 0]).astype(int) - 1
        rows, columns = places // shape[1], places % shape[1]
        expected = np.zeros((len(places), N))
        for a in range(len(places)):
            for b in range(len(places)):
                down, right = rows[b] - rows[a], columns[b] - columns[a]
                if max(abs(down), abs(right)) <= 1:
                    expected[a] += np.asarray(kernel[3 * (down + 1) + right + 1]) * (places[b] + 1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    every, spread = convolutional.draw(key, h, shape, config(convolutional, batch=n), None)
    np.testing.assert_allclose(spread(kernel, jnp.tile(every, N)), whole, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 30), (30, 1)])
def test_an_axis_of_one_pixel_is_refused(shape):
    h = jnp.ones((30, D))
    for method in (operator, convolutional):
        job = codes.Job("layer", jax.random.key(0), h, shape, None, config(method))
        with pytest.raises(InputError, match=f"{shape[0]} x {shape[1]} pixels"):
            method.fit([job], state.train)


@pytest.mark.parametrize("key", ["modes", "pad", "lift"])
def test_sizes_that_cannot_be_are_named(key):
    with pytest.raises(InputError, match=f"{key} is -1"):
        operator.check(config(operator, **{key: -1}), 1)


def lifted_step(optimiser, steps):
    """The mse after each of some steps of the plain SAE, and of the lifted one that begins as the same function."""
    h, k = wave(SHAPE), 3
    rows = fields.init(jax.random.key(0), {"n_atoms": N}, h.mean(0), 2 * D)
    sae = model.init(jax.random.key(1), N, h.mean(0))
    plain = {"sae": sae}
    behind = {"sae": {name: leaf @ rows["lift"] if leaf.shape[-1] == D else leaf for name, leaf in sae.items()}}
    histories = []
    for params, trained in ((plain, ("sae",)), (rows | behind, ("sae",))):  # the lifting stays what it is
        free = {name: params[name] for name in trained}
        opt, losses = optimiser.init(free), []
        loss = jax.jit(jax.value_and_grad(lambda free, params=params: fields.loss(params | free, h, k, None)))
        for _ in range(steps):
            mse, grads = loss(free)
            updates, opt = optimiser.update(grads, opt)
            free = optax.apply_updates(free, updates)
            losses.append(float(mse))
        histories.append(losses)
    return map(np.array, histories)


def test_an_orthonormal_lifting_changes_nothing_under_plain_gradient_descent():
    plain, behind = lifted_step(optax.sgd(0.3), 20)
    np.testing.assert_allclose(behind, plain, rtol=1e-4)
    plain, behind = lifted_step(optax.adam(1e-2), 20)
    assert np.abs(behind / plain - 1).max() > 1e-3, "Adam's steps are not those of a turned basis"
