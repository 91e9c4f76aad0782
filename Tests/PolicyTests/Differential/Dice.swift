/// A small generator with a known start, so that a failure repeats.
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { next(below: times) == 0 }

  mutating func one<Element>(of elements: [Element]) -> Element { elements[next(below: elements.count)] }

  mutating func list<Element>(_ counts: ClosedRange<Int>, _ element: (inout Dice) -> Element) -> [Element] {
    let count = counts.lowerBound + next(below: counts.count)
    return (0..<count).map { _ in element(&self) }
  }
}
