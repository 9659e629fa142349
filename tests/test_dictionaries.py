"""A tiny study of dictionaries of several encoders: what is on disk, that a kill changes nothing, and the explorer."""

import json
import re
import shutil

import numpy as np
import pytest

from configs import dictionaries
from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.sae import train as sae_train
from tests.conftest import shrink
from tests.helpers import assert_same_bytes_after_a_kill, dying_after, rows


def tiny_dictionaries():
    config = shrink(dictionaries.get_config())
    config.signals.update(dict(n_cohort=2, n_validation=2, n_test=1, size=(16, 12)))
    config.cohort.update(dict(steps=6, log_every=3))
    config.single.steps = 6
    config.fit.update(dict(steps=4, log_every=2, taus=(0, 1, 2)))
    config.sae.update(dict(steps=6, log_every=3))
    config.ablation.update(dict(random=1))
    config.size_sweep.update(dict(n_atoms=(8, 16), k=(2, 4), steps=4))
    config.explorer.update(dict(atoms=20, per_pixel=3, effects=6, tile=12))
    config.conditions.backbones = ("ffmlp",)
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config, workdir = tiny_dictionaries(), tmp_path_factory.mktemp("dictionaries") / "run"
    study.run(config, workdir)
    return config, workdir


def test_conditions_share_their_images_and_the_second_cohort_has_its_own(finished):
    _, workdir = finished

    def trained_on(name):
        signals = rows(workdir / f"conditions/{name}/cohort/signals.csv")
        return [row["name"] for row in signals if row["split"] == "cohort"]

    assert trained_on("single-ffmlp") == trained_on("cohort-ffmlp")[:1]
    assert len(trained_on("cohort-ffmlp")) == len(trained_on("second-ffmlp")) == 2
    assert not set(trained_on("cohort-ffmlp")) & set(trained_on("second-ffmlp"))
    single = json.loads((workdir / "conditions/single-ffmlp/rank/done.json").read_text())
    assert single["stage"] == "rank"


def test_atoms_are_sampled_at_the_top_and_at_random(finished):
    _, workdir = finished
    ablated = rows(workdir / "conditions/cohort-ffmlp/ablation/ablations.csv")
    assert {row["sample"] for row in ablated} == {"top", "random"}
    assert {row["signal_role"] for row in ablated} == {"cohort", "test"}
    top = [int(row["magnitude_rank"]) for row in ablated if row["sample"] == "top"]
    assert set(top) == {0, 1}


def test_every_size_has_its_row_and_every_pair_its_match(finished):
    _, workdir = finished
    sizes = rows(workdir / "size_sweep/metrics.csv")
    assert len(sizes) == len({(r["layer"], r["n_atoms"], r["k"]) for r in sizes}) == 2 * 2 * 2
    matches = rows(workdir / "stability/matches.csv")
    assert {(r["condition"], r["other"], r["other_seed"]) for r in matches} == {
        ("cohort-ffmlp", "cohort-ffmlp", "1"),
        ("cohort-ffmlp", "second-ffmlp", ""),
        ("cohort-ffmlp", "single-ffmlp", ""),
    }
    assert {r["other"] for r in matches if r["by"] == "decoder"} == {"cohort-ffmlp"}, "one space, one encoder"


def test_the_figures_of_the_paper_are_there(finished):
    _, workdir = finished
    figures = {path.stem for path in (workdir / "report/figures").iterdir()}
    assert {f"figure_{n}" for n in ("3", "13", "4_8", "9", "10", "11", "12", "6_7_cohort-ffmlp")} <= figures
    assert {"shape", "quality", "stability", "drop_against_magnitude_cohort"} <= figures
    assert {f"figure_15_{name}-ffmlp_layer_2" for name in ("single", "cohort")} <= figures
    claims = rows(workdir / "report/claims.csv")
    assert {row["verdict"] for row in claims} == {"not testable on these data"}


@pytest.mark.parametrize("calls", [3, 8, 10])
def test_a_study_cut_off_anywhere_gives_the_same_bytes(finished, tmp_path, monkeypatch, calls):
    assert_same_bytes_after_a_kill(*finished, tmp_path / "run", monkeypatch, sae_train, "steps_on_all_devices", calls)


def test_the_report_is_drawn_again_from_stored_files_alone(finished, tmp_path, monkeypatch):
    config, workdir = finished
    shutil.copytree(workdir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/report")
    monkeypatch.setattr(sae_train, "steps_on_all_devices", dying_after(sae_train.steps_on_all_devices, 0))
    study.run(config, tmp_path / "run")
    for path in (workdir / "report/figures").iterdir():
        assert (tmp_path / "run/report/figures" / path.name).read_bytes() == path.read_bytes()


def test_a_dictionary_too_large_for_the_explorer_is_refused(finished, tmp_path):
    config = tiny_dictionaries()
    config.sae.n_atoms = 70000
    with pytest.raises(UserError, match="sae.n_atoms is 70000"):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_explorers_codes_are_the_atoms_that_fire(finished):
    """Its bytes, decoded as the page does it, against the maps that the dictionary stage stored."""
    import base64

    _, workdir = finished
    text = (workdir / "report/explorer/data/cohort-ffmlp_layer_0.js").read_text()
    data = json.loads(re.fullmatch(r'explorerData\("[^"]+",(.*)\);\n', text, re.S)[1])
    p = data["pixels"]
    atoms = np.frombuffer(base64.b64decode(p["atoms"]), "<u2").reshape(-1, p["per_pixel"])
    values = p["top"] * (np.frombuffer(base64.b64decode(p["values"]), np.uint8).reshape(atoms.shape) / 255) ** 2
    stored = np.load(workdir / "conditions/cohort-ffmlp/dictionary/layer_0/maps.npz")
    assert (p["height"], p["width"]) == (16, 12)
    for atom, z in zip(stored["atoms"], stored["z"]):
        told = (values * (atoms == atom)).sum(axis=1)
        seen = told > 0
        np.testing.assert_allclose(told[seen], z[seen], atol=0.01 * p["top"])
    assert (np.diff(values, axis=1) <= 1e-9).all(), "the strongest first"


def browser():
    """A headless Chromium that selenium drives; skips, saying what is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium to drive a browser")
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    for flag in ("disable-component-update", "disable-sync", "disable-quic", "window-size=1200,900"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


@pytest.fixture(scope="module")
def page(finished):
    """The explorer open in a browser, from disk."""
    driver = browser()
    try:
        driver.get(f"file://{finished[1]}/report/explorer/index.html")
        yield driver
        errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == [], "no error on the console"
    finally:
        driver.quit()


def choose(page, label, text, panel=0):
    from selenium.webdriver.support.ui import Select, WebDriverWait

    panels = page.find_elements("css selector", ".panel")
    for group in panels[panel].find_elements("css selector", ".bar > div"):
        if group.find_element("css selector", "label").text == label:
            Select(group.find_element("css selector", "select")).select_by_visible_text(text)
            break
    WebDriverWait(page, 20).until(lambda page: not page.find_elements("css selector", ".panel[aria-busy=true]"))


def gallery(page, panel=0):
    tiles = page.find_elements("css selector", ".panel")[panel].find_elements("css selector", ".gallery button")
    return [int(tile.get_attribute("data-atom")) for tile in tiles]


def test_browser_choosing_and_sorting(page, finished):
    choose(page, "condition", "cohort-ffmlp")
    choose(page, "layer", "layer 2")
    atoms = rows(finished[1] / "conditions/cohort-ffmlp/dictionary/layer_2/atoms.csv")
    kept = sorted(range(len(atoms)), key=lambda a: -float(atoms[a]["mean_magnitude"]))[:20]
    alive = [a for a in kept if float(atoms[a]["firing_rate"]) > 0]
    assert gallery(page) == alive
    choose(page, "sort by", "locality")
    choose(page, "order", "lowest first")
    values = [float(atoms[a]["locality"]) for a in gallery(page)]
    assert values == pytest.approx(sorted(values), rel=1e-3) and set(gallery(page)) == set(alive)


def test_browser_clicking_an_atom_shows_its_numbers_and_effects(page, finished):
    choose(page, "condition", "cohort-ffmlp")
    choose(page, "layer", "layer 0")
    choose(page, "sort by", "mean magnitude")
    choose(page, "order", "highest first")
    first = gallery(page)[0]
    page.find_element("css selector", ".gallery button").click()
    shown = page.find_element("css selector", ".atom").text
    assert f"Atom {first}" in shown and "locality" in shown and "before" in shown and "without it" in shown
    ablated = rows(finished[1] / "conditions/cohort-ffmlp/ablation/ablations.csv")
    row = next(r for r in ablated if (r["layer"], int(r["atom"]), r["signal_role"]) == ("0", first, "cohort"))
    assert f"{float(row['psnr_after_db']):.2f}".rstrip("0").rstrip(".") in shown
    pressed = page.find_elements("css selector", ".gallery button[aria-pressed=true]")
    assert [int(tile.get_attribute("data-atom")) for tile in pressed] == [first]


def test_browser_hovering_and_keys_tell_what_fires(page):
    from selenium.webdriver import ActionChains, Keys

    picture = page.find_element("css selector", ".picture")
    ActionChains(page).move_to_element(picture).perform()
    before = page.find_element("css selector", ".side p").text
    assert before.startswith("Row ") and page.find_elements("css selector", ".firing button")
    picture.send_keys(Keys.ARROW_DOWN)
    assert page.find_element("css selector", ".side p").text != before
    assert "row " in page.find_element("id", "live").get_attribute("textContent"), "told to a screen reader"
    picture.send_keys(Keys.ENTER)
    strongest = page.find_element("css selector", ".firing button span").text
    assert f"Atom {strongest[1:]}" in page.find_element("css selector", ".atom").text


def test_browser_two_dictionaries_side_by_side(page):
    page.find_element("id", "compare").click()
    assert len(page.find_elements("css selector", ".panel")) == 2
    choose(page, "condition", "single-ffmlp", panel=1)
    choose(page, "layer", "layer 2", panel=1)
    assert gallery(page, 0) != gallery(page, 1)
    page.find_element("id", "compare").click()
    assert len(page.find_elements("css selector", ".panel")) == 1


def test_browser_on_a_phone_nothing_sticks_out(page):
    page.set_window_size(500, 900)
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    page.set_window_size(1200, 900)
