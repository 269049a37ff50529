#!/usr/bin/env python3
"""Integer programs bit for bit: the evaluator against emitted C, on this machine and on emulated devices; sizes against the object files.

usage: integers.py FETTLE SHARED WORK [--models a,b] [--inputs N] [--targets a,b|all|none] [--target-inputs N]
                   [--pipeline PASSES] [--write FILE.md]

Trained models quantised by `quantize-int8` (or what --pipeline says) up to a closing softmax, which computes with floats, and
quantised models as they come. Each runs on random inputs by the evaluator and as C for c99 and for this machine, by gcc and clang at -O0 and -O3; on emulated targets as far as the memory holds
it. Every byte of the outputs must be equal. For m4 the weights and the arena that `fettle analyze` tells are those of the object files.
`--write` makes the page of the documentation.
"""
import argparse
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Tests" / "Accuracy")]
from programs import BOARDS, EMULATOR_FAULT, STACK, Port, Program, analyze, call, compilers, differing_bytes, evaluate, misfit  # noqa: E402
from splits import Split, logits  # noqa: E402

FLOAT = ["resnet8_cifar10", "dscnn_kws", "ad_autoencoder", "lenet300_mnist", "lenet5_mnist", "resnet20_cifar10", "vgg11h_cifar10"]
INTEGER = ["resnet8_cifar10_int8_qdq", "dscnn_kws_int8_qdq", "ad_autoencoder_int8_qdq", "resnet8_cifar10_int8_tf2onnx"]
SIZED = ["resnet8_cifar10", "dscnn_kws", "ad_autoencoder"]
LOWER = "canonicalize, lower-quantized, canonicalize"


def steps_before_lowering(fettle, pipeline):
    """A pipeline without its last steps, which depend on the target."""
    if "," not in pipeline:
        pipeline = re.search(r"`(.*)`", call([fettle, "describe", pipeline]))[1]
    steps, found, _ = pipeline.rpartition(", lower-quantized, canonicalize")
    if not found:
        raise RuntimeError(f"'{pipeline}' does not end with: lower-quantized, canonicalize")
    return steps


def content(graph):
    """The text of a graph, but for the line that says how it was made."""
    return graph.read_text().split("graph @", 1)[-1]


class Subject:
    """A model as integer ops, with random inputs and what the evaluator makes of them."""

    def __init__(self, a, name, count):
        self.fettle, self.name = a.fettle, name
        self.folder = a.work / "integers" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        manifest = json.loads((a.shared / "models" / "manifest.json").read_text())["models"]
        entry = next(e for e in manifest if e["file"] == f"{name}.onnx")
        source = a.shared / "models" / entry["file"]
        tail = logits(source)
        cut = ["--outputs", tail] if tail else []
        self.source, self.graphs = self.folder / "quantised.fettle", {}
        pipeline, data = "canonicalize", []
        values = np.arange(-128, 128)
        if name in FLOAT:
            split = Split(entry, a.shared / "models", a.work)
            pipeline, data = steps_before_lowering(a.fettle, a.pipeline), ["--data", str(split.calibration)]
            values = np.load(split.calibration)["x"].reshape(-1)
        elif entry.get("pre", {}).get("kind") != "nhwc_int8":
            samples = np.load(a.shared / "models" / entry["data"])[entry["x"]][:50]
            values = samples.astype(np.float32).reshape(-1)
        call([a.fettle, "opt", str(source), "-p", pipeline, *data, *cut, "-o", str(self.source), "-q"])
        port = next(Port(p) for p in self.report("c99")["ports"] if p["role"] == "input")
        rng = np.random.default_rng(11)
        # Elements of samples in any order; every fourth input is three times as large, so that integers saturate.
        picked = rng.choice(values, [count, *port.shape]).astype(np.float64)
        picked[::4] *= 3
        if port.dtype != np.float32:
            picked = picked.clip(np.iinfo(port.dtype).min, np.iinfo(port.dtype).max)
        self.inputs = picked.astype(port.dtype)

    def graph(self, target):
        """The integers that a target computes with: how it brings sums to the next scale is a part of the graph."""
        if target not in self.graphs:
            path = self.folder / f"integers-{target}.fettle"
            call([self.fettle, "opt", str(self.source), "-t", target, "-p", LOWER, "-o", str(path), "-q"])
            same = next((p for p in self.graphs.values() if content(p) == content(path)), path)
            self.graphs[target] = same
        return self.graphs[target]

    def expected(self, target):
        """What the evaluator makes of the inputs."""
        graph = self.graph(target)
        stored = graph.with_suffix(".npy")
        if not stored.exists():
            np.save(stored, evaluate(self.fettle, graph, [self.inputs], self.folder / f"runs-{graph.stem}")[0])
        return np.load(stored)

    def report(self, target):
        return analyze(self.fettle, self.graph(target), target)

    def emit(self, target, count):
        """The C for a target with a program that runs `count` inputs one after the other."""
        return Program(self.fettle, self.graph(target), target, self.folder / f"{target}-{count}", count)

    def natively(self, target, flags):
        program, expected = self.emit(target, len(self.inputs)), self.expected(target)
        program.give([self.inputs])
        for compiler in compilers()[:2]:
            for level in ("-O0", "-O3"):
                found = program.natively([compiler, *flags], level)
                yield f"{target} {compiler} {level}", differing_bytes([expected], found)

    def emulated(self, a, target, count):
        """(bytes that differ, bytes of text, of weights and of the arena, instructions of a run, MACs), or why it was not run."""
        report = self.report(target)
        if why := misfit(report):
            return why
        ports = report["port_bytes"]
        # One after the other where memory does not hold all inputs.
        ram = BOARDS.get(target, (None, None))[1]
        at_once = min(count, (ram - report["arena_bytes"] - STACK) // ports) if ram else count
        program = self.emit(target, at_once)
        expected = self.expected(target)
        wrong, instructions = 0, 0
        # The last runs begin with some of those before, where the inputs do not come out even.
        starts = [min(first, count - at_once) for first in range(0, count, at_once)]
        for first in starts:
            program.give([self.inputs[first:first + at_once]])
            try:
                found, result = program.emulated(a.shared)
            except RuntimeError as error:
                if EMULATOR_FAULT not in str(error):
                    raise
                return "QEMU itself ends: https://gitlab.com/qemu-project/qemu/-/issues/1441, mended in QEMU 8"
            wrong += differing_bytes([expected[first:first + at_once]], found)
            instructions += result["instructions"]
        return (wrong, result["sizes"]["program"]["text"], report["flash_bytes"], report["arena_bytes"],
                instructions // (len(starts) * at_once), report["mac"])

    def sizes(self, headers):
        """What `analyze` tells for m4 and what the object files hold: (weights, weights, arena, arena)."""
        report = self.report("m4")
        program = self.emit("m4", 1)
        for source in program.sources:
            call([*report["compiler"], *program.flags(), f"-I{headers}", "-c", source, "-o", source.with_suffix(".o")])
        rodata = sum(int(line.split()[1]) for line in call(["arm-none-eabi-size", "-A", program.folder / "net_data.o"]).splitlines()
                     if line.startswith(".rodata"))
        symbols = call(["arm-none-eabi-nm", "-S", program.folder / "main.o"]).splitlines()
        arena = next(int(line.split()[1], 16) for line in symbols if line.endswith(" arena"))
        return report["flash_bytes"], rodata, report["arena_bytes"] + 1, arena


PAGE = """# Integer models on devices

Made by `.ci/integers.py`: trained float models quantised by `{pipeline}`, and published models of 8 bits as they come (`_int8_`), up to a
closing softmax, as C under QEMU. `text` is the code, `weights` and `arena` are what `fettle analyze` tells, all in bytes; `instructions`
those of one run, the mean of {inputs}; `per MAC` their number divided by the model's multiply-accumulates. Flags: those of the
[target](reference/targets.md), as `fettle compile` prints them. Every byte of the outputs of these runs
is compared with the evaluator's: `wrong` are those that differ. The same models in floats: [devices](devices.md).

| model | target | text | weights | arena | instructions | per MAC | wrong |
|---|---|---:|---:|---:|---:|---:|---:|
{rows}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--models")
    parser.add_argument("--pipeline", default="quantize-int8")
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--targets", default="none")
    parser.add_argument("--target-inputs", type=int, default=20)
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    a = parser.parse_args()
    targets = [] if a.targets == "none" else a.targets.split(",")
    if a.targets == "all":
        targets = [line.split()[0] for line in call([str(a.shared / "targets" / "run"), "--list"]).splitlines()]
    passed, failed = 0, 0
    rows, skipped = [], []

    def tell(ok, text):
        nonlocal passed, failed
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok    ' if ok else 'FAILED'} {text}", flush=True)

    for name in a.models.split(",") if a.models else FLOAT + INTEGER:
        try:
            program = Subject(a, name, a.inputs)
            for target, flags in (("c99", []), ("host", ["-march=native"])):
                for what, wrong in program.natively(target, flags):
                    tell(wrong == 0, f"{name}: {what}: {wrong} of {program.expected(target).nbytes} bytes of {a.inputs} runs differ")
        except RuntimeError as error:
            tell(False, f"{name}: {error}")
            continue
        for target in targets:
            try:
                result = program.emulated(a, target, min(a.target_inputs, a.inputs))
            except RuntimeError as error:
                tell(False, f"{name} on {target}: {error}")
                continue
            if isinstance(result, str):
                skipped.append(f"{name} on {target}: {result}")
                print(f"not run: {skipped[-1]}", flush=True)
            else:
                wrong, text, weights, arena, count, mac = result
                rows.append(f"| {name} | {target} | {text:,} | {weights:,} | {arena:,} | {count:,} | {count / max(mac, 1):.2f} | {wrong} |")
                tell(wrong == 0, f"{name} on {target}: {wrong} bytes differ; {count:,} instructions, {count / max(mac, 1):.2f} per MAC")
        if name in SIZED and shutil.which("arm-none-eabi-gcc"):
            weights, rodata, arena, symbol = program.sizes(a.shared / "targets")
            tell(weights == rodata and arena == symbol,
                 f"{name} for m4: analyze tells {weights:,} B of weights and {arena - 1:,} of arena, the object files {rodata:,} and {symbol - 1:,}")
    if a.write:
        rest = "\nNot run:\n\n" + "\n".join(f"- {s}" for s in skipped) + "\n" if skipped else ""
        a.write.write_text(PAGE.format(pipeline=a.pipeline, inputs=min(a.target_inputs, a.inputs), rows="\n".join(rows)) + rest)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
