// What Swift checks and does not survive.
@c(trap_now)
public func trapNow(_ n: Int32) -> Int32 {
  let numbers = [n]
  return numbers[Int(n)]
}

@c(swift_fine)
public func fine() -> Int32 { 42 }
