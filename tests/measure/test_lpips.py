"""LPIPS: what is said where package or weights are missing, and, where they are installed, the metric itself."""

import sys

import numpy as np
import pytest

from inr_sae.errors import InputError
from inr_sae.measure import lpips


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def fresh():
    lpips.network.cache_clear()
    yield
    lpips.network.cache_clear()


def test_a_missing_package_is_named_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(InputError, match=r"pip install 'inr-sae\[lpips\]'"):
        lpips.network("")


@pytest.fixture
def weights(tmp_path):
    """A file of AlexNet's shapes with random weights: the pretrained ones are not to be had without a network."""
    pytest.importorskip("lpips", reason="needs the extra lpips")
    torch = pytest.importorskip("torch")
    from torchvision.models import alexnet

    torch.manual_seed(0)
    torch.save(alexnet(weights=None).state_dict(), tmp_path / "alex.pth")
    return str(tmp_path / "alex.pth")


def test_missing_and_damaged_weights_are_named(weights, tmp_path):
    with pytest.raises(InputError, match="gone.pth; name torchvision's file .* with weights, or leave LPIPS out"):
        lpips.network(str(tmp_path / "gone.pth"))
    (tmp_path / "bad.pth").write_bytes(b"not a state dict")
    with pytest.raises(InputError, match="^weights .*bad.pth is no state dict") as caught:
        lpips.network(str(tmp_path / "bad.pth"))
    assert caught.value.sentence("metrics.lpips_").startswith("metrics.lpips_weights ")


def test_it_is_the_package_with_the_weights_of_the_file(weights, rng):
    import lpips as package
    import torch
    from torchvision.models import alexnet

    a, b = rng.uniform(size=(2, 3, 64, 64, 3)).astype(np.float32)
    model = package.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    reference = alexnet(weights=None)
    reference.load_state_dict(torch.load(weights, weights_only=True))
    for part, layers in lpips.SLICES.items():
        for i in layers:
            getattr(model.net, part)._modules[str(i)].load_state_dict(reference.features[i].state_dict())
    as_torch = [torch.from_numpy(2 * x.transpose(0, 3, 1, 2) - 1) for x in (a, b)]
    with torch.no_grad():
        expected = model(*as_torch).numpy().ravel()
    np.testing.assert_allclose(lpips.lpips(a, b, weights), expected, rtol=1e-5)


def test_equal_images_are_at_distance_0_and_noise_is_farther(weights, rng):
    a = rng.uniform(0.2, 0.8, (2, 64, 64, 1)).astype(np.float32)
    assert lpips.lpips(a, a, weights) == pytest.approx([0.0, 0.0])
    little, much = (lpips.lpips(np.clip(a + s * rng.normal(size=a.shape), 0, 1), a, weights) for s in (0.02, 0.2))
    assert (much > little).all() and (little > 0).all()
    outside = np.where(a > 0.5, 3.0, a)
    np.testing.assert_allclose(lpips.lpips(outside, a, weights), lpips.lpips(np.clip(outside, 0, 1), a, weights))
