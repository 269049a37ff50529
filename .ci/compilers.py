#!/usr/bin/env python3
"""Emitted C of trained models, run as compiled by the compilers of the targets at every level of optimization, against the evaluator.

usage: compilers.py FETTLE SHARED WORK [--models a,b] [--targets a,b] [--shares N] [--cflags FLAG]... [--jobs N]

Float models, and quantised ones as they come and lowered to integers, for targets of each kind: for devices by their compilers, under
QEMU; for this machine by GCC and Clang. Integers must be those of the evaluator bit for bit, floats within 1e-4 of the largest value. Where
floats decide on integers (quantised models as they come) a fused product may move one by a step, and the outputs with it: what is not as
the evaluator says has to be so where products are not fused, at the same level, and `verify` looks at each step of the kernels. The form
of the weights takes turns by the day. With --shares one of N parts is run, another every day, and what is emulated for long at one level
only. What memory does not hold is counted.
"""
import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from programs import BOARDS, Program, call, compilers, differing_bytes, evaluate, gap, lacks, misfit, today

TARGETS = ["m4", "m0plus", "m55", "rv32imac", "aarch64-dotprod", "c99", "x86-64-v4"]
LEVELS = ["-O1", "-O2", "-O3", "-Os"]
# A file system is needed for weights in a file; a board's weights lie in its flash.
FORMS = {"board": ["c", "incbin", "single"], "files": ["c", "incbin", "single", "bin"]}
LARGE = 1_000_000  # bytes of a model from which weights are not written as C: compilers take too long to read it
PASSES = {"floats": "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize", "as it comes": "canonicalize",
          "lowered": "canonicalize, lower-quantized, canonicalize"}
TOLERANCE = 1e-4
# Emitted C fuses products where the compiler says that it optimizes.
UNFUSED = "-U__OPTIMIZE__"
# Emulated instructions from which a program runs at one level only, another every day; a product of floats in software takes a hundred.
LONG = 1_000_000_000
SOFT_FLOAT = {"m0plus", "rv32imac"}


class Subject:
    """A model by some passes, with inputs and what the evaluator makes of them."""

    def __init__(self, a, path, scale, kind, form=None):
        self.a, self.path, self.kind, self.form = a, path, kind, form
        self.name = path.parent.name if path.stem == "model" else path.stem
        self.title = self.name if kind == "floats" else f"{self.name} {kind}"
        self.folder = a.work / "compilers" / self.title.replace(" ", "-")
        self.scale, self.graphs, self.verified = scale, {}, set()

    def prepare(self, target):
        """The graph for a target, its inputs and the expected outputs; targets that want the same graph share it."""
        graph = self.folder / f"{target}.fettle"
        graph.parent.mkdir(parents=True, exist_ok=True)
        call([self.a.fettle, "opt", self.path, "-t", target, "-p", PASSES[self.kind], "-o", graph, "-q"])
        key = graph.read_text().split("graph @", 1)[-1]
        if key not in self.graphs:
            report = json.loads(call([self.a.fettle, "analyze", graph, "-p", "", "--json", "-q"]))
            ports = [p["type"] for p in report["ports"] if p["role"] == "input"]
            inputs = [self.numbers(*p.rstrip("]").split("["), count=1 if report["mac"] > 20e6 else 2) for p in ports]
            self.graphs[key] = inputs, evaluate(self.a.fettle, graph, inputs, self.folder / f"runs-{len(self.graphs)}")
        return graph, *self.graphs[key]

    def numbers(self, element, extents, count):
        """Random inputs; the second three times as large, so that integers saturate."""
        rng = np.random.default_rng(11)
        found = rng.standard_normal([count, *map(int, extents.split(","))])
        found[1:] *= 3
        if element == "i8":
            return (found * 50).clip(-128, 127).round().astype(np.int8)
        return (found * self.scale + (128 if self.scale > 10 else 0)).astype(np.float32)

    def differs(self, expected, found, unfused, target):
        """What is wrong with the outputs, or None; `unfused` gives those of the program without fused products."""
        if self.kind == "lowered":
            wrong = differing_bytes(expected, found)
            return f"{wrong} bytes differ" if wrong else None
        share = gap(expected, found)
        if share > TOLERANCE and self.kind == "as it comes":
            self.verify(target)
            share = gap(expected, unfused())
        return None if share <= TOLERANCE else f"differs by {share:.2e} of the largest value"

    def verify(self, target):
        """Looks at each step of the target's kernels, as this machine computes them."""
        if target not in self.verified:
            call([self.a.fettle, "verify", self.folder / f"{target}.fettle", "-t", target, "-q"])
            self.verified.add(target)


class Pair:
    """A subject for a target: emitted once, built by all compilers at all levels."""

    def __init__(self, a, subject, target, turn):
        self.a, self.subject, self.target, self.turn = a, subject, target, turn
        forms = FORMS["board" if target in BOARDS else "files"]
        if subject.path.stat().st_size > LARGE:
            forms = [f for f in forms if f in ("incbin", "bin")]
        self.form = subject.form or forms[turn % len(forms)]

    def run(self):
        """Yields (kind, text): `ok`, `FAILED`, `does not fit`, `left out`, `skipped`."""
        what = f"{self.subject.title} on {self.target}, weights {self.form}"
        if lacks(self.target):
            yield "skipped", f"{what}: this machine has no {lacks(self.target)}"
            return
        try:
            graph, inputs, expected = self.subject.prepare(self.target)
            program = Program(self.a.fettle, graph, self.target, self.subject.folder / self.target, len(inputs[0]), self.form)
            why = misfit(program.report)
            if why:
                yield "does not fit", f"{what}: {why}"
                return
            program.give(inputs)
            levels, others = self.levels(program)
            for command in self.commands(program):
                for level in levels:
                    yield self.one(what, program, command, level, expected)
            if others:
                yield "left out", f"{what}: {' '.join(others)}: more than {LONG:,} instructions to be emulated"
        except RuntimeError as error:
            yield "FAILED", f"{what}: {error}"

    def commands(self, program):
        """The compilers: those of this machine, or the target's own."""
        compiler = program.report["compiler"]
        return [[c, *compiler[1:]] for c in compilers()[:2]] if program.is_native else [compiler]

    def levels(self, program):
        """Those that are run, and those that are not as a run takes too long for a part of a day."""
        each = 100 if self.target in SOFT_FLOAT and self.subject.kind != "lowered" else 4
        if self.a.shares == 1 or program.is_native or program.report["mac"] * program.count * each < LONG:
            return LEVELS, []
        one = LEVELS[self.turn % len(LEVELS)]
        return [one], [level for level in LEVELS if level != one]

    def one(self, what, program, command, level, expected):
        where = f"{what}: {Path(command[0]).name} {level}"
        try:
            sources = [self.data(program, command, p) if p.name == "net_data.c" else p for p in program.sources]
            found, unaligned = self.outputs(program, command, [level], sources)
            if unaligned:
                return "FAILED", f"{where}: {unaligned} unaligned accesses"
            wrong = self.subject.differs(expected, found,
                                         lambda: self.outputs(program, command, [level, UNFUSED], sources)[0], self.target)
        except RuntimeError as error:
            return "FAILED", f"{where}: {error}"
        return ("FAILED", f"{where}: {wrong}") if wrong else ("ok", where)

    def outputs(self, program, command, flags, sources):
        """What the program answers when it is compiled so, and the unaligned accesses that its target does not allow."""
        if program.is_native:
            return program.natively(command, *flags, *self.a.cflags, sources=sources), 0
        found, result = program.emulated(self.a.shared, *flags, *(f"'{f}'" for f in self.a.cflags), sources=sources)
        return found, result["intervals"][0].get("unaligned", 0) if self.target == "m0plus" else 0

    def data(self, program, command, source):
        """The weights as an object: no level of optimization changes them."""
        made = source.with_name(Path(command[0]).name + "-data.o")
        if not made.exists():
            call([*command, *program.flags("-O0"), "-c", source, "-o", made])
        return made


def subjects(a):
    models = a.shared / "models"
    for entry in json.loads((models / "manifest.json").read_text())["models"]:
        path = models / entry["file"]
        scale = 64 if entry.get("pre", {}).get("div") == 1.0 else 1
        for kind in ("as it comes", "lowered") if "_int8_" in path.name else ("floats",):
            yield Subject(a, path, scale, kind)
    # GCC 12 dropped a kernel's call here: seen with weights in a section of their own.
    fault = a.shared / "faults" / "dequantized-weights" / "model.onnx"
    if fault.exists():
        yield Subject(a, fault, 1, "floats", "incbin")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", type=lambda text: text.split(","))
    parser.add_argument("--targets", type=lambda text: text.split(","), default=TARGETS)
    parser.add_argument("--shares", type=int, default=1)
    parser.add_argument("--cflags", action="append", default=[], help="one flag more for all; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    a = parser.parse_args()
    start = time.monotonic()
    share = today() % a.shares
    print(f"day {today()}: part {share + 1} of {a.shares}", flush=True)
    chosen = [s for s in subjects(a) if a.models is None or s.name in a.models]
    # Forms and levels go on with each round of the parts, not with each day: a part would meet the same ones for ever.
    turn = today() // a.shares
    pairs = [Pair(a, s, t, i + j + turn) for i, s in enumerate(chosen) for j, t in enumerate(a.targets)]
    # What a subject's pairs share is made by the first of them: a worker takes a whole subject.
    groups = {}
    for number, pair in enumerate(pairs):
        if number % a.shares == share:
            groups.setdefault(pair.subject.title, []).append(pair)

    def work(group):
        found = []
        for pair in group:
            for kind, text in pair.run():
                found.append(kind)
                print(f"{kind:6} {text}", flush=True)
        return found

    with ThreadPoolExecutor(a.jobs) as pool:
        counts = Counter(kind for kinds in pool.map(work, groups.values()) for kind in kinds)
    seconds = time.monotonic() - start
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['does not fit']} do not fit, {counts['left out']} with one level, {counts['skipped']} skipped ({seconds:.0f} s)")
    sys.exit(1 if counts["FAILED"] or not counts["ok"] else 0)


if __name__ == "__main__":
    main()
