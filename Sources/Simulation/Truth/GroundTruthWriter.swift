import Geometry
import MapFormats
import MediaModel

/// The files that hold the truth of a flight, in the formats that SLAM and detection read.
public enum GroundTruthFile: String, Sendable, CaseIterable {
  /// `index timestamp_s`, a line a frame.
  case times = "times.txt"
  /// TUM format: `timestamp tx ty tz qx qy qz qw`, world from camera, a line a frame.
  case poses = "groundtruth.txt"
  /// Intrinsics, `T_imu_cam`, noise densities and the world's origin.
  case camera = "camera.json"
  /// `t_ns,gx,gy,gz,ax,ay,az`, rad/s and m/s² in IMU axes.
  case imu = "imu.csv"
  /// `t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps`.
  case gps = "gps.csv"
  /// One JSON object a frame: the visible objects with boxes and masks.
  case objects = "objects.jsonl"
}

/// Turns a flight's truth into file contents, piece by piece: the caller appends each piece to the file it belongs to.
///
/// ```swift
/// var writer = GroundTruthWriter(flight)
/// try writer.begin { file, bytes in try append(bytes, to: file) }
/// try writer.append(flight.renderFrame(0), of: flight) { file, bytes in try append(bytes, to: file) }
/// ```
public struct GroundTruthWriter {
  /// Takes the next bytes of a file.
  public typealias Sink<Failure: Error> = (_ file: GroundTruthFile, _ bytes: [UInt8]) throws(Failure) -> Void

  private let camera: PinholeCamera
  private let framesPerSecond: Double
  private let seed: UInt64
  /// Sensor readings before this time are written.
  private var writtenNanos: Int64 = 0

  public init(_ flight: FlightSimulation) {
    camera = flight.camera
    framesPerSecond = flight.framesPerSecond
    seed = flight.seed
  }

  /// Writes the headers and `camera.json`.
  public func begin<Failure: Error>(_ sink: Sink<Failure>) throws(Failure) {
    try sink(.camera, cameraDescription())
    try sink(.times, Array("# index timestamp_s\n".utf8))
    try sink(.poses, Array("# timestamp tx ty tz qx qy qz qw (T_world_camera, camera x right y down z forward)\n".utf8))
    try sink(.imu, Array("#t_ns,gx,gy,gz,ax,ay,az\n".utf8))
    try sink(.gps, Array("#t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps\n".utf8))
  }

  /// Writes a frame, and the sensor readings up to and including its time.
  public mutating func append<Failure: Error>(
    _ frame: SimulatedFrame, of flight: FlightSimulation, _ sink: Sink<Failure>
  ) throws(Failure) {
    var times = DecimalText()
    times.append(frame.index)
    times.append(" ")
    times.append(secondsOf: frame.timestampNanos)
    times.append("\n")
    try sink(.times, times.bytes)
    let pose = TimedPose(nanos: frame.timestampNanos, worldFromCamera: frame.worldFromCamera)
    try sink(.poses, Array("\(TrajectoryFormat.tum.line(of: pose))\n".utf8))
    try sink(.objects, objectsLine(frame))
    let end = frame.timestampNanos + 1
    guard end > writtenNanos else { return }
    let readings = flight.imuSamples(from: writtenNanos, to: end)
    let fixes = flight.gpsSamples(from: writtenNanos, to: end)
    writtenNanos = end
    if !readings.isEmpty { try sink(.imu, imuLines(readings)) }
    if !fixes.isEmpty { try sink(.gps, gpsLines(fixes, along: flight.path)) }
  }

  private func imuLines(_ samples: [IMUSample]) -> [UInt8] {
    var text = DecimalText()
    for sample in samples {
      text.append(Int(sample.timestampNanos))
      let (g, a) = (sample.gyroscopeRadPerSec, sample.accelerometerMPerSec2)
      for value in [g.x, g.y, g.z, a.x, a.y, a.z] {
        text.append(",")
        text.append(value, decimals: 9)
      }
      text.append("\n")
    }
    return text.bytes
  }

  private func gpsLines(_ samples: [GPSSample], along path: FlightPath) -> [UInt8] {
    var text = DecimalText()
    for sample in samples {
      text.append(secondsOf: sample.timestampNanos)
      let climb = path.state(at: Double(sample.timestampNanos) / 1e9).velocity.z
      let spatial = (sample.speedMPerSec * sample.speedMPerSec + climb * climb).squareRoot()
      let values = [
        (sample.latitudeDegrees, 9), (sample.longitudeDegrees, 9), (sample.altitudeMetres, 4), (sample.speedMPerSec, 4),
        (spatial, 4),
      ]
      for (value, decimals) in values {
        text.append(",")
        text.append(value, decimals: decimals)
      }
      text.append("\n")
    }
    return text.bytes
  }

  /// The line of `objects.jsonl`, in the format of `detect --results`.
  private func objectsLine(_ frame: SimulatedFrame) -> [UInt8] {
    var text = DecimalText()
    text.append("{\"frame_number\":\(frame.index),\"timestamp\":")
    text.append(secondsOf: frame.timestampNanos)
    text.append(",\"objects\":[")
    for (index, object) in frame.objects.enumerated() {
      if index > 0 { text.append(",") }
      text.append("{\"id\":\(object.object.id),\"label\":\"\(object.object.label.rawValue)\",\"score\":1.0,\"box\":[")
      text.append("\(object.columns.lowerBound),\(object.rows.lowerBound),")
      text.append("\(object.columns.upperBound),\(object.rows.upperBound)],\"area\":\(object.area),")
      let size = object.mask.resolution
      text.append("\"mask\":{\"size\":[\(size.height),\(size.width)],\"counts\":\"")
      // Of COCO's alphabet only the backslash needs an escape in JSON.
      for character in object.mask.counts { text.append(character == "\\" ? "\\\\" : String(character)) }
      text.append("\"}}")
    }
    text.append("]}\n")
    return text.bytes
  }

  private func cameraDescription() -> [UInt8] {
    var text = DecimalText()
    func field(_ name: String, _ value: Double) { text.append(" \"\(name)\": \(value),\n") }
    text.append("{\n \"model\": \"pinhole-radtan\",\n")
    field("fx", camera.focalLength.x)
    field("fy", camera.focalLength.y)
    field("cx", camera.principalPoint.x)
    field("cy", camera.principalPoint.y)
    field("k1", camera.distortion.k1)
    field("k2", camera.distortion.k2)
    field("p1", camera.distortion.p1)
    field("p2", camera.distortion.p2)
    text.append(" \"width\": \(camera.width),\n \"height\": \(camera.height),\n")
    field("fps", framesPerSecond)
    text.append(" \"shutter\": \"global\",\n \"T_imu_cam\": [\n")
    let rows = InertialSensor.imuFromCamera.rowMajorMatrix.map { row in
      "  [" + row.map { abs($0) < 1e-15 ? "0.0" : "\($0)" }.joined(separator: ", ") + "]"
    }
    text.append(rows.joined(separator: ",\n") + "\n ],\n \"imu_noise\": {\n")
    text.append("  \"gyro_noise_density\": \(InertialSensor.gyroscopeNoiseDensity),\n")
    text.append("  \"gyro_random_walk\": \(InertialSensor.gyroscopeRandomWalk),\n")
    text.append("  \"accel_noise_density\": \(InertialSensor.accelerometerNoiseDensity),\n")
    text.append("  \"accel_random_walk\": \(InertialSensor.accelerometerRandomWalk),\n")
    text.append("  \"rate_hz\": \(InertialSensor.rateHz)\n },\n \"imu_time_offset_s\": 0.0,\n")
    let origin = SatelliteReceiver.worldOrigin
    text.append(" \"world_origin\": {\"lat_deg\": \(origin.latitudeDegrees), \"lon_deg\": \(origin.longitudeDegrees), ")
    text.append("\"alt_m\": \(origin.altitudeMetres)},\n \"gravity\": \(InertialSensor.gravity),\n")
    text.append(" \"note\": \"simulated flight, seed \(seed); world x east, y north, z up\"\n}\n")
    return text.bytes
  }
}
