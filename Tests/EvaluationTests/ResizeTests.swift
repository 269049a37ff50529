// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

/// A resampling of the matrix below with the result of the reference implementation of ONNX.
struct ResizeCase: Sendable, CustomTestStringConvertible {
  let op: Resize
  let expected: [Double]

  init(
    _ mode: ResizeMode, _ coordinates: ResizeCoordinates, _ sizes: [Int], _ scales: [Double],
    rounding: NearestRounding, exclude: Bool, antialias: Bool, cubic: Double, roi: [Double],
    extrapolation: Float, _ expected: [Double]
  ) {
    var op = Resize()
    op.mode = mode
    op.coordinates = coordinates
    op.sizes = sizes
    op.scales = scales
    op.rounding = rounding
    op.excludeOutside = exclude
    op.antialias = antialias
    op.cubic = cubic
    op.regionOfInterest = roi
    op.extrapolation = extrapolation
    self.op = op
    self.expected = expected
  }

  var testDescription: String { "\(op.mode) \(op.coordinates) \(op.sizes) \(op.antialias)" }

  static let matrix: [Double] = [
    -0.375, 0.0, 2.5, 4.5, -4.75, -3.625, 3.125, 4.375, -2.625, -2.0, 3.625, -0.875,
    -2.375, 3.25, -2.5, -1.0, 1.375, 0.375, -4.25, -4.75, 3.625, 2.5, 3.375, 0.375, 3.125,
    -1.75, -0.5, 2.875, -3.875, -2.0
  ]

  static let all: [ResizeCase] = [
    // A single position is the first one; the definition says so, the reference implementation takes half of one before it.
    ResizeCase(
      .cubic, .pytorchHalfPixel, [1, 6], [0.2, 1], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0, Array(matrix[..<6])),
    ResizeCase(
      .linear, .halfPixel, [3, 4], [0.6, 0.6666666666666666], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        0.9583333134651184, 0.9583333134651184, 1.2604166269302368, -2.5208332538604736,
        -0.96875, -1.0625, -0.40625, 0.625, -0.1875, -0.03125, 1.6979166269302368,
        -1.2708333730697632
      ]),
    ResizeCase(
      .linear, .alignCorners, [4, 8], [0.8, 1.3333333333333333], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, -0.1071428582072258, 1.0714285373687744, 2.7857143878936768,
        4.214285850524902, -0.7857142686843872, -4.4285712242126465, -3.625,
        1.2916666269302368, 3.2261905670166016, 1.1785714626312256, -2.452380895614624,
        -1.797619104385376, 0.9285714030265808, 1.922619104385376, -0.4583333432674408,
        -3.625, -2.5238094329833984, -0.511904776096344, 1.547619104385376,
        1.3690476417541504, 2.1190476417541504, 2.0416667461395264, 0.375, 3.125,
        -0.3571428656578064, -1.2142857313156128, -0.01785714365541935, 2.392857074737549,
        -0.9821428656578064, -3.3392856121063232, -2.0
      ]),
    ResizeCase(
      .linear, .asymmetric, [4, 8], [0.8, 1.4], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, -0.1071428582072258, 1.0714285373687744, 2.7857143878936768,
        4.214285850524902, -0.7857142686843872, -4.4285712242126465, -3.625, 1.75,
        3.424107074737549, 1.2276785373687744, -2.4732143878936768, -1.8705357313156128,
        1.0, 2.0267856121063232, -0.5625, -3.3125, -1.4821428060531616, -0.1875,
        0.5892857313156128, 0.7232142686843872, 1.6785714626312256, 1.8035714626312256,
        0.375, 1.28125, -1.4196428060531616, -1.2008928060531616, 0.8526785969734192,
        2.4598214626312256, 0.013392857275903225, -1.875, -1.40625
      ]),
    ResizeCase(
      .linear, .pytorchHalfPixel, [1, 4], [0.2, 0.6666666666666666], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.28125, 1.875, 2.1875, -3.90625
      ]),
    ResizeCase(
      .linear, .halfPixelSymmetric, [6, 3], [1.3, 0.55], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        0.1958041936159134, 3.052884578704834, -3.8854894638061523, 3.3470280170440674,
        -1.4182692766189575, 1.180069923400879, 2.428321599960327, -1.9663461446762085,
        1.493881106376648, -0.867132842540741, 0.10096153616905212, 1.5812937021255493,
        -3.9152097702026367, 2.774038553237915, 1.5437062978744507, -0.5367133021354675,
        1.3317307233810425, -2.8400349617004395
      ]),
    ResizeCase(
      .cubic, .halfPixel, [4, 3], [0.8, 0.5], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        0.11779403686523438, 3.7453269958496094, -4.319480895996094, 4.113550186157227,
        -4.444797515869141, 2.320047378540039, -3.8981151580810547, 1.7693061828613281,
        2.2015628814697266, -0.10574531555175781, 2.192892074584961, -2.983936309814453
      ]),
    ResizeCase(
      .cubic, .halfPixel, [3, 4], [0.6, 0.6666666666666666], rounding: .roundPreferFloor, exclude: true,
      antialias: false, cubic: -0.5, roi: [], extrapolation: 0.0,
      [
        0.8721054792404175, 1.0142443180084229, 1.7744476795196533, -2.9158382415771484,
        -1.1815693378448486, -1.3056640625, -0.388671875, 0.6167883276939392,
        0.20856405794620514, -0.13752694427967072, 2.0707502365112305, -1.5352379083633423
      ]),
    ResizeCase(
      .cubic, .asymmetric, [6, 4], [1.2, 0.6666666666666666], rounding: .roundPreferFloor, exclude: true,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, 1.09765625, 4.5, -4.932142734527588, 3.040813446044922,
        0.9742027521133423, -1.057451605796814, 0.6747968196868896, -0.24074074625968933,
        0.9473379850387573, -2.064814805984497, 1.512764573097229, -4.51953125,
        0.2435302734375, 0.80859375, 1.8624999523162842, -1.8596491813659668,
        -1.126439094543457, 3.0, 0.0595238097012043, 3.8724663257598877,
        -2.0397751331329346, 2.9130067825317383, -3.9685328006744385
      ]),
    ResizeCase(
      .cubic, .alignCorners, [4, 4], [0.8, 0.8], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, 0.6789528131484985, 4.974048614501953, -4.402245044708252,
        1.8865740299224854, 2.7461795806884766, -4.159020900726318, 3.613576889038086,
        -4.784722328186035, -0.9326147437095642, 1.7628321647644043, 3.4371955394744873,
        3.125, -2.093371868133545, 2.5075995922088623, -3.6548056602478027
      ]),
    ResizeCase(
      .linear, .halfPixel, [2, 3], [0.4, 0.5], rounding: .roundPreferFloor, exclude: false,
      antialias: true, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        0.890625, 0.48625001311302185, -0.784375011920929, -0.846875011920929,
        0.6637499928474426, -0.05937499925494194
      ]),
    ResizeCase(
      .linear, .halfPixel, [3, 3], [0.6, 0.6], rounding: .roundPreferFloor, exclude: true,
      antialias: true, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        1.4464285373687744, 0.966269850730896, -0.2433035671710968, -0.1587301641702652,
        -0.3641975224018097, 1.0052083730697632, -1.3214285373687744, 0.6329365372657776,
        0.5111607313156128
      ]),
    ResizeCase(
      .cubic, .halfPixel, [2, 3], [0.4, 0.6], rounding: .roundPreferFloor, exclude: false,
      antialias: true, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        1.1217420101165771, 0.5721486806869507, 0.22363734245300293, -1.290385365486145,
        0.2322443425655365, 1.0098347663879395
      ]),
    ResizeCase(
      .cubic, .halfPixel, [3, 7], [0.6, 1.2], rounding: .roundPreferFloor, exclude: true,
      antialias: true, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        1.3640700578689575, 2.2377116680145264, 0.863032341003418, 0.7021458745002747,
        1.1576849222183228, -1.519335150718689, -2.4777495861053467, -2.035313844680786,
        1.2644479274749756, 0.23200483620166779, -1.7546838521957397, 0.19189904630184174,
        3.150042772293091, 0.5901597142219543, -0.0842413529753685, -3.1123604774475098,
        -0.8921833038330078, 2.886094093322754, 2.2157082557678223, -1.094896912574768,
        -0.9738764762878418
      ]),
    ResizeCase(
      .nearest, .halfPixel, [3, 4], [0.6, 0.6666666666666666], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, 2.5, 4.5, -3.625, -2.375, -2.5, -1.0, 0.375, 3.125, -0.5, 2.875, -2.0
      ]),
    ResizeCase(
      .nearest, .halfPixel, [10, 3], [2.0, 0.5], rounding: .roundPreferCeil, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        0.0, 4.5, -3.625, 0.0, 4.5, -3.625, 4.375, -2.0, -0.875, 4.375, -2.0, -0.875,
        3.25, -1.0, 0.375, 3.25, -1.0, 0.375, -4.75, 2.5, 0.375, -4.75, 2.5, 0.375, -1.75,
        2.875, -2.0, -1.75, 2.875, -2.0
      ]),
    ResizeCase(
      .nearest, .asymmetric, [7, 4], [1.4, 0.6666666666666666], rounding: .floor, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, 0.0, 4.5, -4.75, -0.375, 0.0, 4.5, -4.75, 3.125, 4.375, -2.0, 3.625,
        -2.375, 3.25, -1.0, 1.375, -2.375, 3.25, -1.0, 1.375, -4.25, -4.75, 2.5, 3.375,
        3.125, -1.75, 2.875, -3.875
      ]),
    ResizeCase(
      .nearest, .alignCorners, [3, 4], [0.6, 0.6666666666666666], rounding: .ceil, exclude: false,
      antialias: false, cubic: -0.75, roi: [], extrapolation: 0.0,
      [
        -0.375, 2.5, -4.75, -3.625, -2.375, -2.5, 1.375, 0.375, 3.125, -0.5, -3.875, -2.0
      ]),
    ResizeCase(
      .linear, .tfCropAndResize, [3, 3], [0.6, 0.5], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [0.2, -0.3, 1.1, 0.8], extrapolation: 9.5,
      [
        9.5, 2.2249999046325684, 1.9500000476837158, 9.5, -0.8687499761581421,
        2.575000047683716, 9.5, 9.5, 9.5
      ]),
    ResizeCase(
      .nearest, .tfCropAndResize, [3, 3], [0.6, 0.5], rounding: .roundPreferFloor, exclude: false,
      antialias: false, cubic: -0.75, roi: [0.2, -0.3, 1.1, 0.8], extrapolation: 9.5,
      [
        9.5, 4.375, 3.625, 9.5, -4.75, 3.375, 9.5, 9.5, 9.5
      ]),
  ]
}

@Suite struct ResizeTests {
  @Test(arguments: ResizeCase.all) func agreesWithTheReference(_ sample: ResizeCase) throws {
    let input = tensor(.f32, [5, 6], ResizeCase.matrix)
    let result = try evaluate(sample.op, [input])
    #expect(result.shape.extents == sample.op.sizes)
    for (value, expected) in zip(result.doubles(), sample.expected) {
      #expect(abs(value - expected) <= 1e-6 * max(1, abs(expected)))
    }
  }

  @Test func leadingAxesPassThrough() throws {
    var op = Resize()
    op.mode = .linear
    op.sizes = [2, 1, 4]
    op.scales = [1, 1, 2]
    let result = try evaluate(op, [tensor(.u8, [2, 1, 2], [0, 10, 100, 255])])
    #expect(result.doubles() == [0, 2, 8, 10, 100, 139, 216, 255])
  }

  @Test func hugeScalesDoNotTrap() throws {
    var op = Resize()
    op.mode = .cubic
    op.antialias = true
    op.coordinates = .halfPixelSymmetric
    op.sizes = [3]
    op.scales = [0x1p24]
    #expect(try evaluate(op, [tensor(.f32, [2], [1, 2])]).count == 3)
    op.scales = [0x1p-40]
    #expect(throws: TypeMismatch.self) { try evaluate(op, [tensor(.f32, [2], [1, 2])]) }
  }
}
