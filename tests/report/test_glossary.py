import pytest

from inr_sae.report import glossary
from inr_sae.rows.dictionaries import MetricsRow


def test_every_column_of_the_table_of_dictionaries_is_explained_and_nothing_else():
    lines = glossary.told(MetricsRow._fields).splitlines()
    assert [line.split()[0] for line in lines] == list(MetricsRow._fields)
    assert all(len(line.split()) > 4 for line in lines)
    named = {name for column in MetricsRow._fields for name in glossary.DICTIONARY if column.startswith(name)}
    assert named == set(glossary.DICTIONARY)


def test_a_quartile_says_which_it_is():
    assert glossary.meaning("ipr_q25").endswith("; first quartile")
    with pytest.raises(KeyError):
        glossary.meaning("no_such_column")
