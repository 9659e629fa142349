"""Training that methods share, with a loss and an afterwards of a method's own."""

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.dictionaries import fields, lifted
from inr_sae.dictionaries.codes import Job
from inr_sae.state import train

H = jax.random.normal(jax.random.key(3), (200, 6)) @ jax.random.normal(jax.random.key(4), (6, 6))
CONFIG = fields.DEFAULTS | {"n_atoms": 12, "k": 2, "steps": 40, "batch": 50, "log_every": 20, "learning_rate": 1e-2}


def init(key, config, h):
    return fields.init(key, config, h.mean(axis=0)) | {"threshold": jnp.float32(-1.0)}


def loss(params, h, config, spread):
    """Of a batch of B coordinates the B k largest codes are kept, wherever they are."""
    sae = params["sae"]
    z = jax.nn.relu((h - sae["b_pre"]) @ sae["w_enc"].T + sae["b_enc"])
    least = jax.lax.top_k(z.ravel(), len(h) * config["k"])[0][-1]
    h_hat = jnp.where(z >= least, z, 0.0) @ sae["w_dec"] + sae["b_pre"]
    return jnp.mean(jnp.square(h_hat - h)), least


def after(params, least):
    return fields.with_unit_atoms(params) | {"threshold": least}


def test_a_method_trains_with_its_own_loss_and_what_follows_a_step():
    job, history = Job("layer_0", jax.random.key(0), H, (20, 10), None, CONFIG), []

    def watched(state, training):
        state, rows = train(state, training)
        history.extend(rows)
        return state, rows

    (params,) = fields.fit([job], watched, fields.Sampled(lifted.draw, init, loss, after))
    began = init(job.key, CONFIG, H)
    first, last = (float(loss(each, H, CONFIG, None)[0]) for each in (began, params))
    assert last < 0.5 * first and len(history) == 2
    assert 0 < float(params["threshold"]) < float(H.max() * 6), "set after a step, and moved by no gradient"
    np.testing.assert_allclose(np.linalg.norm(params["sae"]["w_dec"], axis=1), 1.0, atol=1e-5)
