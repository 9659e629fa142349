import jax
import pytest

from inr_sae import runtime
from inr_sae.errors import UserError


def test_precision_is_set_and_an_unknown_one_named():
    runtime.configure("highest", "")
    assert jax.config.jax_default_matmul_precision == "highest"
    with pytest.raises(UserError, match="'double'; it is one of highest, high, default"):
        runtime.configure("double", "")


def test_fingerprint_names_what_a_rerun_needs():
    fingerprint = runtime.fingerprint()
    assert fingerprint["packages"]["jax"] == jax.__version__
    assert fingerprint["backend"] == "cpu" and len(fingerprint["devices"]) == jax.local_device_count()
