#!/usr/bin/env python3
"""Instructions of emitted C by the flags it is compiled with, and which flags are best for each target.

usage: flags.py FETTLE SHARED WORK [--targets a,b] [--models a,b] [--cflags FLAG]... [--write FILE.md]

Trained models, two of integers and one of floats, run one input under QEMU for each target and choice of flags. The best flags are those
with the lowest geometric mean of a model's count by its lowest count; a target's own flags (`optimization`) must be within 1 % of it.
"""
import argparse
import math
import sys
from pathlib import Path

import numpy as np

from programs import EMULATOR_FAULT, Program, call

LOWERED = "canonicalize, lower-quantized, canonicalize"
FOLDED = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
MODELS = {"resnet8_cifar10_int8_qdq": LOWERED, "dscnn_kws_int8_qdq": LOWERED, "resnet8_cifar10": FOLDED}
TARGETS = ["m0plus", "m4", "m7", "m55", "rv32imac", "rv64gc", "rv64gcv", "aarch64", "aarch64-dotprod", "armv7a", "x86-64", "x86-64-v3"]
GCC = ["-O1", "-Os", "-O2", "-O3", "-O2 -fira-loop-pressure", "-O3 -fira-loop-pressure"]
CLANG = GCC[:4]
ALLOWED = 1.01

PAGE = """# Compiler flags

Made by `.ci/flags.py`: instructions of one run under QEMU, in millions, by the flags for optimization. `_int8_` models compute
with integers (`lower-quantized`), the others with floats. The flags in bold are the target's own (`optimization`), which `fettle compile` prints: those
with the lowest counts over the models, each model counting the same, or within 1 % of them. Instructions are not cycles: on cores that
load slowly from flash, smaller code may be faster. A target file may say otherwise: `{{"base": "m4", "name": "board", "optimization": ["-Os"]}}`.

Where GCC has few registers, it moves more out of loops than they hold; `-fira-loop-pressure` makes it count them. Clang does not know the flag.
Where a cell is empty, QEMU 7 ends itself, on a vector conversion of RISC-V.

| target | flags | {head} |
|---|---|{rule}
{rows}
"""


def counts(a, target):
    """The target's own flags, and a list of counts for each choice of flags."""
    table, own = {}, None
    for name in a.models:
        graph = a.work / "flags" / f"{name}-{target}.fettle"
        call([a.fettle, "opt", a.shared / "models" / f"{name}.onnx", "-t", target, "-p", MODELS[name], "-o", graph, "-q"])
        program = Program(a.fettle, graph, target, a.work / "flags" / target, weights="incbin")
        own = " ".join(program.report["optimization"])
        program.give([np.random.default_rng(3).integers(0, 256, [1, *p.shape]) for p in program.inputs])
        choices = CLANG if program.report["compiler"][0] == "clang" else GCC
        for flags in dict.fromkeys([*choices, own]):
            try:
                _, result = program.emulated(a.shared, *flags.split(), *a.cflags)
            except RuntimeError as error:
                if EMULATOR_FAULT not in str(error):
                    raise
                print(f"not run: {target} {name} {flags}: QEMU itself ends", flush=True)
                continue
            table.setdefault(flags, {})[name] = result["instructions"]
            print(f"{target} {name} {flags}: {result['instructions']:,}", flush=True)
    return own, table


def costs(table):
    """For each choice of flags the mean of its counts by the lowest ones, over the models that run with all of them."""
    names = set.intersection(*map(set, table.values())) if table else set()
    if not names:
        return {}
    lowest = {name: min(row[name] for row in table.values()) for name in names}
    return {flags: math.prod(row[n] / lowest[n] for n in names) ** (1 / len(names)) for flags, row in table.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--targets", type=lambda text: text.split(","), default=TARGETS)
    parser.add_argument("--models", type=lambda text: text.split(","), default=list(MODELS))
    parser.add_argument("--cflags", action="append", default=[], help="one flag more for all; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE.md")
    a = parser.parse_args()
    (a.work / "flags").mkdir(parents=True, exist_ok=True)
    rows, failed = [], 0
    for target in a.targets:
        own, table = counts(a, target)
        cost = costs(table)
        if own not in cost:
            print(f"not compared: {target}: no model runs with all flags", flush=True)
            continue
        best = min(cost, key=cost.get)
        is_good = cost[own] <= ALLOWED * cost[best]
        failed += not is_good
        print(f"{'ok    ' if is_good else 'FAILED'} {target}: {own} costs {cost[own] / cost[best]:.3f} of the best, {best}", flush=True)
        for flags, row in table.items():
            mark = "**" if flags == own else ""
            rows.append(f"| {target} | {mark}`{flags}`{mark} | " + " | ".join(f"{row[n] / 1e6:.2f}" if n in row else "" for n in a.models) + " |")
    if a.write:
        a.write.write_text(PAGE.format(head=" | ".join(a.models), rule="---:|" * len(a.models), rows="\n".join(rows)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
