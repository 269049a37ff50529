// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them.
public enum NumberText {
  /// With the thousands separated by commas: `1,234,567`.
  public static func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (i, digit) in digits.enumerated() {
      if i > 0, (digits.count - i) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// With a fixed number of decimals, 0 to 9, rounded to nearest: `fixed(2.5, 2)` is `2.50`.
  /// Numbers beyond 2⁵³ in the last place keep Swift's own form.
  public static func fixed(_ value: Double, _ decimals: Int) -> String {
    let decimals = Swift.min(Swift.max(decimals, 0), 9)
    let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
    let scaled = (value.magnitude * Double(scale)).rounded(.toNearestOrAwayFromZero)
    guard scaled < 0x1p53 else { return "\(value)" }
    let units = Int(scaled)
    let sign = value < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(units) }
    let fraction = String(units % scale)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(units / scale).\(zeros)\(fraction)"
  }

  /// A count of bytes in decimal units: `999 B`, `1.5 KB` (1 KB is 1,000 bytes), `2.0 MB`.
  public static func bytes(_ count: Int) -> String {
    scaled(count, by: 1000, units: ["B", "KB", "MB", "GB", "TB", "PB", "EB"])
  }

  /// A count of bytes in binary units: `1,023 B`, `1.5 KiB` (1 KiB is 1,024 bytes), `2.0 MiB`.
  public static func binaryBytes(_ count: Int) -> String {
    scaled(count, by: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
  }

  /// A count in decimal units: `950`, `12.5 M`.
  public static func count(_ count: Int) -> String {
    scaled(count, by: 1000, units: ["", "K", "M", "G", "T", "P", "E"])
  }

  private static func scaled(_ count: Int, by step: Double, units: [String]) -> String {
    var (value, unit) = (Double(count.magnitude), 0)
    // What would be printed as a whole step belongs to the next unit.
    while unit + 1 < units.count, value >= (unit == 0 ? step : step - 0.05) {
      value /= step
      unit += 1
    }
    let sign = count < 0 ? "-" : ""
    let number = unit == 0 ? grouped(Int(count.magnitude)) : fixed(value, 1)
    return units[unit].isEmpty ? sign + number : "\(sign)\(number) \(units[unit])"
  }
}
