"""What atoms mean: what was planted is named, and of chance nothing is."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inr_sae.atoms import explanations, meaning
from inr_sae.signals.load import load

SHAPE = (48, 40)


@pytest.fixture(scope="module")
def phantoms():
    rules = dict(crop="none", plane="stored", grey=False, n_validation=0, n_test=0, train_on="cohort", seed=0)
    return load("phantom", "", size=SHAPE, n_cohort=3, **rules)


@pytest.fixture(scope="module")
def known(phantoms):
    """(Candidates of three phantoms, their Design)."""
    found = explanations.candidates(phantoms.cohort, phantoms.labels.cohort, phantoms.label_names)
    return found, meaning.design(found)


def of(maps, known, seed=0):
    """(Meanings, [Candidate or None of those that are explained]) of maps (A, H, W)."""
    maps = np.asarray(maps, np.float32).reshape(len(maps), -1).T
    found = meaning.scores_of_maps(maps, known[1], SHAPE, np.random.default_rng(seed))
    found = meaning.meanings(found, known[1].kinds)
    return found, [known[0][best] if e else None for best, e in zip(found.best, found.explained)]


def smooth(rng, n, sigma=3.0):
    """Maps as sparse atoms have them, which have to do with nothing."""
    return [np.maximum(gaussian_filter(rng.normal(size=SHAPE), sigma) * 5 * sigma - 0.5, 0) for _ in range(n)]


def test_an_atom_of_each_tissue_is_named(phantoms, known, rng):
    """Ground truth: where a tissue is, with noise; seven tissues of three signals, among atoms of nothing."""
    planted = [(j, number) for j in range(3) for number in range(len(phantoms.label_names))]
    noise = lambda: rng.uniform(0.0, 0.3, SHAPE)  # noqa: E731
    maps = [(phantoms.labels.cohort[j] == number) * (1.0 + noise()) + noise() for j, number in planted]
    found, named = of([*maps, *smooth(rng, 20)], known)
    for (j, number), candidate in zip(planted, named):
        tissue = phantoms.label_names[number]
        assert candidate is not None and (candidate.kind, candidate.name, candidate.signal) == ("tissue", tissue, j)
    assert (found.r2[: len(planted)] > 0.7).all()


def test_of_maps_that_have_to_do_with_nothing_hardly_one_is_explained(known, rng):
    found, _ = of(smooth(rng, 300), known)
    assert found.explained.mean() <= 0.09 and 0 < found.null_explained <= 0.09
    assert np.abs(found.r2 - found.null_r2).mean() < 0.2


def test_of_displaced_tissues_none_is_named(phantoms, known):
    moved = [np.roll(labels == number, (24, 20), (0, 1)) for labels in phantoms.labels.cohort for number in range(1, 7)]
    _, named = of(moved, known)
    assert sum(each is not None and each.kind == "tissue" for each in named) <= 1


@pytest.mark.parametrize(
    "name, draw",
    [
        ("x", lambda y, x: np.maximum(np.sin(5 * x), 0)),
        ("y", lambda y, x: np.maximum(np.sin(4 * y + 1), 0)),
        ("radius", lambda y, x: np.exp(-(((np.hypot(y, x) - 0.6) / 0.2) ** 2))),
        ("angle", lambda y, x: np.maximum(np.cos(np.arctan2(y, x) - 1), 0)),
    ],
)
def test_a_function_of_place_is_named(known, rng, name, draw):
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
    _, (named, *others) = of([draw(y, x) + rng.uniform(0, 0.2, SHAPE), *smooth(rng, 30)], known)
    assert named is not None and (named.kind, named.name, named.signal) == ("position", name, -1)
    assert sum(each is not None for each in others) <= 4


@pytest.fixture(scope="module")
def coloured():
    """(images (3, H, W, 3) of smooth noise, their Candidates and Design)."""
    rng = np.random.default_rng(1)
    images = gaussian_filter(rng.normal(size=(3, *SHAPE, 3)), (0, 1.5, 1.5, 0))
    images = ((images - images.min()) / np.ptp(images)).astype(np.float32)
    found = explanations.candidates(images)
    return images, (found, meaning.design(found))


def grey(image):
    return image @ np.array(explanations.GREY)


def slope(image):
    return np.gradient(gaussian_filter(grey(image), explanations.SMOOTHING))


@pytest.mark.parametrize(
    "kind, name, draw",
    [
        ("luminance", "luminance", lambda image: np.maximum(grey(image) - 0.5, 0)),
        ("colour", "red-green", lambda image: np.maximum(image[..., 0] - image[..., 1], 0)),
        ("colour", "blue-yellow", lambda image: np.maximum(image[..., 2] - image[..., :2].mean(axis=-1), 0)),
        ("edges", "gradient magnitude", lambda image: np.hypot(*slope(image))),
        ("edges", "gradient orientation", lambda image: np.square(slope(image)[1]) / np.hypot(*slope(image))),
        (
            "frequency",
            "band 2-4 px",
            lambda image: np.maximum(gaussian_filter(grey(image), 2) - gaussian_filter(grey(image), 4), 0),
        ),
    ],
)
def test_a_feature_of_an_image_is_named_and_of_which_image(coloured, rng, kind, name, draw):
    images, known = coloured
    for j, image in enumerate(images):
        planted = draw(image)
        _, named = of([planted + rng.normal(0, 0.1 * planted.std(), SHAPE), *smooth(rng, 20)], known)
        assert named[0] is not None and (named[0].kind, named[0].name, named[0].signal) == (kind, name, j)


def test_r2_is_that_of_coordinates_left_out(known, rng):
    """Against least squares written out, one fold after another."""
    maps = np.stack(smooth(rng, 3)).reshape(3, -1).T
    fold = rng.integers(0, 4, len(maps))
    found = meaning.cross_validated(maps, known[1], fold, range(len(known[0])))
    for k in (0, 4, len(known[0]) - 1):
        x, error, total = known[1].columns[:, known[1].places[k]], 0.0, 0.0
        for number in range(4):
            left, others = fold == number, fold != number
            weights = np.linalg.lstsq(x[others], maps[others], rcond=None)[0]
            error = error + np.square(maps[left] - x[left] @ weights).sum(axis=0)
            total = total + np.square(maps[left] - maps[others].mean(axis=0)).sum(axis=0)
        np.testing.assert_allclose(found[:, k], 1 - error / total, atol=1e-4)


def test_the_second_best_explanation_is_of_another_kind():
    r2 = np.array([[0.9, 0.8, 0.3, 0.4], [0.2, 0.1, 0.6, 0.5]])
    scores = meaning.Scores(r2, np.zeros((2, meaning.SHIFTS, 4)))
    found = meaning.meanings(scores, ("tissue", "tissue", "edges", "edges"))
    assert found.best.tolist() == [0, 2] and found.r2.tolist() == [0.9, 0.6]
    assert found.second.tolist() == [3, 0] and found.second_r2.tolist() == [0.4, 0.2]
    alone = meaning.meanings(scores, ("tissue",) * 4)
    assert alone.second.tolist() == [-1, -1]


def test_hats_are_a_piecewise_linear_basis():
    values = np.linspace(-1, 1, 50)
    for periodic in (False, True):
        basis = explanations.hats(values, periodic)
        np.testing.assert_allclose(basis.sum(axis=1), 1.0)
        assert basis.min() >= 0
    np.testing.assert_allclose(explanations.hats(values, periodic=True)[[0]], explanations.hats(values, True)[[-1]])
    weights = np.linalg.lstsq(explanations.hats(values), values, rcond=None)[0]
    np.testing.assert_allclose(explanations.hats(values) @ weights, values, atol=1e-12)


def test_a_map_that_is_0_everywhere_is_explained_by_nothing(known, rng):
    found, named = of([np.zeros(SHAPE), *smooth(rng, 5)], known)
    assert named[0] is None and np.isfinite(found.r2).all()
