import Foundation

/// This program.
enum Executable {
  /// Its file, for starting a second process of it.
  static func path() throws -> String {
    guard let path = Bundle.main.executablePath else {
      throw CommandFailure(.failure, "the path of this program is unknown")
    }
    return path
  }
}
