"""Packages that only some parts need."""

from inr_sae.errors import InputError


def need_scikit_learn(what):
    """Raise InputError with the command that installs scikit-learn unless it is there.

    what: needs it, as in "the digits need".
    """
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise InputError(f"{what} scikit-learn ({error}): pip install 'inr-sae[analysis]'") from error
