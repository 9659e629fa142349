"""The report's stage: the page answers first, stands alone, and has all that the study measured."""

import base64
import re
import shutil

import pytest

from inr_sae import study
from inr_sae.dictionaries.topk import training
from inr_sae.errors import UserError
from inr_sae.inr import fit, network
from inr_sae.run import once, trained
from inr_sae.stages import dictionary, report
from tests.helpers import dying_after
from tests.stages import studies


def page_of(finished):
    return (finished.workdir / "report/index.html").read_text()


def names(finished, folder):
    """Names of the report's files of a folder."""
    return {path.name for path in (finished.workdir / "report" / folder).iterdir()}


def anchors(finished):
    """The page's sections, in their order."""
    return re.findall(r'<section id="([^"]+)">', page_of(finished))


def test_the_report_answers_first_and_stands_alone(any_study):
    page = page_of(any_study)
    assert page.index("What this run found") < page.index("<img")
    assert "http://" not in page and "https://" not in page and 'src="data:' in page and "<script" not in page
    assert "phantoms" in page, "of which no claim can be made"


def test_every_figure_is_in_the_page_and_every_table_in_three_forms(any_study):
    page = page_of(any_study)
    figures = sorted((any_study.workdir / "report/figures").iterdir())
    assert figures and {path.suffix for path in figures} == {".png"}
    for path in figures:
        assert base64.b64encode(path.read_bytes()).decode() in page, path.name
    tables = names(any_study, "tables")
    stems = {name.partition(".")[0] for name in tables}
    assert tables == {f"{stem}.{suffix}" for stem in stems for suffix in ("csv", "md", "tex")} and stems


def test_the_page_has_no_empty_words(any_study):
    body = re.sub(r"<pre>.*?</pre>", "", page_of(any_study), flags=re.S)  # the config may say null
    assert not re.search(r"\b(None|nan|NaN|inf)\b", re.sub(r'"data:[^"]*"', "", body))
    assert re.findall(r"<h1>(.+?)</h1>", body)


def test_links_lead_to_what_is_there(any_study):
    page = page_of(any_study)
    for target in re.findall(r'href="([^"]+)"', page):
        if target.startswith("#"):
            assert f'<section id="{target[1:]}">' in page
        else:
            assert (any_study.workdir / "report" / target).is_file()
    assert len(set(anchors(any_study))) == len(anchors(any_study))


def test_a_single_studys_page_has_its_sections_and_every_layer(single):
    assert anchors(single) == ["rank", "freeze_sweep", "dictionary", "ablation", "explorer", "cohort", "config"]
    figures = names(single, "figures")
    shared = {"rank_profiles", "psnr_against_tau", "held_out_fits", "top_atoms", "dictionary_statistics", "training"}
    layers = {
        f"ablation_layer_{layer}_{role}" for layer in dictionary.layers(single.config) for role in ("cohort", "test")
    }
    assert figures == {f"{name}.png" for name in shared | layers}
    page = page_of(single)
    assert network.backbone(single.config.inr.backbone).LABEL in page
    assert trained.size(single.config.inr) in page
    assert 'href="explorer/index.html"' in page


def test_a_matrix_page_has_the_papers_tables(matrix):
    assert anchors(matrix) == ["claims", "matrix", "protocols", "encoders", "config"]
    sources = {f"freeze_depth_{source}" for source in matrix.config.transfer.sources}
    tables = {"table_1", "best_tau", "agreement"} | sources
    assert {f"{name}.csv" for name in tables} <= names(matrix, "tables")
    assert {"figure_2.png", "protocols.png", "budget.png"} <= names(matrix, "figures")
    for source in matrix.config.transfer.sources:
        rows = matrix.rows(f"report/tables/freeze_depth_{source}.csv")
        taus = {row["tau"] for row in rows}
        assert set(map(str, matrix.config.fit.taus)) <= taus and "*" in taus
    table = (matrix.workdir / "report/tables/table_1.md").read_text()
    assert "SIREN" in table and "FFMLP" in table


def test_a_tunings_page_has_the_winners(tuned):
    assert "tune" in anchors(tuned) and anchors(tuned)[0] == "claims"
    assert page_of(tuned).count("Tuned on 2 validation images of heads") == 4


def test_the_figures_of_the_paper_are_there(compared):
    figures = {name.removesuffix(".png") for name in names(compared, "figures")}
    assert {f"figure_{n}" for n in ("3", "13", "4_8", "9", "10", "11", "12")} <= figures
    assert {f"figure_6_7_cohort-{backbone}" for backbone in ("siren", "ffmlp")} <= figures
    assert {"shape", "quality", "stability", "drop_against_magnitude_cohort"} <= figures
    conditions = {f"{regime}-{backbone}" for regime in ("single", "cohort") for backbone in ("siren", "ffmlp")}
    ablated = {f"figure_15_{name}_layer_{layer}" for name in conditions for layer in (0, compared.last)}
    assert ablated == {name for name in figures if name.startswith("figure_15")}


@pytest.mark.parametrize("kind", ["single_ffmlp", "matrix", "tuning", "compared"])
def test_it_is_drawn_again_from_stored_files_alone(kind, tmp_path, tmp_path_factory, monkeypatch):
    finished = studies.finished(tmp_path_factory, f"{kind}_{min(studies.DEPTHS)}")
    shutil.copytree(finished.workdir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/report")
    for module, name in ((training, "steps_on_all_devices"), (fit, "fit_cohort"), (fit, "fit_batch")):
        monkeypatch.setattr(module, name, dying_after(getattr(module, name), 0))
    study.run(finished.config, tmp_path / "run")
    for path in (finished.workdir / "report").rglob("*"):
        if path.suffix in (".png", ".csv", ".md", ".tex", ".js"):
            again = tmp_path / "run" / path.relative_to(finished.workdir)
            assert again.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("top", [0, 17])
def test_a_gallery_of_more_atoms_than_have_maps_is_refused(top):
    config = studies.single("ffmlp", 3)
    config.report.top = top
    with pytest.raises(UserError, match=f"report.top is {top}"):
        report.check(once.declared(config, report.READS))
    assert report.MOST_TOP == dictionary.N_MAPS
