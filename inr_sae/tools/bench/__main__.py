"""The benchmark's command line: flags → rows, printed and written."""

import json
from importlib.util import find_spec
from pathlib import Path

from absl import app, flags, logging

from inr_sae.dictionaries import method_names
from inr_sae.errors import UserError
from inr_sae.inr import network
from inr_sae.machine import devices
from inr_sae.run import checks
from inr_sae.tools.bench import dictionaries, encoders, machine, pytorch, table
from inr_sae.tools.bench.problem import Sizes, at_scale

_JSON = flags.DEFINE_string("json", None, "Also write the rows and the environment to this file.")
_TORCH = flags.DEFINE_bool("torch", False, "Compare with PyTorch, where it is installed.")
_SCALE = flags.DEFINE_float("scale", 1.0, "Of the number of pixels, atoms and coordinates; below 1 for a quick look.")
_PRECISION = flags.DEFINE_enum("precision", "highest", devices.PRECISIONS, "Of matrix products.")
_PROFILE = flags.DEFINE_string("profile", None, "Also write a trace of some cohort steps to this folder.")
_BACKBONE = flags.DEFINE_enum(
    "backbone", None, network.backbone_names(), "Of the rows that one backbone is enough for; by default the configs'."
)


def defaults():
    """configs/base.py's config, which says the backbone and those that the paper compares."""
    try:
        from configs import base
    except ModuleNotFoundError as error:
        if error.name not in ("configs", "configs.base"):
            raise
        raise app.UsageError("there is no `configs` here; run from the root of the repository") from error
    return base.get_config()


def prepared():
    """The paths that --json and --profile give, None where they are not given; raises UsageError for what cannot be."""
    try:
        devices.check()
        if _TORCH.value and find_spec("torch") is None:
            raise UserError("--torch compares with PyTorch, which is not installed")
        paths = [flag.value and checks.local(f"--{flag.name}", flag.value) for flag in (_JSON, _PROFILE)]
        if paths[0] and not Path(paths[0]).absolute().parent.is_dir():
            raise UserError(f"--json {paths[0]} is in no folder that there is")
        if paths[0] and Path(paths[0]).is_dir():
            raise UserError(f"--json {paths[0]} is a folder; name a file")
        return paths
    except UserError as error:
        raise app.UsageError(str(error)) from error


def measure(sizes, backbone):
    """All rows."""
    names, methods = network.backbone_names(), method_names()
    rows = machine.ceilings() + encoders.cohort_rows(sizes, names, backbone)
    for name in names:
        rows += encoders.sweep_rows(sizes, name)
    for name in methods:
        rows += dictionaries.dictionary_rows(sizes, backbone, name)
    rows += encoders.batch_rows(sizes, backbone)
    rows += dictionaries.ablation_rows(sizes, backbone, methods)
    rows += machine.cold_start_rows(backbone)
    if devices.accelerator_memory() is not None:  # on a CPU all precisions are float32
        rows += encoders.precision_rows(Sizes(height=128, width=128), names)
    return rows


def main(argv):
    """Measure, print, and write."""
    if len(argv) > 1:
        raise app.UsageError(f"{argv[1]!r} is no flag")
    logging.set_verbosity(logging.WARNING)
    devices.configure(_PRECISION.value, "")
    config, sizes, (json_file, profile) = defaults(), at_scale(_SCALE.value), prepared()
    backbone = _BACKBONE.value or config.inr.backbone
    rows = measure(sizes, backbone)
    if _TORCH.value:
        rows = pytorch.compare(rows, pytorch.seconds(sizes))
    if profile:
        machine.profile(profile, backbone, sizes)
    print("\n".join(table.lines(rows)), flush=True)
    if _SCALE.value == 1.0:
        print(table.projection(rows, config.transfer.backbones))
    if json_file:
        Path(json_file).write_text(json.dumps({"environment": devices.fingerprint(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    app.run(main)
