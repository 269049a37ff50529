#!/usr/bin/env python3
"""Models that `quantize` made, exported to ONNX in QDQ form and, lowered to integers, as integer operators: onnx.checker accepts
them, and onnxruntime's answers are those of our C.

usage: export_quantized.py FETTLE SHARED WORK [--all] [--only NAME,...]

The answers agree as foreign.py says. Integer ops that ONNX has no operator for must be refused with status 3, named, without leaving a
file: products of 16 bits. Maxima and minima, lowered to integers of any width, are the same in onnxruntime.
"""
import argparse
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from foreign import answers, compare, ours, rows

READY = "canonicalize, fold-batch-norm, canonicalize"
LOWER = ", lower-quantized, canonicalize"
# Options of `quantize`, what comes behind it, and the op that ONNX cannot express, if any.
FORMS = {
    "i8 as QDQ": ("", "", None), "i8 as integers": ("", LOWER, None),
    "u8 as QDQ": ("{activations=u8}", "", None), "u8 as integers": ("{activations=u8}", LOWER, None),
    "i8 by multiplier and shift": ("", LOWER.replace("quantized", "quantized{requantize=fixed}"), None),
    "per tensor as QDQ": ("{per-channel=false}", "", None), "per tensor as integers": ("{per-channel=false}", LOWER, None),
    "i4 weights as QDQ": ("{weights=i4}", "", None), "i4 weights as integers": ("{weights=i4}", LOWER, None),
    "i16 as QDQ": ("{activations=i16}", "", None), "i16 as integers": ("{activations=i16}", LOWER, "conv"),
}
SHORT = {"resnet8_cifar10": ["i8 as QDQ", "i8 as integers", "i8 by multiplier and shift", "i4 weights as QDQ",
                             "i4 weights as integers", "i16 as integers"],
         "dscnn_kws": ["u8 as QDQ", "per tensor as integers", "i16 as QDQ"]}
MODELS = ["resnet8_cifar10", "dscnn_kws", "lenet5_mnist", "ad_autoencoder", "resnet20_cifar10", "vgg11h_cifar10", "ultraface_slim_320"]


def run(words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    return done.returncode, done.stderr.strip()


def check(fettle, shared, work, name, form, samples):
    options, behind, refused = FORMS[form]
    source = shared / "models" / f"{name}.onnx"
    train, test = rows(shared, name)
    if name.startswith("ultraface"):
        train, samples = train[:8], 4
    np.savez(work / "train.npz", x=train[:64])
    graph, target = work / "quantized.fettle", work / f"{name} {form}.onnx"
    calibration = work / f"{name}.json"
    known = ["--calibration", calibration] if calibration.exists() else [
        "--data", work / "train.npz", "--array", "x", "--save-calibration", calibration]
    status, errors = run([fettle, "opt", source, "-p", f"{READY}, quantize{options}{behind}", *known, "-o", graph, "-q"])
    if status:
        return [f"opt: {errors[-300:]}"], ""
    target.unlink(missing_ok=True)
    status, errors = run([fettle, "export", graph, "-o", target, "-q"])
    if refused and name == "ad_autoencoder":
        refused = "matmul"
    named = set(re.findall(r"\((\w+)\): ONNX", errors))
    if refused in named and status == 3 and not target.exists():
        return [], f"refused: {', '.join(sorted(named))}"
    if refused or status:
        return [f"export: status {status}: {errors[-300:]}"], ""
    onnx.checker.check_model(str(target), full_check=True)
    if "i4" in form and not any(t.data_type == onnx.TensorProto.INT4 for t in onnx.load(target).graph.initializer):
        return ["no weight of four bits"], ""
    test = test[:samples]
    return compare(ours(fettle, graph, test, work / "runs", []), answers(target, test), answers(target, test, False))


# Ops on %d that are the same on its integers, and the shapes of their results.
ORDERS = {
    "max pool": ("pool %d {window=[2,3], padding=[1,0,0,2]}", "[1,2,5,5]"),
    "max": ("reduce %d {kind=max, axes=[2]}", "[1,2,1,5]"),
    "min": ("reduce %d {kind=min, axes=[2,3], keep_dims=false}", "[1,2]"),
}


def order(fettle, work, name, element):
    """A maximum or minimum between dequantize and quantize, lowered to integers and exported."""
    line, shape = ORDERS[name]
    (work / "order.fettle").write_text(f"""graph @g(%x: {element}[1,2,5,5]) -> (y: %q) {{
  @s = f32[] [0.5]
  @z = {element}[] [3]
  %d = dequantize %x, @s, @z : f32[1,2,5,5]
  %m = {line} : f32{shape}
  %q = quantize %m, @s, @z {{to={element}}} : {element}{shape}
}}
""")
    low, target, out = work / "order-i.fettle", work / "order.onnx", work / "order-y"
    info = np.iinfo({"i": "int", "u": "uint"}[element[0]] + element[1:])
    x = np.random.default_rng(1).integers(info.min, info.max + 1, (1, 2, 5, 5)).astype(info.dtype)
    np.save(work / "order.npy", x)
    for words in (["opt", work / "order.fettle", "-p", "lower-quantized, canonicalize", "-o", low], ["export", low, "-o", target],
                  ["run", low, work / "order.npy", "--interpret", "-o", out]):
        status, errors = run([fettle, *words, "-q"])
        if status:
            return [f"{words[0]}: status {status}: {errors[-300:]}"]
    if "dequantize" in low.read_text():
        return ["floats are left"]
    onnx.checker.check_model(str(target), full_check=True)
    theirs = ort.InferenceSession(str(target), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return [] if np.array_equal(theirs, np.load(next(out.glob("*.npy")))) else ["the answers differ"]


def wide(fettle, work):
    """ONNX does not quantise to 32 bits."""
    (work / "wide.fettle").write_text("""graph @g(%x: f32[4]) -> (y: %y) {
  @s = f32[] [0.5]
  %y = quantize %x, @s {to=i32} : i32[4]
}
""")
    target = work / "wide.onnx"
    target.unlink(missing_ok=True)
    status, errors = run([fettle, "export", work / "wide.fettle", "-o", target, "-q"])
    sound = status == 3 and "(quantize)" in errors and not target.exists()
    return [] if sound else [f"status {status}: {errors[-300:]}"]


def small(fettle, work):
    """What is made of a few ops, by name."""
    for name in ORDERS:
        for element in ("i8", "u8", "i16", "u16"):
            yield f"{name} of {element}", lambda name=name, element=element: order(fettle, work, name, element)
    yield "quantize to i32", lambda: wide(fettle, work)


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle")
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default=",".join(MODELS))
    a = parser.parse_args()
    fettle, work = str(Path(a.fettle).resolve()), a.work.resolve() / "export-quantized"
    work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("FETTLE_CACHE", str(work / "cache"))
    passed = failed = 0
    for name, check_one in small(fettle, work):
        try:
            problems = check_one()
        except Exception as error:
            problems = [str(error)[:300]]
        passed += not problems
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok    '} {name}{': ' if problems else ''}{'; '.join(problems)}", flush=True)
    for name in [n for n in MODELS if n in a.only.split(",")]:
        (work / f"{name}.json").unlink(missing_ok=True)
        for form in FORMS if a.all else SHORT.get(name, []):
            try:
                problems, text = check(fettle, a.shared, work, name, form, 100 if a.all else 40)
            except Exception as error:
                problems, text = [str(error)[:300]], ""
            passed += not problems
            failed += bool(problems)
            print(f"{'FAILED' if problems else 'ok    '} {name} {form}: {'; '.join([*problems, text])}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
