import os
import unicodedata
import warnings

import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.signals import folder, image_file
from inr_sae.signals.notes import Note

RULES = dict(size=None, crop="none", background=None, nan_to_zero=False)
FORMATS = {".jpg": "jpeg", ".tif": "tiff", ".pgm": "ppm", ".pbm": "ppm", ".pnm": "ppm", ".jp2": "jpeg2000"}
FORMATS |= {".j2k": "jpeg2000"}


@pytest.fixture
def put(tmp_path):
    """Puts an image, or another file, at a path below the folder."""

    def write(name, content=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            Image.new("RGB", (4, 3), (len(name), 0, 0)).save(path, "png")
        else:
            path.write_bytes(content)
        return path

    return write


def found(root):
    """(the names, the sentence of the Note) of a folder; the latter "" without one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names = folder.find(str(root), 1)
    assert all(isinstance(warning.message, Note) for warning in caught) and len(caught) < 2
    return names, str(caught[0].message) if caught else ""


SYSTEM = [".ipynb_checkpoints", ".Trash-1000", "@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN"]


@pytest.mark.parametrize("system", SYSTEM)
def test_system_folders_at_any_depth_are_passed_over_and_counted(system, put, tmp_path):
    for name in ("a.png", "sub/b.png", f"{system}/a-checkpoint.png", f"sub/{system}/deep/c.png", "._a.png"):
        put(name)
    names, note = found(tmp_path)
    assert names == ["a.png", "sub/b.png"]
    assert note == f"{tmp_path}: 2 images, and files passed over: 2 in {system}, 1 hidden"


def test_the_root_itself_may_be_hidden(put, tmp_path):
    put(".cache/__MACOSX/a.png")
    assert found(tmp_path / ".cache" / "__MACOSX") == (["a.png"], "")


def test_other_files_are_counted_by_suffix(put, tmp_path):
    put("a.PNG")
    for name in ("b.txt", "c.TXT", "scan.nii.gz", "README", "d.tar.gz"):
        put(name, b"")
    names, note = found(tmp_path)
    assert names == ["a.PNG"]
    counted = note.partition("passed over: ")[2].split(", ")
    assert counted[0] == "2 .txt" and set(counted[1:]) == {"1 without a suffix", "1 .tar.gz", "1 .nii.gz"}


def test_linked_folders_are_followed_once_and_loops_end(put, tmp_path):
    put("root/z/a.png"), put("elsewhere/b.png"), put("elsewhere/deep/c.png")
    root = tmp_path / "root"
    (root / "a_link").symlink_to(root / "z")  # to what is there already
    (root / "b_link").symlink_to(tmp_path / "elsewhere")
    (root / "c_link").symlink_to(tmp_path / "elsewhere")
    (root / "z" / "loop").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    (root / "dead").symlink_to(root / "gone")
    (root / "file.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    assert found(root)[0] == ["b_link/b.png", "b_link/deep/c.png", "file.png", "z/a.png"]


def test_what_a_link_leads_to_that_cannot_be_looked_at_is_named(put, tmp_path):
    put("a.png")
    (tmp_path / "link").symlink_to("x" * 300)  # no file system has such a name; a folder not to be entered fails alike
    with pytest.raises(InputError, match=r"/link cannot be searched \(File name too long\)"):
        folder.find(str(tmp_path), 1)


def test_names_that_are_no_utf_8_or_break_lines_are_found_and_read(put, tmp_path):
    for raw in (b"M\xfcller.png", b"a\rb.png", unicodedata.normalize("NFD", "é.png").encode()):
        put(os.fsdecode(raw))
    names, _ = found(tmp_path)
    assert sorted(names) == sorted([r"M\xfcller.png", r"a\x0db.png", "é.png"])
    for name in names:
        assert folder.read(str(tmp_path), name, RULES).shape == (3, 4, 3)


def test_two_names_that_look_the_same_are_refused(put, tmp_path):
    put("é.png"), put("e\u0301.png")
    with pytest.raises(InputError, match="two files each of the name é.png"):
        folder.find(str(tmp_path), 1)


@pytest.mark.parametrize("suffix", folder.SUFFIXES)
def test_every_suffix_is_found_and_read(suffix, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 12), dtype=np.uint8)
    if suffix == ".npy":
        np.save(tmp_path / "a.npy", pixels)
    else:
        mode = "1" if suffix == ".pbm" else "L"
        Image.fromarray(pixels).convert(mode).save(tmp_path / f"a{suffix}", FORMATS.get(suffix, suffix[1:]))
    (name,), note = found(tmp_path)
    image = folder.read(str(tmp_path), name, RULES)
    assert note == "" and image.shape[:2] == (16, 12) and image.max() > 0.5


@pytest.mark.parametrize(
    "files, words",
    [
        (
            ["a.nii.gz", "b.nii"],
            "no image .*; it holds 1 .nii.gz, 1 .nii; NIfTI is read by the data set oasis alone",
        ),
        (["a.img", "a.hdr"], "NIfTI is read by the data set oasis alone"),
        (["photos.zip"], "it holds 1 .zip; unpack the archive first"),
        ([".hidden/a.png"], "it holds 1 in .hidden"),
        ([], r"holds no image \(.*\)$"),
    ],
)
def test_a_folder_without_images_says_what_it_holds(files, words, put, tmp_path):
    for name in files:
        put(name, b"")
    with pytest.raises(InputError, match=words):
        folder.find(str(tmp_path), 1)


def test_an_archive_is_no_folder(put, tmp_path):
    with pytest.raises(InputError, match="^root .*photos.zip is a file; name a folder, of an archive the unpacked one"):
        folder.find(str(put("photos.zip", b"PK")), 1)


def test_what_pillow_here_can_read_is_a_suffix():
    assert {".bmp", ".ppm", ".gif", ".jp2", ".avif", ".webp", ".tiff", ".jpeg"} <= set(image_file.SUFFIXES)
