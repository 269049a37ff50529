#!/usr/bin/env python3
"""Speed of emitted C of 8-bit integers against its f32 form and onnxruntime's two (one thread, process CPU time), by SHARED/bench/peers.py.

usage: speed_int8.py FETTLE SHARED WORK [--only MODEL ...] [--target NAME] [--cc CC] [--rounds N] [--table FILE]

Each trained model is compiled for the target as it is and quantised by `quantize-int8`, and timed in turns with onnxruntime on the float
model and on its own quantised ones, of which the faster counts. Exit status 1: the integers are slower than onnxruntime's.
"""
import json
import math
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Tests" / "Accuracy")]
from speed import build, options, single_output  # noqa: E402
from splits import Split  # noqa: E402

MODELS = ["lenet300_mnist", "lenet5_mnist", "ad_autoencoder", "dscnn_kws", "resnet8_cifar10", "resnet20_cifar10", "vgg11h_cifar10"]
PEERS = ["onnxruntime-u8s8", "onnxruntime-s8s8"]


def measure(a, name, entry, work):
    """Milliseconds of onnxruntime in f32 and 8 bits and of the C in both, by turns; and the ratios of a round."""
    folder = work / "model"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.onnx"
    try:
        single_output(a.shared / "models" / path.name, path)
        integers = work / f"{name}-integers.fettle"
        data = Split(entry, a.shared / "models", work).calibration
        subprocess.run([a.fettle, "opt", str(path), "-p", "quantize-int8", "--data", str(data), "-o", str(integers), "-q"], check=True)
        build(a.fettle, path, work, a.target, a.cc)
        build(a.fettle, integers, work, a.target, a.cc, f"{name}_int8")
        subprocess.run([sys.executable, str(a.shared / "bench/peers.py"), str(folder), "--int8", "--lib", f"f32={work}/{{model}}.so:run",
                        "--lib", f"int8={work}/{{model}}_int8.so:run", "--rounds", str(a.rounds), "--sample-ms", str(a.sample_ms),
                        "--out", str(work / "peers.json")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        path.unlink(missing_ok=True)
    found = json.loads((work / "peers.json").read_text())["models"][name]["peers"]
    theirs = min((found[p] for p in PEERS if "ratio" in found[p]), key=lambda p: p["ratio"])
    return ([found["onnxruntime"]["median_ms"], found["f32"]["median_ms"], theirs["median_ms"], found["int8"]["median_ms"]],
            found["int8"]["ratio"] / found["f32"]["ratio"], found["int8"]["ratio"] / theirs["ratio"])


def main():
    a = options(__doc__, "host").parse_args()
    work = a.work.resolve() / "speed-int8"
    work.mkdir(parents=True, exist_ok=True)
    manifest = {e["file"].removesuffix(".onnx"): e for e in json.loads((a.shared / "models" / "manifest.json").read_text())["models"]}
    lines = ["| model | onnxruntime f32 ms | C f32 ms | onnxruntime int8 ms | C int8 ms | int8 / f32 | C / onnxruntime, int8 |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    failed, gains, ratios = [], [], []
    for name in a.only or MODELS:
        try:
            times, gain, ratio = measure(a, name, manifest[name], work)
        except (subprocess.CalledProcessError, KeyError, ValueError, OSError) as error:
            print(f"{name}: FAILED: {error}", flush=True)
            failed.append(name)
            continue
        gains.append(gain)
        ratios.append(ratio)
        lines.append(f"| {name} | " + " | ".join(f"{t:.3f}" for t in times) + f" | {gain:.2f} | {ratio:.2f} |")
        print(lines[-1], flush=True)
    if ratios:
        means = [math.exp(sum(map(math.log, v)) / len(v)) for v in (gains, ratios)]
        lines.append(f"| geometric mean | | | | | {means[0]:.2f} | {means[1]:.2f} |")
        print(lines[-1])
    if a.table:
        a.table.write_text("\n".join(lines) + "\n")
    sys.exit(1 if failed or not ratios or means[1] > 1 else 0)


if __name__ == "__main__":
    main()
