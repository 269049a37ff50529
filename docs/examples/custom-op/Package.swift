// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "custom-op",
  // As a package of one's own: .package(url: "…/fettle", from: "0.1.0")
  dependencies: [.package(name: "fettle", path: "../../..")],
  targets: [
    .target(name: "ChannelShuffle", dependencies: [.product(name: "Fettle", package: "fettle")]),
    .executableTarget(name: "mydriver", dependencies: ["ChannelShuffle"]),
  ],
  swiftLanguageModes: [.v6]
)
