"""The kinds of blocks that random models are made of.

A block is a function of the graph that adds nodes and returns the tensors that later blocks may read; `g.real(…)` and
`g.any(…)` choose what it reads, older tensors too, so that a tensor comes to have several readers. Where a block does not apply it
raises Refused and leaves nothing behind. A new kind is one function and one line in BLOCKS: name, function, how often.
"""
import math

import numpy as np

import random_forms as form
from random_graph import Refused, refuse
from random_layers import activation, beside_its_input, convolution, gemm, norm, product, transposed_convolution, window
from random_movement import concat, concat_of_concats, move, padding, part, reshape, reshape_by_its_shape, split
from random_quantised import QUANTISED_BLOCKS, weights_of_layer

# -- elementwise operators of several tensors

def binary(g):
    x = g.real()
    kind = g.pick("Add", "Add", "Mul", "Sub", "Max", "Min", "Div", "Sum", "Mean")
    if g.chance(0.5):
        y = g.any(lambda t: t.real and broadcastable(x.shape, t.shape), newest=0.1)
    else:
        shape = [n if g.chance(0.5) else 1 for n in x.shape]
        y = g.weights(shape[g.between(0, len(shape)):] if g.chance(0.5) else shape)
    if kind == "Div":
        y = g.op("Add", [g.op("Abs", [y]), g.constant(np.float32(0.7))])
    if kind in ("Max", "Min", "Sum", "Mean"):
        more = [x] if g.chance(0.2) else []
        return g.op(kind, [x, y, *more] if g.opset >= 8 or y.shape == x.shape else refuse())
    return g.op(kind, [x, y] if g.chance(0.7) else [y, x])


def broadcastable(a, b):
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1]))


def gate(g):
    """Squeeze and excite: a tensor times a value for each channel that is computed from it."""
    x = g.real(4)
    c = x.shape[1]
    y = g.op("GlobalAveragePool", [x])
    y = g.op("Conv", [y, weights_of_layer(g, (c, c, 1, 1), 1 / math.sqrt(c), axis=0), g.weights((c,))])
    return g.op("Mul", [x, g.op(g.pick("Sigmoid", "HardSigmoid"), [y])])


def weight_as_operand(g):
    """A constant that a layer has as its weights, read by an elementwise operator too."""
    x = g.real()
    names = [n for n, t in g.constants.items() if t.data_type == 1 and len(t.dims) <= x.rank and broadcastable(x.shape, tuple(t.dims))
             and all(n <= m for n, m in zip(tuple(t.dims)[::-1], x.shape[::-1]))]
    if not names:
        raise Refused
    name = g.pick(*names)
    return g.op(g.pick("Add", "Mul", "Sub"), [x, type(x)(name, tuple(g.constants[name].dims), x.dtype)])


def choice(g):
    """Where, by a comparison of inputs: those are exact, so that no rounding changes what is chosen."""
    x = g.real(newest=0.3)
    y = g.any(lambda t: t.real and t.shape == x.shape, newest=0.1)
    ports = [t for t in g.pool if t.name in g.ports and t.real and broadcastable(t.shape, x.shape)]
    if not ports:
        raise Refused
    mask = g.op(g.pick("Greater", "Less"), [g.pick(*ports), g.constant(np.float32(0.1))])
    if g.chance(0.3):
        mask = g.op(g.pick("And", "Or", "Xor"), [mask, g.op("Not", [mask])])
    chosen = g.op("Where", [mask, x, y])
    return [mask, chosen] if g.chance(0.3) else chosen


# -- windows and reductions

def meets(size, kernel, stride, dilation, before, after):
    """Whether each window of a pool holds an element, not padding alone: ONNX does not say what such a window gives."""
    starts = range(-before, size + after - (kernel - 1) * dilation + stride - 1, stride)
    return all(any(0 <= start + k * dilation < size for k in range(kernel)) for start in starts if start < size)


def pool(g):
    x = g.real(4, 4, 3, 5)
    sizes, rank = x.shape[2:], x.rank - 2
    if g.chance(0.2):
        return g.op(g.pick("GlobalAveragePool", "GlobalMaxPool"), [x])
    kernel = [g.between(1, min(3, n)) for n in sizes]
    kind = g.pick("MaxPool", "AveragePool")
    if kind == "MaxPool" and g.opset >= 8 and g.chance(0.1):  # The positions of the largest values too.
        return g.op(kind, [x], outputs=2, kernel_shape=kernel, strides=[g.between(1, 2) for _ in kernel])
    attributes = window(g, rank, sizes, kernel, pooling=True)
    if kind == "AveragePool" and g.opset < 19:
        attributes.pop("dilations", None)
    pads = attributes.get("pads", [0] * (2 * rank))
    if not all(map(meets, sizes, kernel, attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank),
                   pads[:rank], pads[rank:])):
        raise Refused
    return g.op(kind, [x], kernel_shape=kernel, ceil_mode=g.pick(None, 0, 1), count_include_pad=g.pick(None, 0, 1), **attributes)


def reduction(g):
    x = g.any(lambda t: t.real and t.rank > 0)
    kind = g.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.between(1, x.rank), replace=False))
    count = math.prod(x.shape[a] for a in axes)
    y = form.reduce(g, kind, x, [g.axis(a, x.rank) for a in axes], g.pick(0, 1))
    return g.scaled(y, 1 / count) if kind in ("ReduceSum", "ReduceL1", "ReduceSumSquare") else y


def enlarge(g):
    x = g.real(4)
    return form.enlarge(g, x, [1.0, 1.0, g.pick(1.0, 2.0, 3.0), g.pick(1.0, 2.0)])


# -- integers and further ports

def whole_numbers(g):
    """Operators on an input of integers, joined with the rest by a cast."""
    shape = g.real().shape
    element = g.pick(np.int32, np.int64) if g.opset < 12 else g.pick(np.int32, np.int64, np.int8, np.uint8)
    x = g.input(g.rng.integers(0, 12, shape).astype(element))
    y = g.input(g.rng.integers(1, 5, shape).astype(element)) if g.chance(0.4) else x
    if element in (np.int32, np.int64):
        x = g.op(g.pick("Add", "Mul", "Sub"), [x, y])
    else:
        x = g.op(g.pick("Max", "Min"), [x, y])
    return [x, g.op("Mul", [g.op("Cast", [x], to=1), g.constant(np.float32(0.1))])]


def another_input(g):
    shape = g.real().shape
    return g.input(g.rng.standard_normal(shape if g.chance(0.7) else shape[1:]).astype(np.float32)) and []


def states_of_numbers(g):
    """Rounding, signs and positions of an input: exact, for nothing is computed before."""
    ports = [t for t in g.pool if t.name in g.ports and t.real and t.rank > 0]
    if not ports:
        raise Refused
    x = g.pick(*ports)
    kind = g.pick("Floor", "Ceil", "Round", "Sign", "ArgMax", "ArgMin", "Cast")
    if kind.startswith("Arg"):
        return g.op(kind, [x], axis=g.axis(g.between(0, x.rank - 1), x.rank), keepdims=g.pick(0, 1))
    if kind == "Cast":
        return g.op("Cast", [g.op("Cast", [x], to=g.pick(6, 7, 10, 11))], to=1)
    return g.op(kind, [x])


BLOCKS = [
    ("convolution", convolution, 10),
    ("transposed_convolution", transposed_convolution, 2),
    ("gemm", gemm, 2),
    ("product", product, 3),
    ("norm", norm, 3),
    ("activation", activation, 7),
    ("beside_its_input", beside_its_input, 5),
    ("binary", binary, 6),
    ("gate", gate, 1),
    ("weight_as_operand", weight_as_operand, 2),
    ("choice", choice, 1),
    ("concat", concat, 6),
    ("concat_of_concats", concat_of_concats, 3),
    ("split", split, 5),
    ("part", part, 3),
    ("padding", padding, 3),
    ("reshape", reshape, 3),
    ("reshape_by_its_shape", reshape_by_its_shape, 1),
    ("move", move, 6),
    ("pool", pool, 5),
    ("reduction", reduction, 3),
    ("enlarge", enlarge, 2),
    ("whole_numbers", whole_numbers, 1),
    ("another_input", another_input, 1),
    ("states_of_numbers", states_of_numbers, 1),
    *QUANTISED_BLOCKS,
]
