// swift-tools-version: 6.2
// Targets are listed bottom-up, in the layers of ARCHITECTURE.md; scripts/check-layers holds them to it.

import PackageDescription

let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (Context.environment["WORLDSYSTEM_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : [])

/// A target of ours: its sources, and the tests that mirror them where `tested`. Tests may also use `testing`.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], testing: [Target.Dependency] = [], tested: Bool = true
) -> [Target] {
  let library = Target.target(name: name, dependencies: dependencies, swiftSettings: strict)
  guard tested else { return [library] }
  let tests = Target.testTarget(
    name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies + testing,
    swiftSettings: strict)
  return [library, tests]
}

/// A module that runs: it has a lifecycle, logs, counts and can be watched.
func service(_ name: String, _ dependencies: [Target.Dependency], testing: [Target.Dependency] = []) -> [Target] {
  module(name, dependencies + ["Observability", .nioCore, .lifecycle, .logging, .metrics], testing: testing)
}

extension Target.Dependency {
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
  static let nioConcurrencyHelpers = product(name: "NIOConcurrencyHelpers", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let logging = product(name: "Logging", package: "swift-log")
  static let metrics = product(name: "Metrics", package: "swift-metrics")
  static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
  static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let x509 = product(name: "X509", package: "swift-certificates")
  static let swiftASN1 = product(name: "SwiftASN1", package: "swift-asn1")
  static let configuration = product(name: "Configuration", package: "swift-configuration")
  static let yams = product(name: "Yams", package: "Yams")
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let deque = product(name: "DequeModule", package: "swift-collections")
  static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
}

// MARK: Values

let values: [Target] =
  module("MediaModel")
  + module("Geometry")
  + module("Checksums")
  + module("CodedMedia", ["MediaModel", .nioCore])
  + module("Clocks", ["MediaModel"])

// MARK: Codecs: bytes in, values out, no sockets, clocks or loggers

let codecs: [Target] =
  module("H264", ["MediaModel", "CodedMedia", .nioCore])
  + module("PhoneProtocol", ["MediaModel", "CodedMedia", "H264", .nioCore])
  + module("FragmentedMP4", ["MediaModel", "CodedMedia", "H264", .nioCore])
  + module("WebSocketProtocol", [.nioCore, .crypto])
  + module("RTP", ["MediaModel", "CodedMedia", "H264", .nioCore])
  + module("RTSP", ["MediaModel", .nioCore, .crypto])
  + module("BusMessages", ["MediaModel", .nioCore])
  + module("TelemetryProtocol", ["MediaModel", "PhoneProtocol", .nioCore])
  + module("MapFormats", ["MediaModel", "Geometry"])
  + module("ProtobufWire", [.nioCore])
  + module("MCAP", ["MediaModel", "Checksums", .nioCore], testing: ["Compression"])
  + module("FoxgloveProtocol", [.nioCore])
  + module("FoxgloveSchemas", ["MediaModel", "CodedMedia", "H264", "ProtobufWire", .nioCore])
  + module("ArrowIPC", [.nioCore])
  + module(
    "SessionEvents",
    ["MediaModel", "CodedMedia", "Geometry", "BusMessages", "TelemetryProtocol", "FoxgloveSchemas", .nioCore],
    testing: ["H264"])
  + module(
    "RerunLog",
    [
      "MediaModel", "Geometry", "Checksums", "ProtobufWire", "BusMessages", "ArrowIPC", "SessionEvents", .nioCore,
      .crypto,
    ])
  + module("ExportFormats", ["MediaModel", "Geometry", "MapFormats", "TelemetryProtocol", "SessionEvents", .nioCore])
  + module("CursorOnTarget", ["MediaModel", "MapFormats", "ExportFormats"])
  + module(
    "SessionModel",
    [
      "MediaModel", "CodedMedia", "Geometry", "H264", "BusMessages", "ProtobufWire", "MCAP", "SessionEvents",
      "ExportFormats", .nioCore,
    ], testing: ["FoxgloveSchemas"])

// MARK: Algorithms: pure

let algorithms: [Target] =
  module("Simulation", ["MediaModel", "Geometry", "MapFormats"])
  + module("LinearAlgebra")
  + module("MultiView", ["Geometry", "LinearAlgebra"])
  + module("Vision")
  + module("DepthMaps", ["Geometry", "Vision"])
  + module("SLAM", ["Checksums", "Geometry", "LinearAlgebra", "MultiView", "Vision"])
  + module("InertialAlignment", ["MediaModel", "Geometry", "LinearAlgebra"], testing: ["MapFormats", .nioCore])
  + module("ClockSync", ["MediaModel"])
  + module("Inference")
  + module("ObjectViews", ["MediaModel", "LinearAlgebra"])
  + module("Tracking", ["MediaModel", "Geometry"])
  + module("ObjectMapping", ["MediaModel", "Geometry", "LinearAlgebra"], testing: ["Simulation"])
  + module("MotionDetection", ["MediaModel", "Geometry", "Vision", "Tracking"])
  + module("MaskRefinement", ["MediaModel"])
  + module("Detection", ["MediaModel", "Inference"], testing: ["OpenVINOBackend", .nioCore])
  + module(
    "BoxTracking", ["MediaModel", "Inference", "Detection", "Tracking", "MaskRefinement"],
    testing: ["OpenVINOBackend", "JPEG", "FFmpeg"])
  + module("Segmentation", ["MediaModel", "Inference", "Detection"], testing: ["OpenVINOBackend"])
  + module(
    "GroundedTracking", ["MediaModel", "Inference", "Vision", "Tracking", "Detection", "Segmentation"],
    testing: ["OpenVINOBackend"])

// MARK: Foreign libraries, one owner each

/// The owner of OpenVINO: with the trait OpenVINO it needs what scripts/install-dependencies puts into .deps, without it
/// nothing. The program finds the libraries from where it lies: in the build folder, or beside a folder `lib`.
let openVINOBackend: [Target] = {
  let folder = "\(Context.packageDirectory)/.deps/openvino"
  let isOn: BuildSettingCondition = .when(traits: ["OpenVINO"])
  let folders = ["$ORIGIN/../../../.deps/openvino/lib", "$ORIGIN/../lib/worldsystem/openvino"]
  let linker = ["-L\(folder)/lib"] + folders.flatMap { ["-Xlinker", "-rpath", "-Xlinker", $0] }
  return [
    .systemLibrary(name: "COpenVINO"),
    .target(
      name: "OpenVINOBackend",
      dependencies: ["Inference", "Threading", .target(name: "COpenVINO", condition: .when(traits: ["OpenVINO"]))],
      swiftSettings: strict + [.unsafeFlags(["-Xcc", "-I\(folder)/include"], isOn)],
      linkerSettings: [.unsafeFlags(linker, isOn)]),
    .testTarget(
      name: "OpenVINOBackendTests", dependencies: ["OpenVINOBackend", "Inference", "TestSupport"],
      swiftSettings: strict),
  ]
}()

/// What speaks gRPC: with its trait it needs the packages of gRPC, without it nothing.
func speaker(_ name: String, trait: String, _ dependencies: [Target.Dependency]) -> [Target] {
  let isOn: TargetDependencyCondition = .when(traits: [trait])!
  let grpc: [Target.Dependency] = [
    .product(name: "GRPCCore", package: "grpc-swift-2", condition: isOn),
    .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: isOn),
  ]
  return [
    .target(name: name, dependencies: dependencies + grpc, swiftSettings: strict),
    .testTarget(
      name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies, swiftSettings: strict),
  ]
}

let foreign: [Target] =
  [
    .systemLibrary(
      name: "CFFmpeg", pkgConfig: "libavformat libavcodec libavdevice libswscale libavutil",
      providers: [.apt(["libavformat-dev", "libavcodec-dev", "libavdevice-dev", "libswscale-dev"])]),
    .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
    .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .target(name: "CBusLoad", dependencies: ["CRabbitMQ"]),
    .target(name: "CWebAssets"),
    .target(name: "CModelExporter"),
    .target(name: "CRelayLoad"),
  ]
  + module("FFmpeg", ["CFFmpeg", "MediaModel", "CodedMedia", .nioCore])
  + module("PosixFiles", [.nioCore])
  + module("JPEG", ["CTurboJPEG", "MediaModel"])
  + module("QRCode", ["CQREncode"])
  + module("Compression", ["CZstd", "CLZ4", "MCAP", .nioCore])
  + module("RabbitMQ", ["CRabbitMQ", "MediaModel", .nioCore])
  + module("Threading")
  + openVINOBackend
  + speaker("TritonBackend", trait: "Triton", ["Inference"])
  + speaker("RerunViewer", trait: "Rerun", [.nioCore])

// MARK: Services

let services: [Target] =
  module("Observability", ["MediaModel", "Clocks", .logging, .coreMetrics, .tracing], testing: [.metrics])
  + module("Settings", ["MediaModel", "Observability", .configuration, .yams])
  + module("Access", [.crypto, .x509, .swiftASN1, .nioSSL, .nioCore], testing: [.nioEmbedded])
  + service("NetworkTime", ["MediaModel", "Clocks", "ClockSync", .nioPosix, .coreMetrics])
  + service("OTLP", ["MediaModel", "Clocks", .tracing, .httpClient, .nioHTTP1])
  + module(
    "MessageBus",
    [
      "MediaModel", "Clocks", "BusMessages", "Observability", .nioCore, .deque, .lifecycle, .metrics,
    ], testing: [.logging, "OTLP", .tracing])
  + module(
    "MessageSpool",
    [
      "PosixFiles", "Checksums", "Clocks", "BusMessages", "Observability", .nioCore, .deque, .logging, .metrics,
    ], testing: ["MediaModel"])
  + service(
    "RabbitMQBus",
    [
      "MediaModel", "Clocks", "Threading", "BusMessages", "MessageBus", "MessageSpool", "RabbitMQ", .deque,
      .coreMetrics,
    ])
  + service("Webhooks", ["MediaModel", "Clocks", "BusMessages", "MessageBus", .httpClient, .crypto, .nioHTTP1, .deque])
  + service(
    "Identification",
    [
      "MediaModel", "Clocks", "Threading", "BusMessages", "MessageBus", "ObjectViews", "JPEG", .httpClient, .nioHTTP1,
      .deque,
    ], testing: [.nioPosix])
  + module(
    "WebSocketTransport",
    ["WebSocketProtocol", .nioCore, .nioPosix, .nioHTTP1, .nioWebSocket, .nioSSL], testing: [.nioEmbedded])
  + module(
    "Relay",
    [
      "MediaModel", "CodedMedia", "Clocks", "H264", "PhoneProtocol", "WebSocketProtocol", "Observability", .nioCore,
      .deque, .logging, .coreMetrics, .metrics,
    ], testing: [.nioEmbedded])
  + service(
    "Telemetry",
    [
      "MediaModel", "Clocks", "Threading", "BusMessages", "MessageBus", "TelemetryProtocol", "WebSocketProtocol",
      .deque, .coreMetrics,
    ])
  + service(
    "BusVideo", ["MediaModel", "CodedMedia", "Clocks", "H264", "Relay", "BusMessages", "MessageBus", "RabbitMQBus"])
  + service(
    "Gateway",
    [
      "Telemetry", "MediaModel", "CodedMedia", "H264", "PhoneProtocol", "FragmentedMP4", "Relay", "Access", "Clocks",
      "WebSocketProtocol", "WebSocketTransport", "CWebAssets", "QRCode", .hummingbird, .hummingbirdCore,
      .hummingbirdTLS, .httpTypes, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioPosix, .nioHTTP1, .nioSSL,
    ])
  + service(
    "RTSPServer",
    [
      "MediaModel", "CodedMedia", "Clocks", "H264", "RTP", "RTSP", "Relay", "Access", "FFmpeg", .nioPosix,
    ], testing: [.nioEmbedded])
  + service(
    "VideoConsumer",
    [
      "MediaModel", "CodedMedia", "Clocks", "Threading", "H264", "PhoneProtocol", "Relay", "FFmpeg",
      "WebSocketTransport",
    ], testing: ["OTLP", .tracing])
  + service(
    "Recording",
    [
      "PosixFiles", "MediaModel", "CodedMedia", "Clocks", "Threading", "H264", "FragmentedMP4", "Relay", "FFmpeg",
      "JPEG", "MCAP", "Compression", "VideoConsumer",
    ])
  + service(
    "SessionLog",
    [
      "PosixFiles", "MediaModel", "CodedMedia", "Geometry", "Clocks", "ProtobufWire", "MCAP", "FoxgloveSchemas",
      "BusMessages", "SessionEvents", "SessionModel", "Compression", "MessageBus", "Recording",
    ], testing: ["H264"])
  + service(
    "FoxgloveBridge",
    [
      "MediaModel", "CodedMedia", "Clocks", "Threading", "H264", "ProtobufWire", "FoxgloveProtocol", "BusMessages",
      "MessageBus", "WebSocketProtocol", "WebSocketTransport", "Relay", "MCAP", "Compression", "PosixFiles",
      "SessionLog",
    ])
  + service(
    "RerunSink",
    [
      "MediaModel", "CodedMedia", "Geometry", "Clocks", "Threading", "BusMessages", "SessionEvents", "RerunLog",
      "Compression", "RerunViewer", "MessageBus", "Relay",
    ], testing: ["H264"])
  + module(
    "Sessions",
    [
      "PosixFiles", "MediaModel", "CodedMedia", "Geometry", "Clocks", "Threading", "H264", "FragmentedMP4", "MCAP",
      "BusMessages", "ProtobufWire", "FoxgloveSchemas", "MapFormats", "SessionEvents", "SessionModel", "ExportFormats",
      "RerunLog", "Compression", "FFmpeg", "Recording", "SessionLog", "Publishing", .nioCore, .logging,
    ])
  + service(
    "CoTSender",
    [
      "MediaModel", "Geometry", "Clocks", "BusMessages", "TelemetryProtocol", "SessionEvents", "MessageBus",
      "CursorOnTarget", .nioPosix,
    ])
  + service(
    "SLAMService",
    [
      "MediaModel", "Geometry", "Clocks", "Threading", "BusMessages", "MessageBus", "MapFormats", "TelemetryProtocol",
      "PosixFiles", "JPEG", "SLAM", "InertialAlignment", "Vision", "DepthMaps", "VideoConsumer",
    ])
  + service(
    "DetectionService",
    [
      "MediaModel", "Clocks", "Threading", "BusMessages", "MessageBus", "MapFormats", "PosixFiles", "Tracking",
      "MotionDetection", "Inference", "Detection", "BoxTracking", "GroundedTracking", "OpenVINOBackend",
      "TritonBackend", "VideoConsumer",
    ], testing: ["CodedMedia"])
  + service(
    "ObjectMapService",
    ["MediaModel", "Geometry", "Threading", "BusMessages", "MessageBus", "PosixFiles", "ObjectMapping"])
  + module(
    "Publishing",
    [
      "MediaModel", "CodedMedia", "Clocks", "Threading", "Geometry", "H264", "PhoneProtocol", "FFmpeg", "Simulation",
      "BusMessages", "WebSocketTransport", "Observability", .nioCore, .logging,
    ])
  + module(
    "SLAMBenchmark",
    [
      "MediaModel", "CodedMedia", "Geometry", "MultiView", "MapFormats", "Vision", "SLAM", "SLAMService", "MessageBus",
      "VideoConsumer", "Publishing", .nioCore, .logging,
    ])
  + module("ModelStore", ["Inference", "CModelExporter", .crypto])
  + module(
    "DetectionBenchmark",
    [
      "MediaModel", "Geometry", "MotionDetection", "Tracking", "Simulation", "FFmpeg", "Publishing", "Inference",
      "Detection", "Segmentation", "GroundedTracking", "OpenVINOBackend", "Observability", .nioCore,
    ])
  + module(
    "BusBenchmark",
    ["MediaModel", "Clocks", "BusMessages", "MessageBus", "RabbitMQ", "RabbitMQBus", "CBusLoad", .nioCore, .logging])
  + module(
    "MCAPBenchmark", ["MediaModel", "ProtobufWire", "MCAP", "FoxgloveSchemas", "Compression", "PosixFiles", .nioCore])
  + module(
    "RerunBenchmark",
    [
      "MediaModel", "Geometry", "BusMessages", "SessionEvents", "RerunLog", "RerunSink", "PosixFiles", .nioCore,
    ], tested: false)
  + module("RelayBenchmark", ["MediaModel", "CodedMedia", "H264", "PhoneProtocol", "FFmpeg", "CRelayLoad", .nioCore])

// MARK: The executable: wiring only

let executables: [Target] = [
  .executableTarget(
    name: "worldsystem",
    dependencies: [
      "MediaModel", "Relay", "Gateway", "RTSPServer", "VideoConsumer", "Recording", "SessionLog", "FoxgloveBridge",
      "FoxgloveProtocol", "RerunSink", "RerunViewer", "RerunLog", "RerunBenchmark", "SLAMService", "DetectionService",
      "ObjectMapping", "ObjectMapService", "MCAPBenchmark", "Identification", "Publishing", "Sessions", "CoTSender",
      "CursorOnTarget", "RelayBenchmark", "SLAMBenchmark", "DetectionBenchmark", "MapFormats", "SLAM", "Geometry",
      "InertialAlignment", "Tracking", "FFmpeg", "Settings", "Access", "Observability", "WebSocketTransport", "Clocks",
      "Threading", "PosixFiles", "BusMessages", "MessageBus", "MessageSpool", "RabbitMQ", "RabbitMQBus", "NetworkTime",
      "OTLP", "Webhooks", "QRCode", "Telemetry", "TelemetryProtocol", "BusVideo", "BusBenchmark", "ModelStore",
      "Inference", "OpenVINOBackend", "TritonBackend", .argumentParser, .lifecycle, .unixSignals, .logging, .metrics,
      .tracing, .nioCore, .nioPosix,
    ],
    swiftSettings: strict),
  .target(name: "TestSupport", dependencies: ["MediaModel", "CodedMedia", .nioCore], swiftSettings: strict),
]

let package = Package(
  name: "worldsystem",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "worldsystem", targets: ["worldsystem"])],
  traits: [
    .trait(name: "OpenVINO", description: "Run neural networks in process, with OpenVINO."),
    .trait(name: "Triton", description: "Run neural networks on a server, over gRPC."),
    .trait(name: "Rerun", description: "Show streams in a viewer of Rerun, over gRPC."),
    // `run` and `test` set the first where scripts/install-dependencies could get OpenVINO.
    .default(
      enabledTraits: Set(
        ["OpenVINO", "Triton", "Rerun"].filter { Context.environment["WORLDSYSTEM_\($0.uppercased())"] == "1" })),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
  ],
  targets: values + codecs + algorithms + foreign + services + executables
)
