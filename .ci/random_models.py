#!/usr/bin/env python3
"""Random models of many blocks: onnxruntime against the evaluator, the evaluator against C for many targets and compilers.

usage: random_models.py FETTLE WORK [--count N] [--seed S|date] [--first I] [--only BLOCK,…] [--all N] [--aarch64 N] [--sanitized N]
                        [--jobs N] [--times]

Each model (see random_blocks.py, to which new kinds of blocks are added) is run by the evaluator, as C for c99 by gcc -O3, and as C of
one of the other eleven pairs of {c99, m4, m0plus, x86-64, x86-64-v3, x86-64-v4} and {gcc, clang}, in turn. The first N of --all go
through all twelve, of --aarch64 through code for aarch64 under QEMU, of --sanitized through address and undefined-behaviour sanitizers
(c99 and x86-64-v4). C runs twice between guard zones, over memory that holds something else each time. A third of the models are run as
they are, others after the usual passes; those that quantise after being lowered to integers too.

A model that fails is kept in WORK/random-models/failed with what was seen, its inputs and the commands. `--seed S --first I --count 1`
makes model I of seed S again, by the same version of these files; models, C and outputs are then kept in any case.
"""
import argparse
import collections
import contextlib
import datetime
import json
import multiprocessing
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import onnx

from programs import clang_of_system
from random_agreement import LOWERED as LOWERED_TOLERANCE
from random_agreement import SAME, Roundings, difference
from random_programs import FORMS, HOST, Pair, Program, run_all
from random_reference import make

CLEAN = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
LOWERED = "canonicalize, lower-quantized, canonicalize"
LABELS = {"": "as it is", CLEAN: "clean", LOWERED: "lowered"}
BATCH = 20
# Of the draws some 3 % are models that onnxruntime does not run, most of them quantised ones of the newest opset; of the models
# Fettle knows nearly all. Where it is far more, the suite no longer tries what it says.
REFUSED, UNSUPPORTED = 0.08, 0.02


def host_pairs():
    """All pairs whose code runs here, c99 by gcc first."""
    flags = Path("/proc/cpuinfo").read_text()
    need = {"x86-64": "ssse3", "x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}
    targets = [t for t in HOST if t not in need or need[t] in flags.split()]
    return [Pair(t, c) for t in targets for c in ("gcc", clang_of_system()) if c]


def pipeline_of(case):
    if case.quantises:
        return ["", LOWERED, LOWERED, CLEAN][case.index % 4]
    return ["", CLEAN, ""][case.index % 3]


def pairs_of(index, a):
    pairs = host_pairs()
    chosen = pairs if index < a.all else [pairs[0], pairs[1 + index % (len(pairs) - 1)]]
    if index < a.aarch64:
        chosen = chosen + [Pair("aarch64", "gcc", "aarch64")]
    if index < a.sanitized:
        chosen = chosen + [Pair(p.target, p.compiler, "sanitized") for p in pairs if p.target in ("c99", "x86-64-v4") and p.compiler == "gcc"]
    return chosen


class Batch:
    """Some models, from being made to their findings."""

    def __init__(self, a, indices):
        self.a, self.folder = a, a.root / f"batch-{indices[0]:06d}"
        self.found, self.commands = collections.defaultdict(list), collections.defaultdict(list)
        self.times = collections.Counter()
        self.counts = collections.Counter()
        self.unsupported = collections.Counter()
        self.refusals = collections.Counter()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        with self.timed("make"):
            self.cases = [make(a.seed, i, a.only) for i in indices]
        for case in self.cases:
            self.refusals.update(case.refusals)
            self.counts.update({f"block {b}": 1 for b in case.blocks})
            folder = self.at(case)
            folder.mkdir()
            onnx.save(case.model, folder / "model.onnx")
            for k, value in enumerate(case.feeds.values()):
                np.save(folder / f"input_{k}.npy", value)
        self.counts["models"] = len(self.cases)
        self.counts["quantising models"] = sum(c.quantises for c in self.cases)

    @contextlib.contextmanager
    def timed(self, what):
        """Adds what a part takes: seconds of a core, of this process and of those that it starts."""
        start = sum(os.times()[:4])
        try:
            yield
        finally:
            self.times[what] += sum(os.times()[:4]) - start

    def at(self, case):
        return self.folder / case.name

    def evaluate(self):
        """The evaluator's answers by index and pipeline."""
        answers = {}
        wanted = collections.defaultdict(list)
        for case in self.cases:
            for pipeline in {"", pipeline_of(case)}:
                wanted[pipeline].append(case)
        for pipeline, cases in wanted.items():
            self.evaluate_all(pipeline, cases, answers)
        return answers

    def evaluate_all(self, pipeline, cases, answers):
        label = LABELS[pipeline]
        rest = list(cases)
        while rest:
            entries = [{"model": str(self.at(c) / "model.onnx"), "outdir": str(self.at(c) / label),
                        "inputs": [str(self.at(c) / f"input_{k}.npy") for k in range(len(c.feeds))]} for c in rest]
            for entry in entries:
                Path(entry["outdir"]).mkdir(exist_ok=True)
            listing = self.folder / f"{label}.json"
            listing.write_text(json.dumps(entries))
            words = [self.a.fettle, "run", "-q", "--interpret", "--batch", str(listing), *(["-p", pipeline] if pipeline else [])]
            try:
                done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=300)
                end = f"status {done.returncode}: {done.stderr.strip()[-300:]}"
            except subprocess.TimeoutExpired:
                end = "no end within 300 s"
            left = [c for c in rest if not (self.at(c) / label / "status").exists()]
            for case in rest[:len(rest) - len(left)] if left else rest:
                self.take(case, pipeline, label, answers)
            if left:
                self.finding(left[0], f"evaluator, {label}", f"the process ended: {end}")
            rest = left[1:]

    def take(self, case, pipeline, label, answers):
        status = (self.at(case) / label / "status").read_text().strip()
        if status.startswith("3"):
            self.unsupported[status[-160:]] += 1
            self.counts["models not supported"] += pipeline == ""
        elif status != "0":
            self.finding(case, f"evaluator, {label}", status[:600])
        else:
            got = {o: np.load(self.at(case) / label / f"output_{k}.npy") for k, o in enumerate(case.outputs)}
            answers[case.index, pipeline] = got

    def compare_evaluator(self, answers):
        for case in self.cases:
            for pipeline, label in LABELS.items():
                got = answers.get((case.index, pipeline))
                if got is None:
                    continue
                tolerance = LOWERED_TOLERANCE if pipeline == LOWERED else SAME
                why = difference(got, case.expected, tolerance)
                if why and not self.only_rounded(case, got, tolerance):
                    self.finding(case, f"evaluator, {label}, against onnxruntime", why)

    def only_rounded(self, case, got, tolerance=SAME):
        if not case.quantises or any(got[n].shape != v.shape or got[n].dtype != v.dtype for n, v in case.expected.items()):
            return False
        is_reached = Roundings(case, tolerance).reaches(got)
        self.counts["answers with values rounded the other way"] += is_reached
        return is_reached

    def compile(self, answers):
        programs = []
        for case in self.cases:
            pipeline = pipeline_of(case)
            if (case.index, pipeline) not in answers:
                continue
            for n, pair in enumerate(pairs_of(case.index, self.a)):
                form = FORMS[(case.index + n) % len(FORMS)]
                standard = "-std=c99" if (case.index + n) % 2 == 0 else "-std=gnu17"
                program = Program(case, pair, self.at(case), form, pipeline, standard)
                with self.timed(f"compile {pair.name}"):
                    program.build(self.a.fettle, self.at(case) / "model.onnx")
                programs.append(program)
        for kind in ("host", "sanitized", "aarch64"):
            with self.timed(f"run {kind}"):
                run_all(programs, kind, self.folder)
        for program in programs:
            self.judge(program, answers[program.case.index, program.pipeline])

    def judge(self, program, wanted):
        what = f"{program.pair.name} ({program.form}, {program.standard}, passes: {program.pipeline or 'none'})"
        self.counts[f"runs of {program.pair.name}"] += 1
        if program.unsupported:
            self.counts["C not supported"] += 1
            self.unsupported[f"{program.pair.target}: {program.unsupported[-140:]}"] += 1
        elif program.problem:
            self.finding(program.case, what, program.problem, program)
        elif why := difference(program.output, wanted):
            if program.pipeline == LOWERED or not self.only_rounded(program.case, program.output):
                self.finding(program.case, what, why, program)

    def finding(self, case, where, why, program=None):
        self.found[case].append(f"{where}: {why}")
        if program:
            made = Path(program.name)
            self.commands[case] += [shlex.join(program.emission("fettle", "model.onnx", made)),
                                    shlex.join(program.compilation(made / f"{made}.c"))]

    def run(self):
        with self.timed("evaluate"):
            answers = self.evaluate()
        with self.timed("compare"):
            self.compare_evaluator(answers)
        self.compile(answers)
        failures = []
        for case, lines in self.found.items():
            again = f"random_models.py FETTLE WORK --seed {self.a.seed} --first {case.index} --count 1"
            text = "\n".join([f"opset {case.model.opset_import[0].version}; blocks: {', '.join(case.blocks)}", *lines, f"again: {again}"])
            kept = self.a.root / "failed" / f"{self.a.seed}-{case.name}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.at(case), kept, ignore=shutil.ignore_patterns("*.o"))
            (kept / "seen.txt").write_text("\n".join([text, *self.commands[case]]) + "\n")
            failures.append((case.index, text))
        if not self.a.keep:
            shutil.rmtree(self.folder)
        return failures, self.counts, self.unsupported, self.refusals, self.times


def run_batch(job):
    a, indices = job
    try:
        return Batch(a, indices).run()
    except BaseException:
        return [(indices[0], f"the suite itself failed:\n{traceback.format_exc()}")], *(collections.Counter() for _ in range(4))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", default="1", help="a whole number, or 'date': today's")
    parser.add_argument("--first", type=int, default=0, metavar="I")
    parser.add_argument("--only", type=lambda s: s.split(","), metavar="BLOCK,…")
    parser.add_argument("--all", type=int, default=0, metavar="N")
    parser.add_argument("--aarch64", type=int, default=0, metavar="N")
    parser.add_argument("--sanitized", type=int, default=0, metavar="N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--times", action="store_true", help="print what took how many seconds of a core")
    a = parser.parse_args()
    a.seed = int(datetime.date.today().strftime("%Y%m%d") if a.seed == "date" else a.seed)
    a.root = (a.work / "random-models").resolve()
    a.keep = a.count == 1
    if a.aarch64 and not (shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc")):
        print("SKIPPED: code for aarch64 (no qemu-aarch64 or no cross compiler)")
        a.aarch64 = 0
    shutil.rmtree(a.root, ignore_errors=True)
    (a.root / "failed").mkdir(parents=True)
    (a.root / "temporary").mkdir()
    os.environ["TMPDIR"] = str(a.root / "temporary")  # where Fettle leaves what shows a fault of its own
    print(f"seed {a.seed}, models {a.first} to {a.first + a.count - 1}; pairs: {', '.join(p.name for p in host_pairs())}", flush=True)
    indices = list(range(a.first, a.first + a.count))
    # The models that take longest are the first; small batches there keep all cores busy until the end.
    batches = [indices[i:i + BATCH] for i in range(0, len(indices), BATCH)]
    start, total, failures = time.monotonic(), [collections.Counter() for _ in range(4)], []
    with multiprocessing.Pool(a.jobs) as pool:
        for n, (found, *rest) in enumerate(pool.imap_unordered(run_batch, [(a, b) for b in batches])):
            for sum_, more in zip(total, rest):
                sum_.update(more)
            for index, text in found:
                print(f"FAILED {index}\n    " + text.replace("\n", "\n    "), flush=True)
            failures += found
            if (n + 1) % 25 == 0:
                print(f"  {n + 1} of {len(batches)} batches, {len(failures)} models failed, {time.monotonic() - start:.0f} s", flush=True)
    counts, unsupported, refusals, times = total
    report(counts, unsupported, refusals, times if a.times else {})
    refused, models = sum(refusals.values()), max(1, counts["models"])
    programs = sum(n for what, n in counts.items() if what.startswith("runs of"))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{models} models, {len(failures)} failed, in {time.monotonic() - start:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of a core)")
    if models >= 100 and (refused > REFUSED * models or counts["models not supported"] > UNSUPPORTED * models
                          or counts["C not supported"] > UNSUPPORTED * programs):
        failures.append("too many models are not run")
        print("FAILED: too many models are not run")
    sys.exit(1 if failures else 0)


def report(counts, unsupported, refusals, times):
    print(", ".join(f"{n} {what}" for what, n in sorted(counts.items()) if not what.startswith("block")))
    print("blocks: " + ", ".join(f"{what[6:]} {n}" for what, n in sorted(counts.items()) if what.startswith("block")))
    print(f"{sum(refusals.values())} draws that onnxruntime does not run were drawn again")
    for what, n in refusals.most_common(5):
        print(f"    {n} × {what}")
    for what, n in unsupported.most_common():
        print(f"not supported: {n} × {what}")
    for what, seconds in sorted(times.items(), key=lambda t: -t[1]):
        print(f"    {seconds:8.1f} s  {what}")


if __name__ == "__main__":
    main()
