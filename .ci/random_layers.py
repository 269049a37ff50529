"""Blocks of random models: layers with weights, norms, activations. The table is in random_blocks.py."""
import math

import numpy as np

import random_forms as form
from random_graph import SIZES, Refused, refuse
from random_quantised import weights_of_layer

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
    if found.get("auto_pad", "").startswith("SAME"):
        strides = found.get("strides", [1] * rank)
        # Windows that leave out more than one position: onnxruntime cuts the input, by another rule for each operator, or refuses.
        if any((-(-n // s) - 1) * s + k - n < -1 for n, s, k in zip(sizes, strides, kernel)):
            raise Refused
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
        y = transposed(g, other)
        if y.shape[-2] != k:
            raise Refused
        return g.scaled(g.op("MatMul", [x, y]), 1 / math.sqrt(k))
    turned = [n for n, t in g.constants.items() if t.data_type == 1 and len(t.dims) == 2 and t.dims[1] == k]
    if turned and g.chance(0.4):  # The weights of another layer, transposed.
        name = g.pick(*turned)
        return g.op("MatMul", [x, g.op("Transpose", [type(x)(name, tuple(g.constants[name].dims), x.dtype)], perm=[1, 0])])
    return g.op("MatMul", [x, weights_of_layer(g, (k, g.pick(*SIZES)), 1 / math.sqrt(k), axis=1)])


def transposed(g, x):
    """The last two axes exchanged."""
    order = list(range(x.rank))
    order[-2:] = order[-1], order[-2]
    return g.op("Transpose", [x], perm=order)


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
    whole = g.op("Concat", parts, axis=g.axis(1, x.rank))
    if g.chance(0.5):  # Read by what works on channels, so that the parts lie in one tensor of any layout.
        if g.chance(0.5):
            return [x, g.op(g.pick("GlobalAveragePool", "GlobalMaxPool"), [whole])]
        c, out = whole.shape[1], g.pick(4, 8, 16, *SIZES)
        return [x, g.op("Conv", [whole, weights_of_layer(g, (out, c) + (1,) * (x.rank - 2), 1 / math.sqrt(c), axis=0)])]
    return [x, whole]
