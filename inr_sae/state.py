"""The state of anything that is trained."""

import flax.struct
import jax
import optax


@flax.struct.dataclass
class TrainState:
    """Parameters, the optimiser's state, the number of updates made (), int32, and the key of later draws."""

    params: dict
    opt_state: optax.OptState
    step: jax.Array
    key: jax.Array
