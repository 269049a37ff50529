#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares orders of passes on rows that neither calibrate nor are reported: what `quantize-int8` is chosen by.

usage: orders.py FETTLE SHARED WORK [--models a,b] [--orders a,b] [--order NAME=PASSES …] [--limit N] [--json FILE] [--write FILE.md]

Counted on the held-back rows of `splits.py`: correct answers, answers that are the float model's, and the signal-to-noise ratio of the
outputs in decibels, noise being the difference from the float model. A closing softmax is cut off: behind it a few unsure samples would
decide. Cells that a file of an earlier --json holds are not measured again.
"""
import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from accuracy import LOWER, call  # noqa: E402
from splits import Split, logits  # noqa: E402

MODELS = ["resnet8_cifar10", "lenet300_mnist", "lenet5_mnist", "dscnn_kws", "ad_autoencoder"]
FOLD = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"


def onto_grids(options="", rounding=" rounding=later"):
    return f"quantize{{outputs=sums{options}{rounding}}}"


ONCE, LATER, ERROR = onto_grids(rounding=""), onto_grids(), onto_grids(" calibrator=mse")
ORDERS = {
    "quantize": ONCE,
    "correct": f"{ONCE}, correct-bias",
    "equalize": f"equalize-layers, {ONCE}",
    "equalize, correct": f"equalize-layers, {ONCE}, correct-bias",
    "equalize, absorb, correct": f"equalize-layers, absorb-biases, {ONCE}, correct-bias",
    "learn": f"{LATER}, learn-rounding",
    "equalize, learn": f"equalize-layers, {LATER}, learn-rounding",
    "learn without biases": f"{LATER}, learn-rounding{{biases=false}}",
    "SQuant": f"{LATER}, round-squant",
    "SQuant, correct": f"{LATER}, round-squant, correct-bias",
    "percentile, learn": f"{onto_grids(' calibrator=percentile')}, learn-rounding",
    "mse, learn": f"{ERROR}, learn-rounding",
    "equalize, mse, learn": f"equalize-layers, {ERROR}, learn-rounding",
    "mse, learn, outputs on grids": "quantize{calibrator=mse rounding=later}, learn-rounding",
    "entropy, learn": f"{onto_grids(' calibrator=entropy')}, learn-rounding",
    "mse, mse of weights, learn": f"{onto_grids(' calibrator=mse weight-ranges=mse')}, learn-rounding",
}

PAGE = """### Orders

Cells are correct answers, answers that are the float model's, and the signal-to-noise ratio of the outputs in front of a closing softmax, noise
being the difference from the float model, on at most {limit} held-back rows. For keywords and machine recordings those are every second of
the rows that calibrate else; the rest calibrates.

{text}

{legend}
"""


def measure(fettle, split, order, limit, work):
    graph, floats = work / f"{split.name}.fettle", work / f"{split.name}-floats.fettle"
    tail = logits(split.model)
    call([fettle, "opt", str(split.model), "-p", "", *(["--outputs", tail] if tail else []), "-o", str(floats), "-q"])
    call([fettle, "opt", str(floats), "-p", f"{FOLD}, {order}, {LOWER}", "--data", str(split.calibration), "-o", str(graph), "-q"])
    result = json.loads(call([fettle, "eval", str(graph), "--against", str(floats), "--data", str(split.choice),
                              "--limit", str(limit), "--json", "-q"]))
    return {k: result.get(k) for k in ("correct", "same_answer", "samples", "snr_db")}


def cell(found):
    noise = f"{found['snr_db']:.1f} dB"
    return noise if found["correct"] is None else f"{found['correct']}, {found['same_answer']}, {noise}"


def markdown(table, models, orders):
    lines = ["| order | " + " | ".join(models) + " | mean |", "|---|" + "---:|" * (len(models) + 1)]
    for order in orders:
        found = [table[m].get(order) for m in models]
        known = [f["snr_db"] for f in found if f]
        mean = f"{sum(known) / len(known):.2f} dB" if len(known) == len(models) else ""
        lines.append(f"| {order} | " + " | ".join(cell(f) if f else "" for f in found) + f" | {mean} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--orders", help="of those that are known, separated by semicolons")
    parser.add_argument("--order", action="append", default=[], metavar="NAME=PASSES", help="a further order")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    a = parser.parse_args()
    work = a.work / "orders"
    work.mkdir(parents=True, exist_ok=True)
    models = a.shared / "models"
    manifest = {e["file"].removesuffix(".onnx"): e for e in json.loads((models / "manifest.json").read_text())["models"]}
    orders = {k: v for k, v in ORDERS.items() if a.orders is None or k in a.orders.split(";")}
    orders |= dict(o.split("=", 1) for o in a.order)
    table = json.loads(a.json.read_text()) if a.json and a.json.exists() else {}
    for name in a.models.split(","):
        split = Split(manifest[name], models, work, holds_back=True)
        row = table.setdefault(name, {})
        for order, passes in orders.items():
            if order in row:
                continue
            start = time.monotonic()
            row[order] = measure(a.fettle, split, passes, a.limit, work)
            print(f"{name}: {order}: {cell(row[order])}, {time.monotonic() - start:.0f} s", flush=True)
            if a.json:
                a.json.write_text(json.dumps(table, indent=1))
    text = markdown(table, a.models.split(","), orders)
    print(text)
    if a.write:
        legend = "\n".join(f"- {name}: `{FOLD}, {passes}, {LOWER}`" for name, passes in orders.items())
        a.write.write_text(PAGE.format(limit=a.limit, text=text, legend=legend))


if __name__ == "__main__":
    main()
