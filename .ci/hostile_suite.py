"""Runs of Fettle on bad input, and what may not be seen of them. For hostile.py."""
import io
import os
import resource
import shutil
import subprocess
import sys
import unicodedata
import zipfile

import numpy as np

SECONDS = 120


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(fettle, words, cwd, stdin=None, compiler=None):
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    if compiler:
        environment["CC"] = str(compiler)
    try:
        done = subprocess.run([fettle, *map(str, words)], cwd=cwd, input=stdin, capture_output=True, timeout=SECONDS,
                              preexec_fn=limited, env=environment)
    except subprocess.TimeoutExpired:
        return "time-out", "", ""
    return done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape")


def raw(text):
    """The first character of a text that a terminal would obey, that turns or hides what follows, or that is no UTF-8."""
    for c in text:
        kind = unicodedata.category(c)
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t":
            return c
    return None


class Suite:
    def __init__(self, fettle, root):
        self.fettle, self.root = fettle, root
        self.failed, self.count = 0, 0

    def expect(self, name, words, status, said=(), left=(), stdin=None, silent=False, compiler=None):
        """Runs a command; `left` are paths that must not exist afterwards."""
        self.count += 1
        got, out, err = call(self.fettle, words, self.root, stdin, compiler)
        allowed = (0, 1, 2, 3, 4) if status is None else status if isinstance(status, tuple) else (status,)
        why = []
        for stream, text in (("output", out), ("errors", err)):
            if (c := raw(text)) is not None:
                why.append(f"U+{ord(c):04X} as it is among the {stream}")
        if len(err.split("\n")) > 200 or max(map(len, err.split("\n"))) > 2000:
            why.append(f"{len(err)} characters of errors")
        if words[:1] == ["analyze"] and "--json" not in words and max(map(len, out.split("\n"))) > 2000:
            why.append("a table of more than 2000 columns")
        if got not in allowed:
            why.append(f"status {got}, expected {' or '.join(map(str, allowed))}")
        if got in (1, 2, 3, 4):
            if not any("error:" in line for line in err.split("\n")):
                why.append("no 'error:' line")
            why += [f"'{word}' is not named" for word in said if word not in err]
            why += [f"left behind: {p}" for p in left if (self.root / p).exists()]
            if out and not silent:
                why.append(f"writes to the standard output: {out[:80]!r}")
        for p in left:
            target = self.root / p
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        if why:
            self.failed += 1
            print(f"FAILED {name}: {'; '.join(why)}\n    fettle {' '.join(map(str, words))}")
            print("".join(f"    | {line[:220]}\n" for line in err.strip().split("\n")[:6]), end="", flush=True)
        return got

    def end(self):
        print(f"{self.count - self.failed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def archive(path, name):
    with zipfile.ZipFile(path, "w") as made, io.BytesIO() as data:
        np.save(data, np.zeros((3, 3, 8, 8), np.float32))
        made.writestr(zipfile.ZipInfo(f"{name}.npy".replace("\0", "?")), data.getvalue())


GRAPH = """graph @g(%x: f32[1,3,8,8]) -> (y: %y) {
  %y = unary %x {function=relu} : f32[1,3,8,8]
}
"""
