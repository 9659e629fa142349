"""Every kind of pixels at every depth, as the table in BUILD.md has it: read at its depth, or refused in a sentence."""

import io
import itertools
import struct
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageOps

from inr_sae.errors import InputError
from inr_sae.signals import image_file, png_file, tiff_file
from inr_sae.signals.notes import Note
from inr_sae.signals.pixels import Refused

imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs, the extra `codecs`, is not installed")
tifffile = pytest.importorskip("tifffile")

RNG = np.random.default_rng(0)
SHAPE = (6, 8)
BACKGROUND = 0.25


def values(bits, channels=1):
    """Whole numbers of so many bits, (H, W) or (H, W, C), the smallest and the largest among them."""
    array = RNG.integers(0, 2**bits, (*SHAPE, channels), dtype=np.uint16 if bits > 8 else np.uint8)
    array[0, :2] = [[0], [2**bits - 1]]
    return array[:, :, 0] if channels == 1 else array


def chunk(kind, content):
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(array, *chunks):
    """A PNG file of an array of 8 or 16 bits, with further chunks behind its header."""
    data = imagecodecs.png_encode(array)
    return data[:33] + b"".join(chunks) + data[33:]


def pillow(array, suffix, mode=None, **options):
    """A file that Pillow writes of an array."""
    file, image = io.BytesIO(), Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, suffix, **options)
    return file.getvalue()


def tiff(array, photometric="minisblack", **options):
    """A TIFF file."""
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric=photometric, **options)
    return file.getvalue()


def packed(array, bits):
    """The bytes of an array whose values have so many bits; each row begins with a byte of its own."""
    each = np.unpackbits(array.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 16 - bits :]
    return np.packbits(each.reshape(SHAPE[0], -1), axis=1)


def packed_png(array, bits):
    """A PNG file of grey of fewer than 8 bits, which Pillow does not write."""
    header = struct.pack(">IIBBBBB", SHAPE[1], SHAPE[0], bits, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in packed(array, bits))
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return png_file.SIGNATURE + b"".join(itertools.starmap(chunk, chunks))


def packed_tiff(array, bits, photometric):
    """A TIFF file of so many bits a channel, which not every tifffile writes; photometric: 0 to 2, as TIFF has it."""
    n_channels = array.size // (SHAPE[0] * SHAPE[1])
    pixels = packed(array, bits).tobytes()
    # The bits of the channels stand behind the header, then the pixels.
    tags = [(256, SHAPE[1]), (257, SHAPE[0]), (258, bits), (259, 1), (262, photometric), (273, 200), (277, n_channels)]
    tags += [(278, SHAPE[0]), (279, len(pixels))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags if tag != 258)
    depths = struct.pack("<HHII", 258, 3, n_channels, 190 if n_channels > 2 else bits)
    directory = struct.pack("<H", len(tags)) + entries[:24] + depths + entries[24:] + bytes(4)
    data = b"II*\0\x08\0\0\0" + directory
    return data.ljust(190, b"\0") + struct.pack("<5H", *[bits] * 5) + pixels


def jpeg2000(array, bits):
    """A JPEG 2000 file that has lost nothing."""
    return imagecodecs.jpeg2k_encode(array, level=0, bitspersample=bits, codecformat="jp2")


def avif(array, bits):
    """An AVIF file that has lost nothing."""
    return imagecodecs.avif_encode(array, level=100, bitspersample=bits, pixelformat="444")


def netpbm(kind, array, largest):
    """A PGM or PPM file, with a comment in its header."""
    kinds = np.uint8 if largest < 256 else ">u2"
    header = f"{kind}\n# 1 2 3\n{array.shape[1]} {array.shape[0]}\n{largest}\n"
    return header.encode() + array.astype(kinds).tobytes()


def scaled(array, bits):
    """What is to be read of an opaque array of so many bits."""
    return np.asarray(array.reshape(*array.shape[:2], -1) / (2**bits - 1))


def seen(array, bits):
    """What is to be read of an array with alpha, in front of the background."""
    colours, alpha = np.split(array / (2**bits - 1), [-1], axis=2)
    return alpha * colours + (1 - alpha) * BACKGROUND


GREY1, GREY4, GREY8, GREY12, GREY16 = map(values, (1, 4, 8, 12, 16))
LA8, LA16, RGBA8, RGBA16 = values(8, 2), values(16, 2), values(8, 4), values(16, 4)
RGB8, RGB12, RGB16 = values(8, 3), values(12, 3), values(16, 3)
CMYK8 = np.asarray(Image.fromarray(RGB8).convert("CMYK"))
INDEX = values(4)
COLOURS = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
PALETTE16 = np.transpose(COLOURS.astype(np.uint16) * 257)
MULTIPLIED = np.concatenate([RGBA16[..., :3].astype(np.float64) * RGBA16[..., 3:] / 65535, RGBA16[..., 3:]], -1)
MULTIPLIED = MULTIPLIED.round().astype(np.uint16)
SIXTEENTHS = (GREY12 << 4) | (GREY12 >> 8)  # 12 bits scaled to 16 as PNG wants it
TRANSPARENT16 = np.where(GREY16 == GREY16[2, 3], BACKGROUND, GREY16 / 65535)[..., None]
TRANSPARENT_RGB16 = np.where((RGB16 == RGB16[2, 3]).all(-1, keepdims=True), BACKGROUND, RGB16 / 65535)
TRANSPARENT8 = np.where(GREY8 == GREY8[2, 3], BACKGROUND, GREY8 / 255)[..., None]


def of_palette(transparent=None, **options):
    image = Image.fromarray(INDEX).convert("L")
    image.putpalette(COLOURS.tobytes())
    file = io.BytesIO()
    image.save(file, options.pop("suffix"), **({} if transparent is None else {"transparency": transparent}))
    return file.getvalue()


READ = {
    "png grey 1": (pillow(GREY1 * 255, "png", "1"), scaled(GREY1, 1)),
    "png grey 2": (packed_png(GREY4 >> 2, 2), scaled(GREY4 >> 2, 2)),
    "png grey 4": (packed_png(GREY4, 4), scaled(GREY4, 4)),
    "png grey 8": (png(GREY8), scaled(GREY8, 8)),
    "png grey 16": (png(GREY16), scaled(GREY16, 16)),
    "png grey 12 by sBIT, scaled": (png(SIXTEENTHS, chunk(b"sBIT", b"\x0c")), scaled(GREY12, 12)),
    "png grey 12 by sBIT, shifted": (png(GREY12 << 4, chunk(b"sBIT", b"\x0c")), scaled(GREY12, 12)),
    "png grey 12 by sBIT, as they are": (png(GREY12, chunk(b"sBIT", b"\x0c")), scaled(GREY12, 12)),
    "png grey 8, one value transparent": (png(GREY8, chunk(b"tRNS", struct.pack(">H", GREY8[2, 3]))), TRANSPARENT8),
    "png grey 16, one value transparent": (png(GREY16, chunk(b"tRNS", struct.pack(">H", GREY16[2, 3]))), TRANSPARENT16),
    "png grey 8 + alpha": (png(LA8), seen(LA8, 8)),
    "png grey 16 + alpha": (png(LA16), seen(LA16, 16)),
    "png colour 8": (png(RGB8), scaled(RGB8, 8)),
    "png colour 16": (png(RGB16), scaled(RGB16, 16)),
    "png colour 12 by sBIT": (png(RGB12 << 4, chunk(b"sBIT", b"\x0c\x0c\x0c")), scaled(RGB12, 12)),
    "png colour 16, one transparent": (
        png(RGB16, chunk(b"tRNS", struct.pack(">HHH", *RGB16[2, 3].tolist()))),
        TRANSPARENT_RGB16,
    ),
    "png colour 8 + alpha": (png(RGBA8), seen(RGBA8, 8)),
    "png colour 16 + alpha": (png(RGBA16), seen(RGBA16, 16)),
    "png palette": (of_palette(suffix="png"), scaled(COLOURS[INDEX], 8)),
    "png palette, one transparent": (
        of_palette(transparent=int(INDEX[2, 3]), suffix="png"),
        np.where((INDEX == INDEX[2, 3])[..., None], BACKGROUND, COLOURS[INDEX] / 255),
    ),
    "tiff grey 1": (pillow(GREY1 * 255, "tiff", "1"), scaled(GREY1, 1)),
    "tiff grey 4": (packed_tiff(GREY4, 4, 1), scaled(GREY4, 4)),
    "tiff grey 10": (packed_tiff(GREY12 >> 2, 10, 1), scaled(GREY12 >> 2, 10)),
    "tiff colour 14": (packed_tiff(RGB16 >> 2, 14, 2), scaled(RGB16 >> 2, 14)),
    "tiff white is 0, 4": (packed_tiff(GREY4, 4, 0), scaled(15 - GREY4, 4)),
    "tiff grey 8": (tiff(GREY8), scaled(GREY8, 8)),
    "tiff grey 12": (packed_tiff(GREY12, 12, 1), scaled(GREY12, 12)),
    "tiff grey 16": (tiff(GREY16), scaled(GREY16, 16)),
    "tiff grey 16, LZW": (tiff(GREY16, compression="lzw"), scaled(GREY16, 16)),
    "tiff white is 0, 1": (tiff(GREY1.astype(bool), "miniswhite"), scaled(1 - GREY1, 1)),
    "tiff white is 0, 8": (tiff(GREY8, "miniswhite"), scaled(255 - GREY8, 8)),
    "tiff white is 0, 12": (packed_tiff(GREY12, 12, 0), scaled(4095 - GREY12, 12)),
    "tiff white is 0, 16": (tiff(GREY16, "miniswhite"), scaled(65535 - GREY16, 16)),
    "tiff white is 0, 16, high byte first": (tiff(GREY16, "miniswhite", byteorder=">"), scaled(65535 - GREY16, 16)),
    "tiff grey 8 + alpha": (tiff(LA8, extrasamples=["unassalpha"], planarconfig="contig"), seen(LA8, 8)),
    "tiff grey 16 + alpha": (tiff(LA16, extrasamples=["unassalpha"], planarconfig="contig"), seen(LA16, 16)),
    "tiff colour 8": (tiff(RGB8, "rgb"), scaled(RGB8, 8)),
    "tiff colour 12": (packed_tiff(RGB12, 12, 2), scaled(RGB12, 12)),
    "tiff colour 16": (tiff(RGB16, "rgb"), scaled(RGB16, 16)),
    "tiff colour 16, LZW": (tiff(RGB16, "rgb", compression="lzw", predictor=True), scaled(RGB16, 16)),
    "tiff colour 16, deflate": (tiff(RGB16, "rgb", compression="deflate", predictor=True), scaled(RGB16, 16)),
    "tiff colour 16, big endian": (tiff(RGB16, "rgb", byteorder=">"), scaled(RGB16, 16)),
    "tiff colour 16, of 64 bits": (tiff(RGB16, "rgb", bigtiff=True), scaled(RGB16, 16)),
    "tiff colour 16, by planes": (
        tiff(np.moveaxis(RGB16, 2, 0), "rgb", planarconfig="separate"),
        scaled(RGB16, 16),
    ),
    "tiff colour 8 + alpha": (tiff(RGBA8, "rgb", extrasamples=["unassalpha"]), seen(RGBA8, 8)),
    "tiff colour 16 + alpha": (tiff(RGBA16, "rgb", extrasamples=["unassalpha"]), seen(RGBA16, 16)),
    "tiff colour 16 by alpha": (tiff(MULTIPLIED, "rgb", extrasamples=["assocalpha"]), seen(RGBA16, 16)),
    "tiff palette": (tiff(INDEX, "palette", colormap=PALETTE16), scaled(COLOURS[INDEX], 8)),
    "tiff CMYK 8": (tiff(CMYK8, "separated"), scaled(RGB8, 8)),
    "jpeg grey": (pillow(GREY8, "jpeg", quality=100), scaled(GREY8, 8)),
    "jpeg colour": (pillow(RGB8, "jpeg", quality=100, subsampling=0), scaled(RGB8, 8)),
    "jpeg CMYK": (pillow(RGB8, "jpeg", "CMYK", quality=100, subsampling=0), scaled(RGB8, 8)),
    "webp colour": (pillow(RGB8, "webp", lossless=True), scaled(RGB8, 8)),
    "webp colour + alpha": (pillow(RGBA8, "webp", lossless=True, exact=True), seen(RGBA8, 8)),
    "gif": (of_palette(suffix="gif"), scaled(COLOURS[INDEX], 8)),
    "gif, one transparent": (
        of_palette(transparent=int(INDEX[2, 3]), suffix="gif"),
        np.where((INDEX == INDEX[2, 3])[..., None], BACKGROUND, COLOURS[INDEX] / 255),
    ),
    "bmp grey": (pillow(GREY8, "bmp"), scaled(GREY8, 8)),
    "bmp colour": (pillow(RGB8, "bmp"), scaled(RGB8, 8)),
    "pbm": (pillow(GREY1 * 255, "ppm", "1"), scaled(GREY1, 1)),
    "pgm of 101 values": (netpbm("P5", GREY8 % 101, 100), (GREY8 % 101)[..., None] / np.float32(100)),
    "pgm of 1001 values": (netpbm("P5", GREY12 % 1001, 1000), (GREY12 % 1001)[..., None] / np.float32(1000)),
    "ppm of 101 values": (netpbm("P6", RGB8 % 101, 100), (RGB8 % 101) / np.float32(100)),
    "pgm 8": (netpbm("P5", GREY8, 255), scaled(GREY8, 8)),
    "pgm 12": (netpbm("P5", GREY12, 4095), scaled(GREY12, 12)),
    "pgm 16": (netpbm("P5", GREY16, 65535), scaled(GREY16, 16)),
    "ppm 8": (netpbm("P6", RGB8, 255), scaled(RGB8, 8)),
    "jpeg 2000 grey 1": (jpeg2000(GREY1, 1), scaled(GREY1, 1)),
    "jpeg 2000 colour 4": (jpeg2000(RGB8 >> 4, 4), scaled(RGB8 >> 4, 4)),
    "jpeg 2000 grey 8": (jpeg2000(GREY8, 8), scaled(GREY8, 8)),
    "jpeg 2000 grey 12": (jpeg2000(GREY12, 12), scaled(GREY12, 12)),
    "jpeg 2000 grey 16": (jpeg2000(GREY16, 16), scaled(GREY16, 16)),
    "jpeg 2000 colour 8": (jpeg2000(RGB8, 8), scaled(RGB8, 8)),
    "jpeg 2000 colour 16": (jpeg2000(RGB16, 16), scaled(RGB16, 16)),
    "jpeg 2000 colour 16 + alpha": (jpeg2000(RGBA16, 16), seen(RGBA16, 16)),
    "avif 8": (avif(RGB8, 8), scaled(RGB8, 8)),
    "avif 10": (avif(RGB12 >> 2, 10), scaled(RGB12 >> 2, 10)),
    "avif 12": (avif(RGB12, 12), scaled(RGB12, 12)),
}
COARSER = {  # than a float32: JPEG loses, and 16 bits are not enough where alpha is small
    **{f"jpeg {kind}": 0.03 for kind in ("grey", "colour", "CMYK")},
    "tiff colour 16 by alpha": 2e-5,
}
REFUSED = {
    "tiff float": (tiff(GREY16.astype(np.float32)), "of no fixed range"),
    "tiff signed": (tiff(GREY16.astype(np.int16)), "of no fixed range"),
    "tiff signed 8": (tiff(GREY16.astype(np.int8)), "of no fixed range"),
    "tiff 32": (tiff(GREY16.astype(np.uint32)), "of no fixed range"),
    "tiff CMYK 16": (tiff(RGBA16, "separated"), "16 bits a channel as SEPARATED .*save it as grey or RGB"),
    "ppm 16": (netpbm("P6", RGB16, 65535), "16 bits a channel in colour as PPM; save it as PNG or TIFF"),
}


@pytest.mark.parametrize("kind", READ)
def test_every_kind_is_read_at_its_depth(kind, tmp_path):
    data, expected = READ[kind]
    (tmp_path / "a.img").write_bytes(data)
    image = image_file.read(tmp_path / "a.img", BACKGROUND)
    assert image.dtype == np.float32 and image.shape == expected.shape and 0 <= image.min() <= image.max() <= 1
    np.testing.assert_allclose(image, expected, atol=COARSER.get(kind, 1e-6))


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_reader_at_its_depth_is_refused(kind, tmp_path):
    data, words = REFUSED[kind]
    (tmp_path / "a.img").write_bytes(data)
    with pytest.raises(InputError, match=f"a.img has .*{words}"):
        image_file.read(tmp_path / "a.img")


@pytest.mark.parametrize("kind", ["png grey 16 + alpha", "gif, one transparent", "webp colour + alpha"])
def test_what_is_transparent_is_refused_unless_a_background_is_stated(kind, tmp_path):
    (tmp_path / "a.img").write_bytes(READ[kind][0])
    with pytest.raises(InputError, match="a.img is transparent in places; set background to the grey"):
        image_file.read(tmp_path / "a.img")


def test_alpha_that_hides_nothing_needs_no_background(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.concatenate([RGB16, np.full((*SHAPE, 1), 65535, np.uint16)], -1)))
    np.testing.assert_allclose(image_file.read(tmp_path / "a.png"), scaled(RGB16, 16), atol=1e-7)


@pytest.mark.parametrize("kind", ["png colour 16", "avif 10", "jpeg 2000 grey 12", "jpeg 2000 grey 1"])
def test_what_a_missing_library_would_read_is_refused_and_the_extra_named(kind, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    (tmp_path / "a.img").write_bytes(READ[kind][0])
    with pytest.raises(
        InputError, match=r"a.img has \d+ bits a channel, .* imagecodecs: pip install 'inr-sae\[codecs\]'$"
    ):
        image_file.read(tmp_path / "a.img")


@pytest.mark.parametrize("error", [ValueError, NotImplementedError])
def test_what_tifffile_lacks_a_library_for_is_refused_and_the_extra_named(error, monkeypatch):
    def asarray():
        raise error("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(Refused, match="has 12 bits a channel, .* imagecodecs: pip install"):
        tiff_file._values(SimpleNamespace(databytecounts=(1,), asarray=asarray, bitspersample=12, axes="YX"))


def frames(suffix):
    images = [Image.fromarray(RGB8), Image.fromarray(255 - RGB8)]
    file = io.BytesIO()
    images[0].save(
        file, suffix, save_all=True, append_images=images[1:], **({"lossless": True} if suffix == "webp" else {})
    )
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        *map(frames, ("gif", "webp", "png", "tiff", "avif", "mpo")),
        tiff(np.stack([RGB16, RGB16]), "rgb"),
        tiff(np.stack([GREY16, GREY16]), "minisblack"),
    ],
    ids=["gif", "webp", "png", "tiff", "avif", "mpo", "tiff colour 16", "tiff grey 16"],
)
def test_further_frames_are_left_out_with_a_word(data, tmp_path):
    (tmp_path / "a.img").write_bytes(data)
    with pytest.warns(Note, match="has further frames, and the first alone is read"):
        image = image_file.read(tmp_path / "a.img")
    assert image.shape[:2] == SHAPE


def test_further_channels_are_left_out_with_a_word(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(RGBA16, "rgb", extrasamples=["unspecified"]))
    with pytest.warns(Note, match="has channels beside colour and alpha"):
        np.testing.assert_allclose(image_file.read(tmp_path / "a.tif"), scaled(RGBA16[..., :3], 16), atol=1e-7)
    (tmp_path / "b.tif").write_bytes(tiff(RGBA8, "rgb", extrasamples=["unspecified"]))
    with pytest.warns(Note, match="has channels beside colour and alpha"):
        np.testing.assert_allclose(image_file.read(tmp_path / "b.tif"), scaled(RGBA8[..., :3], 8), atol=1e-7)


def exif(*tags):
    """EXIF data that has an image turned, and further tags (number, type, count, value)."""
    entries = [struct.pack("<HHII", *tag) for tag in ((274, 3, 1, 6), *tags)]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(40)


BROKEN = exif((282, 7, 8, 30), (34665, 4, 1, 2**32 - 52))
TURNED = np.rot90(RGB8, -1) / np.float32(255)


@pytest.mark.parametrize("suffix", ["jpeg", "webp", "png"])
@pytest.mark.parametrize("content", [exif(), BROKEN], ids=["sound", "a broken tag"])
def test_exif_turns_an_image_whatever_its_other_tags(suffix, content, tmp_path):
    options = {"webp": {"lossless": True}, "jpeg": {"quality": 100, "subsampling": 0}}.get(suffix, {})
    (tmp_path / "a.img").write_bytes(pillow(RGB8, suffix, exif=b"Exif\0\0" + content, **options))
    np.testing.assert_allclose(image_file.read(tmp_path / "a.img"), TURNED, atol=0.03 if suffix == "jpeg" else 1e-7)


@pytest.mark.parametrize("number", range(1, 9))
def test_all_eight_orientations_are_as_pillow_has_them(number, tmp_path):
    (tmp_path / "a.png").write_bytes(
        pillow(RGB8, "png", exif=exif().replace(b"\x01\0\0\0\x06", b"\x01\0\0\0" + bytes([number])))
    )
    (tmp_path / "a.tif").write_bytes(tiff(RGB16, "rgb", extratags=[(274, 3, 1, number, True)]))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.png")), np.float32) / 255
    np.testing.assert_array_equal(image_file.read(tmp_path / "a.png"), expected)
    assert image_file.read(tmp_path / "a.tif").shape == expected.shape


def test_a_tiff_file_with_a_broken_tag_is_read(tmp_path):
    # XMP that is a number, at which Pillow gives up where it turns an image.
    (tmp_path / "a.tif").write_bytes(tiff(RGB8, "rgb", extratags=[(274, 3, 1, 6, True), (700, 4, 1, 7, True)]))
    np.testing.assert_array_equal(image_file.read(tmp_path / "a.tif"), TURNED)


@pytest.mark.parametrize("array", [GREY8, RGB16], ids=["8", "16"])
def test_a_long_text_keeps_no_png_from_being_read(array, tmp_path):
    text = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a head " * 400_000))
    (tmp_path / "a.png").write_bytes(png(array, text, chunk(b"eXIf", exif())))
    expected = scaled(array, 8 * array.itemsize)
    np.testing.assert_allclose(image_file.read(tmp_path / "a.png"), np.rot90(expected, -1), atol=1e-7)


@pytest.mark.parametrize("bits, key", [(1, 0), (1, 1), (2, 0), (2, 1), (2, 3), (4, 0), (4, 5), (4, 15)])
def test_the_transparent_value_of_a_png_of_few_bits_is_that_of_the_file(bits, key, tmp_path):
    values = np.arange(SHAPE[0] * SHAPE[1], dtype=np.uint8).reshape(SHAPE) % 2**bits
    data = packed_png(values, bits)
    (tmp_path / "a.png").write_bytes(data[:33] + chunk(b"tRNS", struct.pack(">H", key)) + data[33:])
    with pytest.raises(InputError, match="transparent"):
        image_file.read(tmp_path / "a.png")
    expected = np.where(values == key, 0.25, values / (2**bits - 1))
    np.testing.assert_allclose(image_file.read(tmp_path / "a.png", background=0.25)[:, :, 0], expected, atol=1e-6)
