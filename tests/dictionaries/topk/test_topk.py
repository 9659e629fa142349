"""What its config may be; the rest of the contract is in `tests/dictionaries/test_methods.py`."""

import pytest

from inr_sae.dictionaries import topk
from inr_sae.errors import InputError
from tests.dictionaries.builders import small


@pytest.mark.parametrize("key", ["n_atoms", "k", "steps", "learning_rate", "batch", "log_every"])
def test_every_number_is_above_0(key):
    with pytest.raises(InputError, match=f"{key} is 0; it must be above 0"):
        topk.check(small(topk) | {key: 0}, 1)


def test_an_unknown_init_names_the_ones_there_are():
    with pytest.raises(InputError, match="init is 'orthogonal'; it is one of tied, kaiming"):
        topk.check(small(topk) | {"init": "orthogonal"}, 1)


def test_more_cannot_fire_than_there_are():
    topk.check(small(topk) | {"k": 24}, 1)
    with pytest.raises(InputError, match="k = 25 is more than n_atoms = 24"):
        topk.check(small(topk) | {"k": 25}, 1)


def test_a_batch_is_shared_evenly():
    topk.check(small(topk) | {"batch": 18}, 3)
    with pytest.raises(InputError, match="batch = 16 cannot be shared evenly by 3 devices"):
        topk.check(small(topk), 3)
