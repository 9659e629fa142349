"""How fast the parts of a study run on this machine, beside what the machine can do.

    python -m inr_sae.bench [--json=FILE] [--torch] [--scale=0.1] [--precision=high] [--profile=DIR]

Each row: median and spread of a step, operations counted, their share of the device's own rate for float32 matrix
products, temporary memory of the compiled program, and, with --torch, the ratio to the plain PyTorch of
tests/torch_reference.py in a process of its own, with malloc tuned for large arrays.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import app, flags, logging
from jax import lax

from inr_sae import runtime
from inr_sae.inr import coordinates, fit, freeze, network
from inr_sae.measure import image
from inr_sae.sae import ablate, topk
from inr_sae.sae import train as sae_train
from inr_sae.signals import phantom

_JSON = flags.DEFINE_string("json", None, "Also write the rows and the environment to this file.")
_TORCH = flags.DEFINE_bool("torch", False, "Compare with PyTorch, where it is installed; from the repository's root.")
_SCALE = flags.DEFINE_float("scale", 1.0, "Of the number of pixels, atoms and coordinates; below 1 for a quick look.")
_PRECISION = flags.DEFINE_string("precision", "highest", "Of matrix products: highest, high, default.")

_PROFILE = flags.DEFINE_string(
    "profile", None, "Also write a trace of some cohort steps to this folder (jax.profiler)."
)

CONFIG = dict(width=256, n_layers=5, omega_0=30.0, sigma=10.0, n_fourier=256)
HEIGHT, WIDTH, SIGNALS = 218, 178, 10
ATOMS, K, BATCH = 4096, 32, 4096
RATE = 1e-4
STEPS = 5  # in one dispatch
FIT_STEPS = 500
TORCH_MALLOC = (
    "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=268435456"
)


def timed(function, *args, repeats=5, per_call=1):
    """(seconds of one of the `per_call` steps of each repeat, temporary bytes) of a jittable function of arrays."""
    compiled = jax.jit(function).lower(*args).compile()
    memory = compiled.memory_analysis()
    jax.block_until_ready(compiled(*args))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*args))
        seconds.append((time.perf_counter() - start) / per_call)
    return seconds, memory.temp_size_in_bytes if memory else None


def row(name, measured, operations=None, **more):
    """A row of the table."""
    seconds, memory = measured
    middle = statistics.median(seconds)
    return {
        "name": name,
        "ms": 1e3 * middle,
        "ms_min": 1e3 * min(seconds),
        "ms_max": 1e3 * max(seconds),
        "gflop": operations and operations / 1e9,
        "gflop_per_s": operations and operations / 1e9 / middle,
        "temp_mib": memory and memory / 2**20,
        **more,
    }


def ceilings():
    """The device's float32 matrix-product rate at a layer's shape and at a square one, and its copy bandwidth."""
    rows = []
    for n, k, m in ((38804, 256, 256), (2048, 2048, 2048)):
        a, b = jnp.ones((n, k)), jnp.ones((k, m))

        def products(a, b):
            return lax.scan(lambda a, _: (a.at[0, 0].add((a @ b)[0, 0] * 1e-9), (a @ b)[-1]), a, None, length=10)[1]

        rows.append(row(f"matrix product {n}x{k}x{m}", timed(products, a, b, per_call=10), 2.0 * n * k * m))
    big = jnp.ones(2**26)
    copy = row("copy of 256 MiB", timed(lambda x: x + 1.0, big))
    return [*rows, copy | {"gb_per_s": 2 * big.nbytes / copy["ms"] * 1e3 / 1e9}]


def layer_sizes(backbone):
    """(inputs, outputs) of every hidden layer."""
    first = 2 if backbone.__name__.endswith("siren") else 2 * CONFIG["n_fourier"]
    return [(first if i == 0 else CONFIG["width"], CONFIG["width"]) for i in range(CONFIG["n_layers"])]


def step_operations(backbone, n_pixels, n_outputs, tau):
    """Operations of a step's products: forward, weight gradients, input gradients of all layers but the first."""
    moving = [*layer_sizes(backbone)[fit.first_moving_layer(tau) :], (CONFIG["width"], n_outputs)]
    return sum(2.0 * n_pixels * a * b * (2 if i == 0 else 3) for i, (a, b) in enumerate(moving))


def problem(backbone, n_signals, tau, n_pixels, height, channels=3):
    """(state, Tiles, coordinates) of a fit of random targets."""
    x = coordinates.grid(height, n_pixels // height)
    encoder = backbone.init(jax.random.key(0), CONFIG)
    params = {"encoder": encoder, "heads": network.init_heads(backbone, jax.random.key(1), CONFIG, n_signals, channels)}
    h = network.prefix(backbone, encoder, -1 if tau is None else tau, x)
    targets = jax.random.uniform(jax.random.key(2), (n_signals, x.shape[0], channels))
    rows = fit.tile_rows(CONFIG, 1, runtime.accelerator_memory())
    return fit.init_state(params, tau, RATE, jax.random.key(3)), fit.tiles(h, targets, rows), x, targets


def cohort_rows(height, width):
    """The cohort's step, both backbones, and how it grows with pixels and signals."""
    rows = []
    cases = [
        ("siren", SIGNALS, 1),
        ("ffmlp", SIGNALS, 1),
        ("siren", SIGNALS, 4),
        ("siren", 1, 1),
        ("siren", 4 * SIGNALS, 1),
    ]
    for name, n_signals, part in cases:
        backbone = network.backbone(name)
        n_pixels = height * (width // part)
        state, data, x, _ = problem(backbone, n_signals, None, n_pixels, height)
        measured = timed(partial(fit.steps, backbone, None, RATE, STEPS), state, data, per_call=STEPS)
        plain = (n_signals, part) == (SIGNALS, 1)
        label = f"cohort step, {name}" + ("" if plain else f", M={n_signals}, {len(x)} pixels")
        rows.append(row(label, measured, step_operations(backbone, len(x), 3 * n_signals, None)))
    return rows


def naive_steps(backbone, tau, n, state, x, targets):
    """Steps as one writes them first: the whole network forward and backward, updates of frozen layers thrown away."""
    labels = freeze.labels(state.params, tau)
    adam = optax.adam(RATE)

    def loss(params):
        outputs = network.outputs(backbone, params, 0, backbone.embed(params["encoder"], x))
        return jnp.mean(jnp.square(outputs - targets))

    def body(carry, _):
        params, opt_state = carry
        updates, opt_state = adam.update(jax.grad(loss)(params), opt_state)
        updates = jax.tree.map(lambda label, u: u * (label == "train"), labels, updates)
        return (optax.apply_updates(params, updates), opt_state), None

    return lax.scan(body, (state.params, adam.init(state.params)), None, length=n)[0]


def sweep_rows(height, width):
    """The test-time step at every tau, and the whole sweep of one image beside the naive one; per step of each tau."""
    rows = []
    for name in ("siren", "ffmlp"):
        backbone, ours, naive = network.backbone(name), 0.0, 0.0
        for tau in (None, 0, 1, 2, 3, 4):
            state, data, x, targets = problem(backbone, 1, tau, height * width, height)
            label = f"test-time step, {name}, {'full' if tau is None else f'tau={tau}'}"
            # A head alone prepares its matrices once a dispatch, so it is timed over a dispatch of the real length.
            n = 50 if tau == 4 else STEPS
            operations = None if tau == 4 else step_operations(backbone, len(x), 3, tau)
            measured = timed(partial(fit.steps, backbone, tau, RATE, n), state, data, per_call=n, repeats=3)
            rows.append(row(label, measured, operations))
            ours += rows[-1]["ms"]
            slow = timed(partial(naive_steps, backbone, tau, 2), state, x, targets, per_call=2, repeats=3)
            naive += 1e3 * statistics.median(slow[0])
        whole = {"name": f"sweep of one image, {name}, a step of each tau", "ms": ours, "ms_min": ours, "ms_max": ours}
        rows.append(whole | {"naive_ms": naive, "ratio_to_naive": ours / naive})
    return rows


def batch_rows(height, width):
    """Test-time fits in one vmapped batch a device, a step of each fit; on an accelerator larger batches fill it."""
    backbone, rows = network.backbone("siren"), []
    for a_device in (1, 4) if runtime.accelerator_memory() is None else (1, 8, 32, 128):
        n_fits = a_device * jax.local_device_count()
        state, _, x, _ = problem(backbone, 1, 1, height * width, height)
        h = network.prefix(backbone, state.params["encoder"], 1, x)
        targets = jax.random.uniform(jax.random.key(5), (n_fits, len(x), 3))
        data = fit.tiles(h, targets, fit.tile_rows(CONFIG, a_device, runtime.accelerator_memory()))
        states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (n_fits, *leaf.shape)), state)
        measured = timed(
            partial(fit.fit_batch, backbone, 1, RATE, STEPS), states, data, per_call=STEPS * n_fits, repeats=3
        )
        rows.append(
            row(f"step of a fit, siren, tau=1, {a_device} at a time", measured, step_operations(backbone, len(x), 3, 1))
        )
        rows[-1]["fits_per_s"] = 1e3 / rows[-1]["ms"] / FIT_STEPS
    return rows


def precision_rows(side=128, n_steps=500):
    """PSNR that a cohort of ten phantoms reaches at each precision of matrix products, and the time of a step."""
    phantoms = [phantom.head_slice(np.random.default_rng(i), side, side) for i in range(SIGNALS)]
    targets = jnp.stack(phantoms).reshape(SIGNALS, -1, 1)
    rows = []
    for name, precision in itertools.product(("siren", "ffmlp"), runtime.PRECISIONS):
        with jax.default_matmul_precision(precision):
            backbone = network.backbone(name)
            state, data, *_ = problem(backbone, SIGNALS, None, side * side, side, channels=1)
            data = fit.tiles(data.h.reshape(-1, data.h.shape[-1])[: side * side], targets, data.h.shape[1])
            state, _ = fit.fit_cohort(backbone, None, RATE, n_steps, state, data)
            psnr = float(image.psnr_from_mse(fit.signal_mse(backbone, state.params, None, data)).mean())
            measured = timed(partial(fit.steps, backbone, None, RATE, STEPS), state, data, per_call=STEPS, repeats=3)
            rows.append(row(f"cohort step, {name}, precision {precision}", measured, psnr_db=psnr))
    return rows


def projection(rows):
    """Hours that the paper's Table 1 would take: 3 sources, 3 seeds, both backbones, every tau and the full recipe."""
    # Test images of each target, in pixels: CelebA-HQ, OASIS, Kodak.
    pixels = 100 * 218 * 178 + 100 * 192 * 160 + 14 * 512 * 768
    a_step = sum(entry["ms"] for entry in rows if entry["name"].startswith("sweep of one image")) / 1e3
    hours = 3 * 3 * FIT_STEPS * a_step * pixels / (HEIGHT * WIDTH) / 3600
    return f"The paper's Table 1, 23,112 fits of {FIT_STEPS} steps, one after another at these rates: {hours:.1f} hours"


def sae_rows(n_atoms, batch):
    """The SAE's step, that of five layers, and how it grows with atoms."""
    rows = []
    h = jax.random.normal(jax.random.key(0), (38804, CONFIG["width"]))
    for n in (n_atoms, n_atoms // 4, 2 * n_atoms):
        state = sae_train.init_state(jax.random.key(1), n, h.mean(0), RATE)
        measured = timed(partial(sae_train.steps, K, RATE, batch, STEPS, 1), state, h, 0, per_call=STEPS)
        # What is counted: the dense encoder product and the sparse rest, whatever way it is computed.
        operations = 2.0 * batch * CONFIG["width"] * (n + 4 * K)
        rows.append(row("sae step" if n == n_atoms else f"sae step, n={n}", measured, operations))
    five = [sae_train.init_state(jax.random.key(i), n_atoms, h.mean(0), RATE) for i in range(5)]

    def all_layers(states):
        return [sae_train.steps(K, RATE, batch, STEPS, 1, state, h, 0) for state in states]

    rows.append(row("sae step of five layers", timed(all_layers, five, per_call=STEPS, repeats=3)))
    return rows


def ablation_rows(height, width, n_atoms):
    """All atoms of layer 2 ablated, beside as many passes of the suffix."""
    backbone = network.backbone("siren")
    state, _, x, targets = problem(backbone, 1, 2, height * width, height)
    h = network.prefix(backbone, state.params["encoder"], 2, x)
    sae = topk.init(jax.random.key(4), n_atoms, h.mean(0))
    rest = jax.tree_util.Partial(jax.jit(lambda params, h: network.outputs(backbone, params, 3, h)[0]), state.params)
    one, _ = timed(rest, h)
    ablate.ablate_all(rest, sae, h[: len(h) // 8], K, targets[0][: len(h) // 8])
    start = time.perf_counter()
    ablate.ablate_all(rest, sae, h, K, targets[0])
    ours, passes = time.perf_counter() - start, n_atoms * statistics.median(one)
    return [
        row(
            f"ablation of all {n_atoms} atoms of a layer",
            ([ours], None),
            ratio_to_passes=ours / passes,
            passes_ms=1e3 * passes,
        )
    ]


def cold_start_rows():
    """Seconds from starting Python to the end of the first step of a cohort, without and with the compilation cache."""
    code = (
        "import sys, jax; from inr_sae import bench, runtime; from inr_sae.inr import fit, network;"
        "runtime.configure('highest', sys.argv[1]); backbone = network.backbone('siren');"
        "state, data, *_ = bench.problem(backbone, 10, None, 4096, 64);"
        "jax.block_until_ready(fit.fit_cohort(backbone, None, 1e-4, 1, state, data))"
    )
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for label, folder in (("no cache", ""), ("cache being filled", cache), ("cache filled", cache)):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code, folder], check=True)
            rows.append(row(f"cold start to the first step, {label}", ([time.perf_counter() - start], None)))
    return rows


def profile(folder, height):
    """Write a trace of five cohort steps, SIREN, for TensorBoard or Perfetto."""
    backbone = network.backbone("siren")
    state, data, *_ = problem(backbone, SIGNALS, None, height * WIDTH, height)
    jax.block_until_ready(fit.fit_cohort(backbone, None, RATE, STEPS, state, data))
    with jax.profiler.trace(folder):
        jax.block_until_ready(fit.fit_cohort(backbone, None, RATE, STEPS, state, data))


def torch_seconds(height, width, n_atoms, batch):
    """{name: median seconds} of PyTorch's steps, malloc as it comes and tuned."""
    script = Path(__file__).resolve().parent.parent / "tests" / "torch_reference.py"
    command = [
        sys.executable,
        str(script),
        f"--height={height}",
        f"--width={width}",
        f"--atoms={n_atoms}",
        f"--batch={batch}",
    ]
    found = {}
    for label, tunables in (("plain", ""), ("tuned malloc", TORCH_MALLOC)):
        environment = {**os.environ, "GLIBC_TUNABLES": tunables}
        output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        found[label] = {name: statistics.median(seconds) for name, seconds in json.loads(output).items()}
    return found


def compare(rows, torch_found):
    """Add to every row that PyTorch has too its milliseconds and our ratio to the better of the two."""
    for entry in rows:
        if entry["name"] in torch_found["plain"]:
            both = {f"torch_ms ({label})": 1e3 * found[entry["name"]] for label, found in torch_found.items()}
            entry |= both
            entry["ratio_to_torch"] = entry["ms"] / min(both.values())


def show(rows, peak):
    """Print the table."""
    print(f"{'':52}{'ms':>10}{'min..max':>18}{'GFLOP/s':>9}{'of peak':>8}{'MiB':>8}  compared")
    for entry in rows:
        rate = entry.get("gflop_per_s")
        cells = f"{rate:9.0f}{100 * rate / peak:7.0f}%" if rate else " " * 17
        memory = f"{entry['temp_mib']:8.0f}" if entry.get("temp_mib") else " " * 8
        extras = {k: v for k, v in entry.items() if k.startswith(("ratio", "torch", "gb_", "fits_", "psnr"))}
        compared = "  ".join(f"{key} {value:.3g}" for key, value in extras.items())
        spread = f"{entry['ms_min']:.4g}..{entry['ms_max']:.4g}"
        print(f"{entry['name']:52}{entry['ms']:10.2f}{spread:>18}{cells}{memory}  {compared}", flush=True)


def main(argv):
    """Measure, print, and write."""
    del argv
    logging.set_verbosity(logging.WARNING)
    runtime.configure(_PRECISION.value, "")
    height, n_atoms, batch = (max(64, int(size * _SCALE.value)) for size in (HEIGHT, ATOMS, BATCH))
    rows = ceilings()
    peak = max(entry["gflop_per_s"] for entry in rows if entry.get("gflop_per_s"))
    rows += cohort_rows(height, WIDTH) + sweep_rows(height, WIDTH) + sae_rows(n_atoms, batch)
    rows += batch_rows(height, WIDTH) + ablation_rows(height, WIDTH, n_atoms) + cold_start_rows()
    if _TORCH.value:
        compare(rows, torch_seconds(height, WIDTH, n_atoms, batch))
    if runtime.accelerator_memory() is not None:  # on a CPU all precisions are float32
        rows += precision_rows()
    if _PROFILE.value:
        profile(_PROFILE.value, height)
    show(rows, peak)
    if _SCALE.value == 1.0:
        print(projection(rows))
    if _JSON.value:
        Path(_JSON.value).write_text(json.dumps({"environment": runtime.fingerprint(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    app.run(main)
