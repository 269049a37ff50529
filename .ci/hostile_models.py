"""Bad ONNX models with the status and the words that each must give. For hostile.py."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import quantised_faults

F = TensorProto.FLOAT


def port(name, *shape, element=F):
    return helper.make_tensor_value_info(name, element, list(shape))


def model(nodes, inputs, outputs, constants=(), opset=17, domains=(), **rest):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **rest)


def tensor(name, element=F, dims=(), raw=None, **fields):
    t = TensorProto(name=name, data_type=element, dims=dims)
    if raw is not None:
        t.raw_data = raw
    for key, values in fields.items():
        getattr(t, key).extend(values)
    return t


def node(kind, inputs, outputs, name="the/node", **attributes):
    return helper.make_node(kind, inputs, outputs, name=name, **attributes)


def bad_models():
    """Name, model, status, words that the message must hold."""
    x, y = port("x", 1, 4), port("y", 1, 4)
    relu = node("Relu", ["x"], ["y"])
    add = node("Add", ["x", "w"], ["y"])
    yield "no-graph", onnx.ModelProto(ir_version=8), 1, []
    yield "no-outputs", model([relu], [x], []), 1, ["output"]
    yield "no-opset", helper.make_model(helper.make_graph([relu], "g", [x], [y])), None, []
    yield "future-opset", model([relu], [x], [y], opset=999), 3, ["--assume-opset"]
    yield "ancient-opset", model([relu], [x], [y], opset=1), (0, 1, 3), []
    yield "undefined-name", model([node("Add", ["x", "nowhere"], ["y"])], [x], [y]), 1, ["nowhere", "the/node"]
    yield "undefined-output", model([relu], [x], [port("z", 1, 4)]), 1, ["z"]
    yield "cycle", model([node("Add", ["x", "b"], ["a"], name="first"), node("Relu", ["a"], ["b"], name="second"),
                          node("Relu", ["b"], ["y"], name="third")], [x], [y]), 1, []
    yield "self-cycle", model([node("Add", ["x", "y"], ["y"])], [x], [y]), 1, ["the/node"]
    yield "twice-defined", model([relu, node("Neg", ["x"], ["y"], name="again")], [x], [y]), 1, ["y"]
    yield "input-twice", model([relu], [x, x], [y]), 1, ["x"]
    yield "too-few-inputs", model([node("Add", ["x"], ["y"])], [x], [y]), 1, ["the/node", "Add"]
    yield "too-many-inputs", model([node("Relu", ["x", "x"], ["y"])], [x], [y]), (0, 1), []
    yield "absent-input", model([node("Add", ["x", ""], ["y"])], [x], [y]), 1, ["the/node"]
    yield "huge-dims", model([relu], [port("x", 2**40, 2**40)], [port("y", 2**40, 2**40)]), 1, ["x"]
    yield "large-dims", model([relu], [port("x", 2**20, 2**20)], [port("y", 2**20, 2**20)]), None, []
    yield "largest-dim", model([relu], [port("x", 2**63 - 1)], [port("y", 2**63 - 1)]), None, []
    yield "negative-dim", model([relu], [port("x", -3, 4)], [port("y", 1, 4)]), (0, 1), []
    yield "negative-weight-dim", model([add], [x], [y], [tensor("w", dims=[-1, 4], raw=b"\0" * 16)]), 1, ["w"]
    yield "weight-too-short", model([add], [x], [y], [tensor("w", dims=[1, 4], raw=b"\0" * 12)]), 1, ["w"]
    yield "weight-too-long", model([add], [x], [y], [tensor("w", dims=[1, 4], raw=b"\0" * 20)]), 1, ["w"]
    yield "weight-values-too-few", model([add], [x], [y], [tensor("w", dims=[1, 4], float_data=[1, 2])]), 1, ["w"]
    yield "weight-empty", model([add], [x], [y], [tensor("w", dims=[1, 4])]), 1, ["w"]
    yield "weight-overflow", model([add], [x], [y], [tensor("w", dims=[2**40, 2**40, 2**40], raw=b"")]), 1, ["w"]
    yield "weight-huge", model([add], [x], [y], [tensor("w", dims=[2**33], raw=b"\0" * 8)]), 1, ["w"]
    yield "weight-type", model([add], [x], [y], [tensor("w", element=99, dims=[1, 4], raw=b"\0" * 16)]), (1, 3), ["w"]
    yield "weight-string", model([add], [x], [y], [tensor("w", element=TensorProto.STRING, dims=[1], string_data=[b"a"])]), (1, 3), ["w"]
    yield "input-string", model([relu], [port("x", 1, element=TensorProto.STRING)], [y]), (1, 3), ["x"]
    yield "types-differ", model([add], [x], [y], [tensor("w", element=TensorProto.INT64, dims=[1], int64_data=[1])]), 1, ["the/node"]
    yield "do-not-broadcast", model([add], [x], [y], [tensor("w", dims=[3], float_data=[1, 2, 3])]), 1, ["the/node"]
    yield "declared-otherwise", model([relu], [x], [port("y", 1, 5)]), (0, 1), []
    yield "sequence-input", model([relu], [helper.make_tensor_sequence_value_info("x", F, None)], [y]), (1, 3), ["x"]
    i = port("x", 1, 3, 8, 8)
    w = tensor("w", dims=[4, 3, 3, 3], raw=b"\0" * 432)
    o = helper.make_empty_tensor_value_info("y")
    def conv(w=w, x=i, **attributes):
        return model([node("Conv", ["x", "w"], ["y"], **attributes)], [x], [o], [w])
    yield "conv-rank", conv(x=port("x", 1, 3, 8)), 1, ["the/node", "Conv"]
    yield "conv-channels", conv(x=port("x", 1, 5, 8, 8)), 1, ["the/node"]
    yield "conv-groups", conv(group=2), 1, ["the/node"]
    yield "conv-groups-0", conv(group=0), 1, ["the/node"]
    yield "conv-groups-negative", conv(group=-1), 1, ["the/node"]
    yield "conv-strides-0", conv(strides=[0, 0]), 1, ["the/node", "strides"]
    yield "conv-strides-one", conv(strides=[1]), 1, ["the/node", "strides"]
    yield "conv-dilations-huge", conv(dilations=[2**62, 2**62]), 1, ["the/node"]
    yield "conv-pads-huge", conv(pads=[2**62, 2**62, 2**62, 2**62]), 1, ["the/node"]
    yield "conv-pads-large", conv(pads=[2**20] * 4), None, []
    yield "conv-kernel-shape", conv(kernel_shape=[5, 5]), 1, ["the/node", "kernel_shape"]
    yield "conv-auto-pad", conv(auto_pad="SOMETIMES"), 1, ["the/node", "auto_pad"]
    yield "conv-too-small", conv(x=port("x", 1, 3, 2, 2)), 1, ["the/node"]
    yield "conv-attribute-type", conv(strides="two"), 1, ["the/node", "strides"]
    yield "transposed-huge", model([node("ConvTranspose", ["x", "w"], ["y"], output_shape=[2**60, 2**60])], [port("x", 1, 4, 8, 8)], [o], [w]), 1, ["the/node"]
    def single(kind, *constants, x=i, opset=17, outputs=("y",), **attributes):
        return model([node(kind, ["x", *(c.name for c in constants)], list(outputs), **attributes)], [x],
                     [helper.make_empty_tensor_value_info(n) for n in outputs], constants, opset)
    def ints(name, *values):
        return numpy_helper.from_array(np.array(values, np.int64), name)
    yield "pool-kernel-0", single("MaxPool", kernel_shape=[0, 0]), 1, ["the/node"]
    yield "pool-kernel-missing", single("MaxPool"), 1, ["the/node", "kernel_shape"]
    yield "pool-kernel-huge", single("AveragePool", kernel_shape=[2**62, 1]), 1, ["the/node"]
    yield "reshape-count", single("Reshape", ints("s", 5, 5)), 1, ["the/node"]
    yield "reshape-two-open", single("Reshape", ints("s", -1, -1)), 1, ["the/node"]
    yield "reshape-negative", single("Reshape", ints("s", -5, 3)), 1, ["the/node"]
    yield "reshape-overflow", single("Reshape", ints("s", 2**62, 2**62, 2**62)), 1, ["the/node"]
    yield "expand-huge", single("Expand", ints("s", 2**40, 2**40, 1, 1)), 1, ["the/node"]
    yield "tile-huge", single("Tile", ints("s", 2**40, 2**40, 1, 1)), 1, ["the/node"]
    yield "tile-negative", single("Tile", ints("s", -1, 1, 1, 1)), 1, ["the/node"]
    yield "constant-of-shape-huge", model([node("ConstantOfShape", ["s"], ["y"])], [], [o], [ints("s", 2**40, 2**20)]), 1, ["the/node"]
    yield "constant-of-shape-large", model([node("ConstantOfShape", ["s"], ["y"])], [], [o], [ints("s", 2**36)]), None, []
    yield "range-huge", model([node("Range", ["a", "b", "c"], ["y"])], [], [o], [
        numpy_helper.from_array(np.array(v, np.int64), n) for n, v in (("a", 0), ("b", 2**62), ("c", 1))]), 1, ["the/node"]
    yield "range-by-0", model([node("Range", ["a", "b", "c"], ["y"])], [], [o], [
        numpy_helper.from_array(np.array(v, np.int64), n) for n, v in (("a", 0), ("b", 5), ("c", 0))]), 1, ["the/node"]
    yield "transpose-permutation", single("Transpose", perm=[0, 0, 1, 2]), 1, ["the/node"]
    yield "transpose-rank", single("Transpose", perm=[0, 1]), 1, ["the/node"]
    yield "concat-axis", single("Concat", axis=9), 1, ["the/node"]
    yield "concat-shapes", single("Concat", tensor("w", dims=[1, 3, 7, 8], raw=b"\0" * 672), axis=1), 1, ["the/node"]
    yield "split-sizes", single("Split", ints("s", 9, 9), axis=1, outputs=("y", "z")), 1, ["the/node"]
    yield "gather-outside", single("Gather", ints("s", 99), axis=1), 1, ["the/node"]
    yield "slice-step-0", single("Slice", ints("a", 0), ints("b", 4), ints("c", 1), ints("d", 0)), 1, ["the/node"]
    yield "slice-axis", single("Slice", ints("a", 0), ints("b", 4), ints("c", 9)), 1, ["the/node"]
    yield "slice-least", single("Slice", ints("a", -2**63), ints("b", 2**63 - 1), ints("c", 2), ints("d", -2**63)), (0, 1), []
    yield "pad-huge", single("Pad", ints("p", *[2**62] * 8)), 1, ["the/node"]
    yield "pad-short", single("Pad", ints("p", 1, 1)), 1, ["the/node"]
    yield "pad-negative", single("Pad", ints("p", -9, 0, 0, 0, 0, 0, 0, 0)), 1, ["the/node"]
    yield "pad-reflect-far", single("Pad", ints("p", 0, 0, 99, 0, 0, 0, 0, 0), mode="reflect"), (0, 1), []
    yield "resize-scales", single("Resize", tensor("r", dims=[0]), tensor("s", dims=[4], float_data=[1, 1, 0, -1])), 1, ["the/node"]
    yield "resize-huge", single("Resize", tensor("r", dims=[0]), tensor("s", dims=[4], float_data=[1, 1, 1e30, 1e30])), 1, ["the/node"]
    yield "resize-nan", single("Resize", tensor("r", dims=[0]), tensor("s", dims=[4], float_data=[1, 1, float("nan"), 1])), 1, ["the/node"]
    yield "softmax-axis", single("Softmax", axis=2**40), 1, ["the/node"]
    yield "reduce-axis", single("ReduceMean", axes=[-9]), 1, ["the/node"]
    yield "squeeze-axis", single("Squeeze", ints("a", 1)), 1, ["the/node"]
    yield "unsqueeze-axis", single("Unsqueeze", ints("a", 44)), 1, ["the/node"]
    yield "depth-to-space", single("DepthToSpace", blocksize=5), 1, ["the/node"]
    yield "depth-to-space-0", single("DepthToSpace", blocksize=0), 1, ["the/node"]
    yield "batch-norm-sizes", single("BatchNormalization", *(tensor(n, dims=[2], float_data=[1, 1]) for n in "abcd")), 1, ["the/node"]
    yield "gemm-shapes", single("Gemm", tensor("w", dims=[5, 5], raw=b"\0" * 100), x=x), 1, ["the/node"]
    yield "quantize-zero-point", single("QuantizeLinear", tensor("s", dims=[], float_data=[1]), tensor("z", dims=[2], element=TensorProto.INT8, int32_data=[0, 0])), 1, ["the/node"]
    yield "cast-type", single("Cast", to=77), (1, 3), ["the/node"]
    yield "lrn-size", single("LRN", size=2**40), (0, 1), []
    yield "lrn-negative", single("LRN", size=-1), 1, ["the/node"]
    yield "unsupported", model([node("Einsum", ["x"], ["a"], name="one", equation="ij->ji"), node("NonZero", ["a"], ["b"], name="two"),
                                helper.make_node("Frobnicate", ["b"], ["y"], name="three", domain="org.example")],
                               [x], [y], domains=["org.example"]), 3, ["one", "two", "three", "Einsum", "NonZero", "Frobnicate"]
    branch = helper.make_graph([], "b", [], [port("nowhere", 1)])
    yield "if-branch", model([node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
                             [port("c", element=TensorProto.BOOL)], [y]), (1, 3), ["the/node"]
    def outside(path, **more):
        t = tensor("w", dims=[1, 4])
        t.data_location = TensorProto.EXTERNAL
        for key, value in {"location": path, **more}.items():
            t.external_data.add(key=key, value=str(value))
        return model([add], [x], [y], [t])
    yield "external-above", outside("../secret.bin"), 1, ["w"]
    yield "external-absolute", outside("/etc/passwd"), 1, ["w"]
    yield "external-hidden", outside("sub/../../secret.bin"), 1, ["w"]
    yield "external-link", outside("link.bin"), 1, ["w"]
    yield "external-missing", outside("missing.bin"), 1, ["missing.bin"]
    yield "external-short", outside("short.bin"), 1, ["w"]
    yield "external-offset", outside("short.bin", offset=2**62, length=16), 1, ["w"]
    yield "external-negative", outside("short.bin", offset=-16, length=16), 1, ["w"]
    yield "external-text", outside("short.bin", offset="many"), 1, ["w"]
    yield "external-folder", outside("folder"), 1, ["folder"]
    yield "external-empty", outside(""), 1, ["w"]
    f = helper.make_function("local", "Again", ["a"], ["b"], [helper.make_node("Again", ["a"], ["b"], domain="local")],
                             [helper.make_opsetid("local", 1)])
    yield "function-of-itself", model([node("Again", ["x"], ["y"], domain="local")], [x], [y], domains=["local"], functions=[f]), (1, 3), []


def models(suite):
    (suite.root / "secret.bin").write_bytes(b"\0" * 16)
    folder = suite.root / "models"
    (folder / "folder").mkdir(parents=True)
    (folder / "short.bin").write_bytes(b"\0" * 8)
    (folder / "link.bin").symlink_to("../secret.bin")
    for name, made, status, said in bad_models():
        path = folder / f"{name}.onnx"
        path.write_bytes(made.SerializeToString())
        file = f"models/{name}.onnx"
        suite.expect(f"import {name}", ["import", file, "-o", "left.fettle"], status, [*said, f"{name}.onnx"],
                     ["left.fettle", "left.safetensors"])
        if status is None or isinstance(status, tuple):
            suite.expect(f"compile {name}", ["compile", file, "-o", "left", "--no-verify"], None, [f"{name}.onnx"], ["left"])
            suite.expect(f"verify {name}", ["verify", file], None, [], silent=True)
            suite.expect(f"golden vectors of {name}", ["compile", file, "-o", "left", "--with-test", "1"], None, [], ["left"])
            suite.expect(f"run {name}", ["run", file, "-o", "left"], None, [f"{name}.onnx"], ["left"])


# A division by zero or a conversion without a meaning in the emitted C ends the process.
STRICT = """#!/bin/bash
exec ${FETTLE_CC:-cc} "$@" -fsanitize=undefined,float-divide-by-zero,float-cast-overflow -fno-sanitize-recover=all
"""


def quantised(suite):
    """Wrong quantised models are refused; strange but sound ones give finite numbers, the same by the evaluator and by C, as they
    are and lowered to integers."""
    folder = suite.root / "quantised"
    folder.mkdir()
    strict = folder / "cc-strict"
    strict.write_text(STRICT)
    strict.chmod(0o755)
    for name, made, said, inputs in quantised_faults.cases():
        path = folder / f"{name}.onnx"
        path.write_bytes(made.SerializeToString())
        file = f"quantised/{name}.onnx"
        if inputs is None:
            suite.expect(f"import {name}", ["import", file, "-o", "left.fettle"], (1, 3), [*said, f"{name}.onnx"],
                         ["left.fettle", "left.safetensors"])
            continue
        arrays = []
        for i, x in enumerate(inputs):
            np.save(folder / f"{name}-{i}.npy", x)
            arrays.append(f"quantised/{name}-{i}.npy")
        for way, passes in (("as it is", []), ("lowered", ["-p", "canonicalize, lower-quantized, canonicalize"])):
            results = []
            for how in (["--interpret"], []):
                out = folder / f"{name}-{way}-{'c' if not how else 'e'}"
                # What is given at run time is divided by as it is.
                compiler = None if name.endswith("at-run-time") else strict
                if suite.expect(f"run {name} {way}", ["run", file, *arrays, *how, *passes, "-q", "-o", out], 0, [], compiler=compiler) == 0:
                    results.append(np.load(next(out.glob("*.npy"))))
            same = len(results) == 2 and results[0].tobytes() == results[1].tobytes()
            if len(results) == 2 and not (same and np.isfinite(results[0].astype(np.float64)).all()):
                suite.failed += 1
                print(f"FAILED {name} {way}: {results[0].ravel()[:6]} by the evaluator, {results[1].ravel()[:6]} in C", flush=True)
