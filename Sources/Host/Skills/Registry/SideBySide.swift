/// Runs `body` for all inputs, at most `limit` at a time. The answers, in the order of the inputs.
func sideBySide<Input: Sendable, Output: Sendable>(
  _ inputs: [Input], limit: Int, _ body: @escaping @Sendable (Input) async -> Output
) async -> [Output] {
  guard inputs.count > 1 else {
    var answers: [Output] = []
    for input in inputs { answers.append(await body(input)) }
    return answers
  }
  return await withTaskGroup(of: (Int, Output).self) { group in
    var answers: [Int: Output] = [:]
    for (index, input) in inputs.enumerated() {
      if index >= limit, let (done, answer) = await group.next() { answers[done] = answer }
      group.addTask { (index, await body(input)) }
    }
    for await (done, answer) in group { answers[done] = answer }
    return inputs.indices.compactMap { answers[$0] }
  }
}
