"""A study by configs/external.py of an encoder that another program has trained."""

import numpy as np
import pytest
from PIL import Image

from configs import external
from inr_sae import study
from tests.stages import studies

WIDTH, FOURIER = 8, 4


def siren_tensors(rng, n_layers):
    """As vsitzmann/siren names them: weights (outputs, inputs), the head last."""
    tensors = {"net.0.linear.weight": rng.uniform(-0.5, 0.5, (WIDTH, 2))}
    for i in range(1, n_layers):
        tensors[f"net.{i}.linear.weight"] = rng.uniform(-0.05, 0.05, (WIDTH, WIDTH))
    tensors |= {f"net.{i}.linear.bias": rng.uniform(-0.1, 0.1, WIDTH) for i in range(n_layers)}
    tensors |= {f"net.{n_layers}.weight": rng.normal(size=(1, WIDTH)), f"net.{n_layers}.bias": rng.normal(size=1)}
    return tensors


def ffmlp_tensors(rng, n_layers):
    """As the notebook of tancik/fourier-feature-networks has them, saved one by one."""
    tensors = {"B": rng.normal(size=(FOURIER, 2)), "w_0": rng.normal(size=(2 * FOURIER, WIDTH))}
    tensors |= {f"w_{i}": 0.6 * rng.normal(size=(WIDTH, WIDTH)) for i in range(1, n_layers)}
    tensors |= {f"b_{i}": rng.uniform(0, 0.1, WIDTH) for i in range(n_layers)}
    return tensors | {f"w_{n_layers}": rng.normal(size=(WIDTH, 1)), f"b_{n_layers}": rng.normal(size=1)}


@pytest.fixture(
    scope="module", params=[("siren", siren_tensors, 3), ("ffmlp", ffmlp_tensors, 7)], ids=["siren_3", "ffmlp_7"]
)
def taken_in(request, tmp_path_factory):
    """The finished study of a foreign encoder, and its tensors."""
    backbone, tensors_of, n_layers = request.param
    folder, rng = tmp_path_factory.mktemp("external"), np.random.default_rng(0)
    tensors = {name: values.astype(np.float32) for name, values in tensors_of(rng, n_layers).items()}
    np.savez(folder / "encoder.npz", **tensors)
    (folder / "images").mkdir()
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, studies.SIZE, dtype=np.uint8)).save(folder / f"images/{i}.png")
    config = studies.small(external.get_config(backbone), n_layers)
    config.stages = ("cohort", "rank", "freeze_sweep", "dictionary", "ablation", "report")
    config.inr.backbone = backbone
    config.signals.root, config.external.file = str(folder / "images"), str(folder / "encoder.npz")
    study.run(config, folder / "run")
    return studies.Finished(config, folder / "run"), tensors


def test_its_ranks_are_those_of_the_files_matrices(taken_in):
    finished, tensors = taken_in
    ranks = finished.rows("rank/stable_rank.csv")
    assert [int(row["layer"]) for row in ranks] == list(range(finished.last + 1))
    name = {"siren": "net.{}.linear.weight", "ffmlp": "w_{}"}[finished.config.inr.backbone]
    for row in ranks[1:]:  # what the coordinates' scale is folded into is the first layer
        singular = np.linalg.svd(tensors[name.format(row["layer"])].astype(np.float64), compute_uv=False)
        assert float(row["sr_weight"]) == pytest.approx((singular**2).sum() / singular[0] ** 2, rel=1e-4)
    assert {row["sr_weight_init"] for row in ranks} == {""}, "what it was before its training nobody knows"


def test_nothing_is_trained_and_its_heads_fit_the_images(taken_in):
    finished, _ = taken_in
    (history,) = finished.rows("cohort/history.csv")
    assert history["step"] == "0" and float(history["psnr_db_min"]) > 5


def test_held_out_images_are_fitted_and_every_layer_has_its_dictionary(taken_in):
    finished, _ = taken_in
    fits = finished.rows("freeze_sweep/folder/fits.csv")
    assert {row["tau"] for row in fits} == {"", "0", str(finished.last)} and len(fits) == 3 * 2
    for layer in (0, finished.last):
        assert len(finished.rows(f"dictionary/layer_{layer}/atoms.csv")) == 24
    assert {row["signal_role"] for row in finished.rows("ablation/ablations.csv")} == {"cohort", "test"}


def test_the_page_says_where_the_encoder_came_from(taken_in):
    finished, _ = taken_in
    page = (finished.workdir / "report/index.html").read_text()
    assert "was trained elsewhere" in page and finished.config.external.file in page
    assert "Training curve" not in page and "As it came" in page
    assert not (finished.workdir / "report/figures/training.png").exists()
