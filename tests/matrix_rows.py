"""Rows of a matrix whose numbers are given, for tests of what is made of them."""

import itertools

from inr_sae.protocols import PROTOCOLS
from inr_sae.rows.common import UNTRAINED
from inr_sae.rows.transfer import EncoderRankRow, FitRow

FREQUENCY = {"siren": 30.0, "ffmlp": 10.0}


def fit_row(protocol, tau, image, seed, psnr, **keys):
    """A FitRow of pair (s, t) and SIREN, unless keys say otherwise; what takes nothing from a cohort has no source."""
    row = FitRow("s", "t", "siren", None, protocol, tau, 1e-4, image, seed, image, psnr, psnr, None, None, psnr)
    row = row._replace(**keys)
    source = row.source if PROTOCOLS[protocol].prefix_of_cohort else UNTRAINED
    return row._replace(source=source, frequency=FREQUENCY.get(row.backbone))


def freeze_rows(by_tau, images=tuple("abcdef"), seeds=(0, 1), **keys):
    """Every image is 3 dB above the one before; tau shifts all of them alike, the second seed by 0.1 dB."""
    return [
        fit_row("freeze", tau, image, seed, 3.0 * i + psnr + 0.1 * seed, **keys)
        for (tau, psnr), (i, image), seed in itertools.product(by_tau.items(), enumerate(images), seeds)
    ]


def rank_rows(sr_weight, sr_init, sr_h, centred, source="s", backbone="siren"):
    """The EncoderRankRows of an encoder, a value for each unit."""
    columns = zip(sr_weight, sr_init, sr_h, centred, strict=True)
    encoder = source, backbone, FREQUENCY.get(backbone)
    return [EncoderRankRow(*encoder, layer, *values) for layer, values in enumerate(columns)]


def peaked_ranks(n_units, layer, source="s", backbone="siren"):
    """The rank rows of an encoder of n units whose every rank is highest at one layer; before training, at the next."""
    after, before = ([9.0 if i == at % n_units else 2.0 for i in range(n_units)] for at in (layer, layer + 1))
    return rank_rows(after, before, after, after, source, backbone)
