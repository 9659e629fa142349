"""Holding the files of a finished study against its study.json."""

from inr_sae.errors import UserError
from inr_sae.folder import manifest
from inr_sae.folder.store import Store


def verify(workdir):
    """[(name, what is wrong with it)] of a finished study's files; raises UserError if there is no manifest."""
    store = Store(workdir)
    if not store.exists(manifest.FILE):
        raise UserError(
            f"--verify {store.root}: no {manifest.FILE} there; a study writes it when all its stages are done"
        )
    stored = store.read_json(manifest.FILE)
    stored = stored.get("files") if isinstance(stored, dict) else None
    if not isinstance(stored, dict):
        raise UserError(f"--verify {store.root}: {manifest.FILE} is damaged; the study's own command writes it again")
    found = manifest.files(store.root)
    wrong = [(name, "gone") for name in stored.keys() - found.keys()]
    wrong += [(name, "not of the study") for name in found.keys() - stored.keys()]
    wrong += [(name, "changed") for name in stored.keys() & found.keys() if stored[name] != found[name]]
    return sorted(wrong)
