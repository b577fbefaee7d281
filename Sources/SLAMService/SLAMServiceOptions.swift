public import MapFormats
public import SLAM

/// How to run SLAM on one stream.
public struct SLAMServiceOptions: Sendable {
  /// The name of the stream, in messages.
  public var stream: String
  /// What is known of the camera; `nil`: it is taken to be a usual phone's.
  public var camera: CameraDescription?
  /// Capture times of the frames of a file, instead of those of the container.
  public var times: [Int64]?
  /// Every n-th frame is looked at; 0 and 1 mean each.
  public var frameSkip = 1
  /// Pictures are halved until their longer side is at most so many pixels.
  public var largestSide = 1_000
  /// Shared memory for the mesh service; `nil`: none.
  public var sharedMemory: SharedKeyFrames.Options? = SharedKeyFrames.Options()
  /// The folder of the session that key frames are kept in, asked at each key frame; `nil`: they are not kept.
  public var sessionFolder: (@Sendable () -> String?)?
  /// 1 to 100.
  public var keyFrameQuality = 90
  /// Whether to find the depth of key frames, some 10 000 points each, beside the points that tracking needs.
  public var isDense = true
  /// Points of that kind that are kept at most: 64 MB.
  public var densePoints = 2_000_000
  /// How often a point cloud is published, seconds of capture time, when the map has grown.
  public var cloudInterval = 2.0
  /// Points of a published cloud at most: 3 MB.
  public var cloudPoints = 200_000
  /// Motion samples that may wait for the next frame: 50 s at 400 Hz, 2 MB. Those of a recording that is sent once more
  /// come as far ahead of its video as the network holds that back.
  public var queuedSamples = 20_000
  /// The file that the map is kept in: at the end, and of live video now and then; `nil`: it is not kept.
  public var mapFile: SavedMapFile?
  /// The map that is recognised and extended; `nil`: there is none yet.
  public var earlierMap: SavedMap?
  /// How often the map of live video is kept, seconds of capture time.
  public var mapInterval = 60.0
  /// Whether poses of the whole run are kept, for files at its end.
  public var keepsResults = false

  public init(stream: String) { self.stream = stream }
}

/// What is wrong with the input of SLAM.
public enum SLAMServiceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The picture is not what `camera.json` describes, not even scaled.
  case cameraOfAnotherSize(camera: String, picture: String)
  /// `times.txt` has fewer lines than the video has frames.
  case fewerTimesThanFrames(times: Int)
  /// The same capture time, or an earlier one.
  case timeGoesBack(frame: Int)
  /// The map of an earlier run is of no use for these pictures.
  case mapOfNoUse(SavedMapError)

  public var description: String {
    switch self {
    case .cameraOfAnotherSize(let camera, let picture):
      "camera.json is for pictures of \(camera), the video has \(picture), which is no multiple"
    case .fewerTimesThanFrames(let times): "times.txt has \(times) lines, fewer than the video has frames"
    case .timeGoesBack(let frame): "frame \(frame) was not captured after the one before"
    case .mapOfNoUse(let error): "the map that was loaded is \(error)"
    }
  }
}
