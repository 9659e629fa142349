"""The stage that compares pairs of networks."""

import builtins

import numpy as np
import pytest

from configs import base
from inr_sae.errors import UserError
from inr_sae.folder.store import Store
from inr_sae.run import once
from inr_sae.run.comparison import Loaded
from inr_sae.stages import convergence
from tests.atoms.builders import axes, dead_axes
from tests.stages import studies

pytest.importorskip("sklearn", reason="needs scikit-learn")
PAIRS = {"encoder seeds", "cohorts", "single", "dictionary seeds"}


def test_every_pair_is_compared_in_every_layer_beside_its_nulls(converged):
    rows = converged.rows("convergence/one_to_one.csv")
    found = {(row["kind"], row["backbone"], row["of"], row["case"], int(row["layer"])) for row in rows}
    layers = (0, converged.last)
    expected = {
        (kind, backbone, of, case, layer)
        for kind, backbones in (*((kind, ("siren", "ffmlp")) for kind in PAIRS), ("backbones", ("siren",)))
        for backbone in backbones
        for of, cases in (("units", ("trained", "displaced", "untrained")), ("atoms", ("trained", "displaced")))
        for case in cases
        for layer in layers
        if not (kind == "dictionary seeds" and of == "units")  # they are the same
    }
    assert found == expected and len(rows) == len(expected)
    means = {case: [row["matched_mean"] for row in rows if row["case"] == case] for case in ("trained", "untrained")}
    units = [row["matched_mean"] for row in rows if (row["of"], row["case"]) == ("units", "trained")]
    assert set(units).isdisjoint(means["untrained"]), "before training is another network"


def test_cohorts_that_are_compared_share_no_image_and_seeds_share_all(converged):
    def names(folder):
        signals = converged.rows(f"{folder}/cohort/signals.csv")
        return {row["name"] for row in signals if row["split"] == "cohort"}

    first = names("conditions/cohort-siren")
    assert first == names("convergence/cohort-siren-seed_3")
    assert not first & names("conditions/second-siren")


def test_numbers_are_what_they_are_called(converged):
    for row in converged.rows("convergence/one_to_one.csv"):
        assert float(row["matched_mean"]) <= float(row["best_mean"]) + 1e-6 or row["n_units"] != row["n_other"]
        assert 0 <= float(row["beyond_null_fraction"]) <= 1
        assert int(row["n_units"]) + int(row["n_excluded"]) == (8 if row["of"] == "units" else 24)
    for row in converged.rows("convergence/one_to_many.csv"):
        if float(row["penalty"]) == 1.0:
            assert float(row["n_weights_mean"]) == 0 and float(row["r2"]) == pytest.approx(0, abs=1e-6)
    for row in converged.rows("convergence/many_to_many.csv"):
        assert int(row["n_pairs"]) <= int(row["n_shared"]) <= int(row["n_clusters"]) <= int(row["n_units"])
    likeness = converged.rows("convergence/likeness.csv")
    assert {(row["layer"], row["other_layer"]) for row in likeness} == {(a, b) for a in "02" for b in "02"}
    assert all(row["layer"] == row["other_layer"] for row in likeness if row["case"] != "trained")


def test_directions_are_compared_within_one_encoder_alone(converged):
    rows = converged.rows("convergence/cosines.csv")
    found = {(row["kind"], row["by"]) for row in rows}
    assert found == {("dictionary seeds", "decoder"), ("dictionary seeds", "encoder")}
    assert all(float(row["mean_max_cosine"]) <= 1 + 1e-6 for row in rows)


def test_partners_go_both_ways(converged):
    from inr_sae.folder.store import Store

    store, layer = Store(converged.workdir), converged.last
    ours = convergence.partners_in(store, "cohort-siren", layer)["cohort-ffmlp"]
    theirs = convergence.partners_in(store, "cohort-ffmlp", layer)["cohort-siren"]
    assert set(ours["partner"]) <= set(theirs["numbers"]) and set(theirs["partner"]) <= set(ours["numbers"])
    assert ours["best"].max() == pytest.approx(theirs["best"].max())


def test_its_claims_stand_with_the_others(converged):
    claims = {row["claim"]: row for row in converged.rows("report/claims.csv")}
    for name in ("some_units_shared", "subspaces_shared", "code_between"):
        assert claims[name]["verdict"] == "not testable on these data", "phantoms are no photographs"


def test_networks_of_unequal_depth_are_compared_where_both_have_layers():
    config = studies.converged(3)
    config.update_from_flattened_dict({"conditions.backbones": ("siren", "hashgrid"), "inr.n_layers": 5})
    config.dictionary.layers = ()
    known = convergence.networks(config)
    layers = {kind: convergence.layers_of(known, names) for kind, *names in convergence.pairs_of(config)}
    assert layers["backbones"] == [0, 1, 2]
    assert convergence.layers_of(known, ("cohort-siren", "second-siren")) == [0, 1, 2, 3, 4]


def test_two_grids_are_refused():
    one = convergence.Loaded([], [], [], (12, 11))
    convergence.same_grid(("a", "b"), one, one)
    with pytest.raises(UserError, match=r"a was trained on a grid of 12x11 and b on one of 11x12 .*signals\.size"):
        convergence.same_grid(("a", "b"), one, one._replace(shape=(11, 12)))


def test_no_two_encoders_that_are_compared_start_from_the_same_weights():
    config = once.declared(studies.converged(3), convergence.READS)
    known = convergence.networks(config)
    for kind, one, other in convergence.pairs_of(config):
        one, other = known[one].condition, known[other].condition
        assert kind == "dictionary seeds" or (one.backbone, one.seed) != (other.backbone, other.seed)


def check(**changes):
    config = studies.converged(3)
    config.update_from_flattened_dict({key.replace("__", "."): value for key, value in changes.items()})
    convergence.check(once.declared(config, convergence.READS))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"convergence__of": ("layers",)}, "convergence.of is 'layers'; it is one of units, atoms"),
        ({"convergence__seeds": (0,)}, "convergence.seeds has 0, the seed of cohort-siren"),
        ({"convergence__seeds": (1,)}, "convergence.seeds has 1, the seed of second-siren; take another"),
        ({"convergence__seeds": (2, 2)}, "convergence.seeds .* none twice"),
        ({"external__file": "some.npz"}, "external.file is one encoder, which convergence.seeds would train again"),
        (
            {
                "dictionary__method": "pca",
                "convergence__seeds": (),
                "conditions__regimes": ("cohort",),
                "conditions__backbones": ("siren",),
            },
            "no two networks to compare",
        ),
        ({"convergence__targets": 0}, "convergence.targets is 0"),
        ({"convergence__many": 0}, "convergence.many is 0"),
        (
            {
                "convergence__seeds": (),
                "convergence__dictionary_seeds": (),
                "conditions__regimes": ("cohort",),
                "conditions__backbones": ("siren",),
            },
            "no two networks to compare",
        ),
    ],
)
def test_what_cannot_be_is_named(changes, words):
    check()
    with pytest.raises(UserError, match=words):
        check(**changes)


def test_scikit_learn_missing_is_a_sentence_before_anything_runs(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("sklearn"):
            raise ImportError("No module named 'sklearn'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"scikit-learn .*pip install 'inr-sae\[analysis\]'"):
        check()


def test_a_layer_without_an_atom_alive_is_passed_over(tmp_path, rng):
    h = {0: rng.normal(size=(132, 3)).astype(np.float32)}
    pair = [Loaded(h, h, {0: of_layer}, (12, 11)) for of_layer in (axes(3), dead_axes(3))]
    config = base.get_config()
    config.convergence.of = (convergence.ATOMS,)
    tables = convergence.compare(config, Store(tmp_path), ("any", 1), ("one", "other"), pair)
    assert not any(tables.values()) and "no unit is alive" in (tmp_path / "log.jsonl").read_text()
