import numpy as np

from inr_sae.report import sentences, sweeps
from inr_sae.rows.claims import ClaimRow
from inr_sae.rows.dictionaries import EffectRow, MatchRow, MetricsRow
from inr_sae.rows.transfer import AgreementRow, BestTauRow, PairedRow, RankRow, WinnerRow
from tests.report.builders import FFMLP, PAIR, SIREN, make, metrics, sweep

LABELS = {"siren": "SIREN"}


def ranks(after, before):
    return [make(RankRow, layer=i, sr_weight=a, sr_weight_init=b) for i, (a, b) in enumerate(zip(after, before))]


def test_a_near_tie_of_ranks_shows_the_digits_that_differ():
    assert "(4.74), ahead of layer 0 (4.69)" in sentences.rank_sentence(ranks([4.69, 4.74], [4.0, 4.0]))
    assert "(4.8), ahead of layer 0 (4.7)" in sentences.rank_sentence(ranks([4.65, 4.76], [4.0, 4.0]))
    assert "(28.40), level with layer 0 (28.40)" in sentences.rank_sentence(ranks([28.398, 28.402], [4.0, 4.0]))


def test_spikes_of_the_last_step_are_counted_by_protocol():
    _, fits = sweep({None: [30.0, 20.0], 0: [31.0]})
    assert sentences.last_step_sentence(fits) == ""
    fits = [row._replace(psnr_db_last_50=30.5) for row in fits]
    assert "in 1 of 2 (full), 0 of 1 (freeze) fits" in sentences.last_step_sentence(fits)


def test_a_cohort_that_ended_in_a_spike_is_told_and_one_that_still_rises_is_not():
    text = sentences.spike_sentence("The cohort", 26.8, 44.5)
    assert text.startswith("The cohort ended in a spike: 26.8 dB") and "44.5 dB" in text
    for last, usual in ((44.0, 44.5), (46.0, 44.5), (None, 44.5), (26.8, None)):
        assert sentences.spike_sentence("The cohort", last, usual) == ""


def test_at_one_boundary_none_is_the_best():
    best = [make(BestTauRow, **PAIR, best_tau=1, runner_up_tau=None)]
    assert sentences.matrix_sentences(best, [], LABELS) == ["SIREN: at one boundary none is the best."]


def test_a_peak_that_was_there_before_training_is_told():
    assert "before training too" in sentences.rank_sentence(ranks([80.0, 30.0], [90.0, 65.0]))
    text = sentences.rank_sentence(ranks([80.0, 30.0], [90.0, 95.0]))
    assert "highest at layer 0 (80.0), ahead of layer 1 (30.0)" in text
    assert "before training layer 1 was highest (95.0) and layer 0 stood at 90.0" in text
    assert "is not known" in sentences.rank_sentence(ranks([80.0, 30.0], [None, None]))


def test_layers_without_a_stable_rank_are_passed_over():
    assert "highest at layer 2 (7.0)" in sentences.rank_sentence(ranks([None, 5.0, 7.0], [None, 9.0, 1.0]))
    assert "picks none" in sentences.rank_sentence(ranks([None, None], [None, None]))


def test_the_costliest_atom_of_each_signal_is_named():
    rows = [
        EffectRow(layer, 3, signal, role, "activations", drop, fraction)
        for layer, signal, role, drop, fraction in (
            (0, "a", "cohort", 0.5, 1.0),
            (2, "a", "cohort", 7.25, 0.5),
            (4, "b", "test", -0.1, None),
            (3, "b", "test", -0.2, np.nan),
            (1, "b", "test", 0.013, 0.9),
        )
    ]
    text = sentences.ablation_sentence(rows)
    assert "up to 7.2 dB on the cohort signal a (layers 0, 2; most by atom 3 of layer 2)" in text
    assert "and 0.013 dB on the test signal b (layers 1, 3, 4; most by atom 3 of layer 1)." in text
    helps = sentences.ablation_sentence([row._replace(psnr_drop_db=-0.5) for row in rows])
    assert "up to 0 dB on the cohort signal a" in helps and "up to -" not in helps
    assert "90.0 % of the effect's energy (median; least 50.0 %)" in text
    assert "energy" not in sentences.ablation_sentence([row._replace(effect_inside_fraction=None) for row in rows])


def test_dictionaries_are_told_layer_by_layer_with_a_dash_for_what_has_no_meaning():
    rows = metrics(2, active_fraction_median=0.0123, dead_fraction=None)
    text = sentences.dictionary_sentence(rows)
    assert "layers 0, 1" in text and "1.23 → 1.23 % of the pixels" in text and "– → – % of the atoms" in text
    assert "R² of the activations 0.900 → 0.800." in text
    told = sentences.condition_sentences({SIREN: metrics(1, locality_median=np.nan), FFMLP: rows})
    assert told[0].startswith("cohort-siren, layer 0: locality –")
    assert told[1].endswith("with displaced signals."), "no atom fires, so none is dead"


def test_pairs_of_dictionaries_are_told_apart():
    row = make(MatchRow, regime="cohort", backbone="siren", seed=0, layer=0, by="map", similarity_mean=0.5)
    row = row._replace(null_mean=0.25, other_regime="cohort", other_backbone="siren", other_seed=0)
    rows = [row._replace(dictionary_seed=1), row._replace(other_regime="second"), row._replace(by="decoder")]
    told = sentences.stability_sentences(rows)
    assert [text.partition(":")[0] for text in told] == [
        "cohort-siren from another seed, layer 0",
        "cohort-siren and second-siren, layer 0",
    ]
    assert "correlate 0.50 (displaced by half the image: 0.25)" in told[0]


def test_the_boundaries_of_a_matrix_are_counted_by_backbone():
    best = [
        make(BestTauRow, **PAIR, best_tau=tau, runner_up_tau=2, decided=decided)
        for tau, decided in ((1, 1), (0, 0), (1, None))
    ]
    agreement = AgreementRow("siren", "sr_weight", 2, 3, 1, 1)
    (text,) = sentences.matrix_sentences(best, [agreement, agreement._replace(rule="sr_activation", agrees=0)], LABELS)
    assert "SIREN: the best freeze boundary is 1 in 2, 0 in 1 of 3 pairs" in text
    assert "95 % interval in 1; the weights' stable rank names it in 2." in text
    (text,) = sentences.matrix_sentences(best, [agreement._replace(of=2)], LABELS)
    assert text.endswith("names it in 2 of the 2 where it names one that was tried.")
    (text,) = sentences.matrix_sentences(best, [agreement._replace(agrees=0, of=0)], LABELS)
    assert "stable rank" not in text


def test_the_controls_are_compared_with_freezing_at_the_rules_boundary():
    row = make(PairedRow, **PAIR, tau=1, protocol="freeze", minus="warm", difference_db=-2.0)
    rows = [row, row._replace(target="u", difference_db=4.0), row._replace(tau=0, difference_db=99.0)]
    rows += [row._replace(protocol="full", minus="freeze", difference_db=3.0)]
    rows += [row._replace(protocol="full", minus="scratch", tau=None, difference_db=99.0)]
    (text,) = sentences.protocol_sentences(rows, {("s", "siren", 30.0): 1}, LABELS)
    assert "-3.0 dB against full (ahead in 0 of 1 pairs); +1.0 dB against warm (ahead in 1 of 2 pairs)." in text
    assert sentences.protocol_sentences(rows, {("s", "siren", 30.0): None}, LABELS) == []


def test_a_tuned_point_is_told_with_its_frequency_if_it_has_one():
    row = make(WinnerRow, regime="cohort", target="t", backbone="siren", frequency=30.0, learning_rate=1e-4)
    row = row._replace(psnr_db_mean=31.25, n_images=2, at_edge=1)
    text = sentences.tuned_sentence(row, "omega_0")
    assert "2 validation images of t, cohort siren: omega_0 = 30 at rate 0.0001, 31.25 dB, at the edge" in text
    assert "siren: at rate 0.0001, 31.25 dB." in sentences.tuned_sentence(row._replace(frequency=None, at_edge=0), "f")


def test_verdicts_are_counted_the_papers_claims_apart_from_the_others():
    rows = [make(ClaimRow, by_paper=1, verdict=verdict) for verdict in ("partly", "reproduced", "partly")]
    assert sentences.verdict_sentence(rows) == "Of 3 claims of the paper: 2 partly, 1 reproduced."
    others = [make(ClaimRow, by_paper=0, where="Sec. 1", verdict=each) for each in ("too few images", "reproduced")]
    assert sentences.verdict_sentence(rows + others) == (
        "Of 3 claims of the paper: 2 partly, 1 reproduced; of 2 that its argument needs and it does not make: "
        "1 too few images, 1 reproduced."
    )
    elsewhere = [make(ClaimRow, by_paper=0, where="arXiv 1511.07543", verdict="undecided")]
    assert sentences.verdict_sentence(elsewhere) == "Of 1 claims of other papers: 1 undecided."
    assert sentences.verdict_sentence(rows + elsewhere).endswith(
        "1 reproduced; of 1 claims of other papers: 1 undecided."
    )


def test_caveats():
    assert sentences.caveats(["folder", "phantom"], "") == []
    (noise, made) = sentences.caveats(["phantom", "noise"], "")
    assert noise.startswith("Noise among") and made.startswith("The signals are procedural phantoms and noise:")
    assert len(sentences.caveats(["noise", "folder"], "")) == 1
    both = sentences.caveats(["phantom", "phantom"], "encoder.safetensors")
    assert "encoder.safetensors" in both[0] and "phantoms" in both[1]
    assert "not measured" in sentences.metrics_note(False, []) and "AlexNet" in sentences.metrics_note(True, [])


def test_fits_beyond_the_cap_are_told_with_it_and_none_are_not():
    _, fits = sweep({0: [30.0, 155.3], 1: [59.0]})
    assert "2 of 3 fits are beyond 58.92 dB" in sentences.metrics_note(True, fits)
    assert "beyond" not in sentences.metrics_note(True, fits[:1])
    assert sweeps.comparison(fits, ("freeze", 1), ("freeze", 0)).startswith("28.92 dB above")


def test_of_codes_that_do_not_fire_nothing_is_said_of_firing():
    firing = make(MetricsRow, layer=0, r2=0.5, active_fraction_median=0.25, dead_fraction=0.5)
    signed = firing._replace(active_fraction_median=None)
    assert "active on at most 25 % of the pixels" in sentences.dictionary_sentence([firing])
    assert sentences.dictionary_sentence([signed]) == "Dictionaries of layer 0: R² of the activations 0.500."
