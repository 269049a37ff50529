// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct JSON {
  @Test(arguments: [
    ("null", JSONValue.null), (" true ", true), ("0", 0), ("-12", -12), ("1.0", 1.0),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
    ("-0", .number(-0.0)), ("1e3", 1000.0), ("2.5E-1", 0.25), ("[]", []), ("{}", [:]),
    ("[1,[2], {\"a\":3}]", [1, [2], ["a": 3]]),
    (#""a\"\\\/\b\f\n\r\té""#, "a\"\\/\u{8}\u{C}\n\r\té"),
    (#""\u00e9\ud83d\ude00""#, "é😀"),
    (#"{"b":1,"a":2}"#, ["b": 1, "a": 2]),
  ] as [(String, JSONValue)]) func reads(_ text: String, _ value: JSONValue) throws {
    let read = try JSONValue.parse(text)
    #expect(read == value)
    #expect(try JSONValue.parse(read.compact) == value)
    #expect(try JSONValue.parse(read.pretty) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "01", "-", "1.", ".5", "1e", "+1", "1e999", "[1,]", "[1 2]", "{\"a\" 1}",
    "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "\"", "\"\u{1}\"", #""\x""#, #""\u12g4""#,
    #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #""\"#, "1 2", "[", "{", "NaN", "'a'",
  ]) func refuses(_ text: String) {
    #expect(throws: Failure.self) { try JSONValue.parse(text) }
  }

  @Test func refusesBrokenUTF8() {
    #expect(throws: Failure.self) { try JSONValue.parse(Bytes([0x22, 0xC3, 0x22])) }
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONValue.parse(nested(100))
    #expect(throws: Failure.self) { try JSONValue.parse(nested(101)) }
    #expect(throws: Failure.self) { try JSONValue.parse(nested(1_000_000)) }
  }

  @Test func everyTruncationIsRefused() throws {
    let text = Array(#"{"a":[1.5e-3,true,null,"\u00e9\\"],"b":{"c":-7}}"#.utf8)
    _ = try JSONValue.parse(Bytes(text))
    for length in text.indices {
      #expect(throws: Failure.self) { try JSONValue.parse(Bytes(text[..<length])) }
    }
  }

  @Test func failuresNameThePlace() throws {
    let text = "{\n \"a\": x}"
    let failure = #expect(throws: Failure.self) { try JSONValue.parse(text, file: "f.json") }
    let origin = try #require(failure).diagnostics[0].origin
    #expect(origin == Origin(file: "f.json", line: 2, column: 7))
  }

  @Test func writes() {
    let value: JSONValue = ["a": [1, 2.5, "x\u{1}\n"], "b": ["c": [[1], [2]], "d": .null], "e": [:]]
    #expect(value.compact == #"{"a":[1,2.5,"x\u0001\n"],"b":{"c":[[1],[2]],"d":null},"e":{}}"#)
    #expect(
      value.pretty == """
        {
          "a": [1, 2.5, "x\\u0001\\n"],
          "b": {
            "c": [
              [1],
              [2]
            ],
            "d": null
          },
          "e": {}
        }

        """)
    #expect(JSONValue.number(.nan).compact == "null")
  }
}
