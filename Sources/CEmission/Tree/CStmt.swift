// SPDX-License-Identifier: Apache-2.0

/// A variable of a function.
struct CVariable: Hashable, Sendable {
  var type: CType
  var name: String
  /// Array extents, outermost first.
  var extents: [Int] = []
  var isConst = false
  var initial: CExpr?
}

/// A statement of C.
indirect enum CStmt: Hashable, Sendable {
  case variable(CVariable)
  case assign(CExpr, CExpr)
  case evaluate(CExpr)
  /// `for (ptrdiff_t name = from; name < to; name++)`, all turns to be written out by the compiler if
  /// `unroll` names a macro call to say so.
  case loop(name: String, from: CExpr, to: CExpr, unroll: CExpr?, [CStmt])
  case branch(CExpr, [CStmt], [CStmt])
  case block([CStmt])
  case giveBack(CExpr)
  case comment(String)
  /// A statement that is left out where a macro is defined.
  case whenDefined(not: String, CStmt)
}
