"""What weights carry, as a study: what it leaves, that it goes on to the same bits, and what it refuses."""

import shutil
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn")

from configs import class_signal as of_config
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.measure.paired import LEAST_CLUSTERS
from inr_sae.paper import weight_evidence
from inr_sae.paper.weight_evidence import LEAST_RUNS
from inr_sae.rows.claims import ClaimRow
from inr_sae.rows.weights import ALL_TOKENS
from inr_sae.run import once
from inr_sae.stages import class_signal
from inr_sae.weights import outer
from tests.helpers import Killed, dying_after, made_once, numbers, rows

SIZES = dict(width=6, n_hidden=2, inner_steps=2, reader_width=4, reader_head=2, reader_blocks=2, steps=6, batch=8)


def tiny():
    """A config of a tiny study of digits."""
    config = of_config.get_config()
    config.classes.update(dict(n_train=60, n_validation=20, n_test=30))
    config.weights.update(
        SIZES | dict(log_every=3, seeds=(0, 1), ce_weights=(0.01, 0.0), tokens=("all", "biases"), contrasts=(0.0, 0.01))
    )
    config.runtime.update(dict(cache_dir="", checkpoint_seconds=0.0))
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return made_once(tmp_path_factory, "class_signal", lambda workdir: study.run(tiny(), workdir))


def test_conditions_differ_from_the_first_in_one_thing_each():
    names = [condition.name for condition in class_signal.conditions(tiny())]
    assert names == ["ce_0.01_all", "ce_0_all", "ce_0.01_biases", "ce_0.01_all_contrast_0.01"]


def test_the_study_is_as_large_as_its_verdicts_ask_for():
    config = of_config.get_config("digits")
    of_all = [each for each in class_signal.conditions(config) if each.tokens == ALL_TOKENS]
    assert len(of_all) >= LEAST_RUNS and len(config.weights.seeds) >= LEAST_CLUSTERS


def test_every_condition_and_seed_has_been_read(finished):
    readings, flow = rows(finished / "class_signal/readings.csv"), rows(finished / "class_signal/flow.csv")
    assert len(readings) == 4 * 2 and len(flow) == 4 * 2 * (4 + 3)
    changed_ones = rows(finished / "class_signal/interventions.csv")
    assert {row["tokens"] for row in changed_ones} == {"all"} and len(changed_ones) == 3 * 2 * (12 + 4 + 2)
    for row in readings:
        for split in ("train", "validation", "test"):
            assert 0 <= float(row[f"accuracy_{split}"]) <= 1
    drawn = rows(finished / "class_signal/images.csv")
    assert [sum(row["split"] == split for row in drawn) for split in ("train", "validation", "test")] == [60, 20, 30]
    baselines = {row["method"]: float(row["accuracy_test"]) for row in rows(finished / "class_signal/baselines.csv")}
    assert baselines["logistic regression on pixels"] > 0.6 > 0.2 > baselines["the largest class"]


@pytest.mark.parametrize("gone", ["flow.csv", "map.npz", "history.csv"])
def test_a_damaged_file_of_a_training_is_made_again(gone, finished, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    (workdir / "class_signal/ce_0.01_all/seed_0" / gone).unlink()
    study.run(tiny(), workdir)
    assert numbers(workdir) == numbers(finished)


def test_seeds_of_one_network_start_alike_under_every_condition(finished):
    """Without the cross-entropy, what the reader is shown does not reach the network."""
    first = [rows(finished / f"class_signal/{name}/seed_0/history.csv")[0] for name in ("ce_0.01_all", "ce_0_all")]
    assert float(first[0]["mse"]) == pytest.approx(float(first[1]["mse"]), rel=1e-2)


def test_the_page_answers_first_and_shows_every_figure(finished):
    page = (finished / "report/index.html").read_text()
    assert (
        page.index("What this run found") < page.index("A reader of weights names the class") < page.index("<figure>")
    )
    for name in ("reader_accuracy", "token_flow", "purity_accuracy", "interventions", "maps"):
        assert (finished / f"report/figures/{name}.png").stat().st_size > 5000
    assert "Digits of 8x8 pixels are not MNIST" in page and "arXiv 2605.08281" in page
    verdicts = {row.claim: row for row in Store(finished).read_rows("report/class_claims.csv", ClaimRow)}
    base = class_signal.conditions(tiny())[0].name
    tables = [class_signal.load(Store(finished), name) for name in class_signal.KINDS]
    measured = weight_evidence.of_readers(*tables, base)
    assert len(verdicts) == 8 and measured
    for name, found in measured.items():
        assert verdicts[name].ours == found.text
    assert all("digits" in row.short_of_paper for row in verdicts.values())


def test_cut_off_anywhere_it_goes_on_to_the_same_bits(finished, tmp_path, monkeypatch):
    for module, name, calls in ((outer, "train", 3), (outer, "in_batches", 40), (class_signal.readings, "flow", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, dying_after(getattr(module, name), calls))
            with pytest.raises(Killed):
                study.run(tiny(), tmp_path)
    study.run(tiny(), tmp_path)
    ours, theirs = numbers(tmp_path), numbers(finished)
    assert ours.keys() == theirs.keys() and [key for key in ours if ours[key] != theirs[key]] == []


def check(config):
    class_signal.check(once.declared(config, class_signal.READS))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"weights.steps": 0}, "weights.steps is 0"),
        ({"weights.inner_steps": 0}, "weights.inner_steps is 0"),
        ({"weights.reader_head": 3}, "weights.reader_head = 3 does not divide weights.reader_width = 4"),
        ({"weights.seeds": ()}, "weights.seeds is"),
        ({"weights.tokens": ("biases", "all")}, "weights.tokens has 'biases' first"),
        ({"weights.tokens": ("all", "heads")}, "weights.tokens is 'heads'; it is one of all, weights, biases"),
        ({"weights.contrasts": (0.0, -1.0)}, "weights.contrasts has -1.0"),
        ({"weights.batch": 61}, "weights.batch = 61 is more than classes.n_train = 60"),
        ({"classes.dataset": "letters"}, "classes.dataset is 'letters'; it is one of digits, folder, idx"),
        ({"classes.n_train": 9999}, "classes.n_train . classes.n_validation . classes.n_test is 10049"),
        ({"classes.dataset": "folder"}, "classes.root is empty"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(changes, words, tmp_path):
    config = tiny()
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words.replace(" . ", " .. ?")):
        study.check(config, Store(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match=r"class_signal, which needs scikit-learn .* pip install 'inr-sae\[analysis\]'"):
        check(tiny())


def test_images_that_are_others_now_are_named(tmp_path):
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(8):
            grey = np.full((4, 4), 100 * number + i, np.uint8)
            Image.fromarray(grey).save(tmp_path / "images" / name / f"{i}.png")
    config = tiny()
    config.classes.update(dict(dataset="folder", root=str(tmp_path / "images"), n_train=8, n_validation=4, n_test=4))
    store = Store(tmp_path / "run")
    split = class_signal.draw(config, store)
    assert split.classes == ("cats", "dogs") and class_signal.draw(config, store).train.names == split.train.names
    Image.fromarray(np.full((4, 4), 50, np.uint8)).save(tmp_path / "images" / split.test.names[0])
    class_signal.drawn.labelled.forget()
    with pytest.raises(UserError, match=f"the test image {split.test.names[0]} is not what"):
        class_signal.draw(config, store)
