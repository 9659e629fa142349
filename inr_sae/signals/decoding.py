"""The bytes of an image file, whatever its format, to pixels at the depth that they have there."""

import io
import re
import struct
import warnings

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from inr_sae.signals import png_file, tiff_file
from inr_sae.signals.pixels import FRAMES, NO_RANGE, TURNS, Decoded, Refused, codecs, scaled, split_channels

UNTURNED = "has EXIF data that cannot be read, and is taken as it is stored"
SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")  # Pillow's
GREY = ("1", "L", "LA", "La")
WHITE_IS_ZERO = (262, 0)  # a tag of TIFF, and its value
# What Pillow raises of a kind of TIFF that it does not have, and of a broken tag, needed or not.
NOT_PILLOWS = (UnidentifiedImageError, TypeError, ValueError, AttributeError, struct.error)


def decoded(data):
    """The Decoded image of a file's bytes; raises Refused, and whatever a format's reader does of a damaged file."""
    if data.startswith(png_file.SIGNATURE):
        return _png(data)
    if not data.startswith(tiff_file.SIGNATURES):
        return _by_pillow(data)
    found = tiff_file.decoded(data)
    if found is not None:
        return found
    try:
        whole = _by_pillow(data)
        return whole._replace(notes=whole.notes + tiff_file.left_out(data))
    except NOT_PILLOWS as error:
        if isinstance(error, Refused):
            raise
        return tiff_file.decoded(data, whole=True)


def _png(data):
    """Of a PNG file; its texts, depths and frames are not as Pillow has them."""
    oriented = png_file.oriented(data)
    orientation, notes = (1, ()) if oriented is None else _orientation(oriented)
    if png_file.n_frames(data) > 1:
        notes += (FRAMES,)
    with Image.open(io.BytesIO(png_file.bare(data))) as image:
        if image.mode in SIXTEEN_BIT:
            channels = _sixteen_bit_grey(image, png_file.depths(data)[0])
        elif data[24] == 16:  # the header's; Pillow has 8 bits of them
            channels = png_file.deep(data)
        else:
            if data[25] == 0 and data[24] in (2, 4) and "transparency" in image.info:
                image.info["transparency"] *= 255 // (2 ** data[24] - 1)  # Pillow scales the pixels alone
            channels = _of_mode(image)
    return Decoded(*split_channels(channels), orientation, notes)


def _sixteen_bit_grey(image, significant):
    """Channels of a PNG image of 16 bits, so many of them significant, with the alpha of a value that is none."""
    values, transparent = np.asarray(image), image.info.get("transparency")
    channels = [png_file.significant(values, significant)]
    if transparent is not None:
        channels.append((values != transparent).astype(np.float32))
    return np.stack(channels, axis=2)


def _by_pillow(data):
    """Of any format that Pillow opens; what it would cut to 8 bits is read by others, or Refused."""
    with Image.open(io.BytesIO(data)) as image:
        notes = (FRAMES,) if getattr(image, "n_frames", 1) > 1 else ()
        # As TIFF is loaded Pillow turns it.
        orientation, unturned = (1, ()) if image.format == "TIFF" else _orientation(data)
        bits = DEPTHS.get(image.format, lambda data: 8)(data)
        if bits != 8 and image.format in ("AVIF", "JPEG2000"):  # of fewer bits Pillow's white is no white
            read = codecs(bits).avif_decode if image.format == "AVIF" else codecs(bits).jpeg2k_decode
            channels = scaled(read(data), bits)
        elif bits > 8 and image.mode == "RGB":
            raise Refused(f"has {bits} bits a channel in colour as {image.format}; save it as PNG or TIFF")
        else:
            channels = _of_mode(image)
        if image.format == "PPM":  # whose values Pillow has rounded to 8 or 16 bits
            largest = np.float32(_largest_of_netpbm(data))
            channels = np.rint(channels * largest) / largest
    return Decoded(*split_channels(channels), orientation, notes + unturned)


def _of_mode(image):
    """Channels (H, W) or (H, W, C) of one of Pillow's images, alpha last if anything may be transparent."""
    if image.mode in SIXTEEN_BIT:
        tag, white = WHITE_IS_ZERO
        values = np.asarray(image)
        return scaled(65535 - values if getattr(image, "tag_v2", {}).get(tag) == white else values, 16)
    if image.mode == "I" and image.format == "PPM":  # which Pillow scales to 16 bits
        return scaled(np.asarray(image), 16)
    if image.mode in ("I", "F"):
        raise Refused(NO_RANGE)
    mode = ("L" if image.mode in GREY else "RGB") + ("A" if image.has_transparency_data else "")
    return scaled(np.asarray(image.convert(mode)), 8)


def _orientation(data):
    """(EXIF's orientation, a key of TURNS; what a user should know of it) of a file's bytes."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore")
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged metadata make Pillow raise kinds of its own, and the pixels do not need them
        return 1, (UNTURNED,)
    return (orientation if isinstance(orientation, int) and orientation in TURNS else 1), ()


def _depth_of_avif(data):
    """Bits a channel by the second byte behind the profile in the box av1C."""
    flags = data[data.index(b"av1C") + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _depth_of_jpeg2000(data):
    """Bits a channel by the marker SIZ; raises Refused for channels of several depths, and for negative values."""
    at = data.index(b"\xff\x4f\xff\x51") + 40
    depths = {data[at + 2 + 3 * channel] for channel in range(struct.unpack(">H", data[at : at + 2])[0])}
    if len(depths) != 1 or max(depths) & 0x80:
        raise Refused("has channels of several depths, or of negative values; save it as PNG or TIFF")
    return max(depths) + 1


def _largest_of_netpbm(data):
    """The largest value that the header allows."""
    header = re.sub(rb"#[^\n]*", b"", data[:4096]).split(maxsplit=4)
    return 1 if header[0] in (b"P1", b"P4") else int(header[3])


def _depth_of_netpbm(data):
    """Bits a channel by that value."""
    return _largest_of_netpbm(data).bit_length()


DEPTHS = {"AVIF": _depth_of_avif, "JPEG2000": _depth_of_jpeg2000, "PPM": _depth_of_netpbm}
