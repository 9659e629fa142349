import os

import jax

from inr_sae import runtime


def test_precision_is_set():
    runtime.configure("highest", "")
    assert jax.config.jax_default_matmul_precision == "highest"


def test_fingerprint_names_what_a_rerun_needs():
    fingerprint = runtime.fingerprint()
    assert fingerprint["packages"]["jax"] == jax.__version__
    assert fingerprint["xla_flags"] == os.environ["XLA_FLAGS"]
    assert fingerprint["backend"] == "cpu" and len(fingerprint["devices"]) == jax.local_device_count()
