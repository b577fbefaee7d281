/// The outcome of one check.
struct Finding: Equatable {
  enum Verdict: String {
    case good = "ok"
    case warning = "warn"
    case bad = "FAIL"
  }

  var verdict: Verdict
  /// What was looked at.
  var subject: String
  /// What was found.
  var detail: String
  /// What to do about it.
  var remedy: String?
  /// What a failure means for the exit code.
  var failure = ExitStatus.unavailable

  static func good(_ subject: String, _ detail: String) -> Finding {
    Finding(verdict: .good, subject: subject, detail: detail)
  }

  static func warning(_ subject: String, _ detail: String, fix: String) -> Finding {
    Finding(verdict: .warning, subject: subject, detail: detail, remedy: fix)
  }

  static func bad(
    _ subject: String, _ detail: String, fix: String, failure: ExitStatus = .unavailable
  ) -> Finding {
    Finding(verdict: .bad, subject: subject, detail: detail, remedy: fix, failure: failure)
  }

  var line: String {
    let verdict = verdict.rawValue + String(repeating: " ", count: 5 - verdict.rawValue.count)
    let subject = subject + String(repeating: " ", count: max(0, 12 - subject.count))
    return "\(verdict) \(subject) \(detail)" + (remedy.map { "; fix: \($0)" } ?? "")
  }

  var exitStatus: ExitStatus? { verdict == .bad ? failure : nil }
}
