import LinearAlgebra
import TestSupport
import Testing

@Suite struct DecompositionTests {
  /// A matrix of numbers in −1…1, the same for each seed.
  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var matrix = Matrix(rows: rows, columns: columns)
    for index in matrix.elements.indices {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      matrix.elements[index] = Double(state >> 11) / Double(1 << 52) - 1
    }
    return matrix
  }

  private func distance(_ a: Matrix, _ b: Matrix) -> Double {
    zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? .infinity
  }

  private func diagonal(_ values: [Double]) -> Matrix {
    var matrix = Matrix(rows: values.count, columns: values.count)
    for (index, value) in values.enumerated() { matrix[index, index] = value }
    return matrix
  }

  @Test(arguments: 1...20) func choleskySolves(size: Int) throws {
    var matrix = random(size + 3, size, seed: UInt64(size)).gram
    for index in 0..<size { matrix[index, index] += 0.1 }
    let x = random(size, 1, seed: 99).elements
    let solution = try #require(Cholesky(matrix)).solve(matrix * x)
    #expect(zip(solution, x).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test func choleskyKeepsToTheEnvelope() throws {
    // An arrow and a band: rows that start late.
    var matrix = Matrix.identity(12)
    for index in 0..<12 { matrix[index, index] = 8 }
    for index in 1..<12 {
      matrix[index, index - 1] = -1
      matrix[index - 1, index] = -1
    }
    for index in 0..<11 {
      matrix[11, index] += 0.5
      matrix[index, 11] += 0.5
    }
    let inverse = try #require(Cholesky(matrix)).inverse
    #expect(distance(matrix * inverse, .identity(12)) < 1e-12)
  }

  @Test func choleskyRefusesWhatIsNotPositiveDefinite() {
    #expect(Cholesky(Matrix(rows: [[1, 2], [2, 1]])) == nil)
    #expect(Cholesky(Matrix(rows: [[1, 1], [1, 1]])) == nil)
    #expect(Cholesky(Matrix(rows: [[0]])) == nil)
    #expect(Cholesky(Matrix(rows: [[.nan]])) == nil)
  }

  @Test(arguments: 1...12) func eigenvectorsDiagonalise(size: Int) {
    let matrix = random(size, size, seed: UInt64(size + 40)).mirroredFromUpper
    let eigen = SymmetricEigen(matrix)
    #expect(eigen.values == eigen.values.sorted())
    #expect(distance(eigen.vectors.gram, .identity(size)) < 1e-12)
    #expect(distance(eigen.vectors * diagonal(eigen.values) * eigen.vectors.transposed, matrix) < 1e-12)
  }

  @Test(arguments: [(3, 3), (9, 9), (30, 9), (5, 1), (12, 4)]) func singularValuesRebuild(rows: Int, columns: Int) {
    let matrix = random(rows, columns, seed: UInt64(rows * columns))
    let decomposition = SingularValues(matrix)
    #expect(decomposition.values == decomposition.values.sorted(by: >))
    #expect(distance(decomposition.u.gram, .identity(columns)) < 1e-12)
    #expect(distance(decomposition.v.gram, .identity(columns)) < 1e-12)
    #expect(distance(decomposition.u * diagonal(decomposition.values) * decomposition.v.transposed, matrix) < 1e-12)
  }

  @Test func nullVectorSolvesHomogeneousSystems() {
    // Column 2 is the sum of the others.
    var matrix = random(10, 3, seed: 5)
    for row in 0..<10 { matrix[row, 2] = matrix[row, 0] + matrix[row, 1] }
    let null = SingularValues(matrix).nullVector
    #expect((matrix * null).allSatisfy { abs($0) < 1e-12 })
    #expect(abs(null[0] - null[1]) < 1e-12 && abs(null[0] + null[2]) < 1e-12)
  }

  @Test func rankDeficientMatricesHaveZeroValues() {
    let decomposition = SingularValues(Matrix(rows: [[1, 2], [2, 4], [3, 6]]))
    #expect(abs(decomposition.values[0] - 70.0.squareRoot()) < 1e-12 && decomposition.values[1] < 1e-14)
  }
}
