"""Random keys by identity: what a thing is called decides its key, never its place in a loop or a batch."""

import zlib

import jax


def key_of(seed, *identity):
    """The key of the thing named by `identity`, as in key_of(0, "fit", "kodim05.png", 2)."""
    return jax.random.fold_in(jax.random.key(seed), zlib.crc32("/".join(map(str, identity)).encode()))
