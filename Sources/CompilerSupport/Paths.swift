// SPDX-License-Identifier: Apache-2.0

/// File names as text, parts separated by `/`; nothing here asks the file system.
public enum Paths {
  /// `name` inside `folder`; an absolute name stays itself.
  public static func join(_ folder: String, _ name: String) -> String {
    if folder.isEmpty || folder == "." || name.hasPrefix("/") { return name }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The part in front of the last `/`: `.` if there is none, `/` for what is right below it.
  public static func folder(of path: String) -> String {
    let trimmed = dropSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return path.hasPrefix("/") ? "/" : "." }
    let folder = dropSlashes(trimmed[..<slash])
    return folder.isEmpty ? "/" : String(folder)
  }

  /// The last part: `b.c` of `a/b.c`.
  public static func name(of path: String) -> String {
    let trimmed = dropSlashes(path)
    return String(trimmed.split(separator: "/").last ?? trimmed)
  }

  /// The last part without its ending: `b` of `a/b.c`.
  public static func stem(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The ending of the last part in lower case, without the dot: `c` of `a/b.c`; empty if there is
  /// none.
  public static func ending(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  private static func dropSlashes(_ path: some StringProtocol) -> Substring {
    var rest = Substring(path)
    while rest.hasSuffix("/") { rest.removeLast() }
    return rest
  }
}
