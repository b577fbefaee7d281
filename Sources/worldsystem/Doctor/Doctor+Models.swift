import DetectionService
import Settings

// What detection has to work with.
extension Doctor {
  /// Whether the models that the settings ask for are there, and can run.
  var models: Finding {
    let detection = settings.detection
    let finders: InstalledFinders
    do throws(ModelChoiceError) {
      finders = try InstalledFinders(InstalledFinders.Options(detection))
    } catch {
      return .bad(
        "models", "\(error)", fix: "check detect.model and detect.models, or run worldsystem models prepare",
        failure: .usage)
    }
    let folder = finders.models.folder
    guard !finders.models.isEmpty else {
      return .good("models", "none in \(folder): detection finds what moves")
    }
    let found = finders.models
    let names = (found.fastestDet == nil ? [] : ["FastestDet"]) + found.grounding + found.segmenters
    if let problem = finders.backendProblem {
      return .warning(
        "models", "\(names.joined(separator: ", ")) in \(folder) cannot run: \(problem)",
        fix: "run scripts/install-dependencies, then build by ./run")
    }
    return .good("models", "\(names.joined(separator: ", ")) in \(folder); detection begins with \(finders.usualMode)")
  }
}
