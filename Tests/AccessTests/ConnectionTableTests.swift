import Access
import NIOCore
import Testing

@Suite struct ConnectionTableTests {
  func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1234) }

  @Test func limitsEachAddressAndTheTotal() throws {
    var table = ConnectionTable(limits: .init(total: 4, perAddress: 2))
    #expect(table.admit(try address("10.0.0.1")) == .admitted)
    #expect(table.admit(try address("10.0.0.1")) == .admitted)
    #expect(table.admit(try address("10.0.0.1")) == .addressLimitReached)
    #expect(table.admit(try address("10.0.0.2")) == .admitted)
    #expect(table.admit(try address("10.0.0.3")) == .admitted)
    #expect(table.admit(try address("10.0.0.4")) == .totalLimitReached)
    table.release(try address("10.0.0.1"))
    #expect(table.admit(try address("10.0.0.1")) == .admitted)
    #expect(table.count == 4)
  }

  @Test func releasingEverythingLeavesNothing() throws {
    let limits = ConnectionLimits(total: 9, perAddress: 3)
    var table = ConnectionTable(limits: limits)
    let addresses = try ["10.0.0.1", "10.0.0.1", "::1", "2001:db8::1"].map(address)
    for address in addresses { #expect(table.admit(address) == .admitted) }
    for address in addresses { table.release(address) }
    #expect(table == ConnectionTable(limits: limits))
  }

  @Test func loopbackIsExemptFromTheAddressLimit() throws {
    var table = ConnectionTable(limits: .init(total: 10, perAddress: 1))
    for text in ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1", "::ffff:127.0.0.1"] {
      #expect(table.admit(try address(text)) == .admitted)
    }
    #expect(table.admit(nil) == .admitted)
    #expect(table.admit(nil) == .admitted)
  }

  @Test func aVersion6NetworkCountsAsOneAddress() throws {
    var table = ConnectionTable(limits: .init(total: 10, perAddress: 1))
    #expect(table.admit(try address("2001:db8:0:1::1")) == .admitted)
    #expect(table.admit(try address("2001:db8:0:1::2")) == .addressLimitReached)
    #expect(table.admit(try address("2001:db8:0:2::1")) == .admitted)
    #expect(table.admit(try address("10.0.0.1")) == .admitted)
    #expect(table.admit(try address("::ffff:10.0.0.1")) == .addressLimitReached)
  }

  @Test func limiterCountsAcrossThreads() async throws {
    let limiter = ConnectionLimiter(.init(total: 50, perAddress: 50))
    let address = try address("10.0.0.1")
    let admitted = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<80 { group.addTask { limiter.admit(address) == .admitted } }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(admitted == 50)
    #expect(limiter.count == 50)
  }
}
