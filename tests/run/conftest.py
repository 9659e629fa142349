import jax
import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.run import sweep, trained

ALL = ("full", "freeze", "warm", "thaw", "random", "scratch")


@pytest.fixture
def tiny_sweep(tiny_ffmlp, rng, tmp_path):
    """A Sweep of two images behind an untrained encoder, the first image's fits stored."""
    tiny_ffmlp.fit.update(dict(protocols=ALL, other_rates=(1e-2,), taus=(0, 2), steps=6, log_every=3))
    images = rng.uniform(size=(2, 12, 11, 1)).astype(np.float32)
    settings = trained.settings(tiny_ffmlp.inr)
    encoder = network.init_encoder(trained.backbone_of(tiny_ffmlp.inr), jax.random.key(0), settings, images)
    return sweep.Sweep(
        config=tiny_ffmlp,
        store=Store(tmp_path / "run"),
        at="freeze_sweep/t",
        source="s",
        encoder=encoder,
        target="t",
        images=images,
        names=("one", "two"),
        subjects=("first", "second"),
        n_examples=1,
    )
