"""Random quantised models for random_cases.py: the operators of ONNX and those of onnxruntime."""
import numpy as np

from random_build import Build, pick

FORMS = ["qlinearconv", "qlinearconv", "qdq", "qdq", "qlinearmatmul", "convinteger", "matmulinteger", "dynamic", "axis"]


class Integers:
    """Quantised operands: integers of any value, scales, zero points, each a constant or an input."""

    def __init__(self, rng, b, element):
        self.rng, self.b, self.element = rng, b, element

    def values(self, shape, element=None, constant=False):
        info = np.iinfo(element or self.element)
        return self.b.value(self.rng.integers(info.min, info.max + 1, shape).astype(info.dtype), constant)

    def scale(self, shape=(), low=0.005, high=0.05):
        return self.b.value(np.asarray(self.rng.uniform(low, high, shape)).astype(np.float32), True)

    def zero(self, shape=(), element=None, same=False):
        """Zero points in the middle half of the type."""
        info = np.iinfo(element or self.element)
        quarter = (info.max - info.min + 1) // 4
        chosen = self.rng.integers(info.min + quarter, info.max - quarter, () if same else shape)
        return self.b.value(np.broadcast_to(chosen, shape).astype(info.dtype), True)

    def operand(self, shape, constant=False):
        """Values, their scale and their zero point."""
        return [self.values(shape, None, constant), self.scale(), self.zero()]

    def result(self, low=0.005, high=0.2):
        return [self.scale((), low, high), self.zero()]


def geometry(rng, rank):
    """Channels in and out, groups, kernel, attributes of a convolution."""
    c, out, groups = int(rng.integers(1, 9)), int(rng.integers(1, 9)), 1
    style = rng.random()
    if style < 0.25:
        out, groups = c, c
    elif style < 0.4:
        groups = pick(rng, 2, 3)
        c, out = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 5))
    kernel = [int(v) for v in rng.integers(1, 4, rank)]
    attributes = dict(group=groups, pads=[int(v) for v in rng.integers(0, 2, 2 * rank)])
    if rng.random() < 0.4:
        attributes["strides"] = [int(v) for v in rng.integers(1, 3, rank)]
    if rng.random() < 0.3:
        attributes["dilations"] = [int(v) for v in rng.integers(1, 3, rank)]
    return c, out, groups, kernel, attributes


def types(rng, b):
    """The types of activations and weights. onnxruntime knows no i8 by u8."""
    found = pick(rng, (np.uint8, np.uint8), (np.uint8, np.int8), (np.int8, np.int8), (np.int8, np.uint8))
    b.reference = found == (np.int8, np.uint8)
    return found


def quantised(rng):
    b = Build(rng, opset=pick(rng, 13, 17))
    b.steps = True
    kind = pick(rng, *FORMS)
    if kind == "qdq":
        return b, qdq(rng, b)
    if kind == "dynamic":
        x = b.input(3, 8) if rng.random() < 0.9 else b.value(np.zeros((3, 8), np.float32), False)
        y, s, z = b.op("DynamicQuantizeLinear", [x], outputs=3)
        return b, b.op("DequantizeLinear", [y, s, z])
    xt, wt = types(rng, b)
    q = Integers(rng, b, xt)
    # Weights, their scales and zero points may be inputs of the model.
    constant = rng.random() < 0.7
    per = rng.random() < 0.5
    if kind in ("qlinearconv", "convinteger"):
        rank = 2 if b.reference else pick(rng, 1, 2, 2, 2, 3)
        c, out, groups, kernel, attributes = geometry(rng, rank)
        sizes = [int(v) for v in rng.integers(5, 9, rank)]
        x, w = q.values((1, c, *sizes)), q.values((out, c // groups, *kernel), wt, constant)
        shape = (out,) if per else ()
        # onnxruntime has one zero point for all weights.
        if per and rank == 2 and rng.random() < 0.5:
            b.reference = True
        same = not b.reference
        if kind == "convinteger":
            b.steps = False
            if rng.random() < 0.3:
                return b, b.op("ConvInteger", [x, w], **attributes)
            return b, b.op("ConvInteger", [x, w, q.zero(), q.zero(() if same else shape, wt, same)], **attributes)
        inputs = [x, q.scale(), q.zero(), w, q.scale(shape), q.zero(shape, wt, same), *q.result()]
        if rng.random() < 0.5 and not b.reference:
            inputs.append(b.value(rng.integers(-3000, 3000, out).astype(np.int32), True))
        return b, b.op("QLinearConv", inputs, **attributes)
    if kind in ("qlinearmatmul", "matmulinteger"):
        m, k, n = (int(v) for v in rng.integers(1, 20, 3))
        x, w = q.values((*pick(rng, [], [2], [3, 2]), m, k)), q.values((k, n), wt, constant)
        shape = (n,) if per and n > 1 else ()
        if kind == "matmulinteger":
            b.steps = False
            return b, b.op("MatMulInteger", [x, w, q.zero(), q.zero(shape, wt)] if rng.random() < 0.7 else [x, w])
        return b, b.op("QLinearMatMul", [x, q.scale(), q.zero(), w, q.scale(shape), q.zero(shape, wt), *q.result()])
    b.reference = False
    c = int(rng.integers(1, 9))
    x = b.input(2, c, 4, scale=2)
    s, z = q.scale((c,)), q.zero((c,))
    return b, b.op("DequantizeLinear", [b.op("QuantizeLinear", [x, s, z], axis=1), s, z], axis=1)


def qdq(rng, b):
    """Operators on dequantised operands whose results are quantised."""
    q = Integers(rng, b, pick(rng, np.uint8, np.int8))

    def through(y, high=0.03):
        s, z = q.scale(high=high), q.zero()
        return b.op("DequantizeLinear", [b.op("QuantizeLinear", [y, s, z]), s, z])
    kind = pick(rng, "conv", "conv", "conv", "add", "mul", "pool", "average", "global", "concat", "unary", "matmul")
    c, out, groups, kernel, attributes = geometry(rng, 2)
    x = through(b.input(1, c, 7, 6))
    if kind == "conv":
        per = (out,) if rng.random() < 0.5 else ()
        grid = b.constants[-2]
        weight_scale = np.asarray(rng.uniform(0.005, 0.05, per)).astype(np.float32)
        bias_scale = np.frombuffer(grid.raw_data, np.float32)[0] * weight_scale
        axis = 0 if per else None
        w = b.op("DequantizeLinear", [q.values((out, c // groups, *kernel), np.int8, True), b.value(weight_scale, True),
                                      b.value(np.zeros(per, np.int8), True)], axis=axis)
        bias = b.op("DequantizeLinear", [b.value(rng.integers(-3000, 3000, out).astype(np.int32), True), b.value(bias_scale, True),
                                         b.value(np.zeros(per, np.int32), True)], axis=axis)
        y = b.op("Conv", [x, w, bias], **attributes)
        if rng.random() < 0.5:
            y = b.op("Relu", [y])
    elif kind in ("add", "mul"):
        y = b.op("Add" if kind == "add" else "Mul", [x, through(b.input(1, c, 7, 6))])
    elif kind == "pool":
        y = b.op("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 1])
    elif kind == "average":
        y = b.op("AveragePool", [x], kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=pick(rng, 0, 1))
    elif kind == "global":
        y = b.op("GlobalAveragePool", [x])
    elif kind == "concat":
        y = b.op("Concat", [x, through(b.input(1, 2, 7, 6))], axis=1)
    elif kind == "unary":
        y = b.op(pick(rng, "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid"), [x])
    else:
        y = b.op("MatMul", [b.op("Reshape", [x, b.value(np.array([c * 7, 6]), True)]), through(b.input(6, 5))])
    return through(y)


def runtime(rng):
    """The quantised operators of onnxruntime."""
    b = Build(rng, opset=pick(rng, 13, 17))
    b.steps = True
    q = Integers(rng, b, pick(rng, np.uint8, np.int8))
    def op(kind, inputs, **attributes):
        return b, b.op(kind, inputs, domain="com.microsoft", **attributes)
    kind = pick(rng, "QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearAveragePool", "QLinearAveragePool",
                "QLinearGlobalAveragePool", "QLinearSoftmax", "QLinearConcat", "QGemm", "QGemm", "QLinearWhere", "QLinearConv",
                "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QuantizeLinear")
    c = int(rng.integers(1, 9))
    if kind in ("QLinearAdd", "QLinearMul"):
        other = pick(rng, (2, c, 4), (4,), (c, 1), (1,))
        return op(kind, [*q.operand((2, c, 4)), *q.operand(other, None), *q.result()])
    if kind in ("QLinearSigmoid", "QLinearLeakyRelu"):
        return op(kind, [*q.operand((2, c, 4)), *q.result(0.004, 0.02)], alpha=pick(rng, None, 0.3) if "Leaky" in kind else None)
    if kind == "QLinearAveragePool":
        shape, last = (1, c, 7, 6), rng.random() < 0.4
        if last:
            shape = (1, 7, 6, c)
        return op(kind, [*q.operand(shape), *q.result(0.01, 0.05)], kernel_shape=[3, 2],
                  strides=pick(rng, None, [2, 1], [3, 3]), pads=pick(rng, None, [1, 0, 1, 1]), ceil_mode=pick(rng, 0, 1),
                  count_include_pad=pick(rng, 0, 1), channels_last=int(last))
    if kind == "QLinearGlobalAveragePool":
        last = rng.random() < 0.5
        return op(kind, [*q.operand((2, 5, 4, c) if last else (2, c, 5, 4)), *q.result(0.01, 0.05)], channels_last=int(last))
    if kind == "QLinearSoftmax":
        level = b.value(np.float32(1 / 256), True)
        return op(kind, [*q.operand((2, 3, c + 1)), level, q.b.value(np.array(np.iinfo(q.element).min, q.element), True)],
                  axis=pick(rng, -1, 2, 1, None), opset=pick(rng, 11, 13))
    if kind == "QLinearConcat":
        parts = [v for n in rng.integers(1, 4, 3) for v in q.operand((2, int(n), 3))]
        return op(kind, [*q.result(0.01, 0.05), *parts], axis=1)
    if kind == "QLinearWhere":
        return op(kind, [b.value(rng.random((2, c, 4)) < 0.5, False), *q.operand((2, c, 4)), *q.operand((2, c, 4), None),
                         *q.result(0.01, 0.05)])
    if kind == "QLinearConv":
        out = int(rng.integers(1, 9))
        wt = pick(rng, np.int8, q.element)
        last = rng.random() < 0.6
        return op(kind, [q.values((1, 7, 6, c) if last else (1, c, 7, 6)), q.scale(), q.zero(), q.values((out, c, 3, 3), wt, True),
                         q.scale((out,)), q.zero((out,), wt, True), *q.result()], channels_last=int(last), pads=[1, 1, 0, 1])
    if kind == "QuantizeLinear":
        b.steps = False
        shape = pick(rng, (), (c,))
        s, z = q.scale(shape, 0.001, 0.01), q.zero(shape, pick(rng, np.int8, np.uint8, np.int16, np.uint16))
        return op("DequantizeLinear", [b.op(kind, [b.input(2, c, 4), s, z], domain="com.microsoft", axis=1), s, z], axis=1)
    m, k, n = (int(v) for v in rng.integers(1, 20, 3))
    wt = pick(rng, np.int8, q.element)
    shape = (n,) if rng.random() < 0.5 and n > 1 else ()
    constant = rng.random() < 0.7
    if kind == "QGemm":
        turned = [int(rng.integers(2)) for _ in range(2)]
        a = q.values((k, m) if turned[0] else (m, k))
        w = q.values((n, k) if turned[1] else (k, n), wt, constant)
        bias = b.value(rng.integers(-3000, 3000, n).astype(np.int32), True) if rng.random() < 0.6 else ""
        inputs = [a, q.scale(), q.zero(), w, q.scale(shape), q.zero(shape, wt), bias]
        if rng.random() < 0.6:
            inputs += q.result()
        else:
            while inputs[-1] == "":
                inputs.pop()
        return op(kind, inputs, transA=turned[0], transB=turned[1], alpha=pick(rng, None, 0.5))
    w = q.values((k, n), wt, constant)
    if kind == "MatMulIntegerToFloat":
        return op(kind, [q.values((m, k)), w, q.scale(), q.scale(shape), q.zero(), q.zero(shape, wt)])
    return op(kind, [b.input(m, k), w, q.scale(shape), q.zero(shape, wt)])
