// SPDX-License-Identifier: Apache-2.0

/// Makes legal C identifiers of any names, each once.
struct CNames: Sendable {
  private var taken: Set<String>

  /// An empty list; `reserved` names are not given out.
  init(reserved: [String] = []) { taken = Set(reserved) }

  /// An identifier like `name` that was not given out before.
  mutating func unique(_ name: String, fallback: String = "x") -> String {
    let base = Self.legal(name, fallback: fallback)
    var candidate = base
    var number = 2
    while taken.contains(candidate) || Self.reserved.contains(candidate) {
      candidate = "\(base)_\(number)"
      number += 1
    }
    taken.insert(candidate)
    return candidate
  }

  /// Takes back a name whose scope has ended.
  mutating func release(_ name: String) { taken.remove(name) }

  /// The name with every byte that C does not allow replaced by `_`, no digit or `_` in front (those are
  /// reserved in files), no run of `_` (C++ reserves them), at most 40 characters.
  static func legal(_ name: String, fallback: String = "x") -> String {
    var result = ""
    for byte in name.utf8 {
      let letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
      let digit = byte >= 0x30 && byte <= 0x39
      if letter || digit {
        if result.isEmpty, digit { result = fallback }
        result.unicodeScalars.append(UnicodeScalar(byte))
      } else if !result.isEmpty, result.last != "_" {
        result += "_"
      }
      if result.utf8.count >= 40 { break }
    }
    while result.last == "_" { result.removeLast() }
    return result.isEmpty ? fallback : result
  }

  /// The macro form of an identifier.
  static func upper(_ name: String) -> String {
    String(
      decoding: name.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, as: UTF8.self)
  }

  /// The words of C and C++ (headers are read by both), macros and functions of the headers that emitted
  /// code includes, and macros that compilers define without an underscore.
  private static let reserved = Set(
    """
    alignas alignof and and_eq asm atomic_cancel auto bitand bitor bool break case catch char char8_t \
    char16_t char32_t class co_await co_return co_yield compl concept const const_cast consteval \
    constexpr constinit continue decltype default delete do double dynamic_cast else enum explicit \
    export extern false float for friend goto if import inline int long module mutable namespace new \
    noexcept not not_eq nullptr operator or or_eq override private protected public register \
    reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast \
    struct switch template this thread_local throw true try typedef typeid typename typeof \
    typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq \
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t \
    uintmax_t size_t ptrdiff_t max_align_t offsetof NULL INFINITY NAN HUGE_VAL errno main printf \
    linux unix i386 arm mips sparc vax near far pascal cdecl small hyper interface \
    acos acosf acosh acoshf asin asinf asinh asinhf atan atanf atan2 atan2f atanh atanhf cbrt cbrtf \
    ceil ceilf copysign copysignf cos cosf cosh coshf erf erff erfc erfcf exp expf exp2 exp2f expm1 \
    expm1f fabs fabsf fdim fdimf floor floorf fma fmaf fmax fmaxf fmin fminf fmod fmodf frexp frexpf \
    gamma hypot hypotf ilogb ilogbf isnan isinf j0 j1 jn ldexp ldexpf lgamma lgammaf log logf log10 \
    log10f log1p log1pf log2 log2f logb logbf lrint lrintf lround lroundf modf modff nan nanf \
    nearbyint nearbyintf nextafter nextafterf pow powf remainder remainderf remquo rint rintf round \
    roundf scalb signgam sin sinf sinh sinhf sqrt sqrtf tan tanf tanh tanhf tgamma tgammaf trunc \
    truncf y0 y1 yn I EOF stdin stdout stderr
    """.split(separator: " ").map(String.init))
}
