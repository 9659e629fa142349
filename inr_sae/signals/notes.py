"""What a user should know of images that are read all the same.

Whoever reads them warns with a `Note`, as any library does; `gathered` makes few sentences of many.
"""

import warnings
from contextlib import contextmanager

from inr_sae.errors import InputError
from inr_sae.signals.names import listed, shown


class Note(UserWarning):
    """Note(text), or Note(text, path) where many files may share the text, as in Note("has further frames", path)."""


@contextmanager
def gathered():
    """Within it Notes are kept; the list that it gives holds a sentence for each text once the block has ended.

    An InputError that ends it has them as notes of its own. All other warnings go where they would have gone.
    """
    sentences = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Note)
        try:
            yield sentences
        except InputError as error:
            for sentence in _sentences(caught):
                error.add_note(sentence)
            raise
    sentences += _sentences(caught)
    for warning in caught:
        if not isinstance(warning.message, Note):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _sentences(caught):
    """A sentence for each text of the Notes among warnings, with the paths that share it."""
    paths = {}
    for warning in caught:
        if isinstance(warning.message, Note):
            text, *path = warning.message.args
            paths.setdefault(text, []).extend(map(shown, path))
    return [f"{text}: {listed(found)}" if found else text for text, found in paths.items()]
