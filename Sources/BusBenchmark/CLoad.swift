import CBusLoad
import Foundation
import NIOCore
import RabbitMQ

/// The publisher in C, and what the benchmark needs of the broker beside.
struct CLoad: Sendable {
  private let address: AMQPAddress
  private let exchange: String

  init(address: AMQPAddress, exchange: String) {
    self.address = address
    self.exchange = exchange
  }

  /// Makes exchange and queue where they are missing, and empties the queue.
  func prepare(queue: String) throws(BusBenchmarkError) {
    try call { config, error in ws_bus_load_prepare(config, queue, error) == 0 }
  }

  /// Deletes exchange and queue.
  func remove(queue: String) throws(BusBenchmarkError) {
    try call { config, error in ws_bus_load_remove(config, queue, error) == 0 }
  }

  /// Messages in the queue.
  func count(queue: String) throws(BusBenchmarkError) -> Int {
    var count: Int64 = 0
    try call { config, error in
      count = ws_bus_load_count(config, queue, error)
      return count >= 0
    }
    return Int(count)
  }

  func publish(
    _ messages: Int, window: Int, contentType: String, body: ByteBuffer
  ) throws(BusBenchmarkError) -> BusBenchmarkReport.Measurement {
    var result = ws_bus_load_result()
    try call { config, error in
      body.withUnsafeReadableBytes { bytes in
        contentType.withCString { contentType in
          var config = config.pointee
          config.content_type = contentType
          config.body = bytes.bindMemory(to: UInt8.self).baseAddress
          config.body_length = bytes.count
          config.messages = UInt64(messages)
          config.window = UInt64(window)
          let status = ws_bus_load_publish(&config, &result)
          withUnsafeBytes(of: result.error) { memory in
            if let text = memory.bindMemory(to: CChar.self).baseAddress { strncpy(error, text, 255) }
          }
          return status == 0
        }
      }
    }
    return BusBenchmarkReport.Measurement(
      messages: messages, seconds: result.seconds, cpuSeconds: result.cpu_seconds)
  }

  private func call(
    _ body: (UnsafePointer<ws_bus_load_config>, UnsafeMutablePointer<CChar>) -> Bool
  ) throws(BusBenchmarkError) {
    var error = [CChar](repeating: 0, count: 256)
    let done = error.withUnsafeMutableBufferPointer { error in
      address.host.withCString { host in
        address.user.withCString { user in
          address.password.withCString { password in
            address.virtualHost.withCString { virtualHost in
              exchange.withCString { exchange in
                var config = ws_bus_load_config()
                config.host = host
                config.port = Int32(address.port)
                config.user = user
                config.password = password
                config.virtual_host = virtualHost
                config.exchange = exchange
                return error.baseAddress.map { body(&config, $0) } ?? false
              }
            }
          }
        }
      }
    }
    guard !done else { return }
    throw .librabbitmq(String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}

/// Processor time, user and system.
enum ProcessorTime {
  /// Of all threads of this process, seconds.
  static func ofThisProcess() -> Double {
    var usage = rusage()
    #if canImport(Glibc)
      let who = Int32(RUSAGE_SELF.rawValue)
    #else
      let who = RUSAGE_SELF
    #endif
    getrusage(who, &usage)
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
