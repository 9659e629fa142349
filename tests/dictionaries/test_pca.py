import numpy as np

from inr_sae.dictionaries import linear
from tests.dictionaries.builders import fitted


def test_components_are_orthonormal_uncorrelated_and_sorted():
    for job, dictionary in fitted("pca"):
        w = np.asarray(dictionary.directions())
        np.testing.assert_allclose(w @ w.T, np.eye(len(w)), atol=1e-5)
        z = np.asarray(dictionary.encode(job.h).values, np.float64)
        covariance = z.T @ z / len(z)
        variances = np.diag(covariance)
        np.testing.assert_allclose(covariance - np.diag(variances), 0, atol=1e-6 * variances.max())
        assert (np.diff(variances) <= 1e-6 * variances.max()).all()
        np.testing.assert_allclose(variances.sum(), np.var(np.asarray(job.h, np.float64), axis=0).sum(), rtol=1e-4)


def test_all_components_give_the_activations_back():
    for name in ("pca", "neurons"):
        for job, dictionary in fitted(name):
            np.testing.assert_allclose(dictionary.decode(dictionary.encode(job.h)), job.h, atol=1e-5)


def test_a_neuron_is_a_unit_less_its_mean_and_without_it_stands_at_its_mean():
    job, dictionary = fitted("neurons")[0]
    h = np.asarray(job.h)
    z = dictionary.encode(job.h)
    np.testing.assert_allclose(z.values, h - h.mean(axis=0), atol=1e-6)
    without = np.asarray(dictionary.remove(job.h, z, 1))
    np.testing.assert_allclose(without[:, 1], h[:, 1].mean(), atol=1e-6)
    np.testing.assert_array_equal(np.delete(without, 1, axis=1), np.delete(h, 1, axis=1))


def test_the_covariance_is_by_chunks_what_it_is_at_once(rng, monkeypatch):
    h = (5 + rng.normal(size=(50, 4))).astype(np.float32)
    monkeypatch.setattr(linear, "ROWS", 7)
    mean, covariance = linear.covariance(h)
    np.testing.assert_allclose(mean, h.mean(axis=0, dtype=np.float64))
    np.testing.assert_allclose(covariance, np.cov(h.astype(np.float64).T, bias=True), rtol=1e-10)


def test_eigenvectors_have_a_sign_of_their_own(rng):
    square = rng.normal(size=(5, 5))
    values, vectors = linear.eigen(square @ square.T)
    assert (np.diff(values) <= 0).all()
    assert (vectors[np.abs(vectors).argmax(axis=0), range(5)] > 0).all()
    np.testing.assert_allclose(vectors * values @ vectors.T, square @ square.T, atol=1e-10)
