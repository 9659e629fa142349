"""Networks of a finished study as safetensors, with a json of hyperparameters beside each, for other programs."""

from inr_sae import __version__, manifest
from inr_sae.errors import UserError
from inr_sae.inr import convert
from inr_sae.output import tensors
from inr_sae.output.checkpoints import read_params
from inr_sae.output.store import Store


def export(workdir, out=None):
    """Write encoder.safetensors and sae_layer_<l>.safetensors of a study, and of those within it; returns the paths.

    out: the folder, <workdir>-export if None. Raises UserError where there is no encoder, or a file is damaged.
    """
    store = Store(workdir)
    out = out or store.root.with_name(store.root.name + "-export")
    trained = sorted(path.parent.parent for path in store.root.rglob("cohort/done.json"))
    if not trained:
        raise UserError(f"--export {store.root}: no cohort's encoder is done there")
    manifest.refuse_damage(store, "--export")
    config = store.read_json("config.json")["config"]
    return [path for study in trained for path in export_study(store, study.relative_to(store.root), out, config)]


def export_study(store, name, out, config):
    """The paths written for the study in the folder `name` of a store."""
    signals = [
        row["name"] for row in store.read_csv(f"{name.as_posix()}/cohort/signals.csv") if row["split"] == "cohort"
    ]
    made_by = {"made_by": f"inr_sae {__version__}", "layout": "inr_sae"}
    params = read_params(store.root / name / "cohort/checkpoints")
    paths = [out / name / "encoder.safetensors"]
    facts = convert.facts_of(params) | {"cohort": signals[: params["heads"]["b"].shape[0]]}
    tensors.write(paths[0], convert.to_tensors(params), made_by | facts)
    if (store.root / name / "dictionary/done.json").exists():
        (saes,) = read_params(store.root / name / "dictionary/checkpoints")
        for i, layer in enumerate(config["sae"]["layers"]):
            sae = {leaf: values[i] for leaf, values in saes.items()}
            n, d = sae["w_dec"].shape
            paths.append(out / name / f"sae_layer_{layer}.safetensors")
            tensors.write(paths[-1], sae, made_by | {"layer": layer, "n_atoms": n, "d": d, "k": config["sae"]["k"]})
    return paths
