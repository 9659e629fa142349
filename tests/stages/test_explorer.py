"""The explorer's stage: its data are those that other stages stored, and the page works in a browser."""

import base64
import json
import re
import shutil

import numpy as np
import pytest

from inr_sae import study
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.report.explorer import live, pack
from inr_sae.stages import cohort, conditions, dictionary
from tests.stages import studies

FOLDER = "report/explorer"


def data_of(finished, name):
    """The data of one dictionary, as the page's script gets them."""
    text = (finished.workdir / f"{FOLDER}/data/{name}.js").read_text()
    return json.loads(re.fullmatch(r'explorerData\("[^"]+",(.*)\);\n', text, re.S)[1])


def codes_of(data):
    """(atoms, values) of every pixel, decoded as the page does it."""
    pixels = data["pixels"]
    atoms = np.frombuffer(base64.b64decode(pixels["atoms"]), "<u2").reshape(-1, pixels["per_pixel"])
    levels = np.frombuffer(base64.b64decode(pixels["values"]), np.uint8).reshape(atoms.shape)
    return atoms, pixels["top"] * (levels / 255) ** 2


def layers_with_data(finished):
    """The keys of all dictionaries that have data."""
    files = (finished.workdir / FOLDER / "data").iterdir()
    return {path.stem for path in files if not path.stem.endswith("_network")}


def test_every_dictionary_of_the_papers_conditions_has_its_data(compared):
    found = layers_with_data(compared)
    names = {f"{regime}-{backbone}" for regime in ("single", "cohort") for backbone in ("siren", "ffmlp")}
    assert found == {f"{name}_layer_{layer}" for name in names for layer in (0, compared.last)}
    page = (compared.workdir / FOLDER / "index.html").read_text()
    assert all(name in page for name in names) and "second-" not in page


def test_every_dictionary_of_a_single_study_has_its_data(single):
    found = layers_with_data(single)
    name = f"cohort-{single.config.inr.backbone}"
    assert found == {f"{name}_layer_{layer}" for layer in dictionary.layers(single.config)}


def test_its_codes_are_the_atoms_that_fire(compared):
    """Against the maps that the dictionary stage stored."""
    for layer in (0, compared.last):
        data = data_of(compared, f"cohort-ffmlp_layer_{layer}")
        atoms, values = codes_of(data)
        stored = np.load(compared.workdir / f"conditions/cohort-ffmlp/dictionary/layer_{layer}/maps.npz")
        assert (data["pixels"]["height"], data["pixels"]["width"]) == studies.SIZE
        for atom, z in zip(stored["atoms"], stored["z"]):
            told = (values * (atoms == atom)).sum(axis=1)
            seen = told > 0
            np.testing.assert_allclose(told[seen], z[seen], atol=0.01 * data["pixels"]["top"])
        assert (np.diff(values, axis=1) <= 1e-9).all(), "the strongest first"


def test_its_numbers_are_those_of_the_tables(compared):
    data = data_of(compared, f"cohort-siren_layer_{compared.last}")
    atoms = compared.rows(f"conditions/cohort-siren/dictionary/layer_{compared.last}/atoms.csv")
    for column in ("mean_magnitude", "locality"):
        told = np.array(data["columns"][column], np.float64)
        np.testing.assert_allclose(told, [float(row[column] or "nan") for row in atoms], rtol=1e-3)
    order = sorted(range(len(atoms)), key=lambda atom: -float(atoms[atom]["mean_magnitude"]))
    assert data["n"] == len(atoms) == 24 and data["mapped"] == order[:20]
    every = compared.rows("conditions/cohort-siren/ablation/all_atoms.csv")
    for drops in data["drops"]:
        wanted = (str(compared.last), drops["name"], drops["role"])
        stored = [row for row in every if (row["layer"], row["signal"], row["signal_role"]) == wanted]
        np.testing.assert_allclose(drops["db"], [float(row["psnr_drop_db"]) for row in stored], rtol=1e-3, atol=1e-6)


def decoded(compact):
    """The numbers that `live.compact` has packed, decoded as the page does it."""
    raw = np.frombuffer(base64.b64decode(compact["data"]), np.uint8).reshape(-1, 3).astype(np.int64)
    steps = raw[:, 0] + (raw[:, 1] << 8) + (raw[:, 2] << 16) - 2**23
    return (compact["top"] * steps / (2**23 - 1)).reshape(compact["shape"])


def loaded(finished, name, layer):
    """(TrainedCohort, activations h (N, d) of a layer, Dictionary) of one of the paper's conditions."""
    every = conditions.of_study(finished.config, Store(finished.workdir))
    (found,) = [each for which, each in every.items() if which.name == name]
    encoder = cohort.load(*found)
    return encoder, encoder.activations([layer])[0], dictionary.load(*found, layer)


def test_what_the_page_steers_by_is_the_dictionarys_own(compared):
    data = data_of(compared, f"cohort-siren_layer_{compared.last}")["live"]
    _, h, fitted = loaded(compared, "cohort-siren", compared.last)
    codes = fitted.encode(h)
    np.testing.assert_allclose(decoded(data["values"]), codes.values, atol=1e-6 * data["values"]["top"])
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(data["indices"]), "<u2"), np.ravel(codes.indices))
    np.testing.assert_allclose(decoded(data["directions"]), fitted.directions()[np.array(data["atoms"])], atol=1e-6)


def test_of_dense_codes_those_of_the_atoms_that_can_be_turned_are_kept(rng):
    values, directions = rng.normal(size=(5, 7)), rng.normal(size=(2, 3))
    data = live.dictionary(values, None, np.array([4, 1]), directions)
    np.testing.assert_allclose(decoded(data["values"]), values[:, [4, 1]], atol=1e-6 * data["values"]["top"])
    assert data["indices"] is None and data["atoms"] == [4, 1]


def test_it_tells_what_atoms_mean_and_their_partners(converged):
    data = data_of(converged, f"cohort-siren_layer_{converged.last}")
    rows = converged.rows(f"meaning/cohort-siren_layer_{converged.last}.csv")
    assert rows and sum(each is not None for each in data["meaning"]["of"]) == len(rows)
    for row in rows:
        number = data["meaning"]["of"][int(row["atom"])]
        assert data["meaning"]["kinds"][number] == (row["kind"] if row["explained"] == "1" else "nothing")
        assert row["name"] in data["meaning"]["texts"][number] and row["signal"] in data["meaning"]["texts"][number]
        assert data["meaning"]["r2"][int(row["atom"])] == pytest.approx(float(row["r2"]), rel=1e-3, abs=1e-9)
    names = {"cohort-siren-seed_3", "second-siren", "single-siren", "cohort-ffmlp", "cohort-siren-dictionary_1"}
    assert set(data["partners"]) == names
    there = data_of(converged, f"cohort-ffmlp_layer_{converged.last}")["partners"]["cohort-siren"]
    here = data["partners"]["cohort-ffmlp"]
    best = max((r, a) for a, r in enumerate(here["likeness"]) if r is not None)[1]
    assert there["atom"][here["atom"][best]] == best, "the most alike of all are each other's partners"


def test_without_these_stages_it_tells_of_neither(compared):
    data = data_of(compared, f"cohort-siren_layer_{compared.last}")
    assert data["meaning"] is None and data["partners"] == {}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"dictionary.topk.n_atoms": 70000}, "dictionary.topk has 70000 atoms; .* at most 65536"),
        ({"explorer.tile": 0}, "explorer.tile is 0"),
        ({"explorer.live": 0}, "explorer.live is 0"),
        ({"explorer.quality": 500}, "explorer.quality is 500; it is from 1 to 100"),
    ],
)
def test_what_no_page_could_hold_is_refused(tmp_path, changes, words):
    refused(changes, words, tmp_path)


@pytest.mark.parametrize(
    "side, words",
    [
        (20, "explorer.tile is 12, and no picture of 20 pixels a side holds 20 tiles of 12x11; .*, or explorer.atoms"),
        (70, r"explorer.side is \d+, and no picture of 70 pixels a side holds .* tiles of .*, or explorer.effects"),
    ],
)
def test_what_no_picture_could_hold_is_refused(tmp_path, monkeypatch, side, words):
    monkeypatch.setattr(pack, "WEBP_SIDE", side)
    refused({"explorer.effects": 1000}, words, tmp_path)


def refused(changes, words, tmp_path):
    """A study of dictionaries with these changes is refused in these words, and nothing is written."""
    config = studies.compared(3)
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=words):
        study.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


# In a browser


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
def opened(tmp_path_factory):
    """(the explorer open in a browser, from disk; the study)."""
    yield from opened_of(lambda: studies.finished(tmp_path_factory, f"compared_{min(studies.DEPTHS)}"))


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """The same of a study that knows meanings and partners."""
    yield from opened_of(lambda: studies.finished(tmp_path_factory, "converged_3"))


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """The same of a study whose codes are dense and signed."""

    def finished():
        config, workdir = studies.single("siren", 3), tmp_path_factory.mktemp("dense") / "run"
        config.update(dict(stages=("cohort", "dictionary", "ablation", "explorer")))
        config.dictionary.method = "pca"
        study.run(config, workdir)
        return studies.Finished(config, workdir)

    yield from opened_of(finished)


def opened_of(make):
    driver = browser()
    try:
        finished = make()
        driver.get(f"file://{finished.workdir}/{FOLDER}/index.html")
        yield driver, finished
        errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == [], "no error on the console"
    finally:
        driver.quit()


def choose(page, label, text, panel=0):
    from selenium.webdriver.support.ui import Select, WebDriverWait

    panels = page.find_elements("css selector", ".panel")
    for group in panels[panel].find_elements("css selector", ".bar > div"):
        if group.find_element("css selector", "label").text == label:
            select = Select(group.find_element("css selector", "select"))
            select.select_by_value(text) if label == "condition" else select.select_by_visible_text(text)
            break
    WebDriverWait(page, 20).until(lambda page: not page.find_elements("css selector", ".panel[aria-busy=true]"))


def gallery(page, panel=0):
    tiles = page.find_elements("css selector", ".panel")[panel].find_elements("css selector", ".gallery button")
    return [int(tile.get_attribute("data-atom")) for tile in tiles]


def test_browser_choosing_and_sorting(opened):
    page, finished = opened
    choose(page, "condition", "cohort-ffmlp")
    choose(page, "layer", "layer 2")
    atoms = finished.rows("conditions/cohort-ffmlp/dictionary/layer_2/atoms.csv")
    kept = sorted(range(len(atoms)), key=lambda a: -float(atoms[a]["mean_magnitude"]))[:20]
    alive = [a for a in kept if float(atoms[a]["firing_rate"]) > 0]
    assert gallery(page) == alive
    choose(page, "sort by", "locality")
    choose(page, "order", "lowest first")
    values = [float(atoms[a]["locality"]) for a in gallery(page)]
    assert values == pytest.approx(sorted(values), rel=1e-3) and set(gallery(page)) == set(alive)


def test_browser_clicking_an_atom_shows_its_numbers_and_effects(opened):
    page, finished = opened
    choose(page, "condition", "cohort-ffmlp")
    choose(page, "layer", "layer 0")
    choose(page, "sort by", "mean magnitude")
    choose(page, "order", "highest first")
    first = gallery(page)[0]
    page.find_element("css selector", ".gallery button").click()
    shown = page.find_element("css selector", ".atom").text
    assert f"Atom {first}" in shown and "locality" in shown and "before" in shown and "without it" in shown
    ablated = finished.rows("conditions/cohort-ffmlp/ablation/ablations.csv")
    row = next(r for r in ablated if (r["layer"], int(r["atom"]), r["signal_role"]) == ("0", first, "cohort"))
    assert f"{float(row['psnr_after_db']):.2f}".rstrip("0").rstrip(".") in shown
    pressed = page.find_elements("css selector", ".gallery button[aria-pressed=true]")
    assert [int(tile.get_attribute("data-atom")) for tile in pressed] == [first]


def test_browser_every_number_of_an_atom_is_explained(opened):
    page, _ = opened
    page.find_element("css selector", ".gallery button").click()
    names = page.execute_script("return Object.values(MANIFEST.columns)")
    script = "return [...document.querySelectorAll('.atom th')].map(th => [th.textContent, th.title])"
    tips = page.execute_script(script)
    explained = [terms.get_attribute("textContent") for terms in page.find_elements("css selector", "#about dt")]
    assert explained == names and all(said for name, said in tips if name in names)


def test_browser_hovering_and_keys_tell_what_fires(opened):
    from selenium.webdriver import ActionChains, Keys

    page, _ = opened
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


def steer(page, scale):
    """Move the last slider to a scale, and wait for the network; the first one waits for the network's file."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page, 30).until(lambda page: page.find_elements("css selector", ".steering input"))
    move = "const all = document.querySelectorAll('.steering input'), s = all[all.length - 1]; s.value = arguments[0];"
    page.execute_script(move + " s.oninput();", scale)
    WebDriverWait(page, 30).until(lambda page: not page.find_elements("css selector", ".steering[aria-busy=true]"))


@pytest.mark.parametrize("name", ["cohort-siren", "cohort-ffmlp"])
@pytest.mark.parametrize("layer", [0, 2])
def test_browser_the_page_runs_the_network_as_the_program_does(opened, name, layer):
    page, finished = opened
    choose(page, "condition", name)
    steers_as_the_program_does(page, layer, loaded(finished, name, layer))


@pytest.mark.parametrize("layer", [0, 2])
def test_browser_dense_codes_are_steered_alike(dense, layer):
    page, (config, workdir) = dense
    encoder = cohort.load(config, Store(workdir))
    fitted = dictionary.load(config, Store(workdir), layer)
    steers_as_the_program_does(page, layer, (encoder, encoder.activations([layer])[0], fitted))


def steers_as_the_program_does(page, layer, of_layer):
    """Multiply the codes of two atoms of a layer, and compare the page's outputs with those of what `loaded` gives."""
    choose(page, "layer", f"layer {layer}")
    scales = {}
    for atom, scale in zip(gallery(page)[:2], (5.0, -1.5)):
        page.find_element("css selector", f".gallery button[data-atom='{atom}']").click()
        page.find_element("css selector", "button.steer").click()
        steer(page, scale)
        scales[atom] = scale
    encoder, h, fitted = of_layer
    codes = fitted.encode(h)
    z = np.asarray(codes.of(np.array(list(scales))))
    change = sum(
        (scale - 1) * of_atom[:, None] * np.asarray(fitted.directions()[atom])
        for (atom, scale), of_atom in zip(scales.items(), z)
    )
    for key, activations in (("before", h), ("output", h + change)):
        shown = page.execute_script(f"return Array.from(first.steering.result.{key})")
        np.testing.assert_allclose(shown, np.asarray(encoder.behind(layer)(activations))[0].ravel(), atol=1e-4)
    said = page.find_element("css selector", ".steering p.soft").text
    assert "dB as it is" in said and f"{(z != 0).any(axis=0).sum()} of {h.shape[0]} pixels" in said


def test_browser_a_view_has_an_address(opened):
    page, _ = opened
    choose(page, "condition", "cohort-ffmlp")
    choose(page, "layer", "layer 2")
    page.find_element("css selector", ".gallery button").click()
    page.find_element("css selector", "button.steer").click()
    steer(page, 3)
    address = page.execute_script("return location.href")
    output = page.execute_script("return Array.from(first.steering.result.output)")
    page.get("about:blank")
    page.get(address)
    steer(page, 3)
    assert page.execute_script("return first.state.layer") == 2
    assert page.execute_script("return Array.from(first.steering.result.output)") == output


def until(page, condition):
    """Wait until a condition in JavaScript holds of the page's first panel."""
    from selenium.webdriver.support.ui import WebDriverWait

    there = "typeof first === 'object' && first !== null && first.root.getAttribute('aria-busy') === 'false'"
    WebDriverWait(page, 30).until(lambda page: page.execute_script(f"return {there} && {condition}"))


def test_browser_an_address_may_say_what_is_not_there(opened):
    page, finished = opened
    atom = int(page.execute_script("return first.data.live.atoms[0]"))
    for address in (f"#signal=-1&atom=99999&steer={atom}:99,{atom}:x,7", f"#signal=abc&atom=x&steer={atom}:99"):
        page.get("about:blank")
        page.get(f"file://{finished.workdir}/{FOLDER}/index.html{address}")
        until(page, "first.steering.result !== null")
        assert page.execute_script("return [first.state.signal, first.state.atom]") == [0, None]
        assert page.execute_script("return [...first.steering.scales]") == [[atom, 8]]
    page.find_element("css selector", ".sliders button").click()  # remove it
    assert page.execute_script("return [...first.steering.scales]") == []
    assert "steer" not in page.execute_script("return location.hash")
    assert not page.find_elements("css selector", ".steering[aria-busy=true]")
    page.execute_script("first.before = 1; location.hash = '#atom=1'")  # as where it is typed
    until(page, "!first.before")
    assert page.execute_script("return first.state.atom") == 1


def test_browser_two_dictionaries_side_by_side(opened):
    page, _ = opened
    page.find_element("id", "compare").click()
    assert len(page.find_elements("css selector", ".panel")) == 2
    assert options(page, "condition") == ["single SIREN", "single FFMLP", "cohort SIREN", "cohort FFMLP"]
    choose(page, "condition", "single-ffmlp", panel=1)
    choose(page, "layer", "layer 2", panel=1)
    assert gallery(page, 0) != gallery(page, 1)
    page.find_element("id", "compare").click()
    assert len(page.find_elements("css selector", ".panel")) == 1


def test_browser_on_a_phone_nothing_sticks_out(opened):
    page, _ = opened
    page.set_window_size(500, 900)
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    page.set_window_size(1200, 900)


# Meanings and partners


def at(page, condition, layer="layer 2"):
    page.execute_script("location.hash = ''; location.reload();")
    choose(page, "condition", condition)
    choose(page, "layer", layer)


def options(page, label):
    from selenium.webdriver.support.ui import Select

    for group in page.find_elements("css selector", ".panel")[0].find_elements("css selector", ".bar > div"):
        if group.find_element("css selector", "label").text == label:
            return [option.text for option in Select(group.find_element("css selector", "select")).options]
    return []


@pytest.mark.parametrize("condition", ["cohort-siren", "single-ffmlp"])
def test_browser_filtering_by_meaning(explained, condition):
    page, finished = explained
    at(page, condition)
    rows = finished.rows(f"meaning/{condition}_layer_2.csv")
    kinds = {int(row["atom"]): row["kind"] if row["explained"] == "1" else "nothing" for row in rows}
    every = gallery(page)
    assert set(options(page, "explained by")) == {"anything or nothing", *kinds.values()}
    for kind in sorted(set(kinds.values())):
        choose(page, "explained by", kind)
        assert gallery(page) == [atom for atom in every if kinds[atom] == kind]
        assert f"{len(gallery(page))} atoms" in page.find_element("id", "live").get_attribute("textContent")
    address = page.execute_script("return location.href")
    assert "kind=" in address
    shown = gallery(page)
    page.get("about:blank")
    page.get(address)
    choose(page, "order", "highest first")
    assert gallery(page) == shown, "the choice is in the address"


def test_browser_sorting_by_how_well_atoms_are_explained(explained):
    page, finished = explained
    at(page, "cohort-siren")
    choose(page, "sort by", "explained, held-out R²")
    r2 = {int(row["atom"]): float(row["r2"]) for row in finished.rows("meaning/cohort-siren_layer_2.csv")}
    values = [r2[atom] for atom in gallery(page)]
    assert values == pytest.approx(sorted(values, reverse=True), rel=1e-3) and len(values) > 3
    page.find_element("css selector", ".gallery button").click()
    told = page.find_element("css selector", ".atom .meaning").text
    assert f"R² {values[0]:.3g}" in told


def test_browser_partners_sort_filter_and_open_beside(explained):
    page, finished = explained
    at(page, "cohort-siren")
    likeness = data_of(finished, "cohort-siren_layer_2")["partners"]["cohort-ffmlp"]
    choose(page, "sort by", "likeness to partner in cohort-ffmlp")
    shown = gallery(page)
    values = [likeness["likeness"][atom] for atom in shown]
    assert values == sorted(values, reverse=True)
    choose(page, "partner", "in cohort-ffmlp none (r below 0.3)")
    assert gallery(page) == [atom for atom, r in zip(shown, values) if r < 0.3]
    choose(page, "partner", "with any partner or none")
    page.find_element("css selector", f".gallery button[data-atom='{shown[0]}']").click()
    page.find_element("css selector", "button.partner[aria-label*='cohort-ffmlp']").click()
    choose(page, "order", "highest first", panel=1)
    beside = page.find_elements("css selector", ".panel")[1]
    assert f"Atom {likeness['atom'][shown[0]]}" in beside.find_element("css selector", ".atom").text
    beside.find_element("css selector", "button.partner[aria-label*='cohort-siren']").click()
    assert len(page.find_elements("css selector", ".panel")) == 2, "the first panel shows it"
    page.find_element("id", "compare").click()


def test_browser_an_old_address_or_another_dictionary_asks_for_nothing_that_is_not_there(explained):
    page, _ = explained
    address = page.execute_script("return location.href.split('#')[0]")
    page.get("about:blank")
    page.get(address + "#condition=cohort-siren&layer=2&sort=partner%3Anobody&kind=dreams&partner=alike%3Anobody")
    choose(page, "order", "highest first")
    assert page.execute_script("return [first.state.sort, first.state.kind, first.state.partner]") == [
        "mean_magnitude",
        "",
        "",
    ]
    assert gallery(page)


def test_browser_everything_can_be_reached_by_keys_and_has_a_name(explained):
    from selenium.webdriver import Keys

    page, _ = explained
    at(page, "cohort-siren")
    page.find_element("css selector", ".gallery button").click()
    nameless = """return [...document.querySelectorAll('select,button,input,[tabindex]')].filter(node =>
        !(node.getAttribute('aria-label') || node.textContent.trim() || (node.labels && node.labels.length))
        || (node.tagName === 'SELECT' && !node.labels.length) || node.tabIndex < 0).map(node => node.outerHTML)"""
    assert page.execute_script(nameless) == []
    select = page.find_element("css selector", "select[id^=kind-]")
    select.send_keys(Keys.ARROW_DOWN)
    assert page.execute_script("return first.state.kind") != ""
    assert page.execute_script("return document.activeElement.id").startswith("kind-"), "the focus stays"


def test_browser_meanings_and_partners_fit_a_phone(explained):
    page, _ = explained
    at(page, "cohort-siren")
    page.find_element("css selector", ".gallery button").click()
    page.set_window_size(500, 900)
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    page.set_window_size(1200, 900)
