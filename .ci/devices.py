#!/usr/bin/env python3
"""Small trained float models on emulated devices: outputs against onnxruntime, sizes and instructions as a table.

usage: devices.py FETTLE SHARED WORK [--targets a,b] [--models a,b] [--write FILE.md] [--cflags FLAGS]

For each target that `shared/targets/run` knows, and natively for c99 and x86-64-v4: `fettle analyze` says whether the
model fits the memory, `fettle compile` writes the C, the kit builds and runs it under QEMU. Outputs must be within 1e-4
of the largest value; a Cortex-M0+ must see no unaligned access.
"""
import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

MODELS = ["lenet5_mnist", "resnet8_cifar10", "dscnn_kws", "ad_autoencoder"]
TOLERANCE = 1e-4
STACK = 4096  # RAM left for the stack where memory is small
CODE = 32 * 1024  # flash left for code
MIB = 1 << 20
# Flash and RAM of the emulated boards.
BOARDS = {"microbit": (256 * 1024, 16 * 1024),
          "m0plus": (16 * MIB, 4 * MIB), "m4": (16 * MIB, 4 * MIB), "m7": (16 * MIB, 4 * MIB), "m55": (16 * MIB, 4 * MIB),
          "rv32imac": (64 * MIB, 32 * MIB)}
NATIVE = {"c99": (None, ["cc"]), "x86-64-v4": ("avx512", ["gcc", "-march=x86-64-v4"])}

MAIN = """#include "device.h"
#include "{name}.h"
static float input[{ins}], output[{outs}];
static unsigned char arena[{upper}_ARENA_BYTES + 1] __attribute__((aligned({upper}_ARENA_ALIGN)));
int main(int argc, char **argv)
{{
  int status;
  if (argc < 3 || device_read(argv[1], input, sizeof input) != (long)sizeof input) return 9;
  device_count_start();
  status = {name}_run(input, output, arena);
  device_count_stop();
  if (device_write(argv[2], output, sizeof output) != (long)sizeof output) return 8;
  return status;
}}
"""
# The same without the kit, for this machine: no counts.
HOST_DEVICE = """#include <stdio.h>
static long device_read(const char *p, void *b, unsigned long n)
{ FILE *f = fopen(p, "rb"); long r = f ? (long)fread(b, 1, n, f) : -1; if (f) fclose(f); return r; }
static long device_write(const char *p, const void *b, unsigned long n)
{ FILE *f = fopen(p, "wb"); long r = f ? (long)fwrite(b, 1, n, f) : -1; if (f) fclose(f); return r; }
static void device_count_start(void) {}
static void device_count_stop(void) {}
"""


def micro(path):
    """A network that a micro:bit holds: two convolutions, a depthwise one, pools, a product, softmax."""
    rng = np.random.default_rng(5)
    weights = {"w1": (8, 1, 3, 3), "b1": (8,), "w2": (8, 1, 3, 3), "b2": (8,), "w3": (16, 8, 1, 1), "b3": (16,),
               "w4": (10, 16), "b4": (10,)}
    tensors = [numpy_helper.from_array((rng.standard_normal(s) * 0.4).astype(np.float32), n) for n, s in weights.items()]
    node = helper.make_node
    nodes = [node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", pads=[1, 1, 1, 1]), node("Relu", ["c1"], ["r1"], "relu1"),
             node("MaxPool", ["r1"], ["p1"], "pool1", kernel_shape=[2, 2], strides=[2, 2]),
             node("Conv", ["p1", "w2", "b2"], ["c2"], "depthwise", pads=[1, 1, 1, 1], group=8),
             node("Conv", ["c2", "w3", "b3"], ["c3"], "pointwise"), node("Sigmoid", ["c3"], ["s3"], "sigmoid"),
             node("GlobalAveragePool", ["s3"], ["g"], "mean"), node("Flatten", ["g"], ["f"], "flatten"),
             node("Gemm", ["f", "w4", "b4"], ["l"], "linear", transB=1), node("Softmax", ["l"], ["y"], "softmax")]
    graph = helper.make_graph(nodes, "micro", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 14, 14])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


class Job:
    def __init__(self, a, model):
        self.model, self.name = model, model.stem
        session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0]
        shape = [d if isinstance(d, int) else 1 for d in port.shape]
        self.input = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
        if self.name.startswith("resnet8"):
            self.input = (self.input * 64 + 128).clip(0, 255).round().astype(np.float32)
        self.expected = session.run(None, {port.name: self.input})[0]
        self.analyses = {}
        self.a = a

    def fits(self, target):
        """Why the target's memory does not hold the model, or None; and the report of `analyze`."""
        done = subprocess.run([self.a.fettle, "analyze", str(self.model), "-t", target, "--json", "-q"],
                              capture_output=True, text=True)
        if done.returncode:
            return f"analyze: {done.stderr.strip()}", None
        report = json.loads(done.stdout)
        flash, ram = BOARDS.get(target, (None, None))
        used = report["arena_bytes"] + self.input.nbytes + self.expected.nbytes + STACK
        if flash and report["weight_bytes"] + CODE > flash:
            return f"weights {report['weight_bytes']:,} B of {flash:,} B flash", report
        if ram and used > ram:
            return f"RAM {used:,} B of {ram:,} B", report
        return None, report

    def run(self, target, folder):
        """A row of the table, or raises RuntimeError."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        call([self.a.fettle, "compile", str(self.model), "-t", target, "-o", str(folder), "--name", self.name, "--no-verify",
              "-q"])
        text = MAIN.format(name=self.name, upper=self.name.upper(), ins=self.input.size, outs=self.expected.size)
        if target in NATIVE:
            text = text.replace('#include "device.h"\n', HOST_DEVICE)
        (folder / "main.c").write_text(text)
        self.input.tofile(folder / "in.bin")
        sources = [str(p) for p in sorted(folder.iterdir()) if p.suffix in (".c", ".S")]
        flags = self.a.cflags.split() + [f"-I{folder}", f"-Wa,-I{folder}"]
        result = {}
        memory = ["--memory"] if target == "microbit" else []
        if target in NATIVE:
            call([*NATIVE[target][1], "-std=gnu99", *flags, "-o", str(folder / "program"), *sources, "-lm"])
            call([str(folder / "program"), str(folder / "in.bin"), str(folder / "out.bin")])
        else:
            call([str(self.a.shared / "targets" / "run"), target, *sources, "--cflags=" + " ".join(flags), *memory,
                  "--profile=12", "--timeout=1200", "--json", str(folder / "result.json"), "--", str(folder / "in.bin"),
                  str(folder / "out.bin")])
            result = json.loads((folder / "result.json").read_text())
        found = np.fromfile(folder / "out.bin", np.float32).reshape(self.expected.shape)
        gap = float(np.abs(found - self.expected).max() / max(np.abs(self.expected).max(), 1e-30))
        if not gap <= TOLERANCE:
            raise RuntimeError(f"differs by {gap:.2e} of the largest value")
        if result and target in ("m0plus", "microbit") and result["intervals"][0]["unaligned"]:
            raise RuntimeError(f"{result['intervals'][0]['unaligned']} unaligned accesses")
        return gap, result


def call(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} gave {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def row(job, target, gap, result, report):
    mac = max(report["mac"], 1)
    if not result:
        return [job.name, target, *[""] * (len(HEAD) - 3), f"{gap:.1e}"]
    sizes = result["sizes"]["program"]
    libraries = result["sizes"]["libraries"]["text"] if target in BOARDS else None
    count = result["instructions"]
    return [job.name, target, f"{sizes['text']:,}", "" if libraries is None else f"{libraries:,}",
            f"{sizes['rodata']:,}", f"{sizes['data']:,}", f"{sizes['bss']:,}", f"{count:,}", f"{count / mac:.2f}", f"{result['intervals'][0]['stack']:,}", f"{gap:.1e}"]


HEAD = ["model", "target", "text", "libraries", "rodata", "data", "bss", "instructions", "per MAC", "stack", "error"]


def markdown(rows, skipped, cflags):
    lines = ["# Models on devices", "",
             "Made by `.ci/devices.py`: emitted float C under QEMU, sizes in bytes. `libraries` is the text of the C and compiler",
             "libraries that were linked in (bare metal only), `bss` the arena and the buffers of the ports, `instructions`",
             "those of one inference, `per MAC` their number divided by the model's multiply-accumulates, `error` the largest",
             "difference from onnxruntime as a",
             f"share of the largest output. Flags: `{cflags}`. `micro` is a made-up network that a micro:bit holds.", "",
             "| " + " | ".join(HEAD) + " |", "|" + "|".join("---" if i < 2 else "---:" for i in range(len(HEAD))) + "|"]
    lines += ["| " + " | ".join(r + [""] * (len(HEAD) - len(r))) + " |" for r in rows]
    if skipped:
        lines += ["", "Not run:", ""] + [f"- {s}" for s in skipped]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--targets")
    parser.add_argument("--models")
    parser.add_argument("--write", metavar="FILE.md", type=Path)
    parser.add_argument("--cflags", default="-std=c99 -O3")
    a = parser.parse_args()
    listed = [line.split()[0] for line in call([str(a.shared / "targets" / "run"), "--list"]).splitlines()]
    targets = a.targets.split(",") if a.targets else listed + list(NATIVE)
    work = a.work / "devices"
    work.mkdir(parents=True, exist_ok=True)
    micro(work / "micro.onnx")
    names = a.models.split(",") if a.models else ["micro"] + MODELS
    jobs = [Job(a, work / "micro.onnx" if n == "micro" else a.shared / "models" / f"{n}.onnx") for n in names]
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    rows, skipped, failed = [], [], 0
    for job in jobs:
        for target in targets:
            needs = NATIVE.get(target, (None, None))[0]
            if needs and needs not in flags:
                skipped.append(f"{job.name} on {target}: this machine has no {needs}")
                print(f"SKIPPED {skipped[-1]}", flush=True)
                continue
            why, report = job.fits(target)
            if why and report:
                skipped.append(f"{job.name} on {target}: does not fit, {why}")
                print(f"does not fit: {skipped[-1]}", flush=True)
                continue
            try:
                if why:
                    raise RuntimeError(why)
                gap, result = job.run(target, work / f"{job.name}-{target}")
            except RuntimeError as error:
                failed += 1
                print(f"FAILED {job.name} on {target}: {error}", flush=True)
                continue
            rows.append(row(job, target, gap, result, report))
            print("ok     " + "  ".join(rows[-1]), flush=True)
    if a.write:
        a.write.write_text(markdown(rows, skipped, a.cflags))
    print(f"{len(rows)} passed, {failed} failed, {len(skipped)} not run")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
