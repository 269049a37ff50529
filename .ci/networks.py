#!/usr/bin/env python3
"""Whole networks: the answers of emitted C against onnxruntime's, and what `fettle compile` takes.

usage: networks.py FETTLE SHARED WORK [--only NAME ...] [--target NAME]

The `light` models of the onnx package and the architectures of SHARED/models/fill.py, compared on the tensor before
the closing softmax for random inputs of two scales, within 1e-4 of the largest value (a net in which rounding grows so
much that onnxruntime with and without its optimizations differs by more: within twice that difference). Then each is compiled without
the C compiler, twice: the files must be the same byte for byte; a model of 100 MB may take 5 seconds, others in
proportion but never less than 5; the peak of memory may be 1.5 times the file, and for files of less than 80 MB 64 MB on top. (Where the
file holds formulas in place of weights, twice the weights and 64 MB: made, then packed.) Exit status 1 if anything fails.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

TOLERANCE = 1e-4
SCALES = (1.0, 30.0)
PIPELINE = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
BASE_MEMORY = 64e6
LARGE = 80e6
BYTES_PER_SECOND = 20e6
LEAST_SECONDS = 5.0


# Measured from a small process of its own: the peak of a child begins with that of the process that started it.
LAUNCHER = """
import os, resource, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
"""


def measured(command):
    """Runs a command: (status, standard error, processor seconds, largest resident bytes)."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True)
    status, seconds, memory = done.stdout.split()
    return int(status), done.stderr, float(seconds), int(memory)


def before_softmax(path, work):
    """The model cut before its closing softmax, as (file for onnxruntime, options for fettle, tensor)."""
    model = onnx.load(path)
    last = next(n for n in model.graph.node if model.graph.output[0].name in n.output)
    tensor = last.input[0] if last.op_type in ("Softmax", "LogSoftmax") else model.graph.output[0].name
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    model = onnx.shape_inference.infer_shapes(model) if model.ByteSize() < 1 << 30 else model
    cut = work / "cut.onnx"
    onnx.save(model, cut)
    return cut, ["--outputs", tensor]


def sessions(path):
    """onnxruntime on a model, as it is and optimized."""
    for level in (ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL):
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = level
        yield ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(fettle, path, work):
    """The largest gap between emitted C and onnxruntime over the scales, relative to the largest value, and that between
    onnxruntime and itself."""
    cut, options = before_softmax(path, work)
    plain, optimized = sessions(cut)
    port = plain.get_inputs()[0]
    worst = spread = 0.0
    for i, scale in enumerate(SCALES):
        x = (np.random.default_rng(i).standard_normal(port.shape) * scale).astype(np.float32)
        np.save(work / "x.npy", x)
        expected = plain.run(None, {port.name: x})[0]
        other = optimized.run(None, {port.name: x})[0]
        subprocess.run([fettle, "run", str(path), str(work / "x.npy"), "-o", str(work / "out"), "-q", "-p", PIPELINE, *options],
                       check=True, capture_output=True, text=True)
        found = np.load(work / "out" / "output_0.npy")
        if found.shape != expected.shape or not np.isfinite(expected).all():
            raise ValueError(f"shapes {found.shape} and {expected.shape}, or the reference is not finite")
        largest = np.abs(expected).max()
        gap = float(np.abs(found - expected).max() / largest)
        worst = max(worst, gap if gap == gap else np.inf)
        spread = max(spread, float(np.abs(other - expected).max() / largest))
    return worst, spread


def weight_bytes(folder):
    return sum(f.stat().st_size for f in folder.glob("*_weights.bin"))


def allowed_memory(file_bytes, bytes_):
    """The peak that a compile may have; `bytes_` are those of the file or the weights, whichever are more."""
    if file_bytes < bytes_ / 2:
        return 2 * bytes_ + BASE_MEMORY
    return 1.5 * bytes_ + (0 if bytes_ >= LARGE else BASE_MEMORY)


def same_files(a, b):
    names = sorted(f.name for f in a.iterdir())
    return names == sorted(f.name for f in b.iterdir()) and all((a / n).read_bytes() == (b / n).read_bytes() for n in names)


def check(fettle, path, work, target):
    """Prints a row; whether all held."""
    problems = []
    try:
        gap, spread = compare(fettle, path, work)
        if not gap <= max(TOLERANCE, 2 * spread):
            problems.append("outputs differ")
    except subprocess.CalledProcessError as error:
        gap = spread = np.inf
        problems.append((error.stderr or "").strip().splitlines()[-1:] or ["run failed"])
    except ValueError as error:
        gap = spread = np.inf
        problems.append(str(error))
    seconds, memory = np.inf, 0
    for turn in ("first", "second"):
        command = [fettle, "compile", str(path), "-o", str(work / turn), "-t", target, "--no-verify", "-q"]
        status, text, took, peak = measured(command)
        if status:
            problems.append("compile: " + (text.strip().splitlines() or [f"status {status}"])[-1])
            break
        seconds, memory = min(seconds, took), max(memory, peak)
    else:
        if not same_files(work / "first", work / "second"):
            problems.append("two compiles differ")
    size = max(path.stat().st_size, weight_bytes(work / "first") if (work / "first").exists() else 0)
    if seconds > max(LEAST_SECONDS, size / BYTES_PER_SECOND):
        problems.append("slow")
    if memory > allowed_memory(path.stat().st_size, size):
        problems.append("memory")
    print(f"{path.stem:22} {gap:9.1e} {spread:9.1e} {size / 1e6:8.1f} MB {seconds:7.2f} s {memory / 1e6:8.1f} MB {memory / size:6.2f}x  "
          f"{'ok' if not problems else 'FAILED: ' + '; '.join(map(str, problems))}", flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle")
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--target", default="x86-64-v4")
    a = parser.parse_args()
    fettle = str(Path(a.fettle).resolve())
    light = Path(onnx.__file__).parent / "backend/test/data/light"
    names = [(f.stem, f) for f in sorted(light.glob("light_*.onnx"))]
    names += [(f.stem, None) for f in sorted((a.shared / "models/architectures").glob("*.onnx"))]
    print(f"{'network':22} {'gap':>9} {'its own':>9} {'weights':>11} {'compile':>9} {'peak':>11}")
    failed = 0
    for name, path in names:
        if a.only and name not in a.only:
            continue
        work = a.work.resolve() / "networks"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        os.environ["FETTLE_CACHE"] = str(work / "cache")
        if path is None:
            subprocess.run([sys.executable, str(a.shared / "models/fill.py"), str(work), name], check=True,
                           stdout=subprocess.DEVNULL)
            path = work / (name + ".onnx")
        failed += not check(fettle, path, work, a.target)
        shutil.rmtree(work, ignore_errors=True)
    print("all networks passed" if not failed else f"{failed} networks failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
