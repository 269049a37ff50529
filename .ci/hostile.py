#!/usr/bin/env python3
"""Bad input for every command: no run may end by a signal, without an 'error:' line, or leave something behind.

usage: hostile.py FETTLE WORK [--fuzz N] [--seed S] [--model FILE ...] [--only PART]

The written cases say which status is expected and which words the message must hold. Then N copies of the models, with some bytes
changed or the end cut off, go through `import`, `run --interpret` and `compile --no-verify`: each must end well or with status 1 or 3.
Whatever is written, no character that a terminal obeys is among it.
All runs have 2 GB of address space and a time limit.
"""
import argparse
import shutil
from pathlib import Path

import numpy as np
from onnx import numpy_helper

from hostile_lies import lies
from hostile_models import model, models, node, port, quantised
from hostile_suite import GRAPH, Suite, call


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
