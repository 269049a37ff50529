// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Targets

/// The option that chooses the device.
enum TargetOptions {
  static let target = CommandOption<String>(
    "-t", "--target", text: "NAME",
    help: "the device: a name that 'fettle describe targets' lists, or a JSON file of your own")

  /// The target that the option names, or `fallback`.
  static func target(
    _ arguments: Arguments, _ session: Session, default fallback: String
  ) throws(Failure) -> Target {
    let name = try arguments[target] ?? fallback
    if name.hasSuffix(".json") {
      let json = try JSONValue.parse(try Platform.readText(name), file: name)
      return try Target(json: json, file: name, host: HostMachine.target)
    }
    if name != "host", let target = session.toolkit.targets.first(where: { $0.name == name }) {
      return target
    }
    return try Target.named(name, host: HostMachine.target)
  }
}

/// This machine as a target.
enum HostMachine {
  /// The best target that this machine's processor runs.
  static var target: Target {
    let text = (try? Platform.readText("/proc/cpuinfo")) ?? ""
    return Target.host(
      cpuFlags: Target.cpuFlags(procCPUInfo: text), architecture: Platform.architecture)
  }
}
