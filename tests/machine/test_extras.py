"""Packages that only some parts need."""

import sys

import pytest

from inr_sae.errors import InputError
from inr_sae.machine import extras


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    extras.need_scikit_learn("this needs")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"^this needs scikit-learn \(.*\): pip install 'inr-sae\[analysis\]'$"):
        extras.need_scikit_learn("this needs")
