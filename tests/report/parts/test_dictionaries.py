import numpy as np
import pytest

from inr_sae.folder.store import Store
from inr_sae.report.exhibits import Exhibits
from inr_sae.report.parts import dictionaries
from inr_sae.rows.common import Condition
from inr_sae.rows.dictionaries import AblationRow, EffectRow, MatchRow, SizeRow
from tests.report.builders import FFMLP, SIREN, atoms, make, metrics

SINGLE = Condition("single", "siren", 0)


@pytest.fixture
def exhibits(tmp_path):
    return Exhibits(Store(tmp_path), "report")


def figures(exhibits):
    return exhibits.store.names("report/figures")


def compared(depth, *conditions):
    """Dictionaries of three atoms of conditions that differ in nothing; the test signal is of the first one alone."""
    layers = range(depth)
    row = make(AblationRow, layer=0, atom=2, signal="a", signal_role="cohort", psnr_before_db=9.0, psnr_after_db=8.0)
    ablations = [row._replace(layer=layer) for layer in layers]
    effects = [EffectRow(layer, atom, "a", "cohort", "activations", 0.5, None) for layer in layers for atom in range(3)]
    panels = {"atoms": np.array([2]), "z": np.ones((1, 6)), "cohort_target": np.zeros((2, 3, 1))}
    panels |= {"cohort_ablated": np.zeros((1, 2, 3, 1)), "cohort_effect": np.ones((1, 2, 3, 1))}
    same = {
        "metrics": metrics(depth),
        "atoms": {layer: atoms(3) for layer in layers},
        "ablations": ablations,
        "panels": {layer: panels for layer in layers},
        "maps": {layer: np.ones((9, 6)) for layer in layers},
        "signals": np.zeros((2, 3, 1)),
    }
    fields = {name: dict.fromkeys(conditions, value) for name, value in same.items()}
    test = [row._replace(signal_role="test") for row in effects]
    return dictionaries.Compared(
        **fields, effects={"cohort": dict.fromkeys(conditions, effects), "test": {conditions[0]: test}}
    )


@pytest.mark.parametrize("depth", [3, 7])
def test_the_gallery_has_figure_3_only_of_cohorts(exhibits, depth):
    section = dictionaries.gallery_section(exhibits, compared(depth, SINGLE, SIREN))
    assert section.anchor == "gallery"
    assert figures(exhibits) == ["figure_13.png", "figure_3.png"]
    assert "Figure 3" not in dictionaries.gallery_section(exhibits, compared(depth, SINGLE)).html


@pytest.mark.parametrize("layers, some", [(range(5), [0, 2, 4]), (range(7), [0, 3, 6]), ([2], [2])])
def test_some_layers(layers, some):
    assert dictionaries.some_layers(dict.fromkeys(layers)) == some


def test_a_block_has_the_first_atoms_of_the_chosen_layers():
    signal, layers = dictionaries.block(compared(3, SIREN), SIREN, 5, dictionaries.some_layers)
    assert signal.shape == (2, 3, 1) and {layer: len(z) for layer, z in layers.items()} == {0: 5, 1: 5, 2: 5}


def test_diagnostics_have_every_figure_and_a_row_a_condition_and_layer(exhibits):
    section = dictionaries.diagnostics_section(exhibits, compared(3, SIREN, FFMLP))
    names = ("10", "11", "12", "4_8", "9")
    assert figures(exhibits) == [*(f"figure_{name}.png" for name in names), "quality.png", "shape.png"]
    lines = exhibits.store.path("report/tables/diagnostics.csv").read_text().splitlines()
    assert lines[0].startswith("condition,layer,n_atoms") and len(lines) == 7 and lines[6].startswith("cohort-ffmlp,2")
    assert [text.partition(",")[0] for text in section.sentences] == ["cohort-siren", "cohort-ffmlp"]


def test_diagnostics_of_signed_codes_show_what_has_a_meaning_and_say_so(exhibits):
    shown = compared(3, SIREN, FFMLP)
    nothing = dict(active_fraction_median=None, dead_fraction=None, spatial_l0=None, firing_rate=None)
    rows = [row._replace(**{key: nothing[key] for key in nothing.keys() & set(row._fields)}) for row in metrics(3)]
    section = dictionaries.diagnostics_section(exhibits, shown._replace(metrics={SIREN: rows, FFMLP: rows}))
    assert figures(exhibits) == ["figure_11.png", "figure_4_8.png", "figure_9.png", "quality.png", "shape.png"]
    assert "Its codes are signed" in section.html and "never fire" not in section.html
    assert not any("dead" in sentence for sentence in section.sentences)


def test_ablations_are_of_the_signals_there_are(exhibits):
    section = dictionaries.ablations_section(exhibits, compared(2, SIREN, FFMLP))
    pictured = [f"figure_15_{name}_layer_{i}.png" for name in ("cohort-ffmlp", "cohort-siren") for i in (0, 1)]
    costs = ["drop_against_magnitude_cohort.png", "drop_against_magnitude_test.png"]
    assert section.anchor == "ablations" and figures(exhibits) == [*costs, *pictured]
    assert "cohort-ffmlp, layer 1, cohort signal a;" in section.html


def test_effects_are_of_the_first_signal():
    first = EffectRow(0, 0, "a", "cohort", "activations", 0.5, None)
    assert dictionaries.of_first_signal([first, first._replace(signal="b"), first]) == [first, first]


def test_sizes_have_a_figure_a_condition(exhibits):
    row = make(SizeRow, **SIREN._asdict(), layer=0, n_atoms=16, k=4, r2=0.5, psnr_substituted_db=20.0)
    section = dictionaries.size_section(exhibits, [row, row._replace(backbone="ffmlp")], (16, 4), 500)
    assert figures(exhibits) == ["figure_6_7_cohort-ffmlp.png", "figure_6_7_cohort-siren.png"]
    assert "cohort-siren, 500 steps each" in section.html and section.anchor == "size_sweep"


def test_stability_is_drawn_told_and_tabled(exhibits):
    row = make(MatchRow, **SIREN._asdict(), other_regime="cohort", other_backbone="siren", other_seed=0, layer=0)
    row = row._replace(dictionary_seed=1, by="map", similarity_mean=0.5, null_mean=0.25)
    section = dictionaries.stability_section(exhibits, [row])
    assert (
        section.sentences[0].startswith("cohort-siren from another seed, layer 0: maps")
        and section.anchor == "stability"
    )
    assert figures(exhibits) == ["stability.png"] and "<table>" in section.html
