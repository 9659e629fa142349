"""The explorer: a static page to look around in dictionaries, and its data, one file a condition and layer.

The page opens from disk: no server, no network, nothing but the files beside it. Browsers let such a page read no file
but scripts, so data come as scripts that hand over one JSON value; pictures are in them as WebP atlases.
"""

import base64
import io
import json
from importlib import resources

import numpy as np
from matplotlib import colormaps
from PIL import Image

from inr_sae.folder.store import finite_or_none
from inr_sae.report.figures.style import MAP

FILES = ("explorer.html", "live.js")  # the page, and the script within it
MOST_COLUMNS = 64  # of an atlas
WEBP_SIDE = 16383  # pixels at most


def write_page(store, folder, manifest):
    """Write index.html; manifest: what the page must know before it loads any data, a JSON value."""
    page, script = (resources.files(__package__).joinpath(name).read_text("utf-8") for name in FILES)
    page = page.replace("/*LIVE*/", script)
    store.write_text(f"{folder}/index.html", page.replace("/*MANIFEST*/null", in_script(manifest)))


def write_data(store, folder, key, data):
    """Write the data of a key, as of one condition and layer, data/<key>.js."""
    store.write_text(f"{folder}/data/{key}.js", f"explorerData({in_script(key)},{in_script(data)});\n")


def in_script(value):
    """JSON that may stand within a script of an HTML page, whatever the names in it."""
    text = json.dumps(finite_or_none(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def shrunk(shape, side):
    """(height, width) of at most `side`, the proportions kept, never enlarged."""
    scale = min(1.0, side / max(shape))
    return tuple(max(1, round(n * scale)) for n in shape)


def sampled(shape, side):
    """((height, width), (P,) their numbers): pixels of an image, every so many, of at most `side` a side."""
    size = shrunk(shape, side)
    rows, columns = (np.round(np.linspace(0, n - 1, small)).astype(int) for n, small in zip(shape, size))
    return size, (rows[:, None] * shape[1] + columns).ravel()


def resized(image, size):
    """(H, W) or (H, W, C) float in [0, 1] at (height, width), averaged over what falls into a pixel; (height, width, 3)
    uint8."""
    image = image[:, :, None] if image.ndim == 2 else image
    image = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    picture = Image.fromarray(np.round(255 * np.clip(image, 0, 1)).astype(np.uint8))
    return np.asarray(picture if picture.size == size[::-1] else picture.resize(size[::-1], Image.Resampling.BOX))


def coloured(values, top=None):
    """A map (H, W) in false colour, scaled to its own maximum or to `top`: (H, W, 3) in [0, 1]."""
    top = float(values.max()) if top is None else top
    return colormaps[MAP](values / top if top > 0 else np.zeros_like(values))[:, :, :3]


def columns_of(n, size):
    """How many columns an atlas of n tiles of a size (height, width) has; 0 where no WebP picture can hold them."""
    most_rows, most = (WEBP_SIDE // side for side in size)
    if n > most_rows * most:
        return 0
    return max(min(MOST_COLUMNS, n, most), -(-n // most_rows))


def atlas(tiles, quality):
    """{"columns", "rows", "src"}: tiles, a list of (h, w, 3) uint8 of one size, as one WebP picture in a data URL."""
    h, w = tiles[0].shape[:2]
    columns = columns_of(len(tiles), (h, w))
    rows = -(-len(tiles) // columns)
    sheet = np.zeros((rows * h, columns * w, 3), np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * h, i % columns * w
        sheet[y : y + h, x : x + w] = tile
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=quality, method=4)
    return {"columns": columns, "rows": rows, "src": data_url(buffer.getvalue())}


def data_url(webp):
    """A WebP picture as a data URL."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def packed(array):
    """An array's bytes, little-endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def rounded(values):
    """Floats with four significant digits, None where they are not finite: what a person reads, and a third of the
    bytes."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, np.float64)]


def pixel_codes(values, indices, top):
    """{"atoms", "values", "top"}: sparse codes (P, K) of P pixels, the strongest first, as bytes.

    Values are kept as the square root of their share of `top`, in 255 steps: within 1 % where they are strong.
    """
    steps = np.round(255 * np.sqrt(np.clip(values / top, 0, 1))) if top > 0 else np.zeros_like(values)
    return {"atoms": packed(indices.astype(np.uint16)), "values": packed(steps.astype(np.uint8)), "top": float(top)}
