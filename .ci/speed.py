#!/usr/bin/env python3
"""Speed of emitted C against onnxruntime (f32, one thread, process CPU time), by SHARED/bench/peers.py.

usage: speed.py FETTLE SHARED WORK [--only MODEL ...] [--target NAME] [--cc CC] [--rounds N] [--table FILE]

Each model is compiled for the target, its C built as a shared library behind `void run(const float *in, float *out)`
with a static arena, and timed in turns with onnxruntime. Exit status 1: the geometric mean of the ratios is above 4,
one is above 10, or the outputs differ.
"""
import argparse
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import onnx

TRAINED = ["lenet300_mnist", "lenet5_mnist", "ad_autoencoder", "dscnn_kws", "resnet8_cifar10", "resnet20_cifar10",
           "vgg11h_cifar10", "ultraface_slim_320"]
ARCHITECTURES = ["shufflenet_v2_x1_0", "mobilenet_v2", "mnasnet1_0", "squeezenet1_1", "efficientnet_b0", "googlenet",
                 "resnet18", "densenet121", "resnet50", "alexnet", "vgg11_bn"]
SHIM = """#include "{model}.h"
static _Alignas(64) unsigned char arena[{upper}_ARENA_BYTES + 64];
void run(const float *in, float *out);
void run(const float *in, float *out)
{{
{lines}
}}
"""


def shim(header, model):
    """The C of a shim: the first output is handed over, others go to buffers of their own."""
    name = re.search(r"\bint (\w+)_run\(([^;]*)\);", header.replace("\n", " "))
    ports = [re.sub(r"\s+", " ", p.strip()) for p in name[2].split(",")]
    upper = name[1].upper()
    lines, given, first = [], [], True
    for port in ports:
        word = re.search(r"(\w+)(\[\w*\])?$", port)[1]
        if port.startswith("const"):
            given.append("in")
        elif port.startswith("void"):
            given.append("arena")
        elif first:
            given.append("out")
            first = False
        else:
            lines.append(f"  static _Alignas(64) float more_{word}[{upper}_{word.upper()}_ELEMENTS];")
            given.append("more_" + word)
    lines.append(f"  (void){name[1]}_run({', '.join(given)});")
    return SHIM.format(model=model, upper=upper, lines="\n".join(lines))


def build(fettle, path, work, target, cc, model=None):
    """Emits a model's C and builds the shared library WORK/MODEL.so; MODEL is the name of the file unless told."""
    model = model or path.stem
    folder = work / (model + ".c")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([fettle, "compile", str(path), "-o", str(folder), "-t", target, "--no-verify", "--weights", "incbin",
                    "--name", model, "-q"], check=True, stdout=subprocess.DEVNULL)
    (folder / "shim.c").write_text(shim((folder / (model + ".h")).read_text(), model))
    sources = [f.name for f in sorted(folder.iterdir()) if f.suffix in (".c", ".S")]
    march = {"x86-64-v4": "x86-64-v4", "x86-64-v3": "x86-64-v3", "x86-64": "x86-64"}.get(target, "native")
    subprocess.run([cc, "-std=c11", "-O3", "-march=" + march, "-fPIC", "-shared", "-Wl,-Bsymbolic", "-w", *sources, "-o",
                    str(work / (model + ".so")), "-lm"], check=True, cwd=folder)


def single_output(path, out):
    """peers.py sizes the first output by its declared dims: cut the other ones off, and fill what is symbolic with 1."""
    net = onnx.load(path)
    del net.graph.output[1:]
    weights = {t.name for t in net.graph.initializer}
    inputs = [i for i in net.graph.input if i.name not in weights]
    kept = [i for i in net.graph.input if i.name in weights]
    del net.graph.input[:]
    net.graph.input.extend(inputs + kept)
    onnx.save(net, out)


def options(text, target):
    """The command line of a script that times emitted C; `text` describes it."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=lambda p: Path(p).resolve())
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--target", default=target)
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample-ms", type=float, default=40)
    parser.add_argument("--table", type=Path, help="write the table here too, as Markdown")
    return parser


def models(a):
    """Names and how each comes to be a file."""
    for name in TRAINED:
        yield name, lambda out, name=name: single_output(a.shared / "models" / (name + ".onnx"), out)
    for name in ARCHITECTURES:
        yield name, lambda out, name=name: subprocess.run(
            [sys.executable, str(a.shared / "models/fill.py"), str(out.parent), name], check=True, stdout=subprocess.DEVNULL)
    light = Path(onnx.__file__).parent / "backend/test/data/light"
    for file in sorted(light.glob("light_*.onnx")):
        yield file.stem, lambda out, file=file: single_output(file, out)


def main():
    a = options(__doc__, "x86-64-v4").parse_args()
    work = a.work.resolve() / "speed"
    work.mkdir(parents=True, exist_ok=True)
    rows, ratios, wrong = [], [], []
    for name, make in models(a):
        if a.only and name not in a.only:
            continue
        folder = work / "model"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / (name + ".onnx")
        result = {}
        try:
            make(path)
            build(a.fettle, path, work, a.target, a.cc)
            subprocess.run(
                [sys.executable, str(a.shared / "bench/peers.py"), str(folder), "--lib", "fettle=" + str(work) + "/{model}.so:run",
                 "--rounds", str(a.rounds), "--sample-ms", str(a.sample_ms), "--out", str(work / "peers.json")],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            result = json.loads((work / "peers.json").read_text())["models"][name]["peers"]
            ours, theirs = result["fettle"], result["onnxruntime"]
            ratio, gap, both = ours["ratio"], ours["max_diff"], (theirs["median_ms"], ours["median_ms"])
        except (subprocess.CalledProcessError, KeyError, OSError) as error:
            print(f"{name:24} FAILED: {error} {[p.get('error') for p in result.values()]}", flush=True)
            wrong.append(name)
            continue
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(work / (name + ".c"), ignore_errors=True)
        ratios.append(ratio)
        # Whether the answers are right is for networks.py to say: some of these nets blow up any rounding.
        if gap is None or not gap <= 0.05 or ratio > 10:
            wrong.append(name)
        rows.append((name, f"{both[0]:.3f}", f"{both[1]:.3f}", f"{ratio:.2f}"))
        print(f"{name:24} onnxruntime {both[0]:9.3f} ms   fettle {both[1]:9.3f} ms   ratio {ratio:6.2f}   difference {gap}",
              flush=True)
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.inf
    print(f"geometric mean of {len(ratios)} ratios: {mean:.2f}, largest {max(ratios, default=math.inf):.2f}")
    if a.table:
        lines = ["| model | onnxruntime ms | emitted C ms | ratio |", "|---|--:|--:|--:|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        a.table.write_text("\n".join(lines) + f"\n| geometric mean | | | {mean:.2f} |\n")
    if wrong:
        print("failed: " + ", ".join(wrong))
    sys.exit(1 if wrong or mean > 4 else 0)


if __name__ == "__main__":
    main()
