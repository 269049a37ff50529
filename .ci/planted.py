#!/usr/bin/env python3
"""Five bugs planted in three trained architectures, each found by `fettle bisect` down to the op.

usage: planted.py SHARED WORK

The bugs (wrong axis, off-by-one pad, stale constant, swapped operands, lost bias, and a sixth inside of a folding pass) are
passes of Tests/FettleTests/PlantedBugs.swift; the test that plants and finds them in the small model of ir-samples runs
here on resnet20, googlenet and shufflenet. The tests must have been built (`swift build -c release --build-tests`).
"""
import os
import subprocess
import sys
from pathlib import Path

BUGS = 6


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    shared, work = Path(sys.argv[1]), Path(sys.argv[2])
    filled = work / "filled"
    models = [shared / "models" / "resnet20_cifar10.onnx"]
    for name in ("googlenet", "shufflenet_v2_x1_0"):
        if not (filled / f"{name}.onnx").exists():
            subprocess.run([sys.executable, str(shared / "models" / "fill.py"), str(filled), name], check=True)
        models.append(filled / f"{name}.onnx")
    environment = dict(os.environ, FETTLE_PLANTED_MODELS=":".join(str(m.resolve()) for m in models))
    result = subprocess.run(
        ["swift", "test", "-c", "release", "--skip-build", "--filter", "BisectTests.planted"],
        cwd=Path(__file__).resolve().parent.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = [line for line in result.stdout.splitlines() if line.startswith("planted ")]
    print("\n".join(found))
    if result.returncode != 0 or len(found) != BUGS * len(models):
        print("\n".join(result.stdout.splitlines()[-60:]))
        sys.exit(f"{len(found)} of {BUGS * len(models)} planted bugs were found")
    print(f"{len(found)} planted bugs found, each in its pass and op")


if __name__ == "__main__":
    main()
