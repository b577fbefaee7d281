import MediaModel
import Telemetry
import Testing

@Suite struct SampleRateTests {
  private func time(_ seconds: Double) -> HostTime { HostTime(nanos: 0).advanced(by: .seconds(seconds)) }

  @Test func ratesOfPhonesThatSendAddUp() {
    var rate = SampleRate()
    for second in 0..<10 {
      let readings = [
        SampleRate.Reading(phone: 1, total: UInt64(second) * 200, hertz: 200),
        SampleRate.Reading(phone: 2, total: UInt64(second) * 50, hertz: 50),
      ]
      #expect(rate.hertz(readings, at: time(Double(second))) == 250)
    }
  }

  @Test func aPhoneThatFellSilentIsLeftOutUntilItSendsAgain() {
    var rate = SampleRate()
    func hertz(_ total: UInt64, at seconds: Double) -> Double {
      rate.hertz([SampleRate.Reading(phone: 1, total: total, hertz: 200)], at: time(seconds))
    }
    #expect(hertz(200, at: 0) == 200)
    #expect(hertz(200, at: 2.9) == 200)
    #expect(hertz(200, at: 3) == 0)
    #expect(hertz(200, at: 60) == 0)
    #expect(hertz(201, at: 61) == 200)
  }

  @Test func aPhoneThatLeftIsForgotten() {
    var rate = SampleRate()
    #expect(rate.hertz([SampleRate.Reading(phone: 1, total: 1, hertz: 100)], at: time(0)) == 100)
    #expect(rate.hertz([], at: time(1)) == 0)
    #expect(rate.hertz([SampleRate.Reading(phone: 1, total: 1, hertz: 100)], at: time(9)) == 100)
  }
}
