"""What a user should know of images that are read all the same.

Whoever reads them warns with a `Note`, as any library does; `gathered` makes few sentences of many.
"""

import warnings
from contextlib import contextmanager

from inr_sae.signals.names import listed, shown


class Note(UserWarning):
    """Note(text), or Note(text, path) where many files may share the text, as in Note("has further frames", path)."""


@contextmanager
def gathered():
    """Within it Notes are kept; the list that it gives holds a sentence for each text once the block has ended.

    All other warnings go where they would have gone.
    """
    sentences = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Note)
        yield sentences
    paths = {}
    for warning in caught:
        if isinstance(warning.message, Note):
            text, *path = warning.message.args
            paths.setdefault(text, []).extend(map(shown, path))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    sentences += [f"{text}: {listed(found)}" if found else text for text, found in paths.items()]
