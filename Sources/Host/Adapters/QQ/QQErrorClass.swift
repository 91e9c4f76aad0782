/// The platform's error codes, by what to do about them.
enum QQErrorClass: String, Sendable, CaseIterable {
  case token, transient, config, tokenEndpointConfig, tokenEndpointRate, permission, duplicate, replyExpired, replyIdInvalid
  case rate, content, wakeup, audit, targetGone, muted, media, recall, stream

  /// Nil for a code that is not documented.
  init?(code: Int64) {
    switch code {
    case 11241, 11243, 11244: self = .token
    case 11242, 11252, 11263, 11281, 50001, 304_010, 304_082, 304_083, 850_026, 850_027, 40_034_004, 40_093_001, 50_055_001,
      50_055_002, 50_055_006, 50_065_001:
      self = .transient
    case 11251, 11261, 11262, 11273, 11275: self = .config
    case 10004, 100_007, 100_016: self = .tokenEndpointConfig
    case 100_001: self = .tokenEndpointRate
    case 11253, 11254, 11264, 11265, 11282, 304_004, 304_018, 304_036, 304_037, 304_064, 40_034_090, 40_034_102, 40_034_105,
      40_062_003:
      self = .permission
    case 40_054_005: self = .duplicate
    case 304_027, 304_103, 40_034_005, 40_034_026, 40_034_128: self = .replyExpired
    case 304_026, 40_034_024, 40_034_025, 40_034_027: self = .replyIdInvalid
    case 20028, 22009, 50002, 304_031...304_034, 304_045...304_050, 1_100_100, 40_034_100: self = .rate
    case 22006, 50006, 50037, 50045...50048, 50054...50057, 50059, 304_003, 304_025, 304_061, 305_007, 1_100_101, 1_100_103,
      40_034_006, 40_034_008...40_034_011, 40_034_029, 40_034_106, 40_034_108, 40_034_109, 40_034_124, 40_034_127, 40_054_007,
      40_054_010, 40_054_018:
      self = .content
    case 40_034_122, 40_034_123: self = .wakeup
    case 304_023, 304_024: self = .audit
    case 1_100_104, 40_034_101, 40_054_003, 40_054_004, 40_054_013, 40_054_016: self = .targetGone
    case 850_018, 40_054_002: self = .muted
    case 10000, 304_080, 850_019, 850_031, 40_093_002: self = .media
    case 306_001...306_011, 40_061_001, 40_061_002, 40_064_004: self = .recall
    case 40007: self = .stream
    default: return nil
    }
  }
}
