#!/usr/bin/env python3
"""Faults planted in C and in answers, each of which the suite of random models has to see.

usage: random_planted.py WORK

The C is written here in place of emitted C, for a model that doubles eight floats: right first, then with one fault each. Then answers
of a model that rounds: a value at the middle between two integers may go either way, no other may.
"""
import shutil
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import random_programs
from random_agreement import Roundings, difference
from random_programs import Pair, Program, run_all
from random_reference import Case, answers

HEADER = """#ifndef {name}_H
#define {name}_H
#define {upper}_ARENA_BYTES 32
#define {upper}_ARENA_ALIGN 8
int {name}_run(const float *x, float *y, void *arena);
#endif
"""
SOURCE = """#include "{name}.h"
#include <stddef.h>
int {name}_run(const float *x, float *y, void *arena)
{{
  float *a = arena;
  if (x == NULL || y == NULL || arena == NULL) return 1;
  for (int i = 0; i < 8; i++) a[i] = x[i];
  {fault}
  for (int i = 0; i < 8; i++) y[i] = a[i] + x[i];
  {after}
  return 0;
}}
"""
# What is planted, in the middle or at the end, and the words that must be said: of guarded runs, of sanitized ones.
FAULTS = {
    "none": ("", "", None, None),
    "value": ("", "y[3] += 0.01f;", "output 'y': 1 of 8", "output 'y': 1 of 8"),
    "status": ("if (x[0] != 77) return 2;", "", "status 2", "status 2"),
    "after the arena": ("a[8] = 1;", "", "outside the arena", "heap-buffer-overflow"),
    "before the arena": ("a[-1] = 1;", "", "outside the arena", "heap-buffer-overflow"),
    "after the output": ("", "y[8] = y[7];", "outside port 1", "heap-buffer-overflow"),
    "before the output": ("", "y[-2] = y[7];", "outside port 1", "heap-buffer-overflow"),
    "reads after the input": ("", "y[7] = y[7] + x[8];", "depends on what memory held", "heap-buffer-overflow"),
    "input changed": ("", "((float *)(size_t)x)[2] = 5;", "changes input 0", "changes input 0"),
    "output read before it is set": ("a[2] += y[2];", "", "depends on what memory held", "depends on what memory held"),
    "reads the arena first": ("", "", "depends on what memory held", "depends on what memory held"),
    "null": ("", "*(volatile float *)(size_t)(y[0] * 0) = 1;", "signal 11", "runtime error"),
    "endless": ("while (*(const volatile float *)x != 77) {}", "", "signal 14", "signal 14"),
    "sum that overflows": ("{ volatile int n = 2147483647; a[0] += (float)(n + 1) * 0; }", "", None, "signed integer overflow"),
}


def doubling():
    node = helper.make_node("Add", ["x", "x"], ["y"])
    ports = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, [8])] for n in ("x", "y")]
    model = helper.make_model(helper.make_graph([node], "g", *ports), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    feeds = {"x": np.arange(1, 9).astype(np.float32)}
    return Case(0, model, feeds, answers(model, feeds), [])


def planted(case, kind, folder):
    """The faulty programs of a kind of run, run, with the words to be said of each."""
    programs = []
    for i, (what, (fault, after, guarded, sanitized)) in enumerate(FAULTS.items()):
        program = Program(case, Pair("c99", "gcc", kind), folder, "c", "", "-std=c99")
        program.name = f"f{i}_{kind}"
        program.folder = folder / program.name
        program.folder.mkdir(parents=True)
        words = dict(name=program.name, upper=program.name.upper(), fault=fault, after=after)
        source = SOURCE.format(**words)
        if what == "reads the arena first":
            source = source.replace("a[i] = x[i]", "a[i] = a[i] + x[i]")
        (program.folder / f"{program.name}.h").write_text(HEADER.format(**words))
        (program.folder / f"{program.name}.c").write_text(source)
        program.compile()
        programs.append((what, guarded if kind == "host" else sanitized, program))
    run_all([p for _, _, p in programs], kind, folder)
    return programs


def rounding():
    """A model that rounds and three answers: with a value at the middle gone the other way, and two that are wrong."""
    scale, zero = numpy_helper.from_array(np.float32(0.5), "s"), numpy_helper.from_array(np.int8(3), "z")
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]), helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             helper.make_node("ReduceSum", ["d"], ["y"], keepdims=0)]
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])]
    model = helper.make_model(helper.make_graph(nodes, "g", *ports, [scale, zero]), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    feeds = {"x": np.array([0.25, 1.1, -0.9, 2.0], np.float32)}
    case = Case(0, model, feeds, answers(model, feeds), [])
    right = case.expected["y"]
    for moved, agrees in ((0.5, True), (-0.5, False), (1.0, False)):
        got = {"y": np.asarray(right + np.float32(moved))}
        yield moved, agrees, difference(got, case.expected) is not None, Roundings(case).reaches(got)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, failed, seen = Path(sys.argv[1]) / "random-planted", [], 0
    shutil.rmtree(folder, ignore_errors=True)
    random_programs.SECONDS = 2
    case = doubling()
    for kind in ("host", "sanitized"):
        for what, words, program in planted(case, kind, folder):
            said = program.problem or difference(program.output, case.expected)
            seen += words is not None
            if (words is None) != (said is None) or words and words not in said:
                failed.append(f"{what}, {kind}: '{words}' expected, seen: {said}")
    for moved, agrees, differs, reached in rounding():
        seen += 1
        if not differs or reached != agrees:
            failed.append(f"an answer moved by {moved} {'agrees' if reached else 'does not agree'}")
    print("\n".join(failed + [f"{seen} faults planted, {len(failed)} not seen as they should be"]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
