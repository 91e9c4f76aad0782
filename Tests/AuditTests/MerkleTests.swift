import Core
import Crypto
import Foundation
import Testing

@testable import Audit

@Suite("The Merkle tree")
struct MerkleTests {
  /// The leaves and roots that implementations of RFC 6962 are tested with.
  private static let leaves = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
  ]
  private static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]

  private func hash(_ bytes: Data) -> Data { Data(SHA256.hash(data: bytes)) }

  /// Some leaf hashes.
  private func leaves(_ count: Int) -> [Data] { (0..<count).map { hash(Data("leaf \($0)".utf8)) } }

  /// The definition, as RFC 6962 words it.
  private func root(_ leaves: ArraySlice<Data>) -> Data {
    guard leaves.count > 1 else { return leaves.first ?? hash(Data()) }
    var left = 1
    while left * 2 < leaves.count { left *= 2 }
    return hash(Data([1]) + root(leaves.prefix(left)) + root(leaves.dropFirst(left)))
  }

  private func tree(_ leaves: some Sequence<Data>) -> CompactRange {
    var tree = CompactRange()
    for leaf in leaves { tree.append(leaf) }
    return tree
  }

  @Test("has the roots of the known vectors", arguments: 0...8)
  func vectors(size: Int) throws {
    let leaves = try Self.leaves.prefix(size).map { hash(Data([0]) + (try #require(Data(hexadecimal: $0)))) }
    #expect(tree(leaves).root.hexadecimal == Self.roots[size])
  }

  @Test(
    "knows the paths of the known vectors",
    arguments: [
      (0, 1, []),
      (
        0, 8,
        [
          "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
      ),
      (
        5, 8,
        [
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
      ),
      (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
      (
        1, 5,
        [
          "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
      ),
    ] as [(Int, Int, [String])])
  func paths(index: Int, size: Int, path: [String]) throws {
    let leaves = try Self.leaves.map { hash(Data([0]) + (try #require(Data(hexadecimal: $0)))) }
    let siblings = InclusionPath.siblings(of: Int64(index), in: Int64(size))
    #expect(siblings.map { root(leaves[Int($0.lowerBound)..<Int($0.upperBound)]).hexadecimal } == path)
    let nodes = try path.map { try #require(Data(hexadecimal: $0)) }
    let found = InclusionPath.root(of: leaves[index], at: Int64(index), in: Int64(size), along: nodes)
    #expect(found?.hexadecimal == Self.roots[size])
  }

  @Test("grows leaf by leaf to the root that its definition gives, and is read back as it was")
  func grows() throws {
    let leaves = leaves(130)
    var tree = CompactRange()
    for (index, leaf) in leaves.enumerated() {
      #expect(tree.root == root(leaves.prefix(index)))
      #expect(CompactRange(size: tree.size, bytes: tree.bytes) == tree)
      tree.append(leaf)
    }
    #expect(CompactRange(size: 130, bytes: tree.bytes.dropLast(32)) == nil)
    #expect(CompactRange(size: 131, bytes: tree.bytes) == nil)
    #expect(CompactRange(size: 130, bytes: tree.bytes.dropLast()) == nil)
  }

  @Test("every leaf of every tree has a path that leads to the root, and that no other leaf, place or size fits")
  func inclusion() {
    let leaves = leaves(40)
    for size in 1...40 as ClosedRange<Int64> {
      let whole = root(leaves.prefix(Int(size)))
      for index in 0..<size {
        let path = InclusionPath.siblings(of: index, in: size).map { root(leaves[Int($0.lowerBound)..<Int($0.upperBound)]) }
        let leaf = leaves[Int(index)]
        #expect(InclusionPath.root(of: leaf, at: index, in: size, along: path) == whole)
        #expect(InclusionPath.root(of: leaves[Int((index + 1) % 40)], at: index, in: size, along: path) != whole)
        #expect(InclusionPath.root(of: leaf, at: index + 1, in: size, along: path) != whole)
        #expect(InclusionPath.root(of: leaf, at: index, in: size, along: path + [leaf]) == nil)
        if !path.isEmpty { #expect(InclusionPath.root(of: leaf, at: index, in: size, along: path.dropLast()) != whole) }
      }
    }
  }

  @Test("the roots that a path needs are found from nodes of deleted leaves and the leaves that are left")
  func sealed() throws {
    let leaves = leaves(40)
    for deleted in 0...39 {
      let sealed = tree(leaves.prefix(deleted))
      for size in (deleted + 1)...40 {
        for index in deleted..<size {
          for range in InclusionPath.siblings(of: Int64(index), in: Int64(size)) {
            var part = CompactRange()
            var next = range.lowerBound
            if range.lowerBound < sealed.size {
              (part, next) = try #require(sealed.nodes(from: range.lowerBound, to: range.upperBound))
            }
            for leaf in leaves[Int(next)..<Int(range.upperBound)] { part.append(leaf) }
            #expect(part.root == root(leaves[Int(range.lowerBound)..<Int(range.upperBound)]))
          }
        }
      }
    }
  }
}
