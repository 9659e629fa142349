"""Networks of a finished study as safetensors, with a json of hyperparameters beside each, for other programs."""

from ml_collections import ConfigDict

from inr_sae import __version__
from inr_sae.errors import InputError, UserError
from inr_sae.exchange import convert, tensors
from inr_sae.folder import manifest
from inr_sae.folder.store import Store
from inr_sae.run import once
from inr_sae.run.once import is_done
from inr_sae.stages import cohort, dictionary

READ_AS = ("dataset", "size", "crop", "plane", "grey", "background", "nan_to_zero")  # how signals become pixels


def export(workdir, out=None):
    """Write encoder.safetensors and dictionary_layer_<l>.safetensors of a study and of those within it.

    Returns the paths. out: the folder, <workdir>-export if None. Raises UserError where there is no encoder, or a file
    is damaged.
    """
    store = Store(workdir)
    out = out or store.root.with_name(store.root.name + "-export")
    manifest.refuse_within(store, out)
    found = cohort.studies(store.root)
    if not found:
        raise UserError(f"--export {store.root}: no cohort's encoder is done there")
    manifest.refuse_damage(store, "--export")
    return [path for root in found for path in export_study(Store(root), out / root.relative_to(store.root))]


def export_study(store, out):
    """The paths written for one study's folder."""
    config = config_of(store, "cohort")
    params, rows = cohort.params_of(store), cohort.trained_on(store)
    n_signals, channels = params["heads"]["b"].shape
    facts = made_by() | {"n_signals": n_signals, "channels": channels}
    facts |= {"cohort": [row.name for row in rows], "sha256_of_pixels": [row.sha256_of_pixels for row in rows]}
    facts["signals"] = {key: config.signals[key] for key in READ_AS}
    facts |= convert.facts_of(params) if config.inr.backbone in convert.FOLD else {}
    facts |= {key: config.inr[key] for key in ("backbone", "width", "n_layers")}  # widths of units may be others
    facts |= {"grid": "row before column, the outermost pixels at the ends of coordinates"}
    facts |= {"settings": config.inr[config.inr.backbone].to_dict(), "coordinates": list(config.inr.coordinates)}
    paths = [write(out / "encoder.safetensors", convert.to_tensors(params), facts)]
    if is_done(store, "dictionary"):
        refuse_others(store)
        config = config_of(store, "dictionary")
        for layer in dictionary.layers(config):
            fitted = dictionary.load(config, store, layer)
            facts = made_by() | {"layer": layer, "method": config.dictionary.method, **dictionary.settings(config)}
            name = f"dictionary_layer_{layer}.safetensors"
            paths.append(write(out / name, convert.to_tensors(fitted.params), facts))
    return paths


def refuse_others(store):
    """Raise UserError where a study's dictionaries are of another encoder than the one that is there now."""
    if once.state_of(store, once.name_of(dictionary)).needs != once.built_on(dictionary, store):
        raise UserError(
            f"--export {store.root}: its dictionaries are of an encoder that has been trained again since; have them "
            "made again, too, by the study's own command"
        )


def config_of(store, stage):
    """The part of the config that a done stage has read."""
    nested = {}
    for key, value in once.state_of(store, stage).reads.items():
        *groups, name = key.split(".")
        group = nested
        for each in groups:
            group = group.setdefault(each, {})
        group[name] = value
    return ConfigDict(nested)


def made_by():
    """The facts that every file has."""
    return {"made_by": f"inr_sae {__version__}", "layout": "inr_sae"}


def write(path, named, facts):
    """Write tensors and facts; returns the path."""
    try:
        tensors.write(path, named, facts)
    except InputError as error:
        raise UserError(f"--workdir {error}") from error
    return path
