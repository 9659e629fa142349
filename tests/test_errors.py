import pytest

from inr_sae.errors import InputError, UserError, argument


def test_an_argument_is_named_as_itself_where_there_is_no_config():
    error = InputError(f"{argument('k')} = 5 is more than {argument('n_atoms')} = 4")
    assert str(error) == "k = 5 is more than n_atoms = 4"


@pytest.mark.parametrize("group", ["dictionary.topk.", "", r"a\1."])
def test_a_sentence_names_arguments_as_keys_of_a_group(group):
    error = InputError(f"{argument('k')} = 5 is more than {argument('n_atoms')} = 4")
    assert error.sentence(group) == f"{group}k = 5 is more than {group}n_atoms = 4"


def test_what_is_no_argument_stays():
    assert InputError("k is too large").sentence("group.") == "k is too large"


def test_an_input_error_is_a_value_error_and_no_users_error():
    """The launcher prints a UserError alone without a traceback."""
    assert issubclass(InputError, ValueError) and not issubclass(InputError, UserError)
    with pytest.raises(InputError, match="rate is 0; it must be above 0"):
        raise InputError(f"{argument('rate')} is 0; it must be above 0")
