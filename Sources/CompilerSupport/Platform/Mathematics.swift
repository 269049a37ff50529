// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The functions of the C library's mathematics in double precision.
public enum Mathematics {
  /// eˣ.
  public static func exp(_ x: Double) -> Double { cExp(x) }
  /// eˣ − 1, exact near 0.
  public static func expMinusOne(_ x: Double) -> Double { cExpm1(x) }
  /// The natural logarithm.
  public static func log(_ x: Double) -> Double { cLog(x) }
  /// The logarithm to base 2.
  public static func log2(_ x: Double) -> Double { cLog2(x) }
  /// ln(1 + x), exact near 0.
  public static func logOnePlus(_ x: Double) -> Double { cLog1p(x) }
  /// xʸ.
  public static func pow(_ x: Double, _ y: Double) -> Double { cPow(x, y) }
  /// The remainder with the sign of the dividend.
  public static func fmod(_ x: Double, _ y: Double) -> Double { cFmod(x, y) }
  /// The sine of an angle in radians.
  public static func sin(_ x: Double) -> Double { cSin(x) }
  /// The cosine of an angle in radians.
  public static func cos(_ x: Double) -> Double { cCos(x) }
  /// The tangent of an angle in radians.
  public static func tan(_ x: Double) -> Double { cTan(x) }
  /// The angle in radians that has this sine.
  public static func asin(_ x: Double) -> Double { cAsin(x) }
  /// The angle in radians that has this cosine.
  public static func acos(_ x: Double) -> Double { cAcos(x) }
  /// The angle in radians that has this tangent.
  public static func atan(_ x: Double) -> Double { cAtan(x) }
  /// The hyperbolic sine.
  public static func sinh(_ x: Double) -> Double { cSinh(x) }
  /// The hyperbolic cosine.
  public static func cosh(_ x: Double) -> Double { cCosh(x) }
  /// The hyperbolic tangent.
  public static func tanh(_ x: Double) -> Double { cTanh(x) }
  /// The inverse of the hyperbolic sine.
  public static func asinh(_ x: Double) -> Double { cAsinh(x) }
  /// The inverse of the hyperbolic cosine.
  public static func acosh(_ x: Double) -> Double { cAcosh(x) }
  /// The inverse of the hyperbolic tangent.
  public static func atanh(_ x: Double) -> Double { cAtanh(x) }
  /// The error function 2/√π · ∫₀ˣ e^(−t²) dt.
  public static func erf(_ x: Double) -> Double { cErf(x) }
}

// Inside the enumeration the names above hide those of the C library.
private func cExp(_ x: Double) -> Double { exp(x) }
private func cExpm1(_ x: Double) -> Double { expm1(x) }
private func cLog(_ x: Double) -> Double { log(x) }
private func cLog2(_ x: Double) -> Double { log2(x) }
private func cLog1p(_ x: Double) -> Double { log1p(x) }
private func cPow(_ x: Double, _ y: Double) -> Double { pow(x, y) }
private func cFmod(_ x: Double, _ y: Double) -> Double { fmod(x, y) }
private func cSin(_ x: Double) -> Double { sin(x) }
private func cCos(_ x: Double) -> Double { cos(x) }
private func cTan(_ x: Double) -> Double { tan(x) }
private func cAsin(_ x: Double) -> Double { asin(x) }
private func cAcos(_ x: Double) -> Double { acos(x) }
private func cAtan(_ x: Double) -> Double { atan(x) }
private func cSinh(_ x: Double) -> Double { sinh(x) }
private func cCosh(_ x: Double) -> Double { cosh(x) }
private func cTanh(_ x: Double) -> Double { tanh(x) }
private func cAsinh(_ x: Double) -> Double { asinh(x) }
private func cAcosh(_ x: Double) -> Double { acosh(x) }
private func cAtanh(_ x: Double) -> Double { atanh(x) }
private func cErf(_ x: Double) -> Double { erf(x) }
