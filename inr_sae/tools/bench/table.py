"""The benchmark's rows as text."""

from inr_sae.tools.bench.encoders import FIT_STEPS
from inr_sae.tools.bench.problem import Sizes

COMPARED = ("ratio", "torch", "gb_", "fits_", "psnr")  # how keys begin that stand in the last column
SOURCES, SEEDS = 3, 3  # of the paper's Table 1
TEST_IMAGES = ((100, 218 * 178), (100, 192 * 160), (14, 512 * 768))  # number and pixels: CelebA-HQ, OASIS, Kodak


def lines(rows):
    """The table, a header and a line a row; the peak is the best rate of the rows that are matrix products."""
    peak = max(entry["gflop_per_s"] for entry in rows if entry["name"].startswith("matrix product"))
    header = f"{'':52}{'ms':>10}{'min..max':>20}{'GFLOP/s':>9}{'of peak':>8}{'MiB':>8}  compared"
    return [header, *(line(entry, peak) for entry in rows)]


def line(entry, peak):
    """The line of a row; peak: in GFLOP/s."""
    rate, memory = entry.get("gflop_per_s"), entry.get("temp_mib")
    cells = f"{rate:9.0f}{100 * rate / peak:7.0f}%" if rate else " " * 17
    cells += f"{memory:8.0f}" if memory else " " * 8
    compared = "  ".join(f"{key} {value:.3g}" for key, value in entry.items() if key.startswith(COMPARED))
    spread = f"{short(entry['ms_min'])}..{short(entry['ms_max'])}"
    return f"{entry['name']:52}{entry['ms']:10.2f}{spread:>20}{cells}  {compared}".rstrip()


def short(value):
    """A number by four digits, or by those before its point."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def projection(rows, backbones):
    """A sentence: how long the paper's Table 1 would take, every tau and the full recipe of these backbones."""
    names = [f"sweep of one image, {name}, a step of each tau" for name in backbones]
    sweeps = [entry for entry in rows if entry["name"] in names]
    of_one_image = FIT_STEPS * sum(sweep["ms"] for sweep in sweeps) / 1e3  # seconds
    images = sum(n * pixels for n, pixels in TEST_IMAGES) / (Sizes().height * Sizes().width)
    hours = SOURCES * SEEDS * images * of_one_image / 3600
    n_fits = SOURCES * SEEDS * sum(n for n, _ in TEST_IMAGES) * sum(sweep["n_fits"] for sweep in sweeps)
    return f"The paper's Table 1, {n_fits:,} fits of {FIT_STEPS} steps, one by one at these rates: {hours:.1f} hours"
