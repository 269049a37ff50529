// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// A function, defined or only declared.
struct CFunction: Hashable, Sendable {
  /// What stands in front: `static`, a macro.
  var specifier = ""
  var result: CType
  var name: String
  var parameters: [CVariable]
  /// nil for a declaration.
  var body: [CStmt]?
}

/// The data of a global array.
enum CArrayData: Sendable {
  /// Elements of a stored type; sub-byte elements come as bytes.
  case elements(Bytes, ElementType)
  /// Declared here, defined elsewhere.
  case external
  /// Zero, and written at run time.
  case zero
}

/// A global array.
struct CArray: Sendable {
  /// What stands in front: `static const`, a macro.
  var specifier: String
  var type: CType
  var name: String
  /// The number of elements, at least 1.
  var count: Int
  /// The macro call that aligns it, if it is to be aligned.
  var alignment: CExpr?
  var data: CArrayData
}

/// A part of a file.
enum CItem: Sendable {
  /// `#include` of a system header.
  case system(String)
  /// `#include` of a header beside the file.
  case header(String)
  /// `#define name(parameters) value`.
  case define(String, parameters: [String]? = nil, CExpr?)
  /// `#define name` with tokens that are no expression: specifiers, attributes, pragmas.
  case defineTokens(String, parameters: [String]? = nil, String)
  case pragma(String)
  /// `#if condition`, its items, and those of `#else`.
  case conditional(String, [CItem], [CItem])
  case error(String)
  /// `typedef base name` with attributes behind.
  case typedef(CType, String, attributes: String)
  case array(CArray)
  case function(CFunction)
  case externC(open: Bool)
  /// Lines of one block comment.
  case comment([String])
  /// A function of the run-time library, written in C (see `Runtime/`).
  case library(String)
  case blank
}

/// A file of C.
struct CFile: Sendable {
  var items: [CItem] = []

  /// The text, as bytes.
  func printed() -> Bytes {
    var printer = CPrinter()
    for item in items { printer.print(item) }
    return printer.bytes
  }
}
