"""LPIPS with AlexNet (Zhang et al. 2018), through the optional package `lpips`."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from inr_sae.errors import InputError, argument

SLICES = {"slice1": (0,), "slice2": (3,), "slice3": (6,), "slice4": (8,), "slice5": (10,)}  # of AlexNet's `features`
LEAST_SIDE = 31  # of which AlexNet's second pooling leaves a pixel
WEIGHTS_NAME = "alexnet-owt-7be5be79.pth"


@lru_cache(maxsize=1)
def network(weights):
    """The LPIPS network with AlexNet's weights from the file `weights` (a torchvision state dict), or, for "", from
    torch's own cache. Nothing is downloaded. Raises InputError where the package or the weights are not to be had.
    """
    try:
        import lpips
        import torch
    except ImportError as error:
        raise InputError(
            f"LPIPS needs the package lpips ({error}): pip install 'inr-sae[lpips]', or leave LPIPS out"
        ) from error
    path = Path(weights).expanduser() if weights else Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS_NAME
    if not path.is_file():
        raise InputError(
            f"LPIPS needs AlexNet's weights, and they are not at {path}; name torchvision's file {WEIGHTS_NAME} with "
            f"{argument('weights')}, or leave LPIPS out"
        )
    model = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)  # the distance's own weights come with the package
    try:
        model.net.load_state_dict(_weights_of(torch.load(path, map_location="cpu", weights_only=True)))
    except Exception as error:  # torch.load raises what the file makes it raise
        text = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{argument('weights')} {path} is no state dict of torchvision's AlexNet ({text})") from error
    return model.eval()


def lpips(a, b, weights=""):
    """LPIPS of (B, H, W, C) against (B, H, W, C) -> (B,); both clipped to [0, 1], then scaled to [-1, 1].

    Grey is repeated to three channels. weights: a file, see `network`. Raises InputError where package or weights are
    missing.
    """
    model = network(weights)
    import torch

    def prepared(images):
        images = 2.0 * np.clip(np.asarray(images, np.float32), 0.0, 1.0) - 1.0
        images = np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images
        return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))

    with torch.no_grad():
        return model(prepared(a), prepared(b)).numpy().reshape(-1)


def _weights_of(state):
    """A state dict of torchvision's AlexNet under the names that the package's slices of it have."""
    layers = [(part, i) for part, numbers in SLICES.items() for i in numbers]
    kinds = ("weight", "bias")
    return {f"{part}.{i}.{kind}": state[f"features.{i}.{kind}"] for part, i in layers for kind in kinds}
