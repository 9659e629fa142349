"""The parts of a stage that takes long: the tables of each are stored, and what is stored is not made again."""


def tables(store, kinds, make, whole=True):
    """{name: rows} of one part, in a store of its own, made by make() -> {name: rows} unless they are there.

    kinds: {name: the NamedTuple of its rows}. The last file to appear is that of the last name. whole: whether what
    `make` writes beside them is there; if not, they are made again with it.
    """
    if not whole or not all(store.exists(f"{name}.csv") for name in kinds):
        made = make()
        for name, kind in kinds.items():
            store.write_rows(f"{name}.csv", kind, made[name])
    return {name: store.read_rows(f"{name}.csv", kind) for name, kind in kinds.items()}


def write(store, folder, parts, kinds):
    """Write the tables of several parts, joined, into a folder of the store."""
    for name, rows in joined(parts, kinds).items():
        store.write_rows(f"{folder}/{name}.csv", kinds[name], rows)


def joined(parts, kinds):
    """{name: rows} of several parts one after the other."""
    return {name: [row for part in parts for row in part[name]] for name in kinds}


def forget(loaded, pairs):
    """Drop what none of the pairs that are still to come names from {name: what was loaded}, which is large."""
    for name in loaded.keys() - {name for pair in pairs for name in pair}:
        del loaded[name]
