import base64
import json

import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.explorer import pack


def test_the_page_holds_its_manifest_and_no_tag_from_a_name(tmp_path):
    pack.write_page(Store(tmp_path), "explorer", {"title": "</script><b>", "mib": float("nan")})
    text = (tmp_path / "explorer/index.html").read_text()
    assert "/*MANIFEST*/" not in text and "<b>" not in text
    assert r'{"title":"\u003c/script>\u003cb>","mib":null}' in text


def test_data_are_a_script_that_hands_over_json(tmp_path):
    pack.write_data(Store(tmp_path), "explorer", "cohort_layer_0", {"a": [1, None]})
    text = (tmp_path / "explorer/data/cohort_layer_0.js").read_text()
    assert json.loads("[" + text.removeprefix("explorerData(").removesuffix(");\n") + "]") == [
        "cohort_layer_0",
        {"a": [1, None]},
    ]


def test_codes_survive_as_bytes_within_a_hundredth_where_they_are_strong():
    values = np.array([[4.0, 2.0, 0.0]], np.float32)
    codes = pack.pixel_codes(values, np.array([[7, 300, 0]]), 4.0)
    assert codes["atoms"] == pack.packed(np.array([7, 300, 0], np.uint16))
    steps = np.frombuffer(base64.b64decode(codes["values"]), np.uint8).reshape(values.shape)
    np.testing.assert_allclose(codes["top"] * (steps / 255.0) ** 2, values, rtol=0.01)
    assert pack.pixel_codes(values * 0, np.zeros((1, 3), int), 0.0)["top"] == 0.0


@pytest.mark.parametrize(
    "n, size", [(1, (5, 4)), (100, (48, 40)), (4096, (341, 512)), (32768, (48, 48)), (90, (9000, 90))]
)
def test_an_atlas_is_as_wide_as_its_height_takes_and_what_none_holds_is_told(n, size):
    columns = pack.columns_of(n, size)
    rows, least = -(-n // max(columns, 1)), -(-n // (pack.WEBP_SIDE // size[0]))
    if least * size[1] > pack.WEBP_SIDE:
        assert columns == 0
    else:
        assert rows * size[0] <= pack.WEBP_SIDE and columns * size[1] <= pack.WEBP_SIDE
        assert columns in (min(n, 64), pack.WEBP_SIDE // size[1], least)


def test_shrinking_keeps_proportions_and_never_enlarges():
    assert pack.shrunk((200, 100), 50) == (50, 25) and pack.shrunk((20, 10), 50) == (20, 10)
    assert pack.resized(np.zeros((4, 4)), (2, 2)).shape == (2, 2, 3)
