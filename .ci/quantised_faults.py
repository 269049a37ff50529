"""Quantised models with scales, zero points and types that are wrong or strange, for hostile.py.

`cases` yields a name, a model, the words that the error has to hold (None: the model is sound), and the inputs of a sound one."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

F, I8, I64, U64 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT64, TensorProto.UINT64
DENORMAL = 1e-42
NAN, INF = float("nan"), float("inf")


def array(name, values, element=np.float32):
    return numpy_helper.from_array(np.array(values, element), name)


def model(nodes, inputs, constants, opset=17, element=None):
    ports = [helper.make_tensor_value_info(n, e, list(shape)) for n, e, shape in inputs]
    output = helper.make_tensor_value_info("y", element, None) if element else helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph(nodes, "g", ports, [output], constants)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def node(kind, inputs, outputs=("y",), name="the/node", **attributes):
    domain = "com.microsoft" if kind in ("QGemm", "QLinearAdd", "QLinearConcat", "QLinearAveragePool", "QLinearSoftmax", "MatMulIntegerToFloat") else ""
    return helper.make_node(kind, list(inputs), list(outputs), name=name, domain=domain, **attributes)


def pairs():
    """QuantizeLinear and DequantizeLinear alone."""
    x = np.array([[0, 1, -3, 1e30]], np.float32)
    def quantize(scale, zero=array("z", 0, np.int8), **attributes):
        return model([node("QuantizeLinear", ["x", "s", "z"], **attributes)], [("x", F, (1, 4))], [scale, zero])
    def dequantize(scale, zero=array("z", 0, np.int8), element=I8, **attributes):
        return model([node("DequantizeLinear", ["x", "s", "z"], **attributes)], [("x", element, (1, 4))], [scale, zero])
    q = np.array([[0, 1, -3, 127]], np.int8)
    for name, value in (("zero", 0.0), ("nan", NAN), ("infinite", INF), ("minus-infinite", -INF)):
        yield f"quantize-scale-{name}", quantize(array("s", value)), ["the/node", "'s'"], None
    for name, value in (("nan", NAN), ("infinite", INF)):
        yield f"dequantize-scale-{name}", dequantize(array("s", value)), ["the/node", "'s'"], None
    for name, value in (("denormal", DENORMAL), ("negative", -0.1), ("huge", 3e38)):
        yield f"quantize-scale-{name}", quantize(array("s", value)), None, [x]
        yield f"dequantize-scale-{name}", dequantize(array("s", value)), None, [q if name != "huge" else q % 2]
    yield "dequantize-scale-zero", dequantize(array("s", 0.0)), None, [q]
    zeros = array("z", [0] * 4, np.int8)
    yield "quantize-one-scale-zero", quantize(array("s", [1, 1, 0, 1]), zeros, axis=1), ["the/node", "'s'"], None
    yield "dequantize-one-scale-zero", dequantize(array("s", [1, 1, 0, 1]), zeros, axis=1), None, [q]
    yield "quantize-zero-point-float", quantize(array("s", 1.0), array("z", 0.0)), ["the/node"], None
    yield "dequantize-zero-point-type", dequantize(array("s", 1.0), array("z", 0, np.uint8)), ["the/node", "zero point"], None
    yield "dequantize-zero-point-length", dequantize(array("s", 1.0), array("z", [0, 0], np.int8)), ["the/node", "zero point"], None
    yield "dequantize-scale-length", dequantize(array("s", [1, 1, 1]), array("z", [0] * 3, np.int8), axis=1), ["the/node", "scale"], None
    yield "dequantize-scale-integer", dequantize(array("s", 1, np.int32)), ["the/node", "'s'"], None
    yield "dequantize-floats", dequantize(array("s", 1.0), array("z", 0.0), F), ["the/node"], None
    yield "dequantize-axis", dequantize(array("s", [1, 1]), array("z", [0, 0], np.int8), axis=7), ["the/node", "axis"], None
    for element in (np.int32, np.uint32, np.int64, np.uint64):
        name = np.dtype(element).name
        yield f"quantize-to-{name}", quantize(array("s", 1.0), array("z", 0, element)), ["the/node", "16 bits"], None
    yield "quantize-output-type", quantize(array("s", 1.0), array("z", 0, np.int64), output_dtype=I64), ["the/node", "16 bits"], None
    for name, element, port in (("int64", np.int64, I64), ("uint64", np.uint64, U64)):
        yield f"dequantize-{name}", dequantize(array("s", 1.0), array("z", 0, element), port), ["the/node", "16 bits"], None
    runtime = model([node("QuantizeLinear", ["x", "s", "z"])], [("x", F, (1, 4)), ("s", F, ()), ("z", I8, ())], [])
    for name, value in (("zero", 0.0), ("nan", NAN), ("infinite", INF), ("denormal", DENORMAL)):
        yield f"quantize-by-{name}-at-run-time", runtime, None, [x, np.float32(value), np.int8(3)]
    dynamic = model([node("DynamicQuantizeLinear", ["x"], ("q", "s", "z")), node("DequantizeLinear", ["q", "s", "z"], name="back")],
                    [("x", F, (1, 4))], [])
    for name, value in (("zeros", 0.0), ("equal", 2.5), ("denormals", DENORMAL), ("negatives", -7.0)):
        yield f"dynamic-of-{name}", dynamic, None, [np.full((1, 4), value, np.float32)]


def products():
    """QLinearConv, QLinearMatMul, MatMulInteger and QGemm."""
    x = np.arange(-32, 32, dtype=np.int8).reshape(1, 1, 8, 8)
    def conv(xs=array("xs", 0.1), xz=array("xz", 3, np.int8), ws=array("ws", 0.1), wz=array("wz", 0, np.int8), ys=array("ys", 0.5),
             yz=array("yz", 1, np.int8), w=array("w", np.ones((2, 1, 3, 3)), np.int8), names=None):
        parts = [xs, xz, w, ws, wz, ys, yz]
        names = names or ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
        return model([node("QLinearConv", names)], [("x", I8, (1, 1, 8, 8))], [p for p in parts if p.name in names])
    for name, value in (("zero", 0.0), ("nan", NAN), ("infinite", INF)):
        yield f"qlinearconv-result-scale-{name}", conv(ys=array("ys", value)), ["the/node", "'ys'"], None
        if value != 0:
            yield f"qlinearconv-input-scale-{name}", conv(xs=array("xs", value)), ["the/node", "'xs'"], None
            yield f"qlinearconv-weight-scale-{name}", conv(ws=array("ws", [0.1, value])), ["the/node", "'ws'"], None
    yield "qlinearconv-overflow", conv(xs=array("xs", 1e30), ys=array("ys", 1e-30)), ["the/node", "too large"], None
    yield "qlinearconv-denormal-result", conv(ys=array("ys", DENORMAL)), ["the/node", "too large"], None
    yield "qlinearconv-denormal-input", conv(xs=array("xs", DENORMAL)), None, [x]
    yield "qlinearconv-channel-of-zeros", conv(ws=array("ws", [0.1, 0]), w=array("w", [[[[1] * 3] * 3], [[[0] * 3] * 3]], np.int8)), None, [x]
    yield "qlinearconv-negative-scale", conv(ws=array("ws", [0.1, -0.1])), None, [x]
    yield "qlinearconv-result-of-64-bits", conv(yz=array("yz", 1, np.int64)), ["the/node", "16 bits"], None
    yield "qlinearconv-scale-per-image", conv(xs=array("xs", [0.1, 0.2])), ["the/node", "'xs'"], None
    yield "qlinearconv-scale-of-axes", conv(ws=array("ws", [[[[0.1]]], [[[0.2]]]])), ["the/node", "'ws'"], None
    yield "qlinearconv-scale-of-results", conv(ys=array("ys", [0.1, 0.2])), ["the/node", "'ys'"], None
    yield "qlinearconv-input-zero-type", conv(xz=array("xz", 3, np.uint8)), ["the/node", "zero point"], None
    yield "qlinearconv-weight-zero-type", conv(wz=array("wz", 3, np.uint8)), ["the/node", "zero point"], None
    yield "qlinearconv-weight-zero-length", conv(wz=array("wz", [1, 1, 1], np.int8)), ["the/node", "zero point"], None
    yield "qlinearconv-weight-scale-length", conv(ws=array("ws", [1, 1, 1])), ["the/node", "scale"], None
    yield "qlinearconv-result-zero-float", conv(yz=array("yz", 0.0)), ["the/node"], None
    yield "qlinearconv-no-result-zero", conv(names=["x", "xs", "xz", "w", "ws", "wz", "ys"]), ["the/node", "operand 7"], None
    yield "qlinearconv-no-input-zero", conv(names=["x", "xs", "", "w", "ws", "wz", "ys", "yz"]), ["the/node", "operand 2"], None
    yield "qlinearconv-scale-missing", conv(names=["x", "", "xz", "w", "ws", "wz", "ys", "yz"]), ["the/node", "operand 1"], None
    yield "qlinearconv-float-weights", conv(w=array("w", np.ones((2, 1, 3, 3)))), ["the/node"], None
    yield "qlinearconv-weights-of-32-bits", conv(w=array("w", np.ones((2, 1, 3, 3)), np.int32), wz=array("wz", 0, np.int32)), ["the/node"], None
    a = np.arange(-8, 8, dtype=np.int8).reshape(2, 8)
    w = array("w", np.ones((8, 3)), np.int8)
    def matmul(ys, az=array("az", 0, np.int8), bs=array("bs", 0.1)):
        names = ["x", "as", "az", "w", "bs", "bz", "ys", "yz"]
        return model([node("QLinearMatMul", names)], [("x", I8, (2, 8))],
                     [array("as", 0.1), az, w, bs, array("bz", 0, np.int8), array("ys", ys), array("yz", 0, np.int8)])
    yield "qlinearmatmul-scale-zero", matmul(0.0), ["the/node", "'ys'"], None
    yield "qlinearmatmul-scale-nan", matmul(NAN), ["the/node", "'ys'"], None
    yield "qlinearmatmul-zero-type", matmul(1.0, array("az", 0, np.uint8)), ["the/node", "zero point"], None
    yield "qlinearmatmul-column-of-zero-scale", matmul(1.0, bs=array("bs", [0.1, 0, 0.1])), None, [a]
    yield "qlinearmatmul-scale-length", matmul(1.0, bs=array("bs", [0.1, 0.1])), ["the/node", "scale"], None
    integer = lambda zero: model([node("MatMulInteger", ["x", "w", "az"])], [("x", I8, (2, 8))], [w, zero])
    for rows in (1, 2):
        matrices = model([node("MatMulInteger", ["x", "w", "az"])], [("x", I8, (2, rows, 8))], [w, array("az", [[[1]], [[2]]], np.int8)])
        yield f"matmulinteger-zero-per-matrix-of-{rows}", matrices, ["the/node", "'az'"], None
    def batched(scale, zero):
        names = ["x", "as", "az", "w", "bs", "bz", "as", "az"]
        return model([node("QLinearMatMul", names)], [("x", I8, (2, 2, 8))],
                     [array("as", 0.1), array("az", 0, np.int8), array("w", np.ones((2, 8, 2)), np.int8), array("bs", scale),
                      array("bz", zero, np.int8)])
    yield "qlinearmatmul-scale-per-matrix", batched([[[0.1]], [[0.2]]], 0), ["the/node", "'bs'"], None
    yield "qlinearmatmul-zero-per-matrix", batched(0.1, [[[1]], [[2]]]), ["the/node", "'bz'"], None
    floats = model([node("MatMulIntegerToFloat", ["x", "w", "as", "bs"])], [("x", I8, (2, 8))],
                   [w, array("as", [0.1, 0.2]), array("bs", 0.1)], element=F)
    yield "matmulintegertofloat-scale-per-row", floats, ["the/node", "'as'"], None
    yield "matmulinteger-zero-type", integer(array("az", 0, np.uint8)), ["the/node", "zero point"], None
    yield "matmulinteger-zero-length", integer(array("az", [0] * 5, np.int8)), ["the/node", "zero point"], None
    def gemm(*behind, bias=None):
        constants = [array("as", 0.1), array("az", 0, np.int8), w, array("bs", 0.1), array("bz", 0, np.int8), *behind]
        names = ["x", "as", "az", "w", "bs", "bz", "c" if bias else "", *(("ys", "yz") if len(behind) == 2 else ())]
        if len(behind) == 1:
            names += ["ys"] if behind[0].name == "ys" else ["", "yz"]
        return model([node("QGemm", names)], [("x", I8, (2, 8))], constants + ([bias] if bias else []))
    rows = model([node("QGemm", ["x", "as", "az", "w", "bs", "bz"])], [("x", I8, (2, 8))],
                 [array("as", [0.1, 0.2]), array("az", [0, 0], np.int8), w, array("bs", 0.1), array("bz", 0, np.int8)])
    yield "qgemm-scale-per-row", rows, ["the/node", "one scale"], None
    yield "qgemm-scale-zero", gemm(array("ys", 0.0), array("yz", 0, np.int8)), ["the/node", "'ys'"], None
    yield "qgemm-scale-without-zero", gemm(array("ys", 1.0)), ["the/node", "operand 8"], None
    yield "qgemm-zero-without-scale", gemm(array("yz", 1, np.int8)), ["the/node", "scale"], None
    yield "qgemm-bias-length", gemm(bias=array("c", [1] * 5, np.int32)), ["the/node"], None
    yield "qgemm-bias-float", gemm(bias=array("c", [1.0] * 3)), ["the/node"], None
    yield "qgemm-floats", gemm(bias=array("c", [1, 2, 3], np.int32)), None, [a]


def others():
    """The sums, averages and concatenations of onnxruntime, and a QDQ convolution."""
    x = np.array([[0, 1, -3, 127]], np.int8)
    def add(scale=array("cs", 0.1), zero=array("cz", 0, np.int8), first=array("az", 0, np.int8)):
        return model([node("QLinearAdd", ["x", "as", "az", "x", "as", "az", "cs", "cz"])], [("x", I8, (1, 4))],
                     [array("as", 0.1), first, scale, zero], element=I8)
    yield "qlinearadd-scale-zero", add(array("cs", 0.0)), ["the/node", "'cs'"], None
    yield "qlinearadd-scale-nan", add(array("cs", NAN)), ["the/node", "'cs'"], None
    yield "qlinearadd-scale-vector", add(array("cs", [1.0, 1, 1, 1])), ["the/node", "'cs'"], None
    yield "qlinearadd-zero-type", add(first=array("az", 0, np.uint8)), ["the/node", "zero point"], None
    yield "qlinearadd-zero-float", add(zero=array("cz", 0.0)), ["the/node"], None
    yield "qlinearadd-result-of-64-bits", add(zero=array("cz", 0, np.int64)), ["the/node", "16 bits"], None
    yield "qlinearadd-denormal", add(array("cs", DENORMAL)), None, [x]
    concat = lambda scale, n: model([node("QLinearConcat", ["ys", "yz", *["x", "ys", "yz"][:n]], axis=1)], [("x", I8, (1, 4))],
                                    [array("ys", scale), array("yz", 0, np.int8)], element=I8)
    yield "qlinearconcat-scale-zero", concat(0.0, 3), ["the/node", "'ys'"], None
    yield "qlinearconcat-operands", concat(1.0, 2), ["the/node", "operands"], None
    average = model([node("QLinearAveragePool", ["x", "s", "z", "s", "z"], kernel_shape=[2])], [("x", I8, (1, 4))],
                    [array("s", 0.1), array("z", 0, np.int8)], element=I8)
    yield "qlinearaveragepool-rank", average, ["the/node"], None
    softmax = model([node("QLinearSoftmax", ["x", "s", "z", "s", "z"], axis=9, opset=13)], [("x", I8, (1, 4))],
                    [array("s", 0.1), array("z", 0, np.int8)], element=I8)
    yield "qlinearsoftmax-axis", softmax, ["the/node", "axis"], None
    image = np.linspace(-3, 3, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    def sandwich(xs, ws, ys, weights=np.ones((2, 1, 3, 3))):
        nodes = [node("QuantizeLinear", ["x", "xs", "z"], ["xq"], "a"), node("DequantizeLinear", ["xq", "xs", "z"], ["xd"], "b"),
                 node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], "c", axis=0), node("Conv", ["xd", "wd", "b"], ["c"], "d"),
                 node("QuantizeLinear", ["c", "ys", "z"], ["yq"], "e"), node("DequantizeLinear", ["yq", "ys", "z"], ["y"], "f")]
        return model(nodes, [("x", F, (1, 1, 8, 8))],
                     [array("xs", xs), array("z", 0, np.int8), array("w", weights, np.int8), array("ws", ws),
                      array("wz", [0, 0], np.int8), array("b", [0.5, 0]), array("ys", ys)], element=F)
    for name, scales in (("plain", (0.1, [0.1, 0.2], 0.5)), ("channel-scale-zero", (0.1, [0.1, 0], 0.5)),
                         ("denormal-weights", (0.1, [0.1, DENORMAL], 0.5)), ("denormal-input", (DENORMAL, [0.1, 0.1], 0.5)),
                         ("denormal-result", (0.1, [0.1, 0.1], DENORMAL)), ("negative-weights", (0.1, [0.1, -0.1], 0.5)),
                         ("huge-input", (1e30, [0.1, 0.1], 1e-30)), ("least", (1e-30, [1e-30, 1e-30], 1e-30))):
        yield f"qdq-conv-{name}", sandwich(*scales), None, [image]
    yield "qdq-conv-channel-of-zeros", sandwich(0.1, [0.1, 1e-30], 0.5, [[[[1] * 3] * 3], [[[0] * 3] * 3]]), None, [image]


def cases():
    yield from pairs()
    yield from products()
    yield from others()
