/// The tokens a server accepts, by what they grant.
public struct TokenSet: Equatable, Sendable {
  private var tokens: [(permission: Permission, token: Token)] = []

  /// A set that grants nothing.
  public init() {}

  /// One new random token for each permission.
  public static func random() -> TokenSet {
    var set = TokenSet()
    for permission in Permission.allCases { set.add(.random(), for: permission) }
    return set
  }

  /// Accepts `token` for `permission` from now on.
  public mutating func add(_ token: Token, for permission: Permission) { tokens.append((permission, token)) }

  public var isEmpty: Bool { tokens.isEmpty }

  /// The tokens given for exactly `permission`, in the order in which they were added.
  public func tokens(for permission: Permission) -> [Token] {
    tokens.filter { $0.permission == permission }.map(\.token)
  }

  /// All tokens that suffice for `permission`. For RTSP, where the password of Basic and Digest is the token.
  public func tokens(sufficientFor permission: Permission) -> [Token] {
    tokens.filter { $0.permission.implied.contains(permission) }.map(\.token)
  }

  /// Everything `presented` grants. Compares with all tokens, so the time taken does not tell which one matched.
  public func permissions(of presented: String) -> Set<Permission> {
    var granted: Set<Permission> = []
    for (permission, token) in tokens where token.matches(presented) { granted.formUnion(permission.implied) }
    return granted
  }

  public static func == (left: TokenSet, right: TokenSet) -> Bool {
    left.tokens.elementsEqual(right.tokens) { $0.permission == $1.permission && $0.token == $1.token }
  }
}
