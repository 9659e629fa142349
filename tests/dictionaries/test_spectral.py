import numpy as np
import pytest

from inr_sae.dictionaries import spectral


def field(x, modes, coefficients):
    """A real field at x (N, D), band-limited: sum of cos and sin of some modes of period 1."""
    theta = 2 * np.pi * x @ modes.T
    return np.cos(theta) @ coefficients[0] + np.sin(theta) @ coefficients[1]


def periodic(shape):
    """(x, areas) of a periodic grid: without the end points."""
    x = np.stack(np.meshgrid(*(np.arange(n) / n for n in shape), indexing="ij"), axis=-1).reshape(-1, len(shape))
    return x, np.full(len(x), 1 / len(x))


def test_all_modes_are_circular_convolution(rng):
    n = 9
    kernel, u = rng.normal(size=n), rng.normal(size=(n, 1))
    r = np.fft.fft(kernel)[: n // 2 + 1]
    modes = np.arange(n // 2 + 1.0)[:, None]
    of_grid = spectral.waves(*periodic((n,)), modes, 1.0, xp=np)
    found = spectral.spread(np.stack([r.real, r.imag])[:, :, None], u, of_grid)
    expected = [sum(kernel[(i - j) % n] * u[j, 0] for j in range(n)) for i in range(n)]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-13)


@pytest.mark.parametrize("shape, finer", [((8,), (16,)), ((9, 7), (18, 21))])
def test_a_band_limited_field_gives_the_same_at_every_resolution(shape, finer, rng):
    modes = spectral.half_plane(3, len(shape)).astype(float)
    kernel, coefficients = rng.normal(size=(2, len(modes), 2)), rng.normal(size=(2, len(modes), 2))
    found = []
    for each in (shape, finer):
        x, area = periodic(each)
        u = field(x, modes, coefficients)
        of_grid = spectral.waves(x, area, modes, 1.0, xp=np)
        found.append(spectral.spread(kernel, u, of_grid).reshape(*each, 2))
    common = tuple(slice(None, None, many // few) for few, many in zip(shape, finer))
    np.testing.assert_allclose(found[0], found[1][common], atol=1e-13)


def test_the_coefficients_are_those_of_the_forward_normalised_transform(rng):
    """Of a field padded with zeros to the period, where that is a whole number of pixels."""
    u = rng.normal(size=(9, 1))
    modes = np.arange(4.0)[:, None]
    transform = np.fft.fft(np.concatenate([u[:, 0], np.zeros(3)]), norm="forward")[:4]  # 12 pixels, 8 a unit: 1.5
    of_grid = spectral.waves(np.arange(9)[:, None] / 8, np.full(9, 1 / 8), modes, 1.5, xp=np)
    ones = np.stack([np.ones((4, 1)), np.zeros((4, 1))])
    expected = (transform * np.exp(2j * np.pi * np.arange(9)[:, None] * np.arange(4) / 12)).real @ [1, 2, 2, 2]
    np.testing.assert_allclose(spectral.spread(ones, u, of_grid)[:, 0], expected, atol=1e-14)


def test_one_of_k_and_minus_k_is_kept():
    for n, axes, count in ((4, 1, 4), (4, 2, 25), (1, 2, 1)):
        modes = spectral.half_plane(n, axes)
        assert len(modes) == count == ((2 * n - 1) ** axes + 1) // 2
        assert not {tuple(k) for k in modes if k.any()} & {tuple(-k) for k in modes if k.any()}


def test_a_grid_has_its_end_points_and_an_area_of_1():
    x, area = spectral.grid((3, 5), xp=np)
    assert x.min() == 0 and x.max() == 1 and area.sum() == pytest.approx(1)
    assert area[0] == area[-1] == pytest.approx(area.max() / 4), "a corner"
    coarse, fine = ({tuple(p) for p in spectral.grid((n, n), xp=np)[0]} for n in (5, 9))
    assert coarse <= fine, "2n - 1 points nest"


def test_padding_is_in_domain_units(rng):
    """A smooth field that is not periodic: what a finer grid changes is the trapezoids' error, of second order."""
    modes = spectral.half_plane(4, 2).astype(float)
    kernel = rng.normal(size=(2, len(modes), 1))
    found = []
    for n in (17, 33, 65):
        x, area = spectral.grid((n, n), xp=np)
        u = np.exp(x[:, :1] - 2 * x[:, 1:] ** 2)
        found.append(spectral.spread(kernel, u, spectral.waves(x, area, modes, 1.25, xp=np)).reshape(n, n))
    errors = [np.abs(fine[::2, ::2] - coarse).max() for coarse, fine in zip(found, found[1:])]
    assert errors[1] < errors[0] / 3 and errors[1] < 0.02 * np.abs(found[2]).max()
