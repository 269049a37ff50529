"""Blocks of random models that quantise, and weights in the forms in which models have them. The table is in random_blocks.py."""
import math

import numpy as np

import random_forms as form
from random_graph import SIZES, Refused


def weights_of_layer(g, shape, spread, axis):
    """Weights as a constant, behind Identity, or as integers behind DequantizeLinear, whole or for each slice along an axis."""
    if g.opset < 10 or g.chance(0.7):
        w = g.weights(shape, spread)
        return g.op("Identity", [w]) if g.chance(0.1) else w
    shape = tuple(shape)
    if shape in g.dequantised and g.chance(0.15):
        return g.dequantised[shape]
    element = g.pick(np.int8, np.int8, np.uint8)
    per = axis is not None and g.opset >= 13 and g.chance(0.7)
    scales = (shape[axis],) if per else ()
    info = np.iinfo(element)
    middle = (info.min + info.max + 1) // 2
    if not per and g.chance(0.2):
        scales = (1,)
    steps = g.constant((g.rng.uniform(0.4, 1.6, scales) * spread / 64).astype(np.float32))
    if g.chance(0.6):
        zeros = g.constant(np.full(scales, middle, element))
    else:
        zeros = g.constant((middle + g.rng.integers(-20, 20, scales)).astype(element))
    values = g.constant(g.rng.integers(info.min + 1, info.max + 1, shape).astype(element))
    if middle == 0 and g.chance(0.1):
        zeros = None
    w = form.dequantize(g, values, steps, zeros, g.axis(axis, len(shape), 13) if per else None)
    g.dequantised[shape] = w
    return w


def scale_of(g, *shape):
    return g.constant(g.rng.uniform(0.01, 0.04, shape).astype(np.float32))


def zero_of(g, element, *shape):
    info = np.iinfo(element)
    middle = (info.min + info.max + 1) // 2
    return g.constant((middle + g.rng.integers(-30, 30, shape)).astype(element))


def through_integers(g, x, element=None):
    """QuantizeLinear and DequantizeLinear of a tensor, at times with other parameters for each channel."""
    if g.opset < 10:
        raise Refused
    element = element or g.pick(np.uint8, np.int8)
    if g.opset >= 13 and x.rank > 1 and g.chance(0.1):
        axis = g.between(0, x.rank - 1)
        scale, zero, axis = scale_of(g, x.shape[axis]), zero_of(g, element, x.shape[axis]), g.axis(axis, x.rank)
    else:
        scale, zero, axis = scale_of(g), zero_of(g, element), None
    q = form.quantize(g, x, scale, zero, axis)
    return q, form.dequantize(g, q, scale, zero, axis)


def rounded(g):
    """A tensor quantised and brought back; its integers may be read too."""
    q, y = through_integers(g, g.real())
    return [q, y] if g.chance(0.2) else y


def quantised_layer(g):
    """A layer between quantised tensors, as quantisers write it: all of it becomes integers."""
    x = g.real(4, 4, 3, 2)
    element = g.pick(np.uint8, np.int8)
    _, x = through_integers(g, x, element)
    kind = g.pick("conv", "conv", "conv", "depthwise", "gemm", "add", "concat", "pool", "average", "act") if x.rank > 2 else "gemm"
    if kind in ("conv", "depthwise"):
        c = x.shape[1]
        out, group = (c, c) if kind == "depthwise" else (g.pick(*SIZES), 1)
        kernel = [g.between(1, min(3, n)) for n in x.shape[2:]]
        y = quantised_convolution(g, x, out, group, kernel)
    elif kind == "gemm":
        x = g.op("Flatten", [x]) if x.rank != 2 else x
        if x.shape[1] > 600:
            raise Refused
        n = g.pick(*SIZES)
        y = g.op("MatMul", [x, integer_weights(g, (x.shape[1], n), 1 / math.sqrt(x.shape[1]), 1)])
    elif kind in ("add", "concat"):
        other = g.any(lambda t: t.real and t.shape == x.shape, newest=0.1)
        _, other = through_integers(g, other, element)
        y = g.op("Add", [x, other]) if kind == "add" else g.op("Concat", [x, other], axis=1)
    elif kind in ("pool", "average"):
        kernel = [g.between(1, min(3, n)) for n in x.shape[2:]]
        y = g.op("MaxPool" if kind == "pool" else "AveragePool", [x], kernel_shape=kernel, strides=[g.between(1, 2) for _ in kernel])
    else:
        y = g.op(g.pick("Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid"), [x])
    if g.chance(0.4):
        y = g.op("Relu", [y])
    _, done = through_integers(g, y, element)
    return [x, done] if g.chance(0.5) else done


def integer_weights(g, shape, spread, axis):
    scales = (shape[axis],) if g.opset >= 13 and g.chance(0.7) else ()
    steps = g.constant((g.rng.uniform(0.4, 1.6, scales) * spread / 64).astype(np.float32))
    values = g.constant(g.rng.integers(-127, 128, shape).astype(np.int8))
    return form.dequantize(g, values, steps, g.constant(np.zeros(scales, np.int8)), axis if scales else None)


def quantised_convolution(g, x, out, group, kernel):
    c = x.shape[1] // group
    w = integer_weights(g, (out, c, *kernel), 1 / math.sqrt(c * math.prod(kernel)), 0)
    inputs = [x, w]
    if g.chance(0.7):
        inputs.append(g.weights((out,)))
    pads = [g.between(0, k - 1) for k in kernel * 2] if g.chance(0.6) else None
    return g.op("Conv", inputs, group=group, pads=pads, strides=[g.between(1, 2) for _ in kernel] if g.chance(0.4) else None)


def integer_product(g):
    """ConvInteger or MatMulInteger of a quantised tensor, brought back by a scale: exact sums."""
    if g.opset < 10:
        raise Refused
    x = g.real(4, 2)
    q, _ = through_integers(g, x, np.uint8)
    scale = scale_of(g)
    if x.rank == 2:
        w = g.constant(g.rng.integers(-127, 128, (x.shape[1], g.pick(*SIZES))).astype(np.int8))
        y = g.op("MatMulInteger", [q, w, zero_of(g, np.uint8)])
        count = x.shape[1]
    else:
        kernel = [g.between(1, min(3, n)) for n in x.shape[2:]]
        w = g.constant(g.rng.integers(-127, 128, (g.pick(*SIZES), x.shape[1], *kernel)).astype(np.int8))
        y = g.op("ConvInteger", [q, w, zero_of(g, np.uint8)], pads=[g.between(0, k - 1) for k in kernel * 2])
        count = x.shape[1] * math.prod(kernel)
    y = g.op("Mul", [g.op("Cast", [y], to=1), scale])
    return g.op("Mul", [y, g.constant(np.float32(0.02 / math.sqrt(count)))])


QUANTISED_BLOCKS = [
    ("rounded", rounded, 2),
    ("quantised_layer", quantised_layer, 5),
    ("integer_product", integer_product, 1),
]
