"""A network's functions of a coordinate as short lists of operations, for a machine without JAX.

`trace` reads them off JAX's own record of a function, so whatever a backbone computes row by row with the operations
below is translated, and a backbone need not say it twice.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_sae.inr import network

ROWS = 1_000_003  # of the array that is traced, which holds nothing: no width of a network should be taken for it
UNARY = {"sin", "cos", "exp", "log", "neg", "abs", "sign", "floor", "round", "sqrt", "square", "tanh", "logistic"}
BINARY = {"add", "sub", "mul", "div", "max", "min"}
SAME = {"copy", "stop_gradient", "convert_element_type"}  # of floats
COLUMNS = {"dot", "concat", "columns"}  # what does not act on every column by itself
CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr"}


class Untranslatable(ValueError):
    """A function uses an operation that is not among those above, or mixes rows."""


class Program(NamedTuple):
    """A function (N, d_in) -> (N, d_out), row by row.

    Slots hold values: 0 the input, then the constants, then each operation's result. The last operation's is the
    output; without one it is the input.
    """

    constants: list  # float32 arrays: scalars (), a value for every column (d,), matrices (d_in, d_out)
    operations: list  # (name, slots of its arguments, numbers)


def trace(function, d_in):
    """The Program of a function (N, d_in) -> (N, d_out). Raises Untranslatable naming the operation."""
    closed = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((ROWS, d_in), np.float32))
    writer = _Writer()
    (output,) = writer.inline(closed.jaxpr, closed.consts, ["input"])
    return writer.program(output)


def of_network(backbone, encoder, x):
    """(start, [Program of unit start, ...], its input (N, d)) of an encoder at coordinates x (N, 2).

    start: the first unit from which on all are translated; -1 if the embedding is, too, whose input x is.
    """
    names = network.unit_names(encoder)
    functions = [partial(backbone.embed, encoder), *(partial(backbone.apply, encoder, name) for name in names)]
    inputs = [x]
    for function in functions:
        inputs.append(function(inputs[-1]))
    programs = []
    for function, h in reversed(list(zip(functions, inputs))):
        try:
            programs.insert(0, trace(function, h.shape[1]))
        except Untranslatable:
            break
    start = len(names) - len(programs)
    return start, programs, inputs[start + 1]


def run(program, h, xp=np):
    """The program's output of h (N, d_in), by numpy in float32: what another machine computes.

    xp: jax.numpy, and it can be differentiated.
    """
    slots = [xp.asarray(h, np.float32), *program.constants]
    for name, arguments, numbers in program.operations:
        slots.append(xp.asarray(_run(xp, name)(*(slots[at] for at in arguments), *numbers), np.float32))
    return slots[-1] if program.operations else slots[0]


def as_computed(function, d_in):
    """A function (N, d_in) -> (N, d_out) as what it computes, so that JAX's derivative of it is its own: a backbone may
    stop gradients in its training. Itself where it is not translated."""
    try:
        return jax.tree_util.Partial(partial(run, trace(function, d_in), xp=jnp))
    except Untranslatable:
        return function


def _run(xp, name):
    """The function of numpy or jax.numpy that an operation's name stands for."""
    others = {
        "dot": xp.matmul,
        "concat": lambda *parts: xp.concatenate(parts, axis=1),
        "columns": lambda a, start, stop, step: a[:, start:stop:step],
        "power": lambda a, n: a**n,
        "sub": xp.subtract,
        "mul": xp.multiply,
        "div": xp.divide,
        # At a tie the slope is the second's, which of ReLU is 0, where jax.numpy's own is the mean of both.
        "max": xp.maximum if xp is np else lambda a, b: xp.where(a > b, a, b),
        "min": xp.minimum,
        "neg": xp.negative,
        "logistic": lambda a: 1 / (1 + xp.exp(-a)),
    }
    return others[name] if name in others else getattr(xp, name)


class Layer(NamedTuple):
    """A function that is one product with a matrix, and then acts on every column by itself: phi(h W)."""

    w: np.ndarray  # (d_in, d)
    phi: Program  # (N, d) -> (N, d); what is added to h W is part of it


def layer(program):
    """The Layer that a Program is; None where it is none: several products, or columns that meet afterwards."""
    first, *rest = program.operations or [("", (), ())]
    place = len(program.constants) + 1  # of the product, in the program's slots
    if first[0] != "dot" or first[1][0] != 0 or any(name in COLUMNS or 0 in slots for name, slots, _ in rest):
        return None
    moved = [(name, tuple(_after(slot, place) for slot in slots), numbers) for name, slots, numbers in rest]
    return Layer(program.constants[first[1][1] - 1], Program(program.constants, moved))


def _after(slot, place):
    """A slot's number in a program that begins with the result at `place`."""
    if slot == place:
        return 0
    return slot if slot < place else slot - 1


class _Writer:
    """The constants and operations met so far; a value is "input", ("constant", i) or ("result", i)."""

    def __init__(self):
        self.constants, self.operations = [], []

    def inline(self, jaxpr, consts, arguments):
        """The values of a jaxpr's outputs."""
        values = dict(zip(jaxpr.constvars, (self.constant(each) for each in consts)))
        values |= dict(zip(jaxpr.invars, arguments))

        def value(atom):
            return self.constant(atom.val) if isinstance(atom, jax.extend.core.Literal) else values[atom]

        for equation in jaxpr.eqns:
            results = self.equation(equation, [value(atom) for atom in equation.invars])
            values |= dict(zip(equation.outvars, results))
        return [value(atom) for atom in jaxpr.outvars]

    def constant(self, array):
        """A constant's value."""
        self.constants.append(np.asarray(array, np.float32))
        return "constant", len(self.constants) - 1

    def add(self, name, arguments, *numbers):
        """The value of an operation's result."""
        self.operations.append((name, tuple(arguments), numbers))
        return [("result", len(self.operations) - 1)]

    def equation(self, equation, arguments):
        """The values of what one equation of a jaxpr computes."""
        name, about = equation.primitive.name, equation.params
        if name in CALLS:
            inner = about[CALLS[name]]
            return self.inline(inner.jaxpr, inner.consts, arguments)
        if name == "platform_index":
            return [about["platforms"].index(None)]
        if name == "cond" and isinstance(arguments[0], int):
            branch = about["branches"][arguments[0]]
            return self.inline(branch.jaxpr, branch.consts, arguments[1:])
        of_rows = any(atom.aval.ndim == 2 and atom.aval.shape[0] == ROWS for atom in equation.outvars)
        if arguments and not of_rows and all(argument[0] == "constant" for argument in arguments):
            return self.folded(equation, arguments)
        shapes = [atom.aval.shape for atom in equation.invars]
        if any(atom.aval.dtype != np.float32 for atom in [*equation.invars, *equation.outvars]):
            raise Untranslatable(f"{name} of numbers that are no float32")
        if name in UNARY:
            return self.add(name, arguments)
        if name in BINARY:
            return self.add(name, arguments)
        if name in SAME or (name == "broadcast_in_dim" and _adds_rows(shapes[0], about)):
            return arguments
        if name == "integer_pow":
            return self.add("power", arguments, about["y"])
        if name == "dot_general" and _is_matmul(shapes, about) and arguments[1][0] == "constant":
            return self.add("dot", arguments)
        if name == "concatenate" and about["dimension"] == 1:
            return self.add("concat", arguments)
        if name == "slice" and about["start_indices"][0] == 0 and about["limit_indices"][0] == ROWS:
            step = 1 if about["strides"] is None else about["strides"][1]
            return self.add("columns", arguments, about["start_indices"][1], about["limit_indices"][1], step)
        raise Untranslatable(f"{name} of {', '.join(map(str, shapes))}")

    def folded(self, equation, arguments):
        """The values of an equation of constants: constants."""
        operands = [
            np.asarray(self.constants[place], atom.aval.dtype)
            for (_, place), atom in zip(arguments, equation.invars, strict=True)
        ]
        results = equation.primitive.bind(*operands, **equation.params)
        return [self.constant(each) for each in (results if equation.primitive.multiple_results else [results])]

    def program(self, output):
        """The Program that ends with a value; what it does not need is left out."""
        needed, kept = {output}, []
        for place, (name, arguments, numbers) in reversed(list(enumerate(self.operations))):
            if ("result", place) in needed:
                needed.update(arguments)
                kept.append((place, name, arguments, numbers))
        constants = [place for place in range(len(self.constants)) if ("constant", place) in needed]
        slots = {"input": 0} | {("constant", place): 1 + i for i, place in enumerate(constants)}
        operations = []
        for place, name, arguments, numbers in reversed(kept):
            operations.append((name, tuple(slots[each] for each in arguments), numbers))
            slots["result", place] = len(constants) + len(operations)
        return Program([self.constants[place] for place in constants], operations)


def _adds_rows(shape, about):
    """Whether a broadcast repeats a scalar, or a value for every column, down the rows."""
    return shape in ((), (1,)) or about["broadcast_dimensions"] in ((1,), (0, 1))


def _is_matmul(shapes, about):
    """Whether a product is (N, d_in) x (d_in, d_out)."""
    (left, right), batch = about["dimension_numbers"]
    return (tuple(left), tuple(right), tuple(map(tuple, batch))) == ((1,), (0,), ((), ())) and len(shapes[1]) == 2
