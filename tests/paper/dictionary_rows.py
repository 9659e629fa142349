"""Dictionaries whose truth is known, measured as stages measure them, and rows of what else claims are judged by."""

from functools import cache

import jax.numpy as jnp
import numpy as np

from inr_sae.atoms import shape, statistics
from inr_sae.dictionaries import topk
from inr_sae.paper import dictionary_evidence
from inr_sae.rows.common import Condition
from inr_sae.rows.dictionaries import AtomRow, EffectRow, MatchRow, MetricsRow, SizeRow
from tests.atoms.builders import axes
from tests.dictionaries.builders import dictionary

SIREN, FFMLP, SECOND = Condition("cohort", "siren", 0), Condition("cohort", "ffmlp", 0), Condition("second", "siren", 0)
LAYERS = range(5)
HEIGHT, WIDTH = 24, 20
N_IMAGES = 8  # of the cohort, and held out
ENCODERS = {name: dictionary_evidence.Encoder(len(LAYERS), HEIGHT * WIDTH) for name in ("siren", "ffmlp")}


def blank(kind, /, **columns):
    """A row with these columns; None in all others."""
    return kind(**(dict.fromkeys(kind._fields) | columns))


@cache
def images():
    """(cohort, held-out, other) images (M, H, W, 1) in [0, 1] that share a common form, as faces do; 0.6 of their
    correlation is that."""
    rng = np.random.default_rng(1)
    y, x = np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH)
    noise = np.fft.fft2(rng.normal(size=(1 + 3 * N_IMAGES, HEIGHT, WIDTH)))
    smooth = np.fft.ifft2(noise * np.exp(-60 * (y**2 + x**2))).real
    smooth /= smooth.std(axis=(1, 2), keepdims=True)
    faces = np.sqrt(0.6) * smooth[:1] + np.sqrt(0.4) * smooth[1:]
    faces = (faces - faces.min()) / np.ptp(faces)
    return np.split(faces.astype(np.float32)[..., None], 3)


@cache
def features(n_held_out=N_IMAGES):
    cohort, held_out, _ = images()
    return shape.features(cohort, held_out[:n_held_out], np.random.default_rng(0))


def measured(of_layer, h, compared, layer=0):
    """(MetricsRow, [AtomRow]) of a dictionary with activations h (N, d), beside Features."""
    atoms, reconstruction = statistics.measure(of_layer, h)
    shapes = shape.locality(shape.moments(of_layer, h, HEIGHT, WIDTH), HEIGHT, WIDTH)
    content = shape.content(shape.correlations(of_layer, h, compared.maps), compared)
    rows = [AtomRow(atom, *values) for atom, values in enumerate(zip(*atoms, *shapes, *content, strict=True))]
    row = MetricsRow(
        layer=layer,
        n_atoms=len(rows),
        k=reconstruction.k,
        mse=reconstruction.mse,
        r2=reconstruction.r2,
        **statistics.summary(atoms),
        **shape.summary(shapes, content),
        psnr_substituted_db=30.0,
        psnr_db=30.0,
    )
    return row, rows


def drawing(maps, n_held_out=N_IMAGES):
    """`measured` of a perfect dictionary whose atoms are these maps (n, H, W), at least 0."""
    h = np.stack([np.ravel(each) for each in maps], axis=1).astype(np.float32)
    return measured(axes(len(maps)), h, features(n_held_out))


@cache
def white_noise(seed=0, n_atoms=128, k=4):
    """`measured` of an untrained dictionary on white noise."""
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(HEIGHT * WIDTH, 32)).astype(np.float32)
    atoms = rng.normal(size=(n_atoms, 32))
    atoms = jnp.asarray(atoms / np.linalg.norm(atoms, axis=1, keepdims=True), jnp.float32)
    params = {"w_enc": atoms, "b_enc": jnp.zeros(n_atoms), "w_dec": atoms, "b_pre": jnp.zeros(32)}
    return measured(dictionary(topk, params, n_atoms=n_atoms, k=k), h, features())


def with_columns(of_layer, **columns):
    """`measured` with other numbers of the layer."""
    row, atoms = of_layer
    return row._replace(**columns), atoms


def blobs(rng, n=20):
    """Small spots, each elsewhere."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    places = zip(rng.uniform(0, HEIGHT, n), rng.uniform(0, WIDTH, n))
    return [np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.5**2)) for row, column in places]


def discs(n=20):
    """A disc over 60 % of the image, n times."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(y - HEIGHT / 2, x - WIDTH / 2)
    return [(distance <= np.quantile(distance, 0.6)).astype(float)] * n


def scattered(rng, n=20, pixels=10):
    """Some pixels at random."""
    maps = np.zeros((n, HEIGHT * WIDTH))
    for each in maps:
        each[rng.choice(len(each), pixels, replace=False)] = 1.0
    return maps.reshape(n, HEIGHT, WIDTH)


def copies(part=0):
    """The cohort's own images as maps; 1: the held-out ones; 2: others."""
    return images()[part][..., 0]


def means(rng, part=1, n=16):
    """Means of half the held-out images (1), or of others (2)."""
    return np.stack([copies(part)[rng.permutation(N_IMAGES)[: N_IMAGES // 2]].mean(axis=0) for _ in range(n)])


def displaced():
    """The cohort's own images half a turn away."""
    return np.roll(copies(), (HEIGHT // 2, WIDTH // 2), (1, 2))


def effects(rng, drops):
    """EffectRows of a test signal: drops (layers, 4) dB of the four top atoms, and as many of a weak one."""
    return [
        blank(EffectRow, layer=layer, atom=atom, signal="a", signal_role="test", psnr_drop_db=float(drop))
        for layer, of_layer in enumerate(drops)
        for atom, drop in enumerate([*of_layer, 30.0 * rng.uniform()])
    ]


def ranked(of_layer):
    """`measured` with the atoms in the order of their magnitude."""
    row, atoms = of_layer
    return row, [atom._replace(mean_magnitude=1.0 / (1 + i)) for i, atom in enumerate(atoms)]


def match(other, dictionary_seed, layer, similarity, null, by="map"):
    columns = {f"other_{key}": value for key, value in other._asdict().items()} | SIREN._asdict()
    columns |= {"dictionary_seed": dictionary_seed, "layer": layer, "by": by}
    return blank(MatchRow, **columns, similarity_mean=similarity, null_mean=null)


def size(n_atoms, k, layer, of_arithmetic, alive=1.0, r2=0.95):
    """A SizeRow whose spatial L0 is that share of k / (n * alive)."""
    l0 = of_arithmetic * k / (n_atoms * alive)
    columns = {"layer": layer, "k": k, "n_atoms": n_atoms, "alive_fraction": alive, "spatial_l0": l0, "r2": r2}
    return blank(SizeRow, **SIREN._asdict(), **columns)


def evidence(siren=(), ffmlp=(), drops=None, matches=(), sizes=(), encoders=ENCODERS):
    """{name of a claim: Measured} of dictionaries, (MetricsRow, [AtomRow]) by layer, and of what else there is.

    drops: {Condition: [EffectRow]} of a test signal.
    """
    metrics, atoms = {}, {}
    for condition, layers in ((SIREN, siren), (FFMLP, ffmlp)):
        if layers:
            metrics[condition] = [row._replace(layer=layer) for layer, (row, _) in enumerate(layers)]
            atoms[condition] = {layer: rows for layer, (_, rows) in enumerate(layers)}
    return dictionary_evidence.of_conditions(metrics, atoms, {"test": drops or {}}, matches, sizes, encoders)
