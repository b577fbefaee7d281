extension SettingsTable {
  static let slamEnabled = Setting.boolean(
    "slam.enabled", true, from: .environment("WORLDSYSTEM_SLAM"), "Whether `up` looks for where the camera is.")
  static let slamStream = Setting.text(
    "slam.stream", "drone", allowed: "the name of a stream", "The stream that `up` looks at.", where: { !$0.isEmpty })
  static let slamFrameSkip = Setting.integer(
    "slam.frame_skip", 3, in: 0...1_000_000, from: .environment("SLAM_FRAME_SKIP", flag: "--skip"),
    "Only every so many frames of live video are looked at; 0 and 1 are every frame.")
  static let slamCameraFile = Setting.text(
    "slam.camera_file", "", allowed: "the path of a file", from: .flag("--camera"),
    "camera.json of the camera: lens, shutter, where the IMU sits. Empty assumes the main camera of a phone.")
  static let slamSharedMemory = Setting.boolean(
    "slam.shared_memory", true, "Whether key frames go to shared memory, for the mesh service.")
  static let slamMapFile = Setting.text(
    "slam.map_file", "", allowed: "the path of a file", from: .flag("--map"),
    "The map that the camera is looked for in and that is extended; made when it is not there, and written every "
      + "minute. Empty keeps no map.")
  static let slamDense = Setting.boolean(
    "slam.dense", true, from: .flag("--no-dense"),
    "Whether to find the depth of key frames, for clouds of points that show surfaces. Takes a fifth of a core.")
}
