import re

import numpy as np
import pytest
from PIL import Image

from inr_sae.errors import InputError
from inr_sae.measure.paired import clustered_interval
from inr_sae.signals import subjects
from inr_sae.signals.load import load

RULES = dict(size=None, crop="none", plane="stored", grey=False, train_on="cohort", seed=0)


def of_scans(*names):
    return subjects.of_scans(list(names))


@pytest.mark.parametrize(
    "names, expected, origin",
    [
        (
            ("OASIS_OAS1_0061_MR1/slice_norm.nii.gz", "OASIS_OAS1_0061_MR2/slice_norm.nii.gz"),
            ["OAS1_0061", "OAS1_0061"],
            "from the OASIS number",
        ),
        (
            ("OAS1_0001_MR1_mpr-1_100.png", "OAS1_0002_MR1_mpr-1_100.png", "OAS30001_MR_d0129.png"),
            ["OAS1_0001", "OAS1_0002", "OAS30001"],
            "from the OASIS number",
        ),
        (
            ("sub-03/ses-01/anat/sub-03_ses-01_T1w.nii.gz", "sub-03/ses-02/anat/a.nii.gz", "sub-4_T1w.nii"),
            ["sub-03", "sub-03", "sub-4"],
            "from the BIDS entity",
        ),
        (("imagesTr/BRATS_001.nii.gz", "imagesTr/BRATS_002.nii.gz"), ["BRATS_001", "BRATS_002"], "from the beginning"),
        (
            ("imagesTr/BRATS_001_0000.nii.gz", "imagesTr/BRATS_001_0001.nii.gz", "imagesTr/BRATS_002_0000.nii.gz"),
            ["BRATS_001", "BRATS_001", "BRATS_002"],
            "from the beginning",
        ),
        (("p1/slice.png", "p2/slice.png", "p2/other.png"), ["p1", "p2", "p2"], "from the folder"),
        (("all/p1/visit1/s.nii", "all/p1/visit2/s.nii", "all/p2/visit1/s.nii"), ["p1", "p1", "p2"], "from the folder"),
        (("c2fA_cor044.png", "sub/c2fA_cor049.png", "vx.1.png"), ["c2fA", "c2fA", "vx"], "from the beginning"),
        (("slice_001.png", "slice_002.png"), ["slice", "slice"], "from the beginning"),
        (("sub-1.png", "x_1.png"), ["sub-1", "x"], "from the BIDS entity or the beginning of the file's name"),
        (("_.png",), ["_.png"], "from the beginning"),
    ],
)
def test_whom_scans_show(names, expected, origin):
    found, said = of_scans(*names)
    assert found == expected and said.startswith(origin)


def test_a_pattern_says_otherwise():
    names = ["a/x12_3.png", "a/x12_4.png", "b/x7_1.png"]
    assert subjects.by_pattern(names, r"x\d+")[0] == ["x12", "x12", "x7"]
    assert subjects.by_pattern(names, r"(\w)/x(\d+)")[0] == ["a_12", "a_12", "b_7"]
    assert "x" in subjects.by_pattern(names, "x")[1]
    for pattern, words in (
        ("(", "is no regular expression"),
        (r"y\d", "matches nothing in a/x12_3.png"),
        ("q*", "nothing"),
    ):
        with pytest.raises(InputError, match=f"^subject .*{words}"):
            subjects.by_pattern(names, pattern)


def test_the_sentence_says_how_many_and_from_what():
    said = subjects.sentence(["a", "a", "b"], "from the folder")
    assert said.startswith("3 images of 2 subjects (a, b), from the folder;") and "subject" in said


@pytest.fixture
def scans(tmp_path):
    """Two visits of each of six people, every one a folder."""
    for i, person in enumerate(range(6)):
        for visit in (1, 2):
            path = tmp_path / f"OASIS_OAS1_{person:04d}_MR{visit}" / "slice_norm.png"
            path.parent.mkdir()
            Image.fromarray(np.random.default_rng([i, visit]).integers(0, 256, (8, 10), dtype=np.uint8)).save(path)
    return str(tmp_path)


def test_visits_of_one_person_are_in_one_split_and_one_cluster(scans):
    for seed in range(5):
        signals = load("oasis", scans, **(RULES | dict(seed=seed)), n_cohort=3, n_validation=0, n_test=6)
        cohort, _, test = map(set, signals.subjects)
        assert not cohort & test and len(signals.subjects.test) == 6
    people = len(test)
    assert people < 6 and clustered_interval(range(6), signals.subjects.test).n_clusters == people


def test_what_the_subject_was_taken_from_is_told_and_can_be_said(scans):
    rules = RULES | dict(n_cohort=3, n_validation=0, n_test=2)
    assert any(
        "12 images of 6 subjects" in note and "OASIS number" in note for note in load("oasis", scans, **rules).notes
    )
    assert any("stands alone" in note for note in load("folder", scans, **rules).notes)
    visits = load("oasis", scans, **rules, subject=r"OAS1_\d+_MR\d")
    assert any("12 images of 12 subjects" in note for note in visits.notes)
    with pytest.raises(
        InputError, match=re.escape("2 subjects (MR1, MR2), from what 'MR.' matches in the name: too few for")
    ):
        load("oasis", scans, **(RULES | dict(n_cohort=2, n_validation=2, n_test=2)), subject="MR.")
