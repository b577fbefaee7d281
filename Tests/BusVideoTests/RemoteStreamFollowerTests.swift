import BusVideo
import MediaModel
import Testing

/// Each test is a table of what happens and what the follower makes of it.
@Suite struct RemoteStreamFollowerTests {
  typealias Effects = RemoteStreamFollower.Effects
  typealias Turn = RemoteStreamFollower.Turn

  private static let turnA = Turn(node: "a", epoch: 10)

  private static func at(_ seconds: Double) -> HostTime { HostTime(nanos: Int64(seconds * 1e9)) }

  /// A unit whose offset and number rise together, in groups of ten: 100, 110… are key frames.
  private static func unit(
    _ offset: UInt64, sequence: UInt64? = nil, turn: Turn = turnA, group: UInt64 = 10, age: Double = 0
  ) -> RemoteStreamFollower.Unit {
    RemoteStreamFollower.Unit(
      offset: offset, node: turn.node, epoch: turn.epoch, sequence: sequence ?? offset,
      isKeyFrame: offset.isMultiple(of: group), unitsSinceKeyFrame: offset % group, age: .seconds(age))
  }

  private static func effects(_ change: (inout Effects) -> Void) -> Effects {
    var effects = Effects()
    change(&effects)
    return effects
  }

  private static let handedOn = effects { $0.publishes = true }

  private static func begins(_ turn: Turn = turnA, after end: RemoteStreamFollower.End? = nil) -> Effects {
    effects {
      $0.end = end
      $0.begin = turn
      $0.publishes = true
    }
  }

  private static func dropped(_ reason: VideoDrop, attach: VideoQueueOffset? = nil) -> Effects {
    effects {
      $0.drop = reason
      $0.attach = attach
    }
  }

  /// A follower that has handed on offset 100 at one second.
  private static func following() -> RemoteStreamFollower {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: at(1))
    _ = follower.received(unit(100), at: at(1))
    return follower
  }

  // MARK: Joining

  @Test func nothingIsReadUntilSomebodyAsks() {
    var follower = RemoteStreamFollower(node: "b")
    #expect(follower.tick(.none, isAnnounced: true, at: Self.at(1)) == Effects())
    #expect(follower.isIdle)
    #expect(
      follower.tick(.readers, isAnnounced: true, at: Self.at(2)) == Self.effects { $0.attach = .last })
  }

  @Test func readingBeginsAtTheKeyFrameThatTheNewestMessagePointsTo() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    #expect(follower.received(Self.unit(107), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame, attach: .offset(100)))
    #expect(follower.received(Self.unit(100), at: Self.at(1)) == Self.begins())
    for offset in UInt64(101)...112 {
      #expect(follower.received(Self.unit(offset), at: Self.at(1)) == Self.handedOn)
    }
  }

  @Test func keyFrameAtTheEndNeedsNoSearch() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    #expect(follower.received(Self.unit(110), at: Self.at(1)) == Self.begins())
  }

  @Test func searchGoesFurtherBackWhenOffsetsAndPicturesDoNotMatch() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    var newest = Self.unit(107)
    newest.unitsSinceKeyFrame = 5
    #expect(follower.received(newest, at: Self.at(1)) == Self.dropped(.awaitsKeyFrame, attach: .offset(102)))
    #expect(follower.received(Self.unit(102), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame, attach: .offset(100)))
    #expect(follower.received(Self.unit(100), at: Self.at(1)) == Self.begins())
  }

  @Test func searchEndsAfterAFewSteps() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    var offset: UInt64 = 1_000
    var searches = 0
    while searches < 100 {
      var liar = Self.unit(offset, group: 7_919)
      liar.unitsSinceKeyFrame = 1
      guard let attach = follower.received(liar, at: Self.at(1)).attach else { break }
      offset -= 1
      #expect(attach == .offset(offset))
      searches += 1
    }
    #expect(searches == RemoteStreamFollower.Parameters().steps)
    #expect(follower.received(Self.unit(1_010), at: Self.at(1)) == Self.begins())
  }

  @Test func truncatedQueueIsJoinedAtTheNextKeyFrame() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    #expect(follower.received(Self.unit(107), at: Self.at(1)).attach == .offset(100))
    // The broker begins with the oldest message it has.
    #expect(follower.received(Self.unit(104), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
    for offset in UInt64(105)...109 {
      #expect(follower.received(Self.unit(offset), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
    }
    #expect(follower.received(Self.unit(110), at: Self.at(1)) == Self.begins())
  }

  @Test(arguments: [UInt64(4_000), 108])
  func impossibleGroupsAreNotSearched(units: UInt64) {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(1))
    var liar = Self.unit(107)
    liar.unitsSinceKeyFrame = units
    #expect(follower.received(liar, at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
  }

  @Test func whatALongGonePublisherLeftIsNotShown() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: false, at: Self.at(1))
    #expect(follower.received(Self.unit(107, age: 31), at: Self.at(1)) == Self.dropped(.outdated))
    #expect(follower.received(Self.unit(110, age: 31), at: Self.at(1)) == Self.dropped(.outdated))
    #expect(follower.received(Self.unit(120), at: Self.at(2)) == Self.begins())
  }

  @Test func ownPicturesDoNotComeBack() {
    var follower = RemoteStreamFollower(node: "b")
    _ = follower.tick(.readers, isAnnounced: false, at: Self.at(1))
    #expect(
      follower.received(Self.unit(100, turn: Turn(node: "b", epoch: 3)), at: Self.at(1)) == Self.dropped(.own))
    #expect(follower.received(Self.unit(110), at: Self.at(1)) == Self.begins())
  }

  // MARK: Gaps and repetitions

  @Test func gapIsFollowedByAKeyFrame() {
    var follower = Self.following()
    #expect(follower.received(Self.unit(101), at: Self.at(1)) == Self.handedOn)
    #expect(follower.received(Self.unit(103), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
    #expect(follower.received(Self.unit(104), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
    #expect(follower.received(Self.unit(110), at: Self.at(1)) == Self.handedOn, "the publication goes on")
    #expect(follower.received(Self.unit(111), at: Self.at(1)) == Self.handedOn)
  }

  @Test func repeatedPicturesAreLeftOut() {
    var follower = Self.following()
    for offset in UInt64(101)...105 { _ = follower.received(Self.unit(offset), at: Self.at(1)) }
    // The same pictures again, under new offsets.
    for sequence in UInt64(103)...105 {
      #expect(
        follower.received(Self.unit(sequence + 3, sequence: sequence), at: Self.at(1)) == Self.dropped(.duplicate))
    }
    #expect(follower.received(Self.unit(109, sequence: 106), at: Self.at(1)) == Self.handedOn)
  }

  @Test func damagedPictureIsFollowedByAKeyFrame() {
    var follower = Self.following()
    _ = follower.received(Self.unit(101), at: Self.at(1))
    follower.receivedMalformed(at: Self.at(1))
    #expect(follower.received(Self.unit(102), at: Self.at(1)) == Self.dropped(.awaitsKeyFrame))
    #expect(follower.received(Self.unit(110), at: Self.at(1)) == Self.handedOn)
  }

  // MARK: Publishers that change

  @Test func restartedServerIsANewTurnFromItsKeyFrameOn() {
    var follower = Self.following()
    let restarted = Turn(node: "a", epoch: 20)
    #expect(follower.received(Self.unit(115, sequence: 5, turn: restarted), at: Self.at(2)).drop == .awaitsKeyFrame)
    #expect(
      follower.received(Self.unit(120, sequence: 10, turn: restarted), at: Self.at(2))
        == Self.begins(restarted, after: .held))
    #expect(follower.received(Self.unit(121, sequence: 11, turn: restarted), at: Self.at(2)) == Self.handedOn)
    #expect(follower.received(Self.unit(101), at: Self.at(2)) == Self.dropped(.replacedPublisher))
  }

  @Test func newestOfTwoServersWinsAndTheOtherIsToldOfOnce() {
    var follower = Self.following()
    let other = Turn(node: "c", epoch: 5)
    #expect(
      follower.received(Self.unit(101, turn: other), at: Self.at(1))
        == Self.effects {
          $0.drop = .replacedPublisher
          $0.conflict = other
        })
    #expect(follower.received(Self.unit(110, turn: other), at: Self.at(1)) == Self.dropped(.replacedPublisher))
    #expect(follower.received(Self.unit(111, sequence: 101), at: Self.at(1)) == Self.handedOn)
  }

  @Test func olderPublisherTakesOverWhenTheNewestFallsSilent() {
    var follower = Self.following()
    let other = Turn(node: "c", epoch: 5)
    #expect(follower.received(Self.unit(110, turn: other), at: Self.at(3.9)).publishes == false)
    #expect(
      follower.received(Self.unit(120, turn: other), at: Self.at(4)) == Self.begins(other, after: .held))
  }

  @Test func localPublisherEndsReadingAtOnce() {
    var follower = Self.following()
    #expect(
      follower.tick(.localPublisher, isAnnounced: true, at: Self.at(1.1))
        == Self.effects {
          $0.end = .withdrawn
          $0.detach = true
        })
    #expect(follower.isIdle)
    #expect(follower.received(Self.unit(101), at: Self.at(1.2)) == Effects())
  }

  @Test func refusedPublicationIsTriedAgainLater() {
    var follower = Self.following()
    #expect(follower.refused(at: Self.at(1)) == Self.effects { $0.detach = true })
    follower.ended(.closed, at: Self.at(1))
    #expect(follower.tick(.readers, isAnnounced: true, at: Self.at(1.1)) == Effects())
    #expect(
      follower.tick(.readers, isAnnounced: true, at: Self.at(1.25)) == Self.effects { $0.attach = .last })
    #expect(follower.received(Self.unit(101), at: Self.at(1.3)).drop == .awaitsKeyFrame)
    #expect(follower.received(Self.unit(110), at: Self.at(1.3)) == Self.begins())
  }

  // MARK: Silence and leaving

  @Test func readingOutlivesTheLastReaderForAWhile() {
    var follower = Self.following()
    #expect(follower.tick(.none, isAnnounced: true, at: Self.at(10.9)).detach == false)
    #expect(
      follower.tick(.none, isAnnounced: true, at: Self.at(11))
        == Self.effects {
          $0.end = .withdrawn
          $0.detach = true
        })
  }

  @Test(arguments: [(false, 6.0), (true, 31.0)])
  func silentPublisherCountsAsGone(isAnnounced: Bool, after seconds: Double) {
    var follower = Self.following()
    #expect(follower.tick(.readers, isAnnounced: isAnnounced, at: Self.at(seconds - 0.1)).end == nil)
    #expect(follower.tick(.readers, isAnnounced: isAnnounced, at: Self.at(seconds)).end == .held)
    #expect(follower.received(Self.unit(101), at: Self.at(seconds)).drop == .awaitsKeyFrame)
    #expect(follower.received(Self.unit(110), at: Self.at(seconds)) == Self.begins())
  }

  @Test func silentQueueIsReadAnewAndNothingComesTwice() {
    var follower = Self.following()
    _ = follower.received(Self.unit(101), at: Self.at(1))
    #expect(follower.tick(.readers, isAnnounced: true, at: Self.at(6)).attach == .last)
    #expect(follower.received(Self.unit(100), at: Self.at(6)) == Self.dropped(.duplicate))
    #expect(follower.received(Self.unit(101), at: Self.at(6)) == Self.dropped(.duplicate))
    #expect(follower.tick(.readers, isAnnounced: true, at: Self.at(15.9)).attach == nil, "twice as long")
    #expect(follower.received(Self.unit(102), at: Self.at(15.9)) == Self.handedOn)
  }

  // MARK: Readings that end

  @Test func readingGoesOnBehindTheLastPicture() {
    var follower = Self.following()
    _ = follower.received(Self.unit(101), at: Self.at(1))
    follower.ended(.connectionLost, at: Self.at(1))
    #expect(follower.tick(.readers, isAnnounced: true, at: Self.at(1.2)) == Effects())
    #expect(
      follower.tick(.readers, isAnnounced: true, at: Self.at(1.25)) == Self.effects { $0.attach = .offset(102) })
    #expect(follower.received(Self.unit(102), at: Self.at(1.3)) == Self.handedOn)
  }

  @Test func failuresAreRetriedLessAndLessOften() {
    var follower = RemoteStreamFollower(node: "b")
    var now = 1.0
    for wait in [0.25, 0.5, 1, 2, 4, 4] {
      #expect(follower.tick(.readers, isAnnounced: false, at: Self.at(now)).attach == .last)
      follower.ended(.missing, at: Self.at(now))
      #expect(follower.tick(.readers, isAnnounced: false, at: Self.at(now + wait - 0.01)).attach == nil)
      now += wait
    }
  }

  @Test func truncationDuringAnAbsenceLeadsToTheLastKeyFrame() {
    var follower = Self.following()
    follower.ended(.connectionLost, at: Self.at(1))
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(2))
    #expect(follower.received(Self.unit(164), at: Self.at(2)) == Self.dropped(.outdated, attach: .last))
    #expect(follower.received(Self.unit(188), at: Self.at(2)) == Self.dropped(.awaitsKeyFrame, attach: .offset(180)))
    #expect(follower.received(Self.unit(180), at: Self.at(2)) == Self.handedOn)
  }

  @Test func longAbsenceIsNotReplayed() {
    var follower = Self.following()
    follower.ended(.connectionLost, at: Self.at(1))
    _ = follower.tick(.readers, isAnnounced: true, at: Self.at(60))
    #expect(follower.received(Self.unit(101, age: 59), at: Self.at(60)) == Self.dropped(.outdated, attach: .last))
  }

  @Test func queueThatWasDeletedIsReadFromItsEnd() {
    var follower = Self.following()
    follower.ended(.missing, at: Self.at(1))
    #expect(follower.tick(.readers, isAnnounced: true, at: Self.at(2)).attach == .last)
    #expect(follower.received(Self.unit(1, sequence: 101), at: Self.at(2)) == Self.handedOn)
  }

  // MARK: Whatever happens

  /// Random histories of one publisher that restarts, with losses, repetitions and readings that end: what is handed on
  /// is a chain of pictures, each behind the one before it in its turn or a key frame.
  @Test(arguments: 0..<50)
  func whatIsHandedOnAlwaysDecodes(seed: Int) {
    var random = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    func roll(_ sides: UInt64) -> UInt64 {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return random % sides
    }
    var follower = RemoteStreamFollower(node: "b")
    var last: (turn: Turn, sequence: UInt64)?
    var turn = Self.turnA
    var (offset, sequence, handed) = (UInt64(100), UInt64(100), 0)
    for step in 1..<2_000 {
      let now = Self.at(Double(step) / 30)
      _ = follower.tick(roll(100) == 0 ? .none : .readers, isAnnounced: true, at: now)
      switch roll(200) {
      case 0: follower.ended(.connectionLost, at: now)
      case 1: turn.epoch += 1
      case 2...5: sequence += 1 + roll(3)
      case 6...9: sequence = max(100, sequence - roll(5))
      default: break
      }
      offset += 1
      sequence += 1
      var unit = Self.unit(offset, sequence: sequence, turn: turn)
      unit.isKeyFrame = sequence.isMultiple(of: 10)
      unit.unitsSinceKeyFrame = sequence % 10
      guard follower.received(unit, at: now).publishes else { continue }
      handed += 1
      if !unit.isKeyFrame {
        #expect(last?.turn == turn && last?.sequence == sequence - 1)
      } else if let last, last.turn == turn {
        #expect(last.sequence < sequence)
      }
      last = (turn, sequence)
    }
    #expect(handed > 500)
  }
}
