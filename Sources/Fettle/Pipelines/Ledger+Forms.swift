// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Rewriting

extension Ledger {
  /// The ways in which some stage stores constants, in alphabetical order.
  private var encodings: [String] {
    Set(rows.flatMap { $0.cost.stored.map(\.encoding) }).sorted()
  }

  /// The tables: what each stage costs, and if it was measured what it did to the outputs; then what passes told.
  var text: String {
    let parts = encodings.count > 1 ? encodings : []
    var columns: [(title: String, alignment: Table.Alignment)] = [
      ("pass", .left), ("ops", .right), ("parameters", .right), ("bytes", .right),
    ]
    columns += parts.map { ($0, .right) }
    columns += [("MAC", .right), ("peak RAM", .right), ("ms", .right)]
    var table = Table(columns)
    for row in rows {
      let cost = row.cost
      var cells = [row.name, "\(cost.ops)", NumberText.grouped(cost.parameters)]
      cells.append(NumberText.grouped(cost.storedBytes))
      cells += parts.map { NumberText.grouped(cost.bytes(stored: $0)) }
      cells += [NumberText.grouped(cost.multiplyAccumulates), NumberText.grouped(cost.peakBytes)]
      table.row(cells + [NumberText.fixed(row.seconds * 1000, 1)])
    }
    let tables = rows.contains { $0.measured != nil } ? table.text + "\n" + measuredText : table.text
    return notes.isEmpty ? tables : tables + "\n" + notes.map { $0 + "\n" }.joined()
  }

  private var measuredText: String {
    var table = Table([
      ("pass", .left), ("max abs", .right), ("SNR dB", .right), ("same top-1", .right),
      ("from original: max abs", .right), ("SNR dB", .right), ("same top-1", .right),
      ("accuracy", .right), ("arena", .right),
    ])
    for row in rows {
      guard let measured = row.measured else { continue }
      let cells = [measured.fromBefore, measured.fromOriginal].flatMap { error in
        [
          "\(Float(error.maxAbsolute))", Self.decibels(error),
          error.agreement.map { NumberText.fixed(100 * $0, 2) + " %" } ?? "",
        ]
      }
      let accuracy = measured.accuracy.flatMap { $0.value == nil ? nil : $0.text }
      let arena = measured.arenaBytes.map(NumberText.grouped) ?? "-"
      table.row([row.name] + cells + [accuracy ?? "", arena])
    }
    return table.text
  }

  private static func decibels(_ error: OutputError) -> String {
    error.decibels.isFinite ? NumberText.fixed(error.decibels, 1) : "\(error.decibels)"
  }

  /// The rows as JSON: an array of objects.
  var json: JSONValue {
    .array(rows.map { row in
      let cost = row.cost
      var members: [JSONValue.Member] = [
        .init("pass", .string(row.pass.isEmpty ? row.name : row.pass)),
        .init("ops", .integer(cost.ops)), .init("parameters", .integer(cost.parameters)),
        .init("stored_bytes", .integer(cost.storedBytes)),
        .init(
          "stored_bytes_by_encoding",
          .object(cost.stored.map { .init($0.encoding, .integer($0.bytes)) })),
        .init("macs", .integer(cost.multiplyAccumulates)),
        .init("peak_ram_bytes", .integer(cost.peakBytes)),
        .init("milliseconds", .number(row.seconds * 1000)),
      ]
      if !row.notes.isEmpty {
        members.append(.init("notes", .array(row.notes.map { .string($0) })))
      }
      if let measured = row.measured {
        members.append(.init("error_from_before", Self.json(measured.fromBefore)))
        members.append(.init("error_from_original", Self.json(measured.fromOriginal)))
        if let accuracy = measured.accuracy, let value = accuracy.value {
          members.append(.init(accuracy.metric.rawValue, .number(value)))
        }
        if let arena = measured.arenaBytes { members.append(.init("arena_bytes", .integer(arena))) }
      }
      return .object(members)
    })
  }

  /// JSON has no infinity: it is null there.
  private static func json(_ error: OutputError) -> JSONValue {
    func number(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .null }
    return .object([
      .init("max_abs", number(error.maxAbsolute)), .init("snr_db", number(error.decibels)),
      .init("top1_agreement", error.agreement.map { .number($0) } ?? .null),
    ])
  }

  /// The rows as comma-separated values (RFC 4180) under a line of titles.
  var csv: String {
    let isMeasured = rows.contains { $0.measured != nil }
    var titles = ["pass", "ops", "parameters", "stored_bytes"] + encodings.map { "stored_bytes \($0)" }
    titles += ["macs", "peak_ram_bytes", "milliseconds"]
    if isMeasured {
      titles += ["before_max_abs", "before_snr_db", "before_top1_agreement"]
      titles += ["original_max_abs", "original_snr_db", "original_top1_agreement"]
      titles += ["accuracy", "arena_bytes"]
    }
    var lines = [titles]
    for row in rows {
      let cost = row.cost
      var cells = [row.pass.isEmpty ? row.name : row.pass, "\(cost.ops)", "\(cost.parameters)"]
      cells += ["\(cost.storedBytes)"] + encodings.map { "\(cost.bytes(stored: $0))" }
      cells += ["\(cost.multiplyAccumulates)", "\(cost.peakBytes)", "\(row.seconds * 1000)"]
      if let measured = row.measured {
        for error in [measured.fromBefore, measured.fromOriginal] {
          cells += ["\(error.maxAbsolute)", "\(error.decibels)", error.agreement.map { "\($0)" } ?? ""]
        }
        cells.append(measured.accuracy?.value.map { "\($0)" } ?? "")
        cells.append(measured.arenaBytes.map { "\($0)" } ?? "")
      }
      lines.append(cells)
    }
    return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { ",\"\r\n".contains($0) }) else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}

extension GraphCost {
  /// Bytes of constants stored in one way.
  func bytes(stored encoding: String) -> Int {
    stored.first { $0.encoding == encoding }?.bytes ?? 0
  }
}
