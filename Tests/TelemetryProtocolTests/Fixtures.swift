import MediaModel
import NIOCore
import TelemetryProtocol

func text(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

func milliseconds(_ value: Double) -> HostTime { HostTime(nanos: Int64(value * 1e6)) }

/// A sample at a time of the phone's clock.
func sample(_ timestampNanos: Int64, _ more: String = "") -> ByteBuffer {
  text(
    #"{"type":"imu_data","timestamp":\#(timestampNanos),"accelerometer":{"x":0.1,"y":-0.2,"z":9.81},"#
      + #""gyroscope":{"x":0.01,"y":0.02,"z":-0.03}\#(more)}"#)
}

func receiveTime(_ milliseconds: Double) -> ReceiveTime {
  let nanos = Int64(milliseconds * 1e6)
  return ReceiveTime(
    host: HostTime(nanos: nanos), wall: WallTime(nanosSince1970: 1_700_000_000_000_000_000 + nanos),
    networkTimeOffset: .milliseconds(3))
}

/// The head of a JPEG: SOI, an application segment, a table, and the frame header.
func jpegHead(width: UInt16 = 640, height: UInt16 = 480, frameMarker: UInt8 = 0xC0) -> ByteBuffer {
  var bytes = ByteBuffer(bytes: [0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x04, 1, 2, 0xFF, 0xFF, 0xDB, 0x00, 0x03, 9])
  bytes.writeBytes([0xFF, frameMarker, 0x00, 0x11, 8])
  bytes.writeInteger(height)
  bytes.writeInteger(width)
  bytes.writeBytes([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xFF, 0xDA])
  return bytes
}

/// The reject that `body` throws.
func reject(_ body: () throws(TelemetryReject) -> Void) -> TelemetryReject? {
  do throws(TelemetryReject) {
    try body()
    return nil
  } catch {
    return error
  }
}
