"""Names of tensors and nodes for random_graph.py: as exporters write them, and as nobody should."""

# Each list is a trap of its own: words of C and of the emitted interface, names that are equal once they are C names, starts
# that C does not allow, other scripts, names that are no words at all.
KEYWORDS = ["int", "double", "const", "restrict", "for", "main", "NULL", "arena", "weights", "status", "bool", "inline", "_Bool",
            "errno", "float32_t", "uint8_t", "x", "k", "i", "memcpy", "sqrtf", "expf", "EOF", "INFINITY", "void"]
COLLIDING = ["a/b", "a_b", "a.b", "a:b", "A_B", "a b", "a-b", "a__b", "_a_b", "a/b_", "a_b_1", "a_b_2", "A/b"]
LEADING = ["1", "0x", "9lives", "_", "__", "__x", "_X", "-1", "1e5", "3.5", "0", "007"]
SCRIPTS = ["größe", "数値", "слой/1", "ά", "é", "e\u0301", "مرحبا", "🙂", "ﬁ", "İ", "ı", "ß", "SS"]
SIGNS = [" ", "  x", "x ", "/", "//", "a,b", "(x)", "{y}", "%z", "@w", "#", "\"q\"", "'", "\\", "\\n", "*/", "/*", "//c", "??/", "$", "a;b",
         "<x>", "x=1", "[0]", "..", "-o", "--help", "~", "`ls`", "%s", "%n"]
LONG = ["layer/" * 60 + "out", "x" * 300, "model/block_1/sub_layer_2/attention/self/query/MatMul_" * 4, "名" * 120]
STYLES = {"odd": KEYWORDS + COLLIDING + LEADING + SCRIPTS + SIGNS + LONG, "words": KEYWORDS, "colliding": COLLIDING,
          "signs": SIGNS + SCRIPTS, "long": LONG + LEADING}


class Names:
    """Names that are each given once. Half of the models have plain ones."""

    def __init__(self, rng):
        self.rng, self.given, self.count = rng, set(), 0
        self.style = "plain" if rng.random() < 0.5 else str(rng.choice(list(STYLES)))

    def new(self, stem="t"):
        self.count += 1
        plain = f"{stem}{self.count}" if self.style != "colliding" else f"a/b.{self.count}"
        name = plain
        if self.style != "plain" and self.rng.random() < 0.5:
            words = STYLES[self.style]
            name = words[int(self.rng.integers(len(words)))]
            if name in self.given and self.rng.random() < 0.5:
                name = f"{name}{self.rng.choice(['/', '.', '_', ' '])}{self.count}"
        while name in self.given:
            name = plain
            plain += "_"
        self.given.add(name)
        return name
