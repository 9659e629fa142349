"""TIFF at its depth where Pillow has 8 bits of it, or none."""

import io
import logging

import numpy as np
import tifffile

from inr_sae.signals.pixels import CHANNELS, FRAMES, NO_RANGE, TURNS, Decoded, Refused, codecs, refuse_bomb, scaled

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
DEEPEST = 16  # whole numbers of more bits have no range that all agree on
UNSIGNED, SIGNED = 1, 2  # sample formats
ORIENTATION = 274  # a tag
COLOURS = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3}

# What is wrong with a file is said once, by an exception.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def decoded(data, whole=False):
    """The Decoded first page of a file; None of one that Pillow has whole (up to 8 bits a channel, and grey of 16),
    unless it is to be read here all the same.

    Raises Refused for pixels that are not grey or RGB of whole numbers.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if page.sampleformat == SIGNED:  # which Pillow takes for unsigned
            raise Refused(NO_RANGE)
        if not whole and (page.bitspersample <= 8 or _is_grey_of_16(page)):
            return None
        _refuse_other_pixels(page)
        pixels, alpha, notes = _of_page(page)
        orientation = page.tags.valueof(ORIENTATION, 1)
        if len(file.pages) > 1:
            notes += (FRAMES,)
    return Decoded(pixels, alpha, orientation if orientation in TURNS else 1, notes)


def _is_grey_of_16(page):
    unsigned = page.bitspersample == 16 and page.sampleformat == UNSIGNED
    return unsigned and page.axes == "YX" and page.photometric.name in COLOURS


def _refuse_other_pixels(page):
    bits, kind = page.bitspersample, page.photometric.name
    if page.sampleformat != UNSIGNED or bits > DEEPEST:
        raise Refused(NO_RANGE)
    if kind not in COLOURS or page.axes not in ("YX", "YXS", "SYX"):
        raise Refused(f"has {bits} bits a channel as {kind} ({page.axes}); save it as grey or RGB")
    refuse_bomb(page.imagewidth, page.imagelength)


def _of_page(page):
    """(pixels (H, W, 1 or 3), alpha (H, W) or None, notes) of a page."""
    values, n_colours = _values(page), COLOURS[page.photometric.name]
    if values.shape != (page.imagelength, page.imagewidth, n_colours + len(page.extrasamples)) or not values.size:
        raise ValueError(f"it has {values.shape[2]} channels where its tags say otherwise")
    colours, beside = np.split(values, [n_colours], axis=2)
    if page.photometric.name == "MINISWHITE":
        colours = 2**page.bitspersample - 1 - colours
    pixels, beside = scaled(colours, page.bitspersample), scaled(beside, page.bitspersample)
    (kinds, alphas), notes = _beside(page), _left_out(page)
    if not alphas:
        return pixels, None, notes
    alpha = beside[:, :, alphas[0]]
    if kinds[alphas[0]] == "ASSOCALPHA":  # pixels are multiplied by it; where it is 0 nothing is left of them
        pixels = np.clip(pixels / np.where(alpha > 0, alpha, 1)[:, :, None], 0, 1)
    return pixels, alpha, notes


def left_out(data):
    """What of a file's first page its colours and one alpha leave out, as `Decoded.notes` has it."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return _left_out(file.pages.first)


def _left_out(page):
    kinds, alphas = _beside(page)
    return (CHANNELS,) if len(kinds) > len(alphas[:1]) else ()


def _beside(page):
    """(the kinds of a page's channels beside its colours, the places of those that are alpha)."""
    kinds = [sample.name for sample in page.extrasamples]
    return kinds, [index for index, kind in enumerate(kinds) if kind in ("ASSOCALPHA", "UNASSALPHA")]


def _values(page):
    """The values (H, W, C) of a page."""
    if 0 in page.databytecounts:  # tifffile would have 0 for them
        raise ValueError("some of its pixels are missing")
    try:
        values = page.asarray()
    except (ValueError, NotImplementedError) as error:
        if "imagecodecs" in str(error):  # tifffile alone has no LZW, and no 12 bits
            codecs(page.bitspersample)
        raise
    return np.moveaxis(values, 0, 2) if page.axes == "SYX" else np.atleast_3d(values)
