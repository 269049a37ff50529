"""Files that contradict themselves, and names that are not what they seem. For hostile.py."""
import json

import numpy as np

import lying_models
from hostile_suite import GRAPH, archive, call


def lies(suite):
    """What contradicts itself is refused with the place; what is small and comes to much is refused before the work; and names never
    reach the terminal as they are."""
    folder = suite.root / "lies"
    folder.mkdir()
    for name, made, status, said in [*lying_models.contradictions(), *lying_models.bombs()]:
        (folder / f"{name}.onnx").write_bytes(made.SerializeToString())
        file = f"lies/{name}.onnx"
        words = ["import", file, "-o", "left.fettle"]
        if status == 0:
            got, out, err = call(suite.fettle, words, suite.root)
            suite.count += 1
            for path in suite.root.glob("left.*"):
                path.unlink()
            if got != 0 or any(word not in err for word in said):
                suite.failed += 1
                print(f"FAILED {name}: status {got}, expected 0 and {said}\n    | {err[:300]}", flush=True)
            for target in ("x86-64", "m55", "c99"):
                suite.expect(f"compile {name} for {target}", ["compile", file, "-t", target, "-o", "left", "--no-verify", "-q"], (0, 1, 3), [], ["left"])
        else:
            suite.expect(f"import {name}", words, status, [*said, f"{name}.onnx"] if status else [], ["left.fettle", "left.safetensors"])
    suite.expect("assumed opset", ["import", "lies/newer-opset.onnx", "--assume-opset", "28", "-o", "left.fettle"], 0, left=["left.fettle"])
    suite.expect("assumed opset of a function", ["import", "lies/newer-opset-of-function.onnx", "--assume-opset", "17", "-o", "left.fettle"], 0, left=["left.fettle"])
    suite.expect("assumed opset for an axis", ["import", "lies/negative-axis-Flatten.onnx", "--assume-opset", "13", "-o", "left.fettle"], 0, left=["left.fettle"])
    for value in ("5", "29", "x", "-1", "99999999999999999999", ""):
        suite.expect(f"assumed opset {value}", ["import", "lies/newer-opset.onnx", "--assume-opset", value, "-o", "left.fettle"], 2, ["--assume-opset"])
    every = (0, 1, 2, 3, 4)
    for name, data in lying_models.names():
        (folder / "name.onnx").write_bytes(data)
        for words in (["import", "lies/name.onnx", "-o", "-"], ["analyze", "lies/name.onnx", "-t", "c99"],
                      ["compile", "lies/name.onnx", "-t", "c99", "--no-verify", "-o", "left"], ["emit", "lies/name.onnx", "--explain", "-t", "m4"]):
            suite.expect(f"{words[0]} {name}", words, every, [], ["left"], silent=True)
        if suite.expect(f"import {name} as text", ["import", "lies/name.onnx", "-o", "lies/name.fettle"], every, silent=True) == 0:
            suite.expect(f"opt {name} as text", ["opt", "lies/name.fettle", "-p", "canonicalize", "--ledger", "-o", "-"], 0, silent=True)
            suite.expect(f"analyze {name} as JSON", ["analyze", "lies/name.onnx", "--json"], every, silent=True)
        for path in folder.glob("name.*"):
            path.unlink()
    (suite.root / "plain.fettle").write_text(GRAPH)
    np.save(suite.root / "plain.npy", np.zeros((1, 3, 8, 8), np.float32))
    for kind, text in lying_models.EVIL.items():
        if "\0" in text or len(text) > 50_000:
            continue
        for words in ([text], ["import", text], ["import", "plain.fettle", text], ["compile", "plain.fettle", "-t", text, "-o", "left"],
                      ["opt", "plain.fettle", "-p", text], ["opt", "plain.fettle", "-p", f"canonicalize{{{text}=1}}"], ["describe", text],
                      ["help", text], ["import", "plain.fettle", f"--{text}"], ["run", "plain.fettle", text], ["eval", "plain.fettle", "--data", text],
                      ["import", "lies/opset-twice.onnx", "--inputs", text], ["import", "lies/opset-twice.onnx", "-d", f"{text}=1"],
                      ["import", "lies/declared-rank-inside.onnx", "--outputs", text], ["import", "lies/declared-rank-inside.onnx", "--shape", f"{text}=1x4"],
                      ["compile", "plain.fettle", "--name", text, "-t", "c99", "--no-verify", "-o", "left"], ["check", text],
                      ["opt", "plain.fettle", "--load", text]):
            suite.expect(f"{words[0][:20]!r} … {kind}", words, every, [], ["left"], silent=True)
        # The same words as names in other files.
        mark = "".join(f"\\u{{{ord(c):x}}}" for c in text[:300])
        (suite.root / "names.fettle").write_text(GRAPH.replace("@g", f'@"{mark}"').replace("%x", f'%"{mark}"'))
        (suite.root / "raw.fettle").write_text(GRAPH.replace("relu", text).replace("%y =", f"%y{text} ="), newline="")
        for file in ("names.fettle", "raw.fettle"):
            suite.expect(f"opt {file} {kind}", ["opt", file, "-o", "-"], (0, 1), silent=True)
            suite.expect(f"run {file} {kind}", ["run", file, "plain.npy", "--interpret", "-o", "left"], (0, 1), [], ["left"], silent=True)
            suite.expect(f"analyze {file} {kind}", ["analyze", file, "-t", "c99"], (0, 1), silent=True)
        name = text[:2000]
        archive(suite.root / "names.npz", name)
        for words in (["eval", "plain.fettle", "--data", "names.npz"], ["eval", "plain.fettle", "--data", "names.npz", "--array", "nowhere"],
                      ["eval", "plain.fettle", "--data", "names.npz", "--array", name]):
            suite.expect(f"eval names.npz {kind}", words, every, silent=True)
        head = json.dumps({name: {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {name: name}}).encode()
        (suite.root / "names.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + b"\0" * 4)
        (suite.root / "side.fettle").write_text(GRAPH.replace("{\n", f'{{\n  @"{mark}" = f32[1] file("names.safetensors")\n', 1))
        suite.expect(f"opt with names.safetensors {kind}", ["opt", "side.fettle", "-o", "-"], (0, 1), silent=True)
        header = f"{{'descr': '{name}', 'fortran_order': False, 'shape': (1, 4), }}\n".encode()[:60_000]
        (suite.root / "names.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        suite.expect(f"run names.npy {kind}", ["run", "plain.fettle", "names.npy", "--interpret", "-o", "left"], (1, 3), ["names.npy"], ["left"])
        if len(text) < 200 and "/" not in text:
            (suite.root / f"{text}.onnx").write_bytes(b"no model")
            suite.expect(f"a file of this name: {kind}", ["import", f"{text}.onnx", "-o", "left"], 1, [], ["left"])
