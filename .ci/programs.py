"""Emitted C with a `main` that runs inputs from a file: built and run on this machine, or on an emulated device. For the suites beside it."""
import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

STACK = 4096  # RAM left for the stack where memory is small
CODE = 32 * 1024  # flash left for code
MIB = 1 << 20
# Flash and RAM of the emulated boards; what else is emulated has as much as it wants.
BOARDS = {"microbit": (256 * 1024, 16 * 1024),
          "m0plus": (16 * MIB, 4 * MIB), "m4": (16 * MIB, 4 * MIB), "m7": (16 * MIB, 4 * MIB), "m55": (16 * MIB, 4 * MIB),
          "rv32imac": (64 * MIB, 32 * MIB)}
# QEMU 7 translates a vector conversion with a rounding mode of its own (RISC-V vfcvt.rtz) to nothing but this.
EMULATOR_FAULT = "decode_save_opc: Assertion"
# Targets whose code runs on this machine, and what its processor must have for that.
NATIVE = {"c99": None, "host": None, "x86-64-v4": "avx512f"}
C_TYPES = {"f32": "float", "f64": "double", "i64": "int64_t", "i32": "int32_t", "u32": "uint32_t", "i16": "int16_t", "u16": "uint16_t",
           "i8": "int8_t", "u8": "uint8_t", "bool": "uint8_t"}
TYPES = {name: np.dtype({"float": "float32", "double": "float64"}.get(c, c.removesuffix("_t"))) for name, c in C_TYPES.items()}

# Every port is a member of its own that begins at a multiple of eight bytes, so that a file holds them as memory does.
MAIN = """#include "device.h"
#include <stdint.h>
{declaration}
static struct {{
{inputs}
}} in;
static struct {{
{outputs}
}} out;
{storage}
int main(int argc, char **argv)
{{
  int i, status = 0;
  if (argc < 3 || device_read(argv[1], &in, sizeof in) != (long)sizeof in) return 9;
{preparation}  device_count_start();
  for (i = 0; i < {count} && status == 0; i++) {call}
  device_count_stop();
  if (device_write(argv[2], &out, sizeof out) != (long)sizeof out) return 8;
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
ARENA = "static unsigned char arena[NET_ARENA_BYTES + 1] __attribute__((aligned(NET_ARENA_ALIGN)));"


def call(command, **options):
    """The output of a command; RuntimeError tells what it said if it failed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} gave {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def clang_of_system():
    """The Clang in the PATH, or None."""
    return next((c for c in ("clang-19", "clang-20", "clang-21", "clang") if shutil.which(c)), None)


def compilers():
    """The C compilers of this machine: GCC, a Clang, and the one that comes with Swift."""
    found = ["gcc"] if shutil.which("gcc") else []
    clang = clang_of_system()
    swift = shutil.which("swift")
    beside = Path(os.path.realpath(swift)).parent / "clang" if swift else None
    found += [clang] if clang else []
    return found + ([str(beside)] if beside and beside.exists() and str(beside) != shutil.which(clang or "") else [])


def lacks(target):
    """What this machine lacks to run a target's code, or None; what is not native is emulated."""
    needs = NATIVE.get(target)
    information = Path("/proc/cpuinfo")
    flags = information.read_text().split() if information.exists() else []
    return None if needs is None or needs in flags else needs


def today():
    """A number that is one more every day, for what takes turns."""
    return datetime.date.today().toordinal()


def analyze(fettle, graph, target):
    """The report of a graph for a target, as it is."""
    return json.loads(call([fettle, "analyze", graph, "-p", "", "-t", target, "--json", "-q"]))


def misfit(report):
    """Why the memory of the report's target does not hold the program, or None."""
    flash, ram = BOARDS.get(report["target"], (None, None))
    used = report["arena_bytes"] + report["port_bytes"] + STACK
    if flash and report["flash_bytes"] + CODE > flash:
        return f"weights {report['flash_bytes']:,} B of {flash:,} B flash"
    if ram and used > ram:
        return f"RAM {used:,} B of {ram:,} B"
    return None


class Port:
    """An input or output of a report."""

    def __init__(self, entry):
        element, _, extents = entry["type"].partition("[")
        self.c, self.dtype, self.bytes = C_TYPES[element], TYPES[element], entry["bytes"]
        self.shape = [int(n) for n in extents.rstrip("]").split(",") if n]

    def padding(self, count):
        return -count * self.bytes % 8


class Program:
    """The C of a graph for a target, in a folder, with a `main` that runs `count` inputs one after the other.

    `weights` is a form of `--weights`, or `single` for `--single-file`; in the form `bin` the program reads them from the file.
    """

    def __init__(self, fettle, graph, target, folder, count=1, weights="auto"):
        self.target, self.folder, self.count, self.weights = target, folder, count, weights
        self.is_native = target in NATIVE
        shutil.rmtree(folder, ignore_errors=True)
        form = ["--single-file"] if weights == "single" else ["--weights", weights]
        call([fettle, "emit", graph, "-t", target, "-o", folder, "--name", "net", "-q", *form])
        self.report = json.loads((folder / "net_report.json").read_text())
        self.inputs, self.outputs = ([Port(p) for p in self.report["ports"] if p["role"] == role] for role in ("input", "output"))
        blob = folder / "net_weights.bin"
        self.blob = blob if weights == "bin" and blob.exists() else None
        (folder / "main.c").write_text(self._main())
        self.sources = [p for p in sorted(folder.iterdir()) if p.suffix in (".c", ".S")]

    def _main(self):
        def members(ports):
            return "\n".join(f"  {p.c} p{i}[{self.count}][{p.bytes // p.dtype.itemsize}] __attribute__((aligned(8)));"
                             for i, p in enumerate(ports))
        pointers = [f"in.p{i}[i]" for i in range(len(self.inputs))] + [f"out.p{i}[i]" for i in range(len(self.outputs))]
        declaration, storage, preparation = '#include "net.h"', [ARENA], ""
        if self.weights == "single":
            types = [f"const {p.c} *" for p in self.inputs] + [f"{p.c} *" for p in self.outputs]
            declaration, storage = f"void entry({', '.join(types)});", []
            run = f"entry({', '.join(pointers)});"
        else:
            if self.blob:
                pointers.append("weights")
                storage.append("static unsigned char weights[NET_FLASH_BYTES] __attribute__((aligned(64)));")
                preparation = "  if (argc < 4 || device_read(argv[3], weights, sizeof weights) != (long)sizeof weights) return 7;\n"
            run = f"status = net_run({', '.join(pointers + ['arena'])});"
        text = MAIN.format(declaration=declaration, inputs=members(self.inputs), outputs=members(self.outputs), storage="\n".join(storage),
                           preparation=preparation, count=self.count, call=run)
        return text.replace('#include "device.h"\n', HOST_DEVICE) if self.is_native else text

    def give(self, inputs):
        """Writes the inputs: for each port an array of `count` inputs."""
        with (self.folder / "in.bin").open("wb") as file:
            for port, array in zip(self.inputs, inputs):
                file.write(np.ascontiguousarray(array, port.dtype).tobytes() + bytes(port.padding(self.count)))

    def taken(self):
        """The outputs of the last run, as `give` takes inputs."""
        found, start, data = [], 0, (self.folder / "out.bin").read_bytes()
        for port in self.outputs:
            size = self.count * port.bytes
            found.append(np.frombuffer(data[start:start + size], port.dtype).reshape(self.count, *port.shape))
            start += size + port.padding(self.count)
        return found

    def flags(self, *more):
        """The flags by which files of the folder are compiled and assembled; the target's own optimization unless others are given."""
        return ["-std=gnu99", *(more or self.report["optimization"]), f"-I{self.folder}", f"-Wa,-I{self.folder}"]

    def files(self):
        """What the program is given on its command line."""
        return [self.folder / "in.bin", self.folder / "out.bin"] + ([self.blob] if self.blob else [])

    def natively(self, command, *flags, sources=None):
        """The outputs on this machine, built by a compiler with these flags."""
        executable = self.folder / "program"
        call([*command, *self.flags(*flags), "-o", executable, *(sources or self.sources), "-lm"])
        (self.folder / "out.bin").unlink(missing_ok=True)
        call([executable, *self.files()])
        return self.taken()

    def emulated(self, shared, *flags, sources=None, options=()):
        """The outputs on the emulated device and the kit's result; `options` are the kit's."""
        (self.folder / "out.bin").unlink(missing_ok=True)
        result = self.folder / "result.json"
        call([shared / "targets" / "run", self.target, *(sources or self.sources), "--cflags=" + " ".join(self.flags(*flags)),
              "--timeout=1200", *options, "--json", result, "--", *self.files()])
        return self.taken(), json.loads(result.read_text())


def evaluate(fettle, graph, inputs, folder):
    """The evaluator's outputs: for each port an array; `inputs` are as `Program.give` takes them."""
    entries = []
    for i in range(len(inputs[0])):
        where = folder / str(i)
        where.mkdir(parents=True, exist_ok=True)
        for k, array in enumerate(inputs):
            np.save(where / f"input_{k}.npy", array[i])
        entries.append({"model": str(graph), "inputs": [str(where / f"input_{k}.npy") for k in range(len(inputs))], "outdir": str(where)})
    (folder / "list.json").write_text(json.dumps(entries))
    call([fettle, "run", "--batch", folder / "list.json", "--interpret", "-q"])
    ports = len(list((folder / "0").glob("output_*.npy")))
    return [np.stack([np.load(folder / str(i) / f"output_{k}.npy") for i in range(len(entries))]) for k in range(ports)]


def differing_bytes(expected, found):
    """How many bytes of arrays differ; those of ports of another number, type or shape all do."""
    if [(e.dtype, e.shape) for e in expected] != [(f.dtype, f.shape) for f in found]:
        return sum(e.nbytes for e in expected)
    return sum(int((np.ascontiguousarray(e).view(np.uint8) != np.ascontiguousarray(f).view(np.uint8)).sum()) for e, f in zip(expected, found))


def gap(expected, found):
    """The largest difference as a share of the largest value, over all arrays; NaN and infinity differ from all others."""
    worst = 0.0
    if [(e.dtype, e.shape) for e in expected] != [(f.dtype, f.shape) for f in found]:
        return float("inf")
    for e, f in zip(expected, found):
        one = float(np.abs(f.astype(np.float64) - e).max() / max(np.abs(e).max(), 1e-30))
        worst = max(worst, one if one == one else float("inf"))
    return worst
