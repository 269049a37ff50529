#!/usr/bin/env python3
"""Small trained float models on emulated devices: outputs against onnxruntime, sizes and instructions as a table.

usage: devices.py FETTLE SHARED WORK [--targets a,b] [--models a,b] [--write FILE.md] [--cflags FLAGS]

For each target that `shared/targets/run` knows, and natively for c99 and x86-64-v4: `fettle analyze` says whether the model fits the
memory, `fettle emit` writes the C, the kit builds it with the target's own flags and runs it under QEMU. Outputs must be within 1e-4 of
the largest value; a Cortex-M0+ must see no unaligned access.
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from programs import BOARDS, Program, analyze, call, gap, lacks, misfit

MODELS = ["lenet5_mnist", "resnet8_cifar10", "dscnn_kws", "ad_autoencoder"]
ON_THIS_MACHINE = ["c99", "x86-64-v4"]
PASSES = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
TOLERANCE = 1e-4


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
        self.a, self.name = a, model.stem
        self.graph = a.work / "devices" / f"{self.name}.fettle"
        call([a.fettle, "opt", model, "-p", PASSES, "-o", self.graph, "-q"])
        session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0]
        shape = [d if isinstance(d, int) else 1 for d in port.shape]
        self.input = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
        if self.name.startswith("resnet8"):
            self.input = (self.input * 64 + 128).clip(0, 255).round().astype(np.float32)
        self.expected = session.run(None, {port.name: self.input})[0]

    def run(self, target, folder):
        """The error, the result and the report on a target; raises RuntimeError if something is wrong."""
        program = Program(self.a.fettle, self.graph, target, folder)
        program.give([self.input[None]])
        result = {}
        if program.is_native:
            found = program.natively(program.report["compiler"], *self.a.cflags.split())
        else:
            memory = ["--memory"] if target == "microbit" else []
            found, result = program.emulated(self.a.shared, *self.a.cflags.split(), options=["--profile=12", *memory])
        error = gap([self.expected[None]], found)
        if not error <= TOLERANCE:
            raise RuntimeError(f"differs by {error:.2e} of the largest value")
        if result and target in ("m0plus", "microbit") and result["intervals"][0]["unaligned"]:
            raise RuntimeError(f"{result['intervals'][0]['unaligned']} unaligned accesses")
        return error, result, program.report


def row(job, target, error, result, report):
    mac = max(report["mac"], 1)
    if not result:
        return [job.name, target, *[""] * (len(HEAD) - 3), f"{error:.1e}"]
    sizes = result["sizes"]["program"]
    libraries = result["sizes"]["libraries"]["text"] if target in BOARDS else None
    count = result["instructions"]
    return [job.name, target, f"{sizes['text']:,}", "" if libraries is None else f"{libraries:,}",
            f"{sizes['rodata']:,}", f"{sizes['data']:,}", f"{sizes['bss']:,}", f"{count:,}", f"{count / mac:.2f}", f"{result['intervals'][0]['stack']:,}", f"{error:.1e}"]


HEAD = ["model", "target", "text", "libraries", "rodata", "data", "bss", "instructions", "per MAC", "stack", "error"]


def markdown(rows, skipped):
    lines = ["# Models on devices", "",
             "Made by `.ci/devices.py`: emitted float C under QEMU, sizes in bytes. `libraries` is the text of the C and compiler",
             "libraries that were linked in (bare metal only), `bss` the arena and the buffers of the ports, `instructions`",
             "those of one inference, `per MAC` their number divided by the model's multiply-accumulates, `error` the largest",
             "difference from onnxruntime as a",
             "share of the largest output. Flags: those of the [target](reference/targets.md), as `fettle compile` prints them. `micro` is a made-up network that a micro:bit holds.", "",
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
    parser.add_argument("--cflags", default="", help="optimization in place of the target's own")
    a = parser.parse_args()
    listed = [line.split()[0] for line in call([str(a.shared / "targets" / "run"), "--list"]).splitlines()]
    targets = a.targets.split(",") if a.targets else listed + ON_THIS_MACHINE
    work = a.work / "devices"
    work.mkdir(parents=True, exist_ok=True)
    micro(work / "micro.onnx")
    names = a.models.split(",") if a.models else ["micro"] + MODELS
    jobs = [Job(a, work / "micro.onnx" if n == "micro" else a.shared / "models" / f"{n}.onnx") for n in names]
    rows, skipped, failed = [], [], 0
    for job in jobs:
        for target in targets:
            if lacks(target):
                skipped.append(f"{job.name} on {target}: this machine has no {lacks(target)}")
                print(f"SKIPPED {skipped[-1]}", flush=True)
                continue
            try:
                why = misfit(analyze(a.fettle, job.graph, target))
                if why:
                    skipped.append(f"{job.name} on {target}: does not fit, {why}")
                    print(f"does not fit: {skipped[-1]}", flush=True)
                    continue
                error, result, report = job.run(target, work / f"{job.name}-{target}")
            except RuntimeError as error:
                failed += 1
                print(f"FAILED {job.name} on {target}: {error}", flush=True)
                continue
            rows.append(row(job, target, error, result, report))
            print("ok     " + "  ".join(rows[-1]), flush=True)
    if a.write:
        a.write.write_text(markdown(rows, skipped))
    print(f"{len(rows)} passed, {failed} failed, {len(skipped)} not run")
    sys.exit(1 if failed or not rows else 0)


if __name__ == "__main__":
    main()
