#!/usr/bin/env python3
"""Bad input for every command: no run may end by a signal, without an 'error:' line, or leave something behind.

usage: hostile.py FETTLE WORK [--fuzz N] [--seed S] [--model FILE ...] [--only PART]

The written cases say which status is expected and which words the message must hold. Then N copies of the models, with some bytes
changed or the end cut off, go through `import`, `run --interpret` and `compile --no-verify`: each must end well or with status 1 or 3.
Whatever is written, no character that a terminal obeys is among it.
All runs have 2 GB of address space and a time limit.
"""
import argparse
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import lying_models
import quantised_faults

SECONDS = 120
F = TensorProto.FLOAT


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(fettle, words, cwd, stdin=None, compiler=None):
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    if compiler:
        environment["CC"] = str(compiler)
    try:
        done = subprocess.run([fettle, *map(str, words)], cwd=cwd, input=stdin, capture_output=True, timeout=SECONDS,
                              preexec_fn=limited, env=environment)
    except subprocess.TimeoutExpired:
        return "time-out", "", ""
    return done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape")


def raw(text):
    """The first character of a text that a terminal would obey, that turns or hides what follows, or that is no UTF-8."""
    for c in text:
        kind = unicodedata.category(c)
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t":
            return c
    return None


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


class Suite:
    def __init__(self, fettle, root):
        self.fettle, self.root = fettle, root
        self.failed, self.count = 0, 0

    def expect(self, name, words, status, said=(), left=(), stdin=None, silent=False, compiler=None):
        """Runs a command; `left` are paths that must not exist afterwards."""
        self.count += 1
        got, out, err = call(self.fettle, words, self.root, stdin, compiler)
        allowed = (0, 1, 2, 3, 4) if status is None else status if isinstance(status, tuple) else (status,)
        why = []
        for stream, text in (("output", out), ("errors", err)):
            if (c := raw(text)) is not None:
                why.append(f"U+{ord(c):04X} as it is among the {stream}")
        if len(err.split("\n")) > 200 or max(map(len, err.split("\n"))) > 2000:
            why.append(f"{len(err)} characters of errors")
        if words[0] == "analyze" and "--json" not in words and max(map(len, out.split("\n"))) > 2000:
            why.append("a table of more than 2000 columns")
        if got not in allowed:
            why.append(f"status {got}, expected {' or '.join(map(str, allowed))}")
        if got in (1, 2, 3, 4):
            if not any("error:" in line for line in err.split("\n")):
                why.append("no 'error:' line")
            why += [f"'{word}' is not named" for word in said if word not in err]
            why += [f"left behind: {p}" for p in left if (self.root / p).exists()]
            if out and not silent:
                why.append(f"writes to the standard output: {out[:80]!r}")
        for p in left:
            target = self.root / p
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        if why:
            self.failed += 1
            print(f"FAILED {name}: {'; '.join(why)}\n    fettle {' '.join(map(str, words))}")
            print("".join(f"    | {line[:220]}\n" for line in err.strip().split("\n")[:6]), end="", flush=True)
        return got

    def end(self):
        print(f"{self.count - self.failed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


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


def lies(suite):
    """What contradicts itself is refused with the place; what is small and comes to much is refused before the work; and names never
    reach the terminal as they are."""
    folder = suite.root / "lies"
    folder.mkdir()
    for name, made, status, said in [*lying_models.contradictions(), *lying_models.bombs()]:
        (folder / f"{name}.onnx").write_bytes(made.SerializeToString())
        file = f"lies/{name}.onnx"
        words = ["import", file, "-o", "left.fettle"]
        if status == 0:
            got, out, err = call(suite.fettle, words, suite.root)
            suite.count += 1
            for path in suite.root.glob("left.*"):
                path.unlink()
            if got != 0 or any(word not in err for word in said):
                suite.failed += 1
                print(f"FAILED {name}: status {got}, expected 0 and {said}\n    | {err[:300]}", flush=True)
            for target in ("x86-64", "m55", "c99"):
                suite.expect(f"compile {name} for {target}", ["compile", file, "-t", target, "-o", "left", "--no-verify", "-q"], (0, 1, 3), [], ["left"])
        else:
            suite.expect(f"import {name}", words, status, [*said, f"{name}.onnx"] if status else [], ["left.fettle", "left.safetensors"])
    suite.expect("assumed opset", ["import", "lies/newer-opset.onnx", "--assume-opset", "28", "-o", "left.fettle"], 0, left=["left.fettle"])
    suite.expect("assumed opset of a function", ["import", "lies/newer-opset-of-function.onnx", "--assume-opset", "17", "-o", "left.fettle"], 0, left=["left.fettle"])
    suite.expect("assumed opset for an axis", ["import", "lies/negative-axis-Flatten.onnx", "--assume-opset", "13", "-o", "left.fettle"], 0, left=["left.fettle"])
    for value in ("5", "29", "x", "-1", "99999999999999999999", ""):
        suite.expect(f"assumed opset {value}", ["import", "lies/newer-opset.onnx", "--assume-opset", value, "-o", "left.fettle"], 2, ["--assume-opset"])
    every = (0, 1, 2, 3, 4)
    for name, data in lying_models.names():
        (folder / "name.onnx").write_bytes(data)
        for words in (["import", "lies/name.onnx", "-o", "-"], ["analyze", "lies/name.onnx", "-t", "c99"],
                      ["compile", "lies/name.onnx", "-t", "c99", "--no-verify", "-o", "left"], ["emit", "lies/name.onnx", "--explain", "-t", "m4"]):
            suite.expect(f"{words[0]} {name}", words, every, [], ["left"], silent=True)
        if suite.expect(f"import {name} as text", ["import", "lies/name.onnx", "-o", "lies/name.fettle"], every, silent=True) == 0:
            suite.expect(f"opt {name} as text", ["opt", "lies/name.fettle", "-p", "canonicalize", "--ledger", "-o", "-"], 0, silent=True)
            suite.expect(f"analyze {name} as JSON", ["analyze", "lies/name.onnx", "--json"], every, silent=True)
        for path in folder.glob("name.*"):
            path.unlink()
    (suite.root / "plain.fettle").write_text(GRAPH)
    np.save(suite.root / "plain.npy", np.zeros((1, 3, 8, 8), np.float32))
    for kind, text in lying_models.EVIL.items():
        if "\0" in text or len(text) > 50_000:
            continue
        for words in ([text], ["import", text], ["import", "plain.fettle", text], ["compile", "plain.fettle", "-t", text, "-o", "left"],
                      ["opt", "plain.fettle", "-p", text], ["opt", "plain.fettle", "-p", f"canonicalize{{{text}=1}}"], ["describe", text],
                      ["help", text], ["import", "plain.fettle", f"--{text}"], ["run", "plain.fettle", text], ["eval", "plain.fettle", "--data", text],
                      ["import", "lies/opset-twice.onnx", "--inputs", text], ["import", "lies/opset-twice.onnx", "-d", f"{text}=1"],
                      ["import", "lies/declared-rank-inside.onnx", "--outputs", text], ["import", "lies/declared-rank-inside.onnx", "--shape", f"{text}=1x4"],
                      ["compile", "plain.fettle", "--name", text, "-t", "c99", "--no-verify", "-o", "left"], ["check", text],
                      ["opt", "plain.fettle", "--load", text]):
            suite.expect(f"{words[0][:20]!r} … {kind}", words, every, [], ["left"], silent=True)
        # The same words as names in other files.
        mark = "".join(f"\\u{{{ord(c):x}}}" for c in text[:300])
        (suite.root / "names.fettle").write_text(GRAPH.replace("@g", f'@"{mark}"').replace("%x", f'%"{mark}"'))
        (suite.root / "raw.fettle").write_text(GRAPH.replace("relu", text).replace("%y =", f"%y{text} ="), newline="")
        for file in ("names.fettle", "raw.fettle"):
            suite.expect(f"opt {file} {kind}", ["opt", file, "-o", "-"], (0, 1), silent=True)
            suite.expect(f"run {file} {kind}", ["run", file, "plain.npy", "--interpret", "-o", "left"], (0, 1), [], ["left"], silent=True)
            suite.expect(f"analyze {file} {kind}", ["analyze", file, "-t", "c99"], (0, 1), silent=True)
        name = text[:2000]
        archive(suite.root / "names.npz", name)
        for words in (["eval", "plain.fettle", "--data", "names.npz"], ["eval", "plain.fettle", "--data", "names.npz", "--array", "nowhere"],
                      ["eval", "plain.fettle", "--data", "names.npz", "--array", name]):
            suite.expect(f"eval names.npz {kind}", words, every, silent=True)
        head = json.dumps({name: {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {name: name}}).encode()
        (suite.root / "names.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + b"\0" * 4)
        (suite.root / "side.fettle").write_text(GRAPH.replace("{\n", f'{{\n  @"{mark}" = f32[1] file("names.safetensors")\n', 1))
        suite.expect(f"opt with names.safetensors {kind}", ["opt", "side.fettle", "-o", "-"], (0, 1), silent=True)
        header = f"{{'descr': '{name}', 'fortran_order': False, 'shape': (1, 4), }}\n".encode()[:60_000]
        (suite.root / "names.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        suite.expect(f"run names.npy {kind}", ["run", "plain.fettle", "names.npy", "--interpret", "-o", "left"], (1, 3), ["names.npy"], ["left"])
        if len(text) < 200 and "/" not in text:
            (suite.root / f"{text}.onnx").write_bytes(b"no model")
            suite.expect(f"a file of this name: {kind}", ["import", f"{text}.onnx", "-o", "left"], 1, [], ["left"])


def archive(path, name):
    with zipfile.ZipFile(path, "w") as made, io.BytesIO() as data:
        np.save(data, np.zeros((3, 3, 8, 8), np.float32))
        made.writestr(zipfile.ZipInfo(f"{name}.npy".replace("\0", "?")), data.getvalue())


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


GRAPH = """graph @g(%x: f32[1,3,8,8]) -> (y: %y) {
  %y = unary %x {function=relu} : f32[1,3,8,8]
}
"""


def others(suite):
    root = suite.root
    good = model([node("Relu", ["x"], ["y"])], [port("x", 1, 4)], [port("y", 1, 4)])
    (root / "good.onnx").write_bytes(good.SerializeToString())
    (root / "good.fettle").write_text(GRAPH)
    np.save(root / "x.npy", np.zeros((1, 4), np.float32))
    (root / "a-folder").mkdir()
    (root / "empty.onnx").write_bytes(b"")
    (root / "text.onnx").write_text("This is not a model.\n" * 20)
    (root / "zeros.onnx").write_bytes(b"\0" * 4096)
    (root / "ones.onnx").write_bytes(b"\xff" * 4096)
    (root / "png.onnx").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (root / "deep.onnx").write_bytes(b"\x3a\xff\xff\xff\xff\x0f" * 100)
    for name in ("empty", "text", "zeros", "ones", "png", "deep", "missing"):
        for command in (["import", f"{name}.onnx", "-o", "left"], ["compile", f"{name}.onnx", "-o", "left"],
                        ["run", f"{name}.onnx", "x.npy", "-o", "left"], ["export", f"{name}.onnx", "-o", "left"],
                        ["emit", f"{name}.onnx", "-o", "left"], ["analyze", f"{name}.onnx"], ["verify", f"{name}.onnx"]):
            suite.expect(f"{command[0]} {name}", command, 1, [f"{name}.onnx"], ["left"])
    for command in ("import", "compile", "emit", "opt", "export"):
        suite.expect(f"{command} of a folder", [command, "a-folder", "-o", "left"], 1, ["a-folder"], ["left"])
    suite.expect("unknown ending", ["import", "x.npy", "-o", "left"], 1, ["x.npy"], ["left"])
    # Outputs that cannot be written.
    for where in ("/proc/left/out", "/dev/null/out", "x.npy/out"):
        suite.expect(f"unwritable {where}", ["import", "good.onnx", "-o", where], 1, [where.split("/")[1] or where])
        suite.expect(f"unwritable folder {where}", ["compile", "good.onnx", "--no-verify", "-o", where], 1, [])
        suite.expect(f"unwritable run {where}", ["run", "good.onnx", "x.npy", "--interpret", "-o", where], 1, [])
    suite.expect("import to a folder", ["import", "good.onnx", "-o", "a-folder"], 1, ["a-folder"])
    suite.expect("compile to a file", ["compile", "good.onnx", "--no-verify", "-o", "x.npy"], 1, ["x.npy"])

    # Arrays.
    header = lambda text: b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    whole = (root / "x.npy").read_bytes()
    arrays = {
        "empty": b"", "text": b"hello" * 100, "short-head": whole[:20], "short": whole[:-3], "longer": whole + b"\0\0\0\0",
        "version": b"\x93NUMPY\x09\x00" + whole[8:], "head": header(b"{'descr': '<f4', 'fortran_order': False}\n"),
        "objects": header(b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 4), }\n") + b"\0" * 16,
        "huge": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }\n") + b"\0" * 16,
        "large": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }\n") + b"\0" * 16,
        "negative": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }\n") + b"\0" * 16,
        "head-huge": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"{'descr'",
        "dtype": header(b"{'descr': '<f9', 'fortran_order': False, 'shape': (1, 4), }\n") + b"\0" * 16,
        "code": header(b"{'descr': __import__('os'), 'fortran_order': False, 'shape': (1, 4), }\n") + b"\0" * 16,
    }
    for name, data in arrays.items():
        (root / f"{name}.npy").write_bytes(data)
    for name, array in {"shape": np.zeros((2, 4), np.float32), "rank": np.zeros(4, np.float32), "double": np.zeros((1, 4)),
                        "integer": np.zeros((1, 4), np.int32), "complex": np.zeros((1, 4), np.complex64)}.items():
        np.save(root / f"{name}.npy", array)
        arrays[name] = b""
    for name in [*arrays, "missing"]:
        suite.expect(f"run on {name}.npy", ["run", "good.onnx", f"{name}.npy", "--interpret", "-o", "left"], (1, 3), [f"{name}.npy"], ["left"])
    suite.expect("run on no input", ["run", "good.onnx", "--interpret", "-o", "left"], 1, ["'x'"], ["left"])
    suite.expect("run on two inputs", ["run", "good.onnx", "x.npy", "x.npy", "--interpret", "-o", "left"], 1, ["'x'"], ["left"])
    suite.expect("run on a folder", ["run", "good.onnx", "a-folder", "--interpret", "-o", "left"], 1, ["a-folder"], ["left"])

    # Archives and descriptions of data.
    np.savez(root / "good.npz", x=np.zeros((3, 1, 4), np.float32), y=np.zeros(3, np.int64))
    np.savez_compressed(root / "packed.npz", x=np.zeros((3, 1, 4), np.float32), y=np.zeros(3, np.int64))
    for name in ("good", "packed"):
        data = (root / f"{name}.npz").read_bytes()
        for at in range(0, len(data), max(1, len(data) // 23)):
            (root / "cut.npz").write_bytes(data[:at])
            suite.expect(f"eval on {name}.npz cut at {at}", ["eval", "good.onnx", "--data", "cut.npz", "--array", "x", "--labels", "y"],
                         1, ["cut.npz"])
        for at in range(5, len(data), max(1, len(data) // 29)):
            (root / "flipped.npz").write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:])
            suite.expect(f"eval on {name}.npz flipped at {at}", ["eval", "good.onnx", "--data", "flipped.npz", "--array", "x", "--labels", "y"],
                         (0, 1, 3), [], silent=True)
    suite.expect("eval, no such array", ["eval", "good.onnx", "--data", "good.npz", "--array", "z", "--labels", "y"], 1, ["z"])
    suite.expect("eval, no such labels", ["eval", "good.onnx", "--data", "good.npz", "--array", "x", "--labels", "z"], 1, ["z"])
    suite.expect("eval, labels of another length", ["eval", "good.onnx", "--data", "uneven.npz", "--array", "x", "--labels", "y"], 1, [])
    suite.expect("eval on an array", ["eval", "good.onnx", "--data", "x.npy"], 1, ["x.npy", ".npz"])
    suite.expect("eval without data", ["eval", "good.onnx"], 2, ["--data"])
    for name, text in {"not-json": "{", "list": "[1,2]", "deep": "[" * 100000, "unknown": '{"arrays": 7}', "words": '{"array": 3}'}.items():
        np.savez(root / f"{name}.npz", x=np.zeros((3, 1, 4), np.float32), y=np.zeros(3, np.int64))
        (root / f"{name}.json").write_text(text)
        suite.expect(f"eval with {name}.json", ["eval", "good.onnx", "--data", f"{name}.npz"], 1, [f"{name}"])
        suite.expect(f"target {name}.json", ["compile", "good.onnx", "-t", f"{name}.json", "-o", "left"], 1, [f"{name}.json"], ["left"])
        suite.expect(f"batch {name}.json", ["run", "--batch", f"{name}.json"], 1, [f"{name}.json"])
    suite.expect("batch missing", ["run", "--batch", "nowhere.json"], 1, ["nowhere.json"])
    suite.expect("target missing", ["compile", "good.onnx", "-t", "nowhere.json", "-o", "left"], 1, ["nowhere.json"], ["left"])

    # Usage.
    usage = {
        "nothing": [], "no command": ["frobnicate"], "option alone": ["--frob"], "unknown option": ["compile", "good.onnx", "--frob", "-o", "left"],
        "tolerance": ["verify", "good.onnx", "--tolerance", "-1"],
        "no model": ["compile", "-o", "left"], "no output": ["compile", "good.onnx"], "two models": ["import", "good.onnx", "good.onnx", "-o", "left"],
        "no value": ["compile", "good.onnx", "-o"], "number": ["compile", "good.onnx", "-o", "left", "--with-test", "many"],
        "negative": ["compile", "good.onnx", "-o", "left", "--with-test", "-3"], "word": ["compile", "good.onnx", "-o", "left", "--weights", "gold"],
        "dim": ["import", "good.onnx", "-d", "N", "-o", "left"], "dim value": ["import", "good.onnx", "-d", "N=x", "-o", "left"],
        "dim negative": ["import", "good.onnx", "-d", "N=-4", "-o", "left"], "shape": ["import", "good.onnx", "--shape", "x=axb", "-o", "left"],
        "shape huge": ["import", "good.onnx", "--shape", "x=99999999999999999999", "-o", "left"],
        "ram": ["analyze", "good.onnx", "--ram", "lots"], "ram huge": ["analyze", "good.onnx", "--ram", "99999999999G"],
        "value for a switch": ["run", "good.onnx", "x.npy", "--interpret=yes", "-o", "left"],
        "target": ["compile", "good.onnx", "-t", "z80", "-o", "left"],
        "pass": ["opt", "good.onnx", "-p", "frobnicate", "-o", "left"], "pipeline": ["opt", "good.onnx", "-p", "canonicalize{", "-o", "left"],
        "pass option": ["opt", "good.onnx", "-p", "canonicalize{frob=1}", "-o", "left"],
        "limit": ["eval", "good.onnx", "--data", "good.npz", "--limit", "1e9"],
        "help of nothing": ["help", "frobnicate"],
    }
    for name, words in usage.items():
        suite.expect(f"usage: {name}", words, (1, 2) if name in ("target", "pass", "pipeline", "pass option") else 2, [], ["left"])
    suite.expect("cut at no tensor", ["import", "good.onnx", "--outputs", "nowhere", "-o", "left"], 1, ["nowhere"], ["left"])
    suite.expect("cut in at no tensor", ["import", "good.onnx", "--inputs", "nowhere", "-o", "left"], 1, ["nowhere"], ["left"])
    suite.expect("shape of no input", ["import", "good.onnx", "--shape", "nowhere=1x4", "-o", "left"], 2, ["nowhere"], ["left"])
    suite.expect("shape against the model", ["import", "good.onnx", "--shape", "x=1x4x4", "-o", "left"], 2, ["'x'"], ["left"])
    suite.expect("no such dimension", ["import", "good.onnx", "-d", "nowhere=3", "-o", "left"], 2, ["nowhere"], ["left"])
    suite.expect("pipeline file missing", ["opt", "good.onnx", "-p", "@nowhere", "-o", "left"], 1, ["nowhere"], ["left"])
    suite.expect("check of nothing", ["check", "nowhere"], 1, ["nowhere"])

    # The text form.
    texts = {
        "empty": "", "words": "hello world", "open": GRAPH[:-3], "no-type": GRAPH.replace(" : f32[1,3,8,8]\n}", "\n}"),
        "wrong-type": GRAPH.replace(": f32[1,3,8,8]\n}", ": f32[1,3,8,9]\n}"), "unknown-op": GRAPH.replace("unary", "unery"),
        "unknown-value": GRAPH.replace("unary %x", "unary %z"), "unknown-field": GRAPH.replace("function=", "functions="),
        "unknown-word": GRAPH.replace("=relu", "=relo"), "huge-shape": GRAPH.replace("8,8]", "99999999999,99999999999]"),
        "overflow": GRAPH.replace("8,8]", "99999999999999999999999]"), "negative": GRAPH.replace("8,8]", "-8,8]"),
        "twice": GRAPH.replace("\n}", "\n  %y = unary %x {function=relu} : f32[1,3,8,8]\n}"), "nul": GRAPH.replace("relu", "re\0lu"),
        "later": GRAPH.replace("%x {", "%y {"), "nested": GRAPH.replace("relu", "[" * 50000), "no-side-file": GRAPH.replace(
            "{\n", "{\n  @w = f32[4] file(\"nowhere.safetensors\")\n", 1), "constant": GRAPH.replace("{\n", "{\n  @w = f32[3] [1, 2]\n", 1),
        "constant-huge": GRAPH.replace("{\n", "{\n  @w = f32[99999999999] splat(0)\n", 1),
    }
    for name, text in texts.items():
        (root / f"{name}.fettle").write_text(text)
        suite.expect(f"text {name}", ["opt", f"{name}.fettle", "-o", "left"], 1, [f"{name}.fettle:" if name != "empty" else f"{name}.fettle"], ["left"])
    (root / "binary.fettle").write_bytes(bytes(range(256)) * 50)
    suite.expect("text of bytes", ["opt", "binary.fettle", "-o", "left"], 1, ["binary.fettle"], ["left"])
    suite.expect("cut of a graph", ["opt", "good.fettle", "--outputs", "y", "-o", "left"], 2, [], ["left"])


def quantization(suite):
    """Data and options of what quantizes: status 1, 2 or 4 and words, or a result without a number that is none."""
    root = suite.root
    rng = np.random.default_rng(1)
    made = model([node("Conv", ["x", "w", "b"], ["a"], name="first"), node("Relu", ["a"], ["r"], name="relu"),
                  node("GlobalAveragePool", ["r"], ["p"], name="mean"), node("Flatten", ["p"], ["f"], name="flat"),
                  node("Gemm", ["f", "v"], ["y"], name="last", transB=1)],
                 [port("x", 1, 3, 6, 6)], [port("y", 1, 4)],
                 [numpy_helper.from_array(np.concatenate([rng.standard_normal((7, 3, 3, 3)), np.zeros((1, 3, 3, 3))]).astype(np.float32), "w"),
                  numpy_helper.from_array(np.array([0, 1, -1, 3, 1e-30, 2, 0, 0], np.float32), "b"),
                  numpy_helper.from_array(rng.standard_normal((4, 8)).astype(np.float32), "v")])
    (root / "layers.onnx").write_bytes(made.SerializeToString())
    x = rng.standard_normal((10, 3, 6, 6)).astype(np.float32)
    y = np.arange(10) % 4
    holes, endless = x.copy(), x.copy()
    holes[3, 1, 2, 2], endless[4, 0, 0, 0] = np.nan, np.inf
    sets = {
        "good-q": dict(x=x, y=y), "holes": dict(x=holes, y=y), "endless": dict(x=endless, y=y), "one": dict(x=x[:1], y=y[:1]),
        "equal": dict(x=np.full_like(x, 0.5), y=y), "zero": dict(x=np.zeros_like(x), y=y), "tiny": dict(x=x * 1e-42, y=y),
        "huge": dict(x=x * 1e37, y=y), "no-labels": dict(x=x), "few-labels": dict(x=x, y=y[:7]), "many-labels": dict(x=x, y=np.arange(12) % 4),
        "real-labels": dict(x=x, y=y + 0.5), "nan-labels": dict(x=x, y=np.full(10, np.nan)), "far-labels": dict(x=x, y=y + 2**60),
        "none": dict(x=x[:0], y=y[:0]), "wrong-shape": dict(x=x[:, :2], y=y), "flat": dict(x=x.reshape(10, -1), y=y),
        "scalar": dict(x=np.float32(1), y=y), "integers": dict(x=(x * 9).astype(np.int64), y=y), "bools": dict(x=x > 0, y=y),
        "moved": dict(x=x.transpose(0, 2, 1, 3), y=y), "swapped": dict(x=x.reshape(10, 2, 9, 6), y=y),
        "last-labels": dict(x=x, y=y + 1), "negative-labels": dict(x=x, y=y - 1),
        "dead": dict(x=x * np.array([1, 0, 1], np.float32).reshape(1, 3, 1, 1), y=y),
    }
    for name, arrays in sets.items():
        np.savez(root / f"{name}.npz", **arrays)
    wrong = {"holes": "not finite", "endless": "not finite", "few-labels": "7 labels", "many-labels": "12 labels",
             "real-labels": "no whole numbers", "nan-labels": "no whole numbers", "none": "holds no samples", "wrong-shape": "elements",
             "scalar": "scalar", "x": "x.npz", "moved": "do not fit", "swapped": "do not fit", "last-labels": "4 classes",
             "negative-labels": "4 classes", "far-labels": "4 classes"}
    for name in [*sets, "x"]:
        for words in (["eval", "layers.onnx", "--int8", "--interpret", "--data", f"{name}.npz", "--json"],
                      ["compile", "layers.onnx", "--int8", "--no-verify", "--data", f"{name}.npz", "-o", "left"],
                      ["sensitivity", "layers.onnx", "--interpret", "--data", f"{name}.npz", "--json", "--svg", "left.svg"],
                      ["eval", "layers.onnx", "-p", "quantize-int8{weights=i4 max-drop=20}", "--interpret", "--data", f"{name}.npz", "--json"]):
            said = wrong.get(name)
            if said == "4 classes" and words[0] == "compile":
                # Nothing is counted by it.
                said = None
            held = "max-drop" in words[3]
            status = (0, 1) if name == "huge" else 1 if said else (0, 4) if held and name not in ("one", "no-labels") else 1 if held else 0
            suite.expect(f"{words[0]} {words[3]} on {name}", [*words, "-q"], status, [said] if said else [], ["left", "left.svg"])
    for kind in ("min-max", "percentile", "mse", "entropy"):
        for name in ("one", "equal", "zero", "tiny", "dead"):
            for types in ("activations=i8", "activations=u8 symmetric=true", "activations=i16", "weights=i4 per-channel=false"):
                words = ["eval", "layers.onnx", "-p", "canonicalize, quantize{" + f"calibrator={kind} {types}" + "}, lower-quantized", "--json"]
                suite.count += 1
                got, out, err = call(suite.fettle, [*words, "--interpret", "-q", "--data", f"{name}.npz"], root)
                if got != 0 or '"not_finite": 0' not in out:
                    suite.failed += 1
                    print(f"FAILED {kind} {types} on {name}: status {got}\n    | {(out + err)[:300]}")
    ok = ["--data", "good-q.npz", "-q"]
    for text, status, said in (("good-q.npz[", 2, "not closed"), ("good-q.npz[]", 2, "no rows"), ("good-q.npz[1:2:3:4]", 2, "no rows"),
                               ("good-q.npz[::0]", 2, "no rows"), ("good-q.npz[" + "9" * 40 + "]", 2, "no rows"),
                               (f"good-q.npz[{2**63 - 1}]", 1, "is chosen"), (f"good-q.npz[{-2**63}]", 1, "is chosen"),
                               (f"good-q.npz[:{2**63 - 1}:{2**63 - 1}]", 0, ""), ("good-q.npz[20:]", 1, "is chosen"),
                               ("good-q.npz:nowhere", 1, "nowhere"), ("good-q.npz[label=x]", 2, "no rows"), ("no-labels.npz[label=1]", 1, "no labels"),
                               ("nowhere.npz[:3]", 1, "nowhere.npz"), ("[:3]", 1, ""), (":x", 1, "")):
        suite.expect(f"rows {text}", ["eval", "layers.onnx", "--interpret", "--data", text], status, [said])
        suite.expect(f"calibration rows {text}", ["eval", "layers.onnx", "--int8", "--interpret", "--calibration-data", text, *ok], status, [said])
    suite.expect("no labels named", ["eval", "layers.onnx", "--interpret", "--data", "no-labels.npz", "--labels", "y"], 1, ["no array 'y' of labels"])
    suite.expect("no labels needed", ["eval", "layers.onnx", "--interpret", "--data", "no-labels.npz", "--labels", "y", "--metric", "none", "-q"], 0)
    suite.expect("labels not counted", ["eval", "layers.onnx", "--interpret", "--data", "last-labels.npz", "--metric", "none", "-q"], 0)
    suite.expect("shape said to be right", ["eval", "layers.onnx", "--interpret", "--data", "moved.npz", "--layout", "as-is"], 1, ["do not fit"])
    suite.expect("flat with channels last", ["eval", "layers.onnx", "--interpret", "--data", "flat.npz", "--layout", "nhwc"], 1, ["do not fit"])
    suite.expect("int8 without data", ["compile", "layers.onnx", "--int8", "-o", "left"], 1, ["--calibration-data", "--data"], ["left"])
    suite.expect("int8 and int16", ["compile", "layers.onnx", "--int8", "--int16", "-o", "left", *ok], 2, ["--int16"], ["left"])
    suite.expect("int8 and passes", ["emit", "layers.onnx", "--int8", "-p", "canonicalize", *ok], 2, ["--pipeline"])
    suite.expect("no such option", ["emit", "layers.onnx", "-p", "quantize-int8{widths=3}", *ok], 1, ["widths"])
    for options, said in (("percentile=90", "calibrator=percentile"), ("deviations=3", "ranges=batch-norm"), ("keep=[first] wide=[first]", "'first'"),
                          ("keep=[nowhere]", "sensitivity"), ("keep-ops=[relu]", "unary"), ("per-channel=1", "true or false"), ("keep=first", "[a]"),
                          ("ranges=batch-norm input-range=[0,0]", "low < high")):
        suite.expect(f"option {options}", ["eval", "layers.onnx", "-p", "quantize{" + options + "}", *ok], 1, [said])
    suite.expect("option of a pass", ["eval", "layers.onnx", "--calibrator", "mse", *ok], 2, ["quantize-int8{calibrator=mse}"])
    suite.expect("against nothing", ["eval", "layers.onnx", "--against", "nowhere.onnx", *ok], 1, ["nowhere.onnx"])
    suite.expect("against other inputs", ["eval", "layers.onnx", "--against", "good.onnx", *ok], 1, ["good-q.npz"])
    suite.expect("quantized again", ["eval", "layers.onnx", "-p", "quantize, quantize-int8", *ok], 1, ["unquantized-layers"])
    for drop, said in (("-1", "max-drop"), ("nan", "max-drop"), ("x", "number"), ("-inf", "max-drop")):
        suite.expect(f"max-drop {drop}", ["eval", "layers.onnx", "-p", "quantize{" + f"max-drop={drop}" + "}", *ok], 1, [said])
    for widths in ("", "i8", "i8/i8/i8", "/", "i9/i8", "i8/i32", "i8/i8,,", "i8/i8,i8/i8"):
        suite.expect(f"widths {widths!r}", ["sensitivity", "layers.onnx", "--widths", widths, *ok], 2, [])
    suite.expect("sensitivity without data", ["sensitivity", "layers.onnx"], 2, ["--data"])
    suite.expect("sensitivity of no layer", ["sensitivity", "good.onnx", "--data", "good.npz"], 1, ["no layer"])
    suite.expect("unwritable picture", ["sensitivity", "layers.onnx", "--interpret", "--svg", "/proc/left/out", *ok], 1, ["proc"])


def welcome(suite):
    """What a user tries first has to work, and to stay off the error output."""
    def ok(name, words, word, stdin=None):
        suite.count += 1
        got, out, err = call(suite.fettle, words, suite.root, stdin)
        if got != 0 or word not in out or err:
            suite.failed += 1
            print(f"FAILED {name}: status {got}, '{word}' {'is' if word in out else 'is not'} in the output\n    | {err[:300]}")
    ok("help", ["help"], "compile")
    ok("--help", ["--help"], "compile")
    ok("-h", ["-h"], "compile")
    ok("--version", ["--version"], "fettle ")
    commands = ["compile", "import", "export", "opt", "emit", "run", "eval", "analyze", "sensitivity", "verify", "describe", "check"]
    for command in commands:
        ok(f"help {command}", ["help", command], f"fettle {command}")
        ok(f"{command} --help", [command, "--help"], f"fettle {command}")
        ok(f"{command} -h", [command, "-h"], f"fettle {command}")
    ok("import to the output", ["import", "good.onnx", "-q", "-o", "-"], "graph @")
    ok("import without -o", ["import", "good.onnx", "-q"], "graph @")
    ok("opt to the output", ["opt", "good.fettle", "-q"], "graph @")
    ok("opt of a stream", ["opt", "-", "-q"], "graph @", GRAPH.encode())
    ok("import of a stream", ["import", "-", "-q"], "graph @", (suite.root / "good.onnx").read_bytes())
    ok("emit to the output", ["emit", "good.fettle", "-q", "-o", "-"], "int good_run")
    for what in ("ops", "passes", "targets", "lowerings", "onnx"):
        ok(f"describe {what}", ["describe", what], "")
    ok("describe", ["describe"], "conv")


def fuzz(suite, paths, count, seed):
    rng = np.random.default_rng(seed)
    x = suite.root / "fuzz.npy"
    for i in range(count):
        source = paths[i % len(paths)]
        data = bytearray(source.read_bytes())
        if source.stat().st_size > 4 << 20:
            continue
        how = int(rng.integers(4))
        if how == 0:
            data = data[:int(rng.integers(len(data)))]
        else:
            # The structure lies between the weights; small offsets and the end hold most of it.
            for _ in range(int(rng.integers(1, 6))):
                at = int(rng.integers(len(data))) if rng.random() < 0.5 else -int(rng.integers(1, min(len(data), 6000)))
                data[at] = int(rng.integers(256)) if how > 1 else data[at] ^ (1 << int(rng.integers(8)))
        path = suite.root / "fuzz.onnx"
        path.write_bytes(data)
        np.save(x, rng.standard_normal((1, 3, 32, 32)).astype(np.float32))
        status = suite.expect(f"fuzz {i} import", ["import", path.name, "-o", "left.fettle", "-q"], (0, 1, 3), [path.name],
                              ["left.fettle", "left.safetensors"])
        if status == 0:
            suite.expect(f"fuzz {i} run", ["run", path.name, x.name, "--interpret", "-q", "-o", "left"], (0, 1, 3), [], ["left"])
            suite.expect(f"fuzz {i} compile", ["compile", path.name, "--no-verify", "-q", "-o", "left"], (0, 1, 3), [path.name], ["left"])
        if status not in (0, 1, 3):
            shutil.copy(path, suite.root / f"fuzz-{i}.onnx")


PARTS = (models, lies, quantised, others, quantization, welcome)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fettle")
    parser.add_argument("work", type=Path)
    parser.add_argument("--fuzz", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--only", choices=[p.__name__ for p in PARTS], help="one part of the suite")
    a = parser.parse_args()
    root = a.work / "hostile"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    suite = Suite(str(Path(a.fettle).resolve()), root)
    np.savez(root / "uneven.npz", x=np.zeros((3, 1, 4), np.float32), y=np.zeros(2, np.int64))
    for part in PARTS:
        if a.only in (None, part.__name__):
            part(suite)
    if a.only:
        return suite.end()
    whole = model([node("Relu", ["x"], ["y"])], [port("x", 1, 4)], [port("y", 1, 4)]).SerializeToString()
    for at in range(len(whole)):
        (root / "cut.onnx").write_bytes(whole[:at])
        suite.expect(f"cut at {at}", ["import", "cut.onnx", "-o", "left"], 1, ["cut.onnx"], ["left"])
    here = Path(__file__).resolve().parent.parent / "ir-samples/resnet8/resnet8.onnx"
    fuzz(suite, [p for p in [*a.model, here] if p.exists()], a.fuzz, a.seed)
    suite.end()


if __name__ == "__main__":
    main()
