#!/usr/bin/env python3
"""The commands in the pages of docs/, run again: what they print must be what the page shows.

usage: pages.py FETTLE SHARED WORK [--write] [PAGE.md ...]

A page's blocks of the language `console` hold lines that start with `$ ` and what these commands print, error output included. They run
in an empty folder of the page, pages at the same time, with `fettle` in the PATH, the files that blocks like ```swift NAME.swift hold, and the models that the page names beside them: resnet8.onnx and
samples.npz from ir-samples, trained models from SHARED/models, networks filled by SHARED/models/fill.py. Decimal numbers and, in blocks marked
`console numbers-vary`, all numbers are left out of the comparison. --write puts what is printed now into the pages. A page whose models
are not there is skipped, with a word.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = re.compile(r"^```\w+ ([\w-]+\.\w+)\n(.*?)^```$", re.M | re.S)
BLOCK = re.compile(r"^```console( numbers-vary)?\n(.*?)^```$", re.M | re.S)
FILLED = ["googlenet", "shufflenet_v2_x1_0"]


def model(name, shared, folder):
    """Puts a model beside the commands; whether it is there."""
    sources = [ROOT / "ir-samples/resnet8" / name, shared / "models" / name]
    found = next((s for s in sources if s.exists()), None)
    if found:
        for path in [found] + ([found.with_suffix(".json")] if found.suffix == ".npz" else []):
            if path.exists():
                shutil.copy(path, folder)
    elif Path(name).stem in FILLED and (shared / "models/fill.py").exists():
        subprocess.run([sys.executable, shared / "models/fill.py", folder, Path(name).stem], check=True, capture_output=True)
    return (folder / name).exists()


def masked(text, numbers_vary):
    """What is compared. Decimal numbers are times, or depend on the processor's vectors, but for shares; columns grow with them."""
    number = r"[\d.,]+" if numbers_vary else r"\b\d+\.\d+(e-?\d+)?\b(?! %)"
    return re.sub(r"[- ]{2,}", " ", re.sub(number, "#", text))


def run_block(block, folder, environment):
    out = []
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        out.append(line)
        done = subprocess.run(["bash", "-c", line[2:]], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=600)
        out += done.stdout.splitlines()
        if done.returncode:
            out.append(f"[exit status {done.returncode}]")
    return "\n".join(out) + "\n"


def check(page, a, environment):
    text = page.read_text()
    blocks = list(BLOCK.finditer(text))
    if not blocks:
        return 0, 0
    folder = a.work.resolve() / "pages" / page.stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = sorted({n for b in blocks for n in re.findall(r"[\w.]+\.(?:onnx|npz)\b", b[2]) if f"-o {n}" not in b[2]})
    missing = [n for n in names if not model(n, a.shared, folder)]
    if missing:
        print(f"SKIPPED {page.name}: {', '.join(missing)} is not there", flush=True)
        return 0, 0
    for name, content in FILE.findall(text):
        (folder / name).write_text(content)
    passed = failed = 0
    new, end = [], 0
    for block in blocks:
        found = run_block(block[2], folder, environment)
        new += [text[end:block.start(2)], found]
        end = block.end(2)
        if a.write or masked(found, block[1]) == masked(block[2], block[1]):
            passed += 1
            continue
        failed += 1
        print(f"FAILED {page.name}: {block[2].splitlines()[0]}\n--- the page\n{block[2]}+++ now\n{found}", flush=True)
    if a.write:
        page.write_text("".join(new) + text[end:])
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fettle", type=lambda p: Path(p).resolve())
    parser.add_argument("shared", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true")
    a = parser.parse_args()
    if a.fettle.name != "fettle" or not a.fettle.is_file():
        parser.error(f"{a.fettle} is no program of the name 'fettle', as which the pages call it")
    environment = dict(os.environ, PATH=f"{a.fettle.parent}:{os.environ['PATH']}", SWIFT_BACKTRACE="enable=no")
    pages = a.pages or sorted((ROOT / "docs").glob("*.md"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda page: check(page, a, environment), pages))
    passed, failed = (sum(counts) for counts in zip(*found))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
