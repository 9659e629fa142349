import os
import unicodedata

import pytest

from inr_sae.signals import names

ODD = {
    b"M\xfcller.png": r"M\xfcller.png",  # Latin-1, which is no UTF-8
    "Mu\u0308ller.png".encode(): "Müller.png",  # as macOS writes it
    "Müller.png".encode(): "Müller.png",
    b"a\rb\nc.png": r"a\x0db\x0ac.png",
    "頭 🧠\u2028.png".encode(): r"頭 🧠\xe2\x80\xa8.png",
    rb"a\xfc.png": r"a\xfc.png",
    b"plain.png": "plain.png",
}


@pytest.mark.parametrize("raw", ODD, ids=repr)
def test_a_name_is_text_of_one_line_and_leads_back_to_its_file(raw, tmp_path):
    real = os.fsdecode(raw)
    (tmp_path / real).mkdir()
    (tmp_path / real / real).write_text("here")
    name = names.shown(f"{real}/{real}")
    assert name == f"{ODD[raw]}/{ODD[raw]}" and unicodedata.is_normalized("NFC", name)
    assert len(name.splitlines()) == 1 and name.encode("utf-8")
    assert names.located(tmp_path, name).read_text() == "here"


def test_a_file_that_is_gone_is_where_it_would_be(tmp_path):
    assert names.located(tmp_path, "a/b.png") == tmp_path / "a" / "b.png"


def test_names_are_listed_up_to_some():
    assert names.listed(["a", "b"]) == "a, b" and names.listed(list("abcde")) == "a, b, c and 2 more"
