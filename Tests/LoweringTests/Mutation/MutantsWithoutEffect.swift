// SPDX-License-Identifier: Apache-2.0

/// Faults that change no result, by kind and lowering, and why.
enum MutantsWithoutEffect {
  static let reasons: [String: String] = [:]
}
