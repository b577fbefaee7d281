import MediaModel

/// What to do with one picture.
extension RemoteStreamFollower {
  enum Verdict: Hashable {
    /// - Parameter begins: with a new publication.
    case handOn(begins: Bool)
    case drop(VideoDrop)
  }

  mutating func judge(_ unit: Unit, at now: HostTime, _ effects: inout Effects) -> Verdict {
    guard unit.node != ownNode else { return .drop(.own) }
    let turn = Turn(node: unit.node, epoch: unit.epoch)
    guard let position else { return judgeBeginning(unit) }
    if turn == position.turn { return judgeNext(unit, after: position) }
    if turn.wins(over: position.turn) { return judgeBeginning(unit) }
    if turn.node != position.turn.node, unit.age <= parameters.freshness,
      knownConflicts.insert(turn.node).inserted
    {
      effects.conflict = turn
    }
    // The newest turn may be over, and an older publisher still there.
    guard now.since(position.at) >= parameters.patience else { return .drop(.replacedPublisher) }
    return judgeBeginning(unit)
  }

  private func judgeBeginning(_ unit: Unit) -> Verdict {
    guard unit.age <= parameters.freshness else { return .drop(.outdated) }
    return unit.isKeyFrame ? .handOn(begins: true) : .drop(.awaitsKeyFrame)
  }

  private mutating func judgeNext(_ unit: Unit, after position: Position) -> Verdict {
    guard unit.sequence > position.sequence else { return .drop(.duplicate) }
    if unit.isKeyFrame { return .handOn(begins: !isPublishing) }
    guard unit.sequence == position.sequence + 1, !position.awaitsKeyFrame else {
      self.position?.awaitsKeyFrame = true
      return .drop(.awaitsKeyFrame)
    }
    return .handOn(begins: false)
  }

  mutating func handOn(_ unit: Unit, begins: Bool, at now: HostTime, _ effects: inout Effects) {
    let turn = Turn(node: unit.node, epoch: unit.epoch)
    if begins {
      // The readers wait for the new publisher, as they do when one comes back here.
      if isPublishing { effects.end = .held }
      effects.begin = turn
      isPublishing = true
    }
    effects.publishes = true
    position = Position(turn: turn, sequence: unit.sequence, offset: unit.offset, at: now)
    livens()
  }
}
