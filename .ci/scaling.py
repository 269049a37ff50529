#!/usr/bin/env python3
"""How passes and the ledger grow with a graph.

usage: scaling.py FETTLE WORK [--runs N]

Two claims, each the median of N runs (5): the ledger's counting takes at most 20 % of the time of the passes on a graph of 10,000 ops,
counting only pipelines whose passes take at least 50 ms; passes and rewriting take at most 16 times as long on a chain of 100,000 ops as
on one of 10,000. Exit status 1 if one does not hold.
"""
import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

PASSES = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
SHARE, GROWTH, LEAST_SECONDS = 0.20, 16.0, 0.050


def block(i, x, body):
    """Eight ops behind value x, with work for every pass; returns the last value."""
    n = f"{i}_"
    body += [
        f"  @w{n} = f32[4,4,1,1] [{', '.join(str((i * 7 + k * 3) % 11 - 5) for k in range(16))}]",
        f"  @g{n} = f32[4] [1, 2, {i % 5 + 1}, 0.5]",
        f"  @b{n} = f32[4] [0.5, -1, {i % 3}, 1]",
        f"  @v{n} = f32[4] [1, 1, 2, 0.5]",
    ]
    ops = [
        f"  %c{n} = conv {x}, @w{n} : f32[1,4,4,4]",
        f"  %n{n} = batch_norm %c{n}, @g{n}, @b{n}, @b{n}, @v{n} : f32[1,4,4,4]",
        f"  %t{n} = transpose %n{n} {{permutation=[0,2,3,1]}} : f32[1,4,4,4]",
        f"  %r{n} = unary %t{n} : f32[1,4,4,4]",
        f"  %u{n} = transpose %r{n} {{permutation=[0,3,1,2]}} : f32[1,4,4,4]",
        f"  %s{n} = binary %u{n}, {x} : f32[1,4,4,4]",
        f"  %p{n} = reshape %s{n} {{shape=[1,64]}} : f32[1,64]",
        f"  %q{n} = reshape %p{n} {{shape=[1,4,4,4]}} : f32[1,4,4,4]",
    ]
    return ops, f"%q{n}"


def write_chain(path, ops):
    constants, body, x = [], [], "%x"
    for i in range(ops // 8):
        lines, x = block(i, x, constants)
        body += lines
    path.write_text("graph @chain(%x: f32[1,4,4,4]) -> (y: " + x + ") {\n" + "\n".join(constants + body) + "\n}\n")


def timing(fettle, path, work):
    """Seconds of all passes, and of the ledger's counting."""
    done = subprocess.run([fettle, "opt", path, "-p", PASSES, "-o", work / "out.fettle", "--timing", "--ledger"],
                          capture_output=True, text=True, check=True)
    rows = {"pass": 0.0, "count": 0.0}
    for name, ms in re.findall(r"^(pass \S+|count for the ledger) +(\d+\.\d)", done.stderr, re.M):
        rows[name.split()[0]] += float(ms) / 1000
    return rows["pass"], rows["count"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle")
    parser.add_argument("work", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    a = parser.parse_args()
    work = a.work / "scaling"
    work.mkdir(parents=True, exist_ok=True)
    passes, shares = {}, []
    for ops in (10_000, 100_000):
        path = work / f"chain-{ops}.fettle"
        write_chain(path, ops)
        runs = [timing(a.fettle, path, work) for _ in range(a.runs)]
        passes[ops] = statistics.median(p for p, _ in runs)
        shares.append(statistics.median(c / p for p, c in runs))
        print(f"{ops:7,} ops: passes {passes[ops] * 1000:.0f} ms, ledger {shares[-1] * 100:.1f} % of it", flush=True)
    growth = passes[100_000] / passes[10_000]
    print(f"ten times the ops take {growth:.1f} times as long (at most {GROWTH})")
    if passes[10_000] < LEAST_SECONDS:
        sys.exit(f"the passes take less than {LEAST_SECONDS} s: nothing is shown of the ledger")
    sys.exit(0 if shares[0] <= SHARE and growth <= GROWTH else 1)


if __name__ == "__main__":
    main()
