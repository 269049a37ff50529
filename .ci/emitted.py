#!/usr/bin/env python3
"""Emitted C of trained models under compilers and sanitizers: warnings, golden vectors, forms of output, repeatability.

usage: emitted.py FETTLE SHARED WORK [--models a,b] [--targets a,b] [--quick] [--also MODEL.onnx]...

Every model is compiled for targets of which some run on this machine. The C must compile without a warning under gcc and every
clang found; golden vectors must pass natively under address and undefined-behaviour sanitizers; `--single-file`, every
`--weights` and `--with-profile` must build; two models must link; two emissions must be the same bytes. What is optimized is run by
compilers.py.
"""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from programs import compilers

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
# Target: flags of the host's compilers under which its C runs here, or None; a cross compiler else.
TARGETS = {"c99": [], "m4": [], "host": ["-march=native"], "x86-64": ["-march=x86-64-v2"], "x86-64-v3": ["-march=x86-64-v3"],
           "x86-64-v4": ["-march=x86-64-v4"], "aarch64": None}
CROSS = {"aarch64": (["aarch64-linux-gnu-gcc"], ["--target=aarch64-linux-gnu"])}
SMALL = ["lenet300_mnist", "lenet5_mnist", "resnet8_cifar10", "dscnn_kws", "ad_autoencoder", "resnet20_cifar10",
         "resnet20_cifar10_slicepad", "ultraface_slim_320", "ultraface_slim_320_raw_opset9"]
ADDRESS = ["-O1", "-g0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


class Suite:
    def __init__(self, a):
        self.a, self.passed, self.failed = a, 0, 0
        self.compilers = compilers()
        self.flags = Path("/proc/cpuinfo").read_text()

    def check(self, what, *command, cwd=None):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd)
        self.note(what, done.returncode == 0, (done.stderr or done.stdout).strip()[-900:])
        return done.returncode == 0

    def note(self, what, ok, why=""):
        self.passed += ok
        self.failed += not ok
        if not ok:
            print(f"FAILED {what}\n    " + why.replace("\n", "\n    "), flush=True)

    def emit(self, model, target, folder, *options):
        shutil.rmtree(folder, ignore_errors=True)
        what = f"{model.stem} {target}: compile {' '.join(options)}"
        return self.check(what, self.a.fettle, "compile", model, "-t", target, "-o", folder, "--no-verify", "-q", *options)

    def runs_here(self, target):
        return TARGETS[target] is not None and not (target == "x86-64-v4" and "avx512" not in self.flags)

    def build(self, what, compiler, flags, folder, program, extra=()):
        sources = [p for p in sorted(folder.iterdir()) if p.suffix in (".c", ".S")]
        return self.check(what, compiler, *WARNINGS, *flags, f"-I{folder}", f"-Wa,-I{folder}", *extra, "-o", program, *sources, "-lm")

    def model(self, model, target):
        a, name, folder = self.a, f"{model.stem} {target}", self.a.work / "emitted" / f"{model.stem}-{target}"
        if not self.emit(model, target, folder, "--with-test", "2"):
            return
        again = folder.with_name(folder.name + "-again")
        self.emit(model, target, again, "--with-test", "2")
        first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in (folder, again))
        same = first == second
        self.note(f"{name}: a second emission differs", same)
        native = TARGETS[target]
        for compiler in self.compilers:
            what = f"{name}, {Path(compiler).name}"
            if native is None:
                gcc, clang = CROSS[target]
                command = gcc if compiler == "gcc" else [compiler, *clang, "-isystem", f"/usr/{gcc[0][:-4]}/include"]
                for source in sorted(folder.glob("*.c")):
                    self.check(f"{what}: {source.name}", *command, *WARNINGS, "-O2", f"-I{folder}", "-c", source, "-o", "/dev/null")
                continue
            # What is optimized runs in compilers.py; here it is looked at for warnings.
            program = folder / "program"
            self.build(f"{what}: -O2", compiler, ["-O2", *native], folder, program)
            if a.quick and compiler != "gcc":
                continue
            if self.runs_here(target) and self.build(f"{what}: sanitizers", compiler, ADDRESS + native, folder, program):
                self.check(f"{what}: golden vectors under sanitizers", program)
        print(f"done   {name}", flush=True)

    def forms(self, model, other):
        """The forms of output of one model for plain C, and two models in one program."""
        root, name = self.a.work / "emitted", model.stem
        folder = root / "form"
        if self.emit(model, "c99", folder, "--with-test", "1", "--with-profile"):
            if self.build(f"{name} --with-profile", "gcc", ["-O1"], folder, folder / "program"):
                self.check(f"{name} --with-profile: golden vectors", folder / "program")
        for form in (["--weights", "c"], ["--weights", "incbin"], ["--weights", "bin"], ["--single-file"]):
            if self.emit(model, "c99", folder, *form):
                files = [p.name for p in folder.iterdir() if p.suffix in (".c", ".h", ".S", ".bin")]
                self.note(f"{name} --single-file wrote {files}", form != ["--single-file"] or len(files) == 1)
                for source in folder.glob("*.c"):
                    self.check(f"{name} {' '.join(form)}", "gcc", *WARNINGS, "-O1", "-c", source, "-o", "/dev/null")
        folder = root / "two"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for part in (model, other):
            if self.emit(part, "host", root / "part", "--with-test", "1"):
                for path in (root / "part").iterdir():
                    shutil.copy(path, folder / path.name)
        (folder / "two.c").write_text("".join(f'int {m.stem}_test(void);\n' for m in (model, other))
                                      + f"int main(void)\n{{\n  return {model.stem}_test() | {other.stem}_test();\n}}\n")
        defines = [f"-D{m.stem.upper()}_TEST_NO_MAIN" for m in (model, other)]
        if self.build("two models", "gcc", ["-O1", "-march=native"], folder, folder / "program", defines):
            self.check("two models: golden vectors", folder / "program")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--models")
    parser.add_argument("--targets")
    parser.add_argument("--quick", action="store_true", help="sanitizers by gcc only")
    parser.add_argument("--also", type=Path, action="append", default=[], metavar="MODEL.onnx")
    a = parser.parse_args()
    suite = Suite(a)
    print("compilers:", ", ".join(suite.compilers))
    names = a.models.split(",") if a.models else SMALL
    models = [a.shared / "models" / f"{n}.onnx" for n in names] + a.also
    for target in a.targets.split(",") if a.targets else TARGETS:
        if not suite.runs_here(target):
            print(f"SKIPPED: code for {target} is compiled, not run, on this machine", flush=True)
        for model in models:
            suite.model(model, target)
    suite.forms(a.shared / "models" / "lenet5_mnist.onnx", a.shared / "models" / "dscnn_kws.onnx")
    print(f"{suite.passed} passed, {suite.failed} failed")
    sys.exit(1 if suite.failed else 0)


if __name__ == "__main__":
    main()
