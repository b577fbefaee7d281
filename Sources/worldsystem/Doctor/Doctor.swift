import Access
import FFmpeg
import Foundation
import NIOCore
import NIOPosix
import Observability
import Settings

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks at what a server with these settings needs on this machine.
struct Doctor {
  let settings: Settings

  /// All checks, in a fixed order.
  func examine() async -> [Finding] {
    var findings = [program] + libraries + [access, encryption, dataFolder, diskSpace, openFiles, clock, models]
    findings.append(await port("port", settings.server.port, flag: "--port"))
    if settings.rtsp.isEnabled { findings.append(await port("rtsp port", settings.rtsp.port, flag: "--rtsp-port")) }
    if let url = settings.rtsp.pushURL { findings.append(await pushTarget(url)) }
    findings += await timeServers()
    findings.append(await broker())
    return findings
  }

  private var program: Finding {
    .good(
      "worldsystem",
      "\(Version.current), \(System.coreCount) cores, \(ProcessInfo.processInfo.physicalMemory >> 20) MiB of memory")
  }

  private var libraries: [Finding] {
    var findings = [Finding.good("libraries", FFmpegLibraries.versions.joined(separator: ", "))]
    let install = "apt-get install libavcodec59, or build FFmpeg with it"
    findings.append(
      FFmpegLibraries.hasDecoder("h264")
        ? .good("decoder", "h264") : .bad("decoder", "FFmpeg here cannot decode H.264", fix: install))
    findings.append(
      FFmpegLibraries.hasEncoder("libx264")
        ? .good("encoder", "libx264")
        : .bad("encoder", "FFmpeg here has no libx264; simulating and re-encoding need it", fix: install))
    return findings
  }

  private var access: Finding {
    do throws(AccessError) {
      let tokens = try settings.access.tokenFile.map { path throws(AccessError) in try TokenSet(file: path) }
      let policy = try AccessPolicy(
        bindHost: settings.server.host, tokens: tokens, insecure: settings.access.isInsecure)
      if policy.requiresToken { return .good("access", "tokens of \(settings.access.tokenFile ?? "")") }
      if AccessPolicy.isLoopback(settings.server.host) {
        return .good("access", "open, on \(settings.server.host) only")
      }
      return .warning(
        "access", "everybody who reaches \(settings.server.host) may watch, publish and steer",
        fix: "use --token-file instead of --insecure")
    } catch {
      return .bad("access", error.description, fix: "worldsystem up makes tokens by itself", failure: .usage)
    }
  }

  private var encryption: Finding {
    do throws(AccessError) {
      switch settings.tls.mode {
      case .off:
        let isLocal = AccessPolicy.isLoopback(settings.server.host)
        return isLocal
          ? .good("encryption", "off")
          : .warning("encryption", "off; tokens and video can be read on the way", fix: "--tls self-signed")
      case .selfSigned:
        return .good("encryption", "self-signed certificate in \(settings.recording.path)")
      case .files:
        let material = try TLSMaterial(
          certificateFile: settings.tls.certificateFile ?? "", keyFile: settings.tls.keyFile ?? "")
        _ = try material.serverConfiguration()
        return .good("encryption", "certificate \(try material.fingerprint().prefix(23))…")
      }
    } catch {
      return .bad("encryption", error.description, fix: "check --tls-certificate and --tls-key", failure: .usage)
    }
  }

  private var dataFolder: Finding {
    let path = settings.recording.path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let probe = path + "/.worldsystem-doctor-\(getpid())"
      try Data("probe".utf8).write(to: URL(fileURLWithPath: probe))
      try FileManager.default.removeItem(atPath: probe)
      return .good("data", "\(path) can be written to")
    } catch {
      return .bad("data", "\(path) cannot be written to", fix: "name another folder by --data", failure: .usage)
    }
  }

  private var diskSpace: Finding {
    var status = statvfs()
    guard statvfs(settings.recording.path, &status) == 0 else {
      return .warning("disk", "free space is unknown", fix: "check \(settings.recording.path)")
    }
    let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    let text = "\(free >> 20) MiB free in \(settings.recording.path)"
    if free < settings.recording.minFreeBytes {
      return .bad("disk", "\(text): recording pauses", fix: "free some space, or lower recording.min_free_mebibytes")
    }
    if free < 4 * settings.recording.minFreeBytes {
      return .warning("disk", text, fix: "set recording.keep_gibibytes or recording.keep_days")
    }
    return .good("disk", text)
  }

  private var openFiles: Finding {
    let limit = OpenFileLimit.current
    let needed = UInt64(settings.server.maxConnections) + 256
    let text = "\(limit.hard) may be open, \(settings.server.maxConnections) connections are allowed"
    return limit.hard >= needed
      ? .good("open files", text)
      : .warning("open files", text, fix: "ulimit -Hn \(needed), or lower server.max_connections")
  }

  /// Capture times are compared across machines, so a clock that nobody sets is worth knowing about.
  private var clock: Finding {
    let now = Date()
    if now.timeIntervalSince1970 < 1_700_000_000 {
      return .bad("clock", "it says \(now)", fix: "set the clock, for example by systemd-timesyncd")
    }
    // systemd-timesyncd, chrony and ntpd leave these behind while they run.
    let traces = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/ntpd.pid"]
    guard traces.contains(where: FileManager.default.fileExists(atPath:)) else {
      return .warning(
        "clock", "nothing here synchronises it, or this cannot be seen from here, as in containers",
        fix: "run systemd-timesyncd or chrony on the host")
    }
    return .good("clock", "synchronised")
  }

  private func port(_ subject: String, _ port: Int, flag: String) async -> Finding {
    let host = settings.server.host
    guard port != 0 else { return .good(subject, "any free one") }
    do {
      let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: host, port: port).get()
      try await listener.close()
      return .good(subject, "\(host):\(port) is free")
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      return .bad(subject, "\(host):\(port) is taken", fix: "end what runs there, or choose another by \(flag)")
    } catch {
      return .bad(
        subject, "cannot listen on \(host):\(port)", fix: "choose another address by --host or port by \(flag)",
        failure: .usage)
    }
  }

  private func pushTarget(_ url: String) async -> Finding {
    let shown = RedactedURL(url).description
    guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else {
      return .bad("rtsp push", "\(shown) has no host", fix: "give a URL as rtsp://host:8554/drone", failure: .usage)
    }
    let port = parts.port ?? (parts.scheme == "rtsps" ? 322 : 554)
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(3)).connect(host: host, port: port).get()
      try await channel.close()
      return .good("rtsp push", "\(shown) answers")
    } catch {
      return .bad(
        "rtsp push", "\(shown): nothing listens on \(host):\(port)", fix: "start that server, or check the URL")
    }
  }
}
