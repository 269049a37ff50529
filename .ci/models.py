#!/usr/bin/env python3
"""Accuracy of the trained float models as emitted C, against what onnxruntime reached (manifest.json).

usage: models.py FETTLE SHARED WORK [--all]

Without --all the largest model is left out and data are cut to 500 samples, compared with onnxruntime on the same ones.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

OPTIONS = {
    "lenet": ["--array", "x_test", "--labels", "y_test", "--divide", "255"],
    "resnet8": ["--array", "x_test", "--labels", "y_test", "--layout", "nhwc"],
    "resnet20": ["--array", "x_test", "--labels", "y_test", "--layout", "nhwc", "--divide", "255",
                 "--mean", "0.485,0.456,0.406", "--deviation", "0.229,0.224,0.225"],
    "vgg11h": ["--array", "x_test", "--labels", "y_test", "--layout", "nhwc", "--divide", "255",
               "--mean", "0.4914,0.4822,0.4465", "--deviation", "0.247,0.2435,0.2616"],
    "dscnn": ["--array", "x_q", "--labels", "y", "--layout", "nhwc", "--scale", "scale", "--zero-point", "zero_point"],
    "ad_autoencoder": ["--array", "x", "--labels", "y", "--window", "5", "--metric", "reconstruction-auc"],
}


def prepare(x, p, d):
    """A sample as the model's input, as the models' own accuracy.py makes it."""
    if x.ndim == 2:
        x = x[:, :, None]
    x = x.astype(np.float32)
    if p["kind"] == "image":
        x = (x / np.float32(p["div"]) - np.float32(p["mean"])) / np.float32(p["std"])
    elif p["kind"] == "affine":
        x = (x - np.float32(d["zero_point"])) * np.float32(d["scale"])
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None], dtype=np.float32)


def reference(folder, entry, limit):
    """Correct answers of onnxruntime on the first samples."""
    session = ort.InferenceSession(str(folder / entry["file"]), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    data = np.load(folder / entry["data"])
    x, y = data[entry["x"]][:limit], data[entry["y"]][:limit]
    found = [session.run(None, {name: prepare(v, entry["pre"], data)})[0].reshape(-1).argmax() for v in x]
    return int((np.array(found) == y).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fettle")
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--all", action="store_true")
    a = parser.parse_args()
    models = a.shared / "models"
    failed = 0
    passed = 0
    for entry in json.loads((models / "manifest.json").read_text())["models"]:
        name = entry["file"].removesuffix(".onnx")
        options = next((o for prefix, o in OPTIONS.items() if name.startswith(prefix)), None)
        if "int8" in name or options is None or not a.all and name.startswith(("vgg11h", "ad_")):
            continue
        limit = [] if a.all else ["--limit", "500"]
        command = [a.fettle, "eval", str(models / entry["file"]), "--data", str(models / entry["data"]), "--json", "-q",
                   "-p", "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize", *options, *limit]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"FAILED {name}: {done.stderr.strip()}")
            failed += 1
            continue
        result = json.loads(done.stdout)
        if entry["metric"] == "auc":
            ok = abs(result["value"] - entry["value"]) < 5e-4
            text = f"AUC {result['value']:.4f}, onnxruntime {entry['value']:.4f}"
        else:
            want = round(entry["value"] * entry["samples"]) if a.all else reference(models, entry, 500)
            ok = abs(result["correct"] - want) <= 2
            text = f"{result['correct']} of {result['samples']} correct, onnxruntime {want}"
        print(f"{'ok    ' if ok else 'FAILED'} {name}: {text}", flush=True)
        passed += ok
        failed += not ok
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
