#!/usr/bin/env python3
"""Models through `fettle export`: onnx.checker accepts the result, and onnxruntime gives the outputs that the original has.

usage: export.py FETTLE WORK MODEL.onnx ...

Each model goes as it is and after the clean-up passes; float outputs agree within 1e-4 of the largest value, those of quantised models
within two steps of the last layer's in at most 1 % of the elements.
"""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

CLEAN = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8,
         "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def session(path):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feed(ports, seed):
    rng = np.random.default_rng(seed)
    values = {}
    for p in ports:
        kind = TYPES[p.type]
        shape = [d if isinstance(d, int) else 1 for d in p.shape]
        v = rng.standard_normal(shape) if np.dtype(kind).kind == "f" else rng.integers(0, 127, shape)
        values[p.name] = v.astype(kind)
    return values


def check(fettle, source, target, pipeline):
    words = [fettle, "export", str(source), "-o", str(target), "-q", *(["-p", pipeline] if pipeline else [])]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip()[-300:]
    try:
        onnx.checker.check_model(str(target), full_check=True)
        before, after = session(source), session(target)
    except Exception as error:
        return str(error)[:300]
    names = [o.name for o in before.get_outputs()], [o.name for o in after.get_outputs()]
    if names[0] != names[1]:
        return f"outputs {names[1]}, not {names[0]}"
    quantised = any("Quantize" in n.op_type or n.op_type.startswith("QLinear") for n in onnx.load(source, load_external_data=False).graph.node)
    for seed in range(3):
        values = feed(before.get_inputs(), seed)
        for name, x, y in zip(names[0], before.run(None, values), after.run(None, values)):
            if x.shape != y.shape or x.dtype != y.dtype:
                return f"output '{name}' is {y.dtype}{list(y.shape)}, not {x.dtype}{list(x.shape)}"
            gap = np.abs(x.astype(np.float64) - y.astype(np.float64))
            top = max(np.abs(x.astype(np.float64)).max(), 1e-30)
            if quantised:
                if not ((gap > 1e-4 * top).mean() <= 0.01 and gap.max() <= 0.02 * top):
                    return f"output '{name}' differs by {gap.max() / top:.2g} of the largest value"
            elif not gap.max() <= 1e-4 * top:
                return f"output '{name}' differs by {gap.max() / top:.2g} of the largest value"
    return None


def main():
    fettle, work, models = sys.argv[1], Path(sys.argv[2]) / "export", [Path(p) for p in sys.argv[3:]]
    work.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for source in models:
        for name, pipeline in (("as it is", None), ("cleaned up", CLEAN)):
            why = check(fettle, source, work / source.name, pipeline)
            passed += why is None
            failed += why is not None
            print(f"{'ok    ' if why is None else 'FAILED'} {source.stem} {name}{': ' + why if why else ''}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
