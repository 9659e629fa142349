"""Signals are held to the pixels that they had."""

import json

import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import drawn
from inr_sae.signals import load


@pytest.fixture
def images(tmp_path, rng):
    """(config group, folder) of six images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(6):
        Image.fromarray(rng.integers(0, 255, (16, 12), dtype=np.uint8)).save(folder / f"{i}.png")
    group = dict(dataset="folder", root=str(folder), size=None, crop="none", plane="stored", grey=False, n_cohort=3)
    return group | dict(n_validation=0, n_test=2, train_on="cohort", seed=0, cohort_names=()), folder


def test_the_first_draw_is_written_down_and_the_next_one_held_to_it(images, tmp_path):
    config, folder = images
    store = Store(tmp_path / "run")
    first = drawn.draw("signals", config, store, "a/signals.csv")
    listed = store.read_csv("a/signals.csv")
    assert [(row["split"], row["name"]) for row in listed] == [
        *(("cohort", name) for name in first.names.cohort),
        *(("test", name) for name in first.names.test),
    ]
    before = store.path("a/signals.csv").read_bytes()
    np.testing.assert_array_equal(drawn.draw("signals", config, store, "a/signals.csv").cohort, first.cohort)
    assert store.path("a/signals.csv").read_bytes() == before
    moved = folder.rename(tmp_path / "elsewhere")  # where they lie is free
    drawn.draw("signals", config | dict(root=str(moved)), store, "a/signals.csv")


def test_pixels_that_changed_since_are_named(images, tmp_path):
    config, folder = images
    store = Store(tmp_path / "run")
    name = drawn.draw("signals", config, store, "signals.csv").names.cohort[1]
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(folder / name)
    load.forget()
    with pytest.raises(UserError, match=f"the cohort signal {name} is not what"):
        drawn.draw("signals", config, store, "signals.csv")


@pytest.mark.parametrize("changes", [dict(seed=1), dict(n_test=1), dict(n_cohort=4)])
def test_another_draw_is_named(changes, images, tmp_path):
    store = Store(tmp_path / "run")
    drawn.draw("signals", images[0], store, "signals.csv")
    with pytest.raises(UserError, match="signal .* is not what .*signals.csv says it was"):
        drawn.draw("signals", images[0] | changes, store, "signals.csv")


@pytest.mark.parametrize(
    "key, sentence", [("signals", "^signals.root .*gone is no folder"), ("sets.faces", "^sets.faces: sets.faces.root ")]
)
def test_what_is_wrong_is_said_with_the_groups_own_key(key, sentence, images, tmp_path):
    with pytest.raises(UserError, match=sentence):
        drawn.read(key, images[0] | dict(root=str(tmp_path / "gone")))


def test_what_a_user_should_know_is_told_once_and_kept_in_the_log(images, tmp_path, caplog):
    config, folder = images
    (folder / "notes.txt").write_text("no image")
    drawn._log_once.cache_clear()
    store = Store(tmp_path / "run")
    with caplog.at_level("INFO", "inr_sae"):
        for _ in range(2):
            drawn.draw("sets.mine", config, store, "signals.csv")
    assert len(caplog.messages) == 2
    assert caplog.messages[0] == f"sets.mine: {folder}: 6 images, and files passed over: 1 .txt"
    assert "sets.mine.subject, a regular expression, can say otherwise" in caplog.messages[1]
    (line,) = map(json.loads, store.path("log.jsonl").read_text().splitlines())
    assert line["event"] == "signals drawn" and len(line["notes"]) == 2 and "sets.mine.subject" in line["notes"][1]


def test_a_picture_of_one_set_is_not_tested_on_what_was_trained_on_it_in_another(images):
    config, folder = images
    ours, theirs = drawn.read("sets.a", config), drawn.read("sets.b", config | dict(seed=1))
    shared = set(ours.names.cohort) & set(theirs.names.test)
    assert shared
    with pytest.raises(
        UserError, match=r"\d.png of sets.a \(cohort\) and \d.png of sets.b \(test\) are the same picture"
    ):
        drawn.hold_apart("sets.a", ours, "sets.b", theirs, "test")
    drawn.hold_apart("sets.a", ours, "sets.a", ours, "test")
    drawn.hold_apart("sets.a", ours, "sets.b", ours, "test")


def test_a_picture_that_another_set_has_at_another_size_is_told(images, caplog):
    config, folder = images
    for path in folder.iterdir():
        Image.open(path).resize((3, 4)).resize((48, 64), Image.Resampling.BICUBIC).save(path)
    load.forget()
    ours, theirs = drawn.read("sets.a", config), drawn.read("sets.b", config | dict(seed=1, size=(32, 24)))
    drawn._log_once.cache_clear()
    with caplog.at_level("INFO", "inr_sae"):
        drawn.hold_apart("sets.a", ours, "sets.b", theirs, "test")
    assert [message for message in caplog.messages if "nearly the same picture" in message]


def test_what_was_passed_over_is_told_where_too_few_images_are_left(images, caplog):
    config, folder = images
    (folder / "IMG_1.heic").write_text("")
    drawn._log_once.cache_clear()
    with caplog.at_level("INFO", "inr_sae"), pytest.raises(UserError, match="7 images are needed"):
        drawn.read("signals", config | dict(n_test=4))
    assert caplog.messages[0].endswith("6 images, and files passed over: 1 .heic")
