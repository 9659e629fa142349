"""PNG (ISO/IEC 15948): pixels at their depth, whatever texts and colour profiles stand beside them."""

import struct

import numpy as np

from inr_sae.signals.pixels import codecs, scaled

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
OF_ORIENTATION = (b"Raw profile type exif", b"XML:com.adobe.xmp")  # ImageMagick's and Adobe's texts


def bare(data):
    """The bytes of a file without what its pixels do not depend on: a text of megabytes would refuse the image."""
    return SIGNATURE + b"".join(data[at - 8 : end] for kind, at, end in _chunks(data) if _of_pixels(kind))


def oriented(data):
    """`bare`, with what an orientation may stand in; None of a file that has nothing of the kind."""
    beside = [data[at - 8 : end] for kind, at, end in _chunks(data) if _of_orientation(kind, data[at : at + 32])]
    if not beside:
        return None
    after_header = len(SIGNATURE) + 25
    plain = bare(data)
    return plain[:after_header] + b"".join(beside) + plain[after_header:]


def n_frames(data):
    """How many frames an animated file has; 1 of any other."""
    return next((struct.unpack(">I", data[at : at + 4])[0] for kind, at, _ in _chunks(data) if kind == b"acTL"), 1)


def deep(data):
    """Channels (H, W, C) float32 in [0, 1] of an image of 16 bits, alpha last."""
    values = codecs(16).png_decode(bare(data))
    channels = np.moveaxis(values.reshape(*values.shape[:2], -1), 2, 0)
    return np.stack([significant(channel, bits) for channel, bits in zip(channels, depths(data))], axis=2)


def depths(data):
    """Significant bits of four channels of 16 bits: those that sBIT says, else all."""
    said = next((data[at : end - 4] for kind, at, end in _chunks(data) if kind == b"sBIT"), b"")
    return [bits if 0 < bits < 16 else 16 for bits in said[:4].ljust(4, b"\x10")]


def significant(values, bits):
    """Values of 16 bits, of which so many are significant, as float32 in [0, 1].

    PNG wants them scaled to 16 bits, by a shift or by a rule of three; cameras also store them as they are.
    """
    if bits == 16:
        return scaled(values, 16)
    high = values >> (16 - bits)
    by_shift = (values == high << (16 - bits)).all()
    by_three = np.abs(values - np.round(high * (65535 / (2**bits - 1)))).max() <= 1
    if not (by_shift or by_three) and values.max() < 2**bits:
        return scaled(values, bits)
    return scaled(high, bits)


def _of_pixels(kind):
    """Whether pixels depend on a chunk: PNG writes such kinds with a large first letter, but for transparency's."""
    return kind == b"tRNS" or not kind[0] & 32


def _of_orientation(kind, content):
    return kind == b"eXIf" or (kind in TEXTS and content.startswith(OF_ORIENTATION))


def _chunks(data):
    """(kind, where its content begins, where its checksum ends) of each chunk, as far as the file goes."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, at + 8, at + 12 + length
        at += 12 + length
