"""The kinds of blocks that random models are made of.

A block is a function of the graph that adds nodes and returns the tensors that later blocks may read; `g.real(…)` and
`g.any(…)` choose what it reads, older tensors too, so that a tensor comes to have several readers. Where a block does not apply it
raises Refused and leaves nothing behind. A new kind is one function and one line in BLOCKS: name, function, how often.
"""
import math

import numpy as np

import random_forms as form
from random_graph import SIZES, Refused
from random_quantised import QUANTISED_BLOCKS, weights_of_layer

UNARY = ["Relu", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Celu",
         "Gelu", "Mish", "Swish", "Abs", "Neg", "Erf", "Sin", "Cos", "Atan", "ThresholdedRelu", "Shrink", "Identity", "Dropout"]


# -- layers with weights

def window(g, rank, sizes, kernel, pooling=False):
    """Strides, dilations and pads, asymmetric ones too."""
    found = {}
    if g.chance(0.4):
        found["strides"] = [g.between(1, 3) for _ in range(rank)]
    if g.chance(0.25) and (not pooling or g.opset >= 10):
        found["dilations"] = [g.between(1, 3) if k > 1 else 1 for k in kernel]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, found.get("dilations", [1] * rank))]
    how = g.rng.random()
    if how < 0.2 and "dilations" not in found:
        found["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    elif how < 0.75:
        most = [k - 1 if pooling else k for k in kernel]
        found["pads"] = [g.between(0, min(m, 3)) for m in most * 2]
    elif how < 0.8:
        found["auto_pad"] = "NOTSET"
    pads = found.get("pads", [0] * (2 * rank))
    if not found.get("auto_pad", "NOTSET").startswith("SAME"):
        if any(s > n + a + b for s, n, a, b in zip(spans, sizes, pads[:rank], pads[rank:])):
            raise Refused
    return found


def kernel_of(g, sizes):
    return [g.between(1, min(n + 1, g.pick(1, 3, 3, 5))) for n in sizes]


def convolution(g):
    x = g.real(4, 4, 3, 5)
    c, sizes = x.shape[1], x.shape[2:]
    kernel, out, group = kernel_of(g, sizes), g.pick(*SIZES), 1
    if g.chance(0.03):
        out = g.pick(31, 32, 40)
    if g.chance(0.25):
        group = c
        out = c * g.pick(1, 1, 1, 2)
    elif g.chance(0.2):
        group = g.pick(*[d for d in range(1, c + 1) if c % d == 0])
        out = group * g.between(1, 3)
    spread = 1 / math.sqrt(c // group * math.prod(kernel))
    w = weights_of_layer(g, (out, c // group, *kernel), spread, axis=0)
    inputs = [x, w] + ([g.weights((out,))] if g.chance(0.6) else [])
    return g.op("Conv", inputs, group=group if group > 1 or g.chance(0.3) else None,
                kernel_shape=kernel if g.chance(0.6) else None, **window(g, len(sizes), sizes, kernel))


def transposed_convolution(g):
    x = g.real(4, 4, 3)
    c, rank = x.shape[1], x.rank - 2
    kernel, group = [g.between(1, 3) for _ in range(rank)], g.pick(1, 1, c)
    out = g.pick(1, 2, 3, 5, 8) if group == 1 else c
    w = weights_of_layer(g, (c, out // group, *kernel), 1 / math.sqrt(c / group * math.prod(kernel)), axis=1 if group == 1 else None)
    strides = [g.between(1, 3) for _ in range(rank)]
    inputs = [x, w] + ([g.weights((out,))] if g.chance(0.5) else [])
    # Where the kernel is smaller than the stride, ONNX's text and its shape inference disagree on SAME.
    if g.chance(0.15) and all(k >= s for k, s in zip(kernel, strides)):
        return g.op("ConvTranspose", inputs, group=group, strides=strides, auto_pad=g.pick("SAME_UPPER", "SAME_LOWER", "VALID"))
    return g.op("ConvTranspose", inputs, group=group if group > 1 else None,
                dilations=[g.between(1, 2) for _ in range(rank)] if g.chance(0.2) else None,
                strides=strides, pads=[g.between(0, k - 1) for k in kernel * 2] if g.chance(0.4) else None,
                output_padding=[g.between(0, s - 1) for s in strides] if g.chance(0.3) else None)


def gemm(g):
    x = g.real()
    if x.rank != 2 or g.chance(0.2):
        x = g.op("Flatten", [x], axis=g.axis(g.between(1, x.rank), x.rank) if x.rank and g.chance(0.3) else None)
    m, k = x.shape
    n, turned = g.pick(*SIZES), g.pick(0, 1)
    if k > 600:
        raise Refused
    w = weights_of_layer(g, (n, k) if turned else (k, n), 1 / math.sqrt(k), axis=0 if turned else 1)
    bias = g.weights(g.pick((n,), (1, n), (m, n), (m, 1), ())) if g.opset < 11 or g.chance(0.6) else None
    return g.op("Gemm", [x, w, bias], transB=turned, alpha=g.pick(None, None, 0.5), beta=g.pick(None, None, 2.0))


def product(g):
    """MatMul with weights, or of two tensors that are computed."""
    x = g.real(2, 3, 4)
    k = x.shape[-1]
    if g.chance(0.4):
        other = g.real(*range(2, x.rank + 1))
        y = form_turned(g, other)
        if y.shape[-2] != k:
            raise Refused
        return scaled(g, g.op("MatMul", [x, y]), 1 / math.sqrt(k))
    turned = [n for n, t in g.constants.items() if t.data_type == 1 and len(t.dims) == 2 and t.dims[1] == k]
    if turned and g.chance(0.4):  # The weights of another layer, transposed.
        name = g.pick(*turned)
        return g.op("MatMul", [x, g.op("Transpose", [type(x)(name, tuple(g.constants[name].dims), x.dtype)], perm=[1, 0])])
    return g.op("MatMul", [x, weights_of_layer(g, (k, g.pick(*SIZES)), 1 / math.sqrt(k), axis=1)])


def form_turned(g, x):
    """The last two axes exchanged."""
    order = list(range(x.rank))
    order[-2:] = order[-1], order[-2]
    return g.op("Transpose", [x], perm=order)


def scaled(g, x, by):
    return g.op("Mul", [x, g.constant(np.float32(by))])


# -- norms and activations

def norm(g):
    x = g.real(4, 4, 3, 2)
    return norm_of(g, x)


def norm_of(g, x):
    kinds = ["batch", "batch", "batch"]
    if x.rank > 2:
        kinds += ["instance", "group", "lrn", "mvn"]
    kind = g.pick(*kinds, "layer", "l2", "rms")
    c = x.shape[1]
    if kind == "batch":
        return form.batch_norm(g, x, g.weights((c,)), g.weights((c,)), g.weights((c,)), g.positive(c))
    if kind == "instance":
        return g.op("InstanceNormalization", [x, g.weights((c,)), g.weights((c,))], epsilon=g.pick(None, 1e-2))
    if kind == "group":
        if g.opset < 21:
            raise Refused
        groups = g.pick(*[d for d in range(1, c + 1) if c % d == 0])
        return g.op("GroupNormalization", [x, g.weights((c,)), g.weights((c,))], num_groups=groups, epsilon=1e-2)
    if kind == "lrn" and x.rank != 4:
        raise Refused
    if kind == "lrn":
        return g.op("LRN", [x], size=g.pick(1, 3, 5), alpha=0.5, beta=0.6, bias=1.5)
    if kind == "mvn":
        return g.op("MeanVarianceNormalization", [x], axes=g.pick(None, [0, 2, 3], [1, 2]) if x.rank == 4 else [0, 1])
    axis = g.between(1, x.rank - 1)
    if kind == "l2":
        return g.op("LpNormalization", [g.op("Add", [x, g.constant(np.float32(0.7))])], axis=g.axis(axis, x.rank, 1), p=g.pick(1, 2))
    tail = x.shape[axis:]
    if kind == "rms":
        return g.op("RMSNormalization", [x, g.weights(tail)], axis=g.axis(axis, x.rank, 1), epsilon=1e-2)
    return g.op("LayerNormalization", [x, g.weights(tail), g.weights(tail)], axis=g.axis(axis, x.rank, 1), epsilon=1e-2)


def activation(g):
    return activation_of(g, g.real())


def activation_of(g, x):
    kind = g.pick(*UNARY, "Clip", "PRelu", "SiLU", "Softmax", "Sqrt", "Exp", "Reciprocal", "Pow", "Log", "Trilu")
    if kind == "Pow":
        return g.op("Pow", [x, g.constant(np.float32(2))])
    if kind == "Trilu":
        return g.op("Trilu", [x], upper=g.pick(None, 0, 1)) if x.rank > 1 else refuse()
    if kind == "Clip":
        return form.clip(g, x, g.pick(0.0, -1.0, None), g.pick(6.0, 1.0, None))
    if kind == "PRelu":
        slopes = (x.shape[1],) + (1,) * (x.rank - 2) if x.rank > 1 and g.chance(0.6) else ()
        return g.op("PRelu", [x, g.weights(slopes)])
    if kind == "SiLU":
        return g.op("Mul", [x, g.op("Sigmoid", [x])])
    if kind == "Softmax":
        return g.op(g.pick("Softmax", "LogSoftmax"), [x], axis=g.axis(g.between(0, x.rank - 1), x.rank) if x.rank else None)
    if kind in ("Sqrt", "Log"):
        return g.op(kind, [g.op("Add", [g.op("Abs", [x]), g.constant(np.float32(0.5))])])
    if kind == "Exp":
        return g.op("Exp", [g.op("Tanh", [x])])
    if kind == "Reciprocal":
        return g.op("Reciprocal", [g.op("Add", [g.op("Abs", [x]), g.constant(np.float32(0.5))])])
    attributes = {"Elu": dict(alpha=g.pick(None, 0.7)), "LeakyRelu": dict(alpha=g.pick(None, 0.2, -0.5)), "Celu": dict(alpha=g.pick(None, 1.5)),
                  "HardSigmoid": dict(alpha=g.pick(None, 0.3)), "Gelu": dict(approximate=g.pick(None, "tanh")),
                  "ThresholdedRelu": dict(alpha=0.4), "Shrink": dict(lambd=0.3)}.get(kind, {})
    return g.op(kind, [x], **attributes)


def beside_its_input(g):
    """A norm or an activation whose operand has another reader, so that it cannot fold; often joined with it."""
    x = g.real(4, 4, 3)
    if g.chance(0.6):
        c, kernel = x.shape[1], kernel_of(g, x.shape[2:])
        out = g.pick(4, 8, 16, 16, *SIZES)
        w = weights_of_layer(g, (out, c, *kernel), 1 / math.sqrt(c * math.prod(kernel)), axis=0)
        x = g.op("Conv", [x, w], **window(g, len(kernel), x.shape[2:], kernel))
    y = norm_of(g, x) if g.chance(0.6) else activation_of(g, x)
    parts = [y, x] if g.chance(0.5) else [x, y]
    if y.shape != x.shape or g.chance(0.2):
        return parts
    if g.chance(0.25):
        return [x, g.op("Add", parts)]
    if g.chance(0.3):
        parts.insert(g.between(0, 2), norm_of(g, x) if g.chance(0.5) else x)
        if any(p.shape != x.shape for p in parts):
            raise Refused
    return [x, g.op("Concat", parts, axis=g.axis(1, x.rank))]


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


def refuse():
    raise Refused


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


# -- views and movement

def concat(g):
    x = g.any(lambda t: t.rank > 0)
    axis = g.between(0, x.rank - 1) if g.chance(0.3) else min(1, x.rank - 1)
    fits = [t for t in g.pool if t.dtype == x.dtype and t.rank == x.rank
            and all(a == b for i, (a, b) in enumerate(zip(t.shape, x.shape)) if i != axis)]
    parts = [x] + [g.pick(*fits) for _ in range(g.between(1, 3))]
    if g.chance(0.2) and x.real:
        shape = list(x.shape)
        shape[axis] = g.between(1, 3)
        parts.append(g.weights(shape))
    g.rng.shuffle(parts)
    return g.op("Concat", parts, axis=g.axis(axis, x.rank))


def concat_of_concats(g):
    x = g.real(4, 3, 2)
    axis = g.pick(1, 1, x.rank - 1)
    inner = g.op("Concat", [x, activation_of_shape(g, x)], axis=axis)
    other = activation_of_shape(g, x)
    outer = g.op("Concat", [other, inner, x] if g.chance(0.5) else [inner, other], axis=g.axis(axis, x.rank))
    if g.chance(0.4):
        g.outputs.append(g.pick(inner, other).name)
    return [inner, outer]


def activation_of_shape(g, x):
    return g.op(g.pick("Relu", "Tanh", "Neg", "Sigmoid", "Abs"), [x])


def split(g):
    x = g.any(lambda t: any(n > 1 for n in t.shape))
    axis = g.pick(*[i for i, n in enumerate(x.shape) if n > 1])
    n = x.shape[axis]
    if g.chance(0.2):
        parts = form.split_evenly(g, x, axis, g.between(2, min(3, n)))
    else:
        ends = sorted({g.between(1, n - 1) for _ in range(g.between(1, 3))})
        parts = form.split(g, x, g.axis(axis, x.rank), [b - a for a, b in zip([0, *ends], [*ends, n])])
    if not x.real:
        return parts
    if g.chance(0.4):  # Parts in place of others, changed or not, joined again.
        joined = [activation_of_shape(g, p) if g.chance(0.5) else p for p in parts]
        g.rng.shuffle(joined)
        parts.append(g.op("Concat", joined, axis=axis))
    return parts


def part(g):
    """Slice: steps, backwards, ends beyond the tensor, axes counted from the end."""
    x = g.any(lambda t: t.rank > 0)
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.between(1, min(2, x.rank)), replace=False))
    starts, ends, steps = [], [], []
    for a in axes:
        n, step = x.shape[a], g.pick(1, 1, 1, 2, 3) if g.opset >= 10 else 1
        start = g.between(0, n - 1)
        end = g.pick(g.between(start + 1, n), n, 2**31 - 1, n + 5)
        if g.opset >= 10 and g.chance(0.15):
            start, end, step = g.pick(n - 1, -1, 2**31 - 1), -(2**31), -g.between(1, 2)
        elif g.chance(0.3):
            start -= n
        starts.append(start), ends.append(end), steps.append(step)
    return form.cut(g, x, starts, ends, [g.axis(a, x.rank) for a in axes], steps)


def padding(g):
    x = g.real(4, 3, 2)
    mode = g.pick("constant", "constant", "edge", "reflect", *(["wrap"] if g.opset >= 19 else []))
    pads = [g.between(0, 2) if g.chance(0.5) else 0 for _ in range(2 * x.rank)]
    if mode in ("reflect", "wrap"):
        pads = [min(p, n - 1) for p, n in zip(pads, x.shape * 2)]
    if mode == "constant" and g.chance(0.15):
        i = g.between(0, x.rank - 1)
        pads[i] = -min(1, x.shape[i] - 1)
    if mode != "constant":
        pads[0] = pads[x.rank] = 0
    return form.pad(g, x, pads, mode, g.pick(None, 0.5, -1.0) if mode == "constant" else None)


def reshape(g):
    x = g.any(lambda t: t.rank > 0)
    shape, total = [], math.prod(x.shape)
    while total > 1 and len(shape) < 4:
        n = g.pick(*[d for d in range(1, min(total, 40) + 1) if total % d == 0])
        shape.append(n)
        total //= n
    shape.append(total)
    if g.chance(0.3):
        shape[g.between(0, len(shape) - 1)] = -1
    elif shape[0] == x.shape[0] and g.chance(0.5):
        shape[0] = 0
    return g.op("Reshape", [x, g.integers(*shape)])


def reshape_by_its_shape(g):
    """What exporters make of a flattening: the batch taken from Shape, the rest inferred."""
    x = g.any(lambda t: t.rank > 1)
    batch = g.op("Gather", [g.op("Shape", [x]), g.constant(np.array(0, np.int64))], axis=0)
    sizes = g.op("Concat", [form.squeeze(g, "Unsqueeze", batch, [0]), g.integers(-1)], axis=0)
    return g.op("Reshape", [x, sizes], shape=[x.shape[0], math.prod(x.shape[1:])])


def move(g):
    x = g.any(lambda t: t.rank > 0)
    kind = g.pick("transpose", "transpose", "unsqueeze", "squeeze", "flatten", "depth", "space", "expand", "tile", "gather")
    if kind == "transpose":
        return g.op("Transpose", [x], perm=[int(a) for a in g.rng.permutation(x.rank)] if g.chance(0.9) else None)
    if kind == "unsqueeze":
        if x.rank > 4:
            raise Refused
        return form.squeeze(g, "Unsqueeze", x, [g.axis(g.between(0, x.rank), x.rank + 1)])
    if kind == "squeeze":
        ones = [i for i, n in enumerate(x.shape) if n == 1]
        return form.squeeze(g, "Squeeze", x, [g.axis(g.pick(*ones), x.rank)]) if ones else refuse()
    if kind == "flatten":
        return g.op("Flatten", [x], axis=g.axis(g.between(0, x.rank - 1), x.rank))
    if kind == "depth":
        return g.op("DepthToSpace", [x], blocksize=2, mode=g.pick(None, "DCR", "CRD"))
    if kind == "space":
        return g.op("SpaceToDepth", [x], blocksize=g.pick(2, 3))
    if kind == "expand":
        shape = [g.pick(1, 2, 3) if n == 1 else g.pick(n, 1) for n in x.shape]
        return g.op("Expand", [x, g.integers(*([2] if g.chance(0.2) else []), *shape)])
    if kind == "tile":
        return g.op("Tile", [x, g.integers(*[g.pick(1, 1, 2, 3) for _ in x.shape])])
    axis = g.between(0, x.rank - 1)
    n = x.shape[axis]
    low = -n if g.opset >= 11 else 0
    places = g.rng.integers(low, n, g.pick((), (3,), (2, 2), (n,)))
    return g.op("Gather", [x, g.constant(places.astype(g.pick(np.int64, np.int32)))], axis=g.axis(axis, x.rank))


# -- windows and reductions

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
    return g.op(kind, [x], kernel_shape=kernel, ceil_mode=g.pick(None, 0, 1), count_include_pad=g.pick(None, 0, 1), **attributes)


def reduction(g):
    x = g.any(lambda t: t.real and t.rank > 0)
    kind = g.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.between(1, x.rank), replace=False))
    count = math.prod(x.shape[a] for a in axes)
    y = form.reduce(g, kind, x, [g.axis(a, x.rank) for a in axes], g.pick(0, 1))
    return scaled(g, y, 1 / count) if kind in ("ReduceSum", "ReduceL1", "ReduceSumSquare") else y


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
