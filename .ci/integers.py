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
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Tests" / "Accuracy")]
from devices import BOARDS, CODE, HOST_DEVICE, STACK, call  # noqa: E402
from splits import Split, logits  # noqa: E402

FLOAT = ["resnet8_cifar10", "dscnn_kws", "ad_autoencoder", "lenet300_mnist", "lenet5_mnist", "resnet20_cifar10", "vgg11h_cifar10"]
INTEGER = ["resnet8_cifar10_int8_qdq", "dscnn_kws_int8_qdq", "ad_autoencoder_int8_qdq", "resnet8_cifar10_int8_tf2onnx"]
SIZED = ["resnet8_cifar10", "dscnn_kws", "ad_autoencoder"]
LOWER = "canonicalize, lower-quantized, canonicalize"
# QEMU 7 translates a vector conversion with a rounding mode of its own (RISC-V vfcvt.rtz) to nothing but this.
EMULATOR_FAULT = "decode_save_opc: Assertion"
TYPES = {"f32": ("float", np.float32), "i8": ("int8_t", np.int8), "u8": ("uint8_t", np.uint8), "i16": ("int16_t", np.int16)}

MAIN = """#include "device.h"
#include "{name}.h"
static {input_type} inputs[{count}][{ins}];
static {output_type} outputs[{count}][{outs}];
static unsigned char arena[{upper}_ARENA_BYTES + 1] __attribute__((aligned({upper}_ARENA_ALIGN)));
int main(int argc, char **argv)
{{
  int i, status = 0;
  if (argc < 3 || device_read(argv[1], inputs, sizeof inputs) != (long)sizeof inputs) return 9;
  device_count_start();
  for (i = 0; i < {count} && status == 0; i++) status = {name}_run(inputs[i], outputs[i], arena);
  device_count_stop();
  if (device_write(argv[2], outputs, sizeof outputs) != (long)sizeof outputs) return 8;
  return status;
}}
"""


class Program:
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
        self.graph = self.folder / "integers.fettle"
        pipeline, data = LOWER, []
        values = np.arange(-128, 128)
        if name in FLOAT:
            split = Split(entry, a.shared / "models", a.work)
            pipeline, data = a.pipeline, ["--data", str(split.calibration)]
            values = np.load(split.calibration)["x"].reshape(-1)
        elif entry.get("pre", {}).get("kind") != "nhwc_int8":
            samples = np.load(a.shared / "models" / entry["data"])[entry["x"]][:50]
            values = samples.astype(np.float32).reshape(-1)
        call([a.fettle, "opt", str(source), "-p", pipeline, *data, *cut, "-o", str(self.graph), "-q"])
        report = self.report("c99")
        kinds = {p["role"]: p["type"] for p in report["ports"]}
        self.input_type, self.output_type = (TYPES[kinds[r].split("[")[0]] for r in ("input", "output"))
        shape = [int(n) for n in kinds["input"].split("[")[1].rstrip("]").split(",")]
        self.outputs = int(np.prod([int(n) for n in kinds["output"].split("[")[1].rstrip("]").split(",")]))
        rng = np.random.default_rng(11)
        # Elements of samples in any order; every fourth input is three times as large, so that integers saturate.
        picked = rng.choice(values, [count, *shape]).astype(np.float64)
        picked[::4] *= 3
        if self.input_type[1] != np.float32:
            picked = picked.clip(*(getattr(np.iinfo(self.input_type[1]), k) for k in ("min", "max")))
        self.inputs = picked.astype(self.input_type[1])
        self.expected = self.evaluate()

    def report(self, target):
        return json.loads(call([self.fettle, "analyze", str(self.graph), "-p", "", "-t", target, "--json", "-q"]))

    def evaluate(self):
        entries = []
        for i, x in enumerate(self.inputs):
            path = self.folder / "runs" / f"{i}.npy"
            path.parent.mkdir(exist_ok=True)
            np.save(path, x)
            entries.append({"model": str(self.graph), "inputs": [str(path)], "outdir": str(self.folder / "runs" / str(i))})
        (self.folder / "list.json").write_text(json.dumps(entries))
        call([self.fettle, "run", "--batch", str(self.folder / "list.json"), "--interpret", "-q"])
        return np.stack([np.load(Path(e["outdir"]) / "output_0.npy").reshape(-1) for e in entries])

    def emit(self, target, count, native):
        """The C for a target with a program that runs `count` inputs one after the other."""
        folder = self.folder / f"{target}-{count}"
        shutil.rmtree(folder, ignore_errors=True)
        call([self.fettle, "compile", str(self.graph), "-p", "", "-t", target, "-o", str(folder), "--name", "net", "--no-verify", "-q"])
        text = MAIN.format(name="net", upper="NET", count=count, ins=self.inputs[0].size, outs=self.outputs,
                           input_type=self.input_type[0], output_type=self.output_type[0])
        (folder / "main.c").write_text(text.replace('#include "device.h"\n', HOST_DEVICE) if native else text)
        return folder, [str(p) for p in sorted(folder.iterdir()) if p.suffix in (".c", ".S")]

    def differing(self, path, first, count):
        found = np.fromfile(path, self.output_type[1]).reshape(count, -1)
        expected = self.expected[first:first + count].astype(self.output_type[1], copy=False)
        return int((found.view(np.uint8) != np.ascontiguousarray(expected).view(np.uint8)).sum())

    def natively(self, target, flags, compilers):
        count = len(self.inputs)
        folder, sources = self.emit(target, count, True)
        self.inputs.tofile(folder / "in.bin")
        for compiler in compilers:
            for level in ("-O0", "-O3"):
                program = folder / f"{compiler}{level}"
                call([compiler, "-std=gnu99", level, *flags, f"-Wa,-I{folder}", "-o", str(program), *sources, "-lm"])
                call([str(program), str(folder / "in.bin"), str(folder / "out.bin")])
                yield f"{target} {compiler} {level}", self.differing(folder / "out.bin", 0, count)

    def emulated(self, a, target, count):
        """(bytes that differ, bytes of text, of weights and of the arena, instructions of a run, MACs), or why it was not run."""
        report = self.report(target)
        flash, ram = BOARDS.get(target, (None, None))
        ports = self.inputs[0].nbytes + self.expected[0].nbytes
        if flash and report["flash_bytes"] + CODE > flash:
            return f"weights {report['flash_bytes']:,} B of {flash:,} B flash"
        if ram and report["arena_bytes"] + ports + STACK > ram:
            return f"RAM {report['arena_bytes'] + ports + STACK:,} B of {ram:,} B"
        if ram:
            # One after the other where memory does not hold all inputs.
            count_at_once = min(count, (ram - report["arena_bytes"] - STACK) // ports)
        else:
            count_at_once = count
        folder, sources = self.emit(target, count_at_once, False)
        wrong, instructions = 0, 0
        # The last runs begin with some of those before, where the inputs do not come out even.
        starts = [min(first, count - count_at_once) for first in range(0, count, count_at_once)]
        for first in starts:
            self.inputs[first:first + count_at_once].tofile(folder / "in.bin")
            try:
                call([str(a.shared / "targets" / "run"), target, *sources, f"--cflags=-std=c99 -O3 -I{folder} -Wa,-I{folder}",
                      "--timeout=1200", "--json", str(folder / "result.json"), "--", str(folder / "in.bin"), str(folder / "out.bin")])
            except RuntimeError as error:
                if EMULATOR_FAULT not in str(error):
                    raise
                return "QEMU itself ends: https://gitlab.com/qemu-project/qemu/-/issues/1441, mended in QEMU 8"
            wrong += self.differing(folder / "out.bin", first, count_at_once)
            result = json.loads((folder / "result.json").read_text())
            instructions += result["instructions"]
        return (wrong, result["sizes"]["program"]["text"], report["flash_bytes"], report["arena_bytes"],
                instructions // (len(starts) * count_at_once), report["mac"])

    def sizes(self, compiler, headers):
        """What `analyze` tells for m4 and what the object files hold: (weights, weights, arena, arena)."""
        report = self.report("m4")
        folder, sources = self.emit("m4", 1, False)
        for source in map(Path, sources):
            call([*compiler, "-std=c99", "-O3", f"-I{folder}", f"-Wa,-I{folder}", f"-I{headers}", "-c", str(source), "-o",
                  str(source.with_suffix(".o"))])
        rodata = sum(int(line.split()[1]) for line in call(["arm-none-eabi-size", "-A", str(folder / "net_data.o")]).splitlines()
                     if line.startswith(".rodata"))
        symbols = call(["arm-none-eabi-nm", "-S", str(folder / "main.o")]).splitlines()
        arena = next(int(line.split()[1], 16) for line in symbols if line.endswith(" arena"))
        return report["flash_bytes"], rodata, report["arena_bytes"] + 1, arena


PAGE = """# Integer models on devices

Made by `.ci/integers.py`: trained float models quantised by `{pipeline}`, and published models of 8 bits as they come (`_int8_`), up to a
closing softmax, as C under QEMU. `text` is the code, `weights` and `arena` are what `fettle analyze` tells, all in bytes; `instructions`
those of one run, the mean of {inputs}; `per MAC` their number divided by the model's multiply-accumulates. Flags: `-std=c99 -O3`. Every byte of the outputs of these runs
is compared with the evaluator's: `wrong` are those that differ. The same models in floats: [devices](devices.md).

| model | target | text | weights | arena | instructions | per MAC | wrong |
|---|---|---:|---:|---:|---:|---:|---:|
{rows}
"""
M4 = ["arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]


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
    compilers = [c for c in ("gcc", "clang") if shutil.which(c)]
    passed, failed = 0, 0
    rows, skipped = [], []

    def tell(ok, text):
        nonlocal passed, failed
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok    ' if ok else 'FAILED'} {text}", flush=True)

    for name in a.models.split(",") if a.models else FLOAT + INTEGER:
        try:
            program = Program(a, name, a.inputs)
            for target, flags in (("c99", []), ("host", ["-march=native"])):
                for what, wrong in program.natively(target, flags, compilers):
                    tell(wrong == 0, f"{name}: {what}: {wrong} of {program.expected.nbytes} bytes of {a.inputs} runs differ")
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
        if name in SIZED and shutil.which(M4[0]):
            weights, rodata, arena, symbol = program.sizes(M4, a.shared / "targets")
            tell(weights == rodata and arena == symbol,
                 f"{name} for m4: analyze tells {weights:,} B of weights and {arena - 1:,} of arena, the object files {rodata:,} and {symbol - 1:,}")
    if a.write:
        rest = "\nNot run:\n\n" + "\n".join(f"- {s}" for s in skipped) + "\n" if skipped else ""
        a.write.write_text(PAGE.format(pipeline=a.pipeline, inputs=min(a.target_inputs, a.inputs), rows="\n".join(rows)) + rest)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
