"""Fits outlast what does not touch them, and nothing else."""

import numpy as np
import pytest

from inr_sae.errors import UserError
from inr_sae.folder.manifest import GROUND
from inr_sae.folder.store import Store
from inr_sae.inr import network
from inr_sae.rows.transfer import CurveRow, FitRow
from inr_sae.run import ground, sweep
from tests.helpers import Killed, changed, dying_after, numbers
from tests.run.test_sweep import run


@pytest.fixture
def tiny(tiny_sweep):
    """A sweep of few ways, one fit a batch."""
    tiny_sweep.config.fit.update(dict(protocols=("full",), other_rates=(), taus=(0,), seeds=1, batch=1))
    return tiny_sweep


@pytest.fixture
def fitted(monkeypatch):
    """The (protocol, image) of every fit that is made."""
    made, good = [], sweep.fit_batch

    def counting(of, way, pairs, size):
        made.extend((way.protocol, of.names[index]) for index, _ in pairs)
        return good(of, way, pairs, size)

    monkeypatch.setattr(sweep, "fit_batch", counting)
    return made


def other(tiny, **keys):
    """The sweep with other values of its config, as in fit__steps=9."""
    return tiny._replace(config=changed(tiny.config, **keys))


def test_more_ways_are_fitted_and_no_other(tiny, fitted, tmp_path):
    run(tiny)
    fitted.clear()
    more = other(tiny, fit__protocols=("freeze", "full"))
    run(more)
    assert fitted == [("freeze", "one"), ("freeze", "two")]
    run(alone := more._replace(store=tiny.store.sub("alone")))
    assert numbers(more.store.path(more.at)) == numbers(alone.store.path(alone.at))


def test_fewer_ways_leave_no_row_of_the_others(tiny, fitted):
    run(other(tiny, fit__protocols=("full", "freeze")))
    fitted.clear()
    assert {row.protocol for row in run(tiny)} == {"full"} and not fitted


def test_one_more_image_is_fitted_alone(tiny, fitted, rng):
    run(tiny)
    fitted.clear()
    new = rng.uniform(size=(1, 12, 11, 1)).astype(np.float32)
    more = tiny._replace(
        images=np.concatenate([tiny.images, new]), names=("one", "two", "three"), subjects=("first", "second", "third")
    )
    assert [row.image for row in run(more)] == ["one", "two", "three"] and fitted == [("full", "three")]


@pytest.fixture
def cut_off(tiny, fitted):
    """The sweep, whose fits are all made and stand in its parts alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "finish", lambda of: None)
        with pytest.raises(UserError, match="fits.csv"):
            run(tiny)
    fitted.clear()
    return tiny


def test_a_sweep_that_was_cut_off_keeps_its_parts_for_more_ways(cut_off, fitted):
    assert len(run(other(cut_off, fit__protocols=("full", "freeze")))) == 4
    assert {protocol for protocol, _ in fitted} == {"freeze"}


def test_a_sweep_that_was_cut_off_keeps_its_parts_where_images_come_before(cut_off, rng):
    new = rng.uniform(size=(1, 12, 11, 1)).astype(np.float32)
    images, names = np.concatenate([new, cut_off.images]), ("new", "one", "two")
    more = cut_off._replace(images=images, names=names, subjects=("third", "first", "second"))
    assert [row.image for row in run(more)] == list(names)


@pytest.mark.parametrize(
    "key, value",
    [
        ("fit.steps", 9),
        ("fit.budget.full", 3),
        ("fit.pixels", 50),
        ("fit.new", "torch"),
        ("fit.log_every", 2),
        ("fit.batch", 2),
        ("seed", 1),
        ("inr.ffmlp.sigma", 1.0),
        ("runtime.precision", "high"),
    ],
)
def test_what_a_fit_rests_on_has_all_made_again(key, value, tiny, fitted):
    run(tiny)
    before, made = numbers(tiny.store.root), len(fitted)
    sub = other(tiny, **{key.replace(".", "__"): value})
    run(sub)
    assert len(fitted) == 2 * made
    alone = sub._replace(store=tiny.store.sub("alone"))
    run(alone)
    assert numbers(sub.store.path(sub.at)) == numbers(alone.store.path(alone.at))
    assert before.keys() <= numbers(tiny.store.root).keys()


@pytest.mark.parametrize("key", ["fit.budget.freeze", "fit.steps"])
def test_another_budget_costs_the_fits_of_its_protocols_alone(key, tiny, fitted):
    """STRAINER's recipe has a budget of its own, and keeps its fits whatever the others are given."""
    both = other(tiny, fit__protocols=("full", "freeze"), fit__budget__full=4)
    run(both)
    fitted.clear()
    less = other(both, **{key.replace(".", "__"): 3})
    run(less)
    assert {protocol for protocol, _ in fitted} == {"freeze"}
    alone = less._replace(store=tiny.store.sub("alone"))
    run(alone)
    assert numbers(less.store.path(less.at)) == numbers(alone.store.path(alone.at))


def test_a_budget_of_what_was_not_fitted_costs_nothing_but_its_own(tiny, fitted):
    run(tiny)
    fitted.clear()
    run(other(tiny, fit__protocols=("full", "random"), fit__budget__random=3))
    assert {protocol for protocol, _ in fitted} == {"random"}


@pytest.mark.parametrize("table", [FitRow, CurveRow])
def test_fits_of_another_budget_are_left_out_whenever_that_is_cut_off(table, tiny, fitted, monkeypatch):
    run(tiny)
    less, good = other(tiny, fit__steps=3), Store.write_rows

    def dying(store, name, kind, rows):
        if kind is table:
            raise Killed
        return good(store, name, kind, rows)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, "write_rows", dying)
        run(less)
    fitted.clear()
    run(less)
    assert len(fitted) == 2
    alone = less._replace(store=tiny.store.sub("alone"))
    run(alone)
    assert numbers(less.store.path(less.at)) == numbers(alone.store.path(alone.at))


def test_other_pixels_another_encoder_or_subject_have_all_made_again(tiny, fitted):
    run(tiny)
    encoder = {**tiny.encoder, "units": {**tiny.encoder["units"]}}
    encoder["units"]["hidden_0"] = {name: leaf + 1 for name, leaf in encoder["units"]["hidden_0"].items()}
    for sub in (tiny._replace(images=tiny.images[::-1]), tiny._replace(encoder=encoder)):
        fitted.clear()
        run(sub)
        assert len(fitted) == 2
    assert {row.subject for row in run(tiny._replace(subjects=("x", "y")))} == {"x", "y"}


def test_examples_are_those_of_the_images_and_the_rate_that_are_first_now(tiny, fitted):
    run(other(tiny, fit__other_rates=(1e-2,)))
    file = tiny.store.path(sweep.example(tiny.at, tiny.ways[0], 0))
    for sub in (
        tiny._replace(images=tiny.images[::-1], names=("two", "one"), subjects=("second", "first")),
        other(tiny, fit__learning_rate=1e-2, fit__other_rates=(tiny.config.fit.learning_rate,)),
    ):
        run(sub)
        run(alone := sub._replace(store=tiny.store.sub("alone")))
        assert file.read_bytes() == alone.store.path(sweep.example(sub.at, sub.ways[0], 0)).read_bytes()


def test_examples_that_are_not_asked_for_any_more_go(tiny):
    run(more := other(tiny, fit__protocols=("full", "freeze")))
    run(tiny)
    assert tiny.store.names(f"{tiny.at}/example") == ["full_full_0.npz"]
    run(more)
    assert tiny.store.names(f"{tiny.at}/example") == ["freeze_0_0.npz", "full_full_0.npz"]


def test_rows_of_images_that_were_not_asked_for_meanwhile_are_held_to_their_pixels(tiny, fitted, monkeypatch):
    run(tiny)
    with monkeypatch.context() as patch:  # a run on other images that is cut off at once
        patch.setattr(sweep, "fit_batch", dying_after(sweep.fit_batch, 0))
        with pytest.raises(Killed):
            run(tiny._replace(names=("three", "four")))
    fitted.clear()
    run(tiny._replace(images=1.0 - tiny.images))
    assert len(fitted) == 2


def test_images_that_have_no_rows_any_more_are_forgotten(tiny, fitted):
    run(tiny)
    alone = tiny._replace(images=tiny.images[1:], names=("two",), subjects=("second",))
    run(alone)
    fitted.clear()
    run(tiny._replace(images=np.stack([1.0 - tiny.images[0], tiny.images[1]])))
    assert fitted == [("full", "one")]


def test_a_batch_is_not_kept_where_no_fit_is(tiny):
    run(other(tiny, fit__batch=0, fit__seeds=3))
    assert sweep.batch_size(other(tiny, fit__batch=0, seed=1)) == 2


def test_left_to_the_memory_a_sweep_keeps_its_batch(tiny, fitted, monkeypatch):
    automatic = other(tiny, fit__batch=0, fit__seeds=2)
    run(automatic)
    assert ground.known(tiny.store, tiny.at)["batch"] == 4
    fitted.clear()
    more = other(automatic, fit__seeds=3)
    run(more)
    assert len(fitted) == 2, "one more seed of two images"
    assert sweep.batch_size(more) == 4 and sweep.batch_size(other(more, fit__batch=3)) == 3
    monkeypatch.setattr(sweep.inr_fit, "fits_at_once", lambda *_: 2)
    assert sweep.batch_size(more) == 2


def test_a_batch_that_is_asked_for_is_kept_with_more_fits_as_well(tiny, fitted):
    asked = other(tiny, fit__batch=8, fit__seeds=2)
    run(asked)
    fitted.clear()
    more = other(asked, fit__seeds=3)
    run(more)
    assert len(fitted) == 2, "one more seed of two images"
    assert sweep.batch_size(other(more, fit__batch=9)) == 6, "another is asked for"


def test_keys_of_another_backbone_are_no_ground(tiny):
    sub = other(tiny, inr__siren__omega_0=5.0, signals__n_test=9, ablation__test_signals=0, fit__splits=("cohort",))
    assert ground.of(sub, 1) == ground.of(tiny, 1)


def test_fits_of_a_folder_without_ground_are_kept(tiny, fitted):
    """Of an earlier version, whose stages removed what had changed."""
    run(tiny)
    tiny.store.remove(f"{tiny.at}/{GROUND}")
    fitted.clear()
    run(tiny)
    assert not fitted and tiny.store.exists(f"{tiny.at}/{GROUND}")


@pytest.mark.parametrize("name", network.backbone_names())
def test_fits_of_a_ground_that_says_not_from_what_they_began_are_kept_where_that_is_the_same(name, tiny):
    """As before 0.2, when every backbone had its key as given."""
    ours = ground.of(tiny, 1)
    tiny.store.write_json(f"{tiny.at}/{GROUND}", {key: value for key, value in ours.items() if key != "starts"})
    now = ours | {"starts": ground.of_starts(changed(tiny.config, inr__backbone=name))}
    kept = network.has_key_as_given(network.backbone(name))
    assert ground.holds(ground.known(tiny.store, tiny.at), now) == kept
