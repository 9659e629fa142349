"""The matrix' encoders: one study each, whose ranks the matrix gathers; and what cannot be."""

import pytest

from configs import transfer
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.rows.transfer import EncoderRankRow, RankRow
from inr_sae.run import summaries
from inr_sae.stages import encoders
from tests.stages import studies


def test_every_source_and_backbone_has_a_study_of_its_own(matrix):
    sources = matrix.config.transfer.sources
    names = {f"{source}-{kind}" for source in sources for kind in ("siren-30", "ffmlp-10")}
    found = {path.name for path in (matrix.workdir / "encoders").iterdir() if path.is_dir()}
    assert names == {name for name in found if not name.startswith("untrained")}
    for name in names:
        for stage in ("cohort", "rank"):
            assert (matrix.workdir / "encoders" / name / stage / "done.json").exists()


def test_a_cohorts_psnr_is_that_after_its_last_step(matrix):
    found = encoders.cohort_psnr(matrix.config, Store(matrix.workdir))
    for (source, backbone, frequency), psnr in found.items():
        history = matrix.rows(f"encoders/{source}-{backbone}-{frequency:g}/cohort/history.csv")
        last = max(history, key=lambda row: int(row["step"]))
        assert int(last["step"]) == matrix.config.cohort.steps and len(history) > 1
        assert psnr == float(last["psnr_db_mean"]) != float(history[0]["psnr_db_mean"])


def test_the_matrix_has_the_ranks_of_every_unit_of_every_encoder(matrix):
    ranks = matrix.rows("transfer/ranks.csv")
    assert tuple(ranks[0]) == EncoderRankRow._fields
    for source in matrix.config.transfer.sources:
        for backbone, frequency in (("siren", "30"), ("ffmlp", "10")):
            of_one = [row for row in ranks if (row["source"], row["backbone"]) == (source, backbone)]
            stored = matrix.rows(f"encoders/{source}-{backbone}-{frequency}/rank/stable_rank.csv")
            assert [int(row["layer"]) for row in of_one] == list(range(matrix.last + 1))
            assert [{key: row[key] for key in RankRow._fields} for row in of_one] == stored
            assert {row["frequency"] for row in of_one} == {frequency}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"transfer.sources": ("heads", "tails")}, "transfer.sources has 'tails'; config.sets has fine_heads, heads"),
        ({"transfer.sources": ()}, "transfer.sources is"),
        ({"transfer.sources": ("heads", "heads")}, "none twice"),
        ({"transfer.backbones": ()}, "transfer.backbones is"),
        ({"transfer.backbones": ("perceptron",)}, "transfer.backbones is 'perceptron'"),
        ({"transfer.frequencies.ffmlp": (0.0,)}, r"transfer\.frequencies\.ffmlp is 0\.0"),
        ({"transfer.frequencies.siren": (3.0, 3.00000000001)}, r"transfer\.frequencies\.siren .* one to nine digits"),
        ({"transfer.frequencies.siren": (3.0, 3.0)}, r"transfer\.frequencies\.siren is .*none twice"),
        ({"external.file": "encoder.npz"}, "external.file is one encoder"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_written(tmp_path, changes, words):
    config = studies.matrix(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["3", "1e5", "nan", "a/b", "a b", "untrained", "-x", "", "x" * 101])
def test_a_set_that_no_folder_can_be_named_after_is_refused(name):
    config = studies.matrix(3)
    with config.unlocked():
        config.sets = {name: config.sets.heads.to_dict()}
    with pytest.raises(UserError, match="sets has the name"):
        encoders.check_names(config)


def test_a_backbone_may_have_rates_of_its_own():
    config = transfer.get_config()
    config.rates.siren = (1e-3, 2e-3)
    found = {each.kind[0]: each.config for each in encoders.of_cohorts(config)}
    assert (found["siren"].cohort.learning_rate, found["siren"].fit.learning_rate) == (1e-3, 2e-3)
    shared = config.cohort.learning_rate, config.fit.learning_rate
    assert (found["ffmlp"].cohort.learning_rate, found["ffmlp"].fit.learning_rate) == shared
    assert summaries.main_rate(config, "siren") == 2e-3 and summaries.main_rate(config, "ffmlp") == shared[1]
