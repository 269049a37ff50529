"""Emitted C of random models: emission, compilation, and one program for many of them that runs each in a process of its own
between guard zones. For random_models.py."""
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
# Flags under which the code of a target runs on a machine of the x86-64 kind.
HOST = {"c99": [], "m4": [], "m0plus": [], "x86-64": ["-march=x86-64-v2"], "x86-64-v3": ["-march=x86-64-v3"],
        "x86-64-v4": ["-march=x86-64-v4"]}
SANITIZERS = ["-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FORMS = ["c", "incbin", "bin"]
SECONDS = 60

DRIVER = Path(__file__).with_name("random_driver.c")


@dataclass(frozen=True)
class Pair:
    """Code for a target, compiled by a compiler, and the machine that runs it."""
    target: str
    compiler: str
    kind: str = "host"  # or "sanitized", "aarch64"

    @property
    def name(self):
        words = [self.target, Path(self.compiler).name.split("-")[0]]
        return "_".join([*words, *([self.kind] if self.kind == "sanitized" else [])])

    @property
    def command(self):
        if self.kind == "aarch64":
            return ["aarch64-linux-gnu-gcc", "-O3"] if self.compiler == "gcc" else [self.compiler, "--target=aarch64-linux-gnu", "-O3"]
        return [self.compiler, *(SANITIZERS if self.kind == "sanitized" else ["-O3"]), *HOST[self.target]]


class Program:
    """One model in C for one pair."""

    def __init__(self, case, pair, folder, form, pipeline, standard):
        self.case, self.pair, self.form, self.pipeline, self.standard = case, pair, form, pipeline, standard
        self.name = re.sub(r"\W", "_", f"{case.name}_{pair.name}")
        self.folder = folder / self.name
        self.problem, self.unsupported, self.output = None, None, None

    def emission(self, fettle, model, folder):
        return [fettle, "emit", str(model), "-q", "-t", self.pair.target, "--name", self.name, "--weights", self.form,
                "-o", str(folder), *(["-p", self.pipeline] if self.pipeline else [])]

    def compilation(self, source):
        folder = source.parent
        return [*self.pair.command, self.standard, *WARNINGS, f"-I{folder}", f"-Wa,-I{folder}", "-c", str(source), "-o", f"{source}.o"]

    def build(self, fettle, model):
        done = subprocess.run(self.emission(fettle, model, self.folder), capture_output=True, text=True)
        if done.returncode == 3:
            self.unsupported = done.stderr.strip().splitlines()[-1]
            return
        if done.returncode != 0:
            self.problem = f"emit: status {done.returncode}: {done.stderr.strip()[-400:]}"
            return
        self.compile()

    def compile(self):
        for source in self.sources():
            done = subprocess.run(self.compilation(source), capture_output=True, text=True)
            if done.returncode != 0:
                self.problem = f"{Path(done.args[0]).name}: {done.stderr.strip()[:600]}"
                return

    def sources(self):
        return [p for p in sorted(self.folder.iterdir()) if p.suffix in (".c", ".S")]

    def entry(self):
        """The C that the driver needs of it."""
        name, upper, case = self.name, self.name.upper(), self.case
        header = (self.folder / f"{name}.h").read_text()
        parameters = re.search(rf"^int {name}_run\((.*?)\);", header, re.S | re.M).group(1).count(",") + 1
        weights = self.folder / f"{name}_weights.bin"
        has_weights = self.form == "bin" and weights.exists()
        ports = [case.feeds[i] for i in case.inputs] + [case.expected[o] for o in case.outputs]
        has_arena = parameters > len(ports) + has_weights
        arguments = [f"({'const ' * (i < len(case.inputs))}void *)ports[{i}]" for i in range(len(ports))]
        arguments += ["weights"] * has_weights + ["arena"] * has_arena
        declared = re.search(rf"#define {upper}_ARENA_BYTES", header)
        size, align = (f"{upper}_ARENA_BYTES", f"{upper}_ARENA_ALIGN") if declared else ("0", "8")
        aligned = re.search(r"weights: the contents of .*aligned to (\d+)", header)
        bytes_of = ", ".join(str(p.nbytes) for p in ports)
        align_of = ", ".join(str(p.dtype.itemsize) for p in ports)
        call = (f'#include "{self.folder}/{name}.h"\nstatic int {name}_call(unsigned char **ports, const void *weights, void *arena)\n{{\n'
                f"  (void)weights;\n  (void)arena;\n  return {name}_run({', '.join(arguments)});\n}}\n")
        row = (f'  {{"{name}", {name}_call, {size}, {align}, {weights.stat().st_size if has_weights else 0}, '
               f"{aligned.group(1) if aligned else 8}, {len(case.inputs)}, "
               f"{len(case.outputs)}, {{{bytes_of}}}, {{{align_of}}}}},\n")
        return call, row

    def write_inputs(self, folder):
        (folder / f"{self.name}.in").write_bytes(b"".join(np.ascontiguousarray(v).tobytes() for v in self.case.feeds.values()))
        weights = self.folder / f"{self.name}_weights.bin"
        if self.form == "bin" and weights.exists():
            shutil.copy(weights, folder / f"{self.name}.weights")

    def take(self, folder, said):
        """Reads what the run left."""
        if said != "done":
            errors = folder / f"{self.name}.err"
            text = errors.read_text(errors="replace") if errors.exists() else ""
            lines = [line for line in text.splitlines() if re.search(r"ERROR|runtime error|#[0-4] ", line)]
            self.problem = " | ".join([said or "no answer", *lines[:6]])[:900]
            return
        data, at, self.output = (folder / f"{self.name}.out").read_bytes(), 0, {}
        for name in self.case.outputs:
            want = self.case.expected[name]
            self.output[name] = np.frombuffer(data, want.dtype, want.size, at).reshape(want.shape)
            at += want.nbytes


def run_all(programs, kind, folder):
    """Links the programs of one kind with a driver and runs it; each program takes what it has left."""
    programs = [p for p in programs if p.pair.kind == kind and not p.problem and not p.unsupported]
    if not programs:
        return
    folder = folder / kind
    folder.mkdir()
    entries = [p.entry() for p in programs]
    table = folder / "programs.h"
    table.write_text("".join(call for call, _ in entries) + "static const struct program programs[] = {\n"
                     + "".join(row for _, row in entries) + "};\n")
    options = [f'-DPROGRAMS="{table}"', f"-DSECONDS={SECONDS}", *(["-DGUARD=0"] if kind == "sanitized" else [])]
    objects = [f"{s}.o" for p in programs for s in p.sources()]
    if kind == "aarch64":
        command, runner = ["aarch64-linux-gnu-gcc", "-O1", "-static"], ["qemu-aarch64"]
    else:
        command, runner = ["gcc", "-O1"] + (SANITIZERS if kind == "sanitized" else []), []
    done = subprocess.run([*command, *options, "-o", str(folder / "program"), str(DRIVER), *objects, "-lm"], capture_output=True, text=True)
    if done.returncode != 0:
        for p in programs:
            p.problem = f"link: {done.stderr.strip()[:600]}"
        return
    for p in programs:
        p.write_inputs(folder)
    # What the driver allocates it leaves to the end of the process.
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run([*runner, str(folder / "program")], cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    for p in programs:
        p.take(folder, said.get(p.name))
