"""Several processes that compute as one: JAX's distributed start, and the tasks that all of them join in.

Process 0 runs the study, and it alone reads images and touches the run's folder. Where work is shared it announces a
task; the others wait for tasks and join in each with the arrays that they are sent. With one process a task is a call.
"""

import atexit
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import traceback

import jax
import numpy as np
from jax.experimental import multihost_utils

from inr_sae.errors import UserError
from inr_sae.machine import devices, interrupts

HEARTBEAT_S = 40  # silence after which a process counts as dead
START_S = 120  # how long the processes wait for each other at the start
GONE = 134  # the exit code where another process is gone; JAX's own abort gives the same
TASK, STOP = "inr_sae/task", "inr_sae/stop"  # keys of the coordination service
held = {}  # what a process keeps from one task to the next, by the name of whose it is

_numbers = itertools.count()  # of announcements


def start(spec):
    """Join the other processes. spec: "auto" on a cluster that JAX knows, or "HOST:PORT,N,I".

    Raises UserError where there is no such cluster, the spec cannot be read, the others do not come, or JAX has no
    device.
    """
    # Its handler of SIGTERM would take the place of ours.
    jax.config.update("jax_enable_preemption_service", False)
    arguments = {} if spec == "auto" else dict(zip(("coordinator_address", "num_processes", "process_id"), read(spec)))
    begun = last_words(
        f"inr_sae: --distributed={spec} did not start: the processes have not found each other within {START_S} s; see "
        "launch/README.md"
    )
    try:
        jax.distributed.initialize(
            **arguments,
            heartbeat_timeout_seconds=HEARTBEAT_S,
            initialization_timeout=START_S,
            shutdown_timeout_seconds=HEARTBEAT_S,
        )
    except (ValueError, RuntimeError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"--distributed={spec} did not start ({said}); see launch/README.md") from error
    finally:
        begun()
    interrupts.listen()  # the coordination service may have set handlers of its own
    devices.check()
    n, i = jax.process_count(), jax.process_index()
    over = last_words(
        f"inr_sae: process {i} of {n} has ended without a word: it was killed, or another process is gone (exit code "
        f"{GONE}); the same command goes on"
    )
    atexit.register(over)


def read(spec):
    """(coordinator's address, number of processes, this process's number) of "HOST:PORT,N,I"."""
    parts = re.fullmatch(r"([^,]+:(\d{1,5})),(\d+),(\d+)", spec, re.ASCII)
    if parts is None or not 0 < int(parts[2]) < 2**16:
        raise UserError(f"--distributed is {spec!r}; it is auto, or HOST:PORT,N,I, as in 127.0.0.1:8476,2,0")
    address, n, i = parts[1], int(parts[3]), int(parts[4])
    if not i < n:
        raise UserError(f"--distributed is {spec!r}; of {n} processes the last has the number {n - 1}")
    return address, n, i


def last_words(sentence):
    """Have a shell stand by that says a sentence if this process ends without a word; returns what sends it away.

    Where a process dies or does not come, JAX aborts the others from a thread of its own: nothing in Python gets to
    speak.
    """
    witness = subprocess.Popen(
        ["sh", "-c", 'read -r word || echo "$0" >&2', sentence], stdin=subprocess.PIPE, start_new_session=True
    )
    return lambda: witness.communicate(b"over\n")


def client():
    """JAX's client of the coordination service; it has no public name."""
    from jax._src.distributed import global_state

    return global_state.client


def together(task, details, arrays=()):
    """Run task(details, arrays) on every process at the same time; returns what it returns on this one, process 0.

    task: a function of a module's top level. details: a JSON value. arrays: a sequence of arrays, sent to all.
    """
    details = json.loads(json.dumps(details))  # as the others get them
    if jax.process_count() > 1:
        arrays = [np.asarray(array) for array in arrays]
        announcement = {"task": f"{task.__module__}:{task.__qualname__}", "details": details}
        _announce(announcement | {"arrays": [(array.shape, str(array.dtype)) for array in arrays]})
        arrays = _receive(arrays)
    return task(details, arrays)


def _receive(arrays):
    """The arrays of process 0, of the same shapes as these."""
    return multihost_utils.broadcast_one_to_all(arrays) if arrays else arrays


def gather(tree):
    """The arrays of all processes, one behind the other along the first axis, as numpy arrays on each."""
    if jax.process_count() == 1:
        return jax.tree.map(np.asarray, tree)
    return multihost_utils.process_allgather(jax.tree.map(np.asarray, tree), tiled=True)


def any_asked_to_stop():
    """Whether any process was asked to stop; all processes ask this at the same point of a task."""
    return bool(gather(np.array([interrupts.asked()])).any())


def asked_to_stop():
    """Whether any process was asked to stop; asked by process 0 alone, between tasks."""
    return interrupts.asked() or (jax.process_count() > 1 and bool(client().key_value_dir_get(STOP)))


def stop_if_asked():
    """Raise Stopped if any process was asked to stop; asked by process 0 alone, between parts of its work."""
    if asked_to_stop():
        raise interrupts.Stopped


def serve():
    """Join in the tasks that process 0 announces until it is over; returns the exit code that it ended with."""
    while True:
        announced = _next_announcement()
        if "over" in announced:
            return announced["over"]
        module, _, name = announced["task"].partition(":")
        arrays = [np.zeros(shape, dtype) for shape, dtype in announced["arrays"]]
        try:
            getattr(importlib.import_module(module), name)(announced["details"], _receive(arrays))
        except interrupts.Stopped:
            continue  # as on process 0, which will say how it ends
        except jax.errors.JaxRuntimeError as error:
            lost(error)
        except Exception:
            traceback.print_exc()
            leave(1)


def lost(error):
    """End at once where what the processes did together has failed."""
    said = str(error).strip().splitlines()[0]
    print(f"inr_sae: the processes have lost each other ({said}); the same command goes on", file=sys.stderr)
    leave(GONE)


def leave(code):
    """End without the goodbyes of a normal exit, which wait for the other processes, who may wait for this one."""
    sys.stderr.flush()
    os._exit(code)


def end(code):
    """If this is process 0, have the others end with its exit code."""
    if jax.process_index() == 0:
        _announce({"over": code})


def _announce(announcement):
    client().key_value_set(f"{TASK}/{next(_numbers)}", json.dumps(announcement))


def _next_announcement():
    """What process 0 says next; meanwhile it is told if this process is asked to stop."""
    key, told = f"{TASK}/{next(_numbers)}", False
    while True:
        if interrupts.asked() and not told:
            client().key_value_set(f"{STOP}/{jax.process_index()}", "asked", allow_overwrite=True)
            told = True
        try:
            return json.loads(client().blocking_key_value_get(key, 1000))
        except jax.errors.JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise
