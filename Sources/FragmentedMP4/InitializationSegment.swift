import CodedMedia
import H264
import MediaModel
import NIOCore

/// `ftyp` and `moov` of a file with one video track whose samples all lie in fragments.
enum InitializationSegment {
  static let trackID: UInt32 = 1
  /// Seconds from 1904, the epoch of the format, to 1970.
  static let epochOffset: Int64 = 2_082_844_800

  /// - Parameter mediaStart: the time on the media's own timeline at which presentation begins.
  static func write(
    _ sets: ParameterSets, origin: WallTime, mediaStart: Int64
  ) throws(H264Error) -> ByteBuffer {
    let configuration = try AVCDecoderConfigurationRecord(sets).encoded()
    let usability = try SequenceParameterSet.parse(sets.sps).usability
    let created = UInt64(max(0, origin.nanosSince1970 / 1_000_000_000 + epochOffset))
    var writer = BoxWriter(capacity: 1_024)
    writer.box("ftyp") {
      $0.write(FourCC("iso6").code, UInt32(1))
      for brand in ["iso6", "isom", "mp41", "cmfc"] as [FourCC] { $0.write(brand.code) }
    }
    writer.box("moov") { moov in
      moov.fullBox("mvhd", version: 1) {
        $0.write(created, created)
        $0.write(FragmentedMP4Writer.timescale)
        $0.write(UInt64(0))
        $0.write(UInt32(0x0001_0000))
        $0.write(UInt16(0x0100))
        $0.write(zeros: 10)
        writeMatrix(&$0)
        $0.write(zeros: 24)
        $0.write(trackID + 1)
      }
      moov.box("trak") { writeTrack(&$0, sets, configuration, usability, created, mediaStart) }
      moov.box("mvex") { mvex in
        mvex.fullBox("mehd", version: 1) { $0.write(UInt64(0)) }
        mvex.fullBox("trex") { $0.write(trackID, 1, 0, 0, 0) }
      }
    }
    return writer.buffer
  }

  private static func writeMatrix(_ writer: inout BoxWriter) {
    writer.write(UInt32(0x0001_0000), 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000)
  }

  private static func writeTrack(
    _ trak: inout BoxWriter, _ sets: ParameterSets, _ configuration: ByteBuffer, _ usability: VideoUsability?,
    _ created: UInt64, _ mediaStart: Int64
  ) {
    // Enabled, in the movie, in the preview.
    trak.fullBox("tkhd", version: 1, flags: 7) {
      $0.write(created, created)
      $0.write(trackID, 0)
      $0.write(UInt64(0))
      $0.write(zeros: 16)
      writeMatrix(&$0)
      $0.write(UInt32(sets.resolution.width) << 16, UInt32(sets.resolution.height) << 16)
    }
    if mediaStart > 0 {
      trak.box("edts") { edts in
        edts.fullBox("elst", version: 1) {
          // One edit from mediaStart to the end (duration 0 in fragmented files, §8.6.6), at rate 1.
          $0.write(UInt32(1))
          $0.write(UInt64(0), UInt64(mediaStart))
          $0.write(UInt32(0x0001_0000))
        }
      }
    }
    trak.box("mdia") { mdia in
      mdia.fullBox("mdhd", version: 1) {
        $0.write(created, created)
        $0.write(FragmentedMP4Writer.timescale)
        $0.write(UInt64(0))
        $0.write(UInt16(0x55c4), 0)  // language "und"
      }
      mdia.fullBox("hdlr") {
        $0.write(UInt32(0), FourCC("vide").code, 0, 0, 0)
        $0.write("WorldSystem video\0")
      }
      mdia.box("minf") { minf in
        minf.fullBox("vmhd", flags: 1) { $0.write(zeros: 8) }
        minf.box("dinf") { dinf in
          dinf.fullBox("dref") {
            $0.write(UInt32(1))
            $0.fullBox("url ", flags: 1) { _ in }
          }
        }
        minf.box("stbl") { writeSampleTable(&$0, sets, configuration, usability) }
      }
    }
  }

  private static func writeSampleTable(
    _ stbl: inout BoxWriter, _ sets: ParameterSets, _ configuration: ByteBuffer, _ usability: VideoUsability?
  ) {
    stbl.fullBox("stsd") { stsd in
      stsd.write(UInt32(1))
      stsd.box("avc1") { entry in
        entry.write(zeros: 6)
        entry.write(UInt16(1))
        entry.write(zeros: 16)
        entry.write(UInt16(clamping: sets.resolution.width), UInt16(clamping: sets.resolution.height))
        entry.write(UInt32(0x0048_0000), 0x0048_0000, 0)  // 72 dpi
        entry.write(UInt16(1))
        entry.write(zeros: 32)
        entry.write(UInt16(0x0018), 0xffff)
        entry.box("avcC") { $0.write(configuration) }
        if let aspect = usability?.sampleAspectRatio, aspect.width > 0, aspect.height > 0 {
          entry.box("pasp") { $0.write(UInt32(aspect.width), UInt32(aspect.height)) }
        }
        if let colour = usability?.colour {
          entry.box("colr") {
            $0.write(FourCC("nclx").code)
            $0.write(UInt16(colour.primaries), UInt16(colour.transfer), UInt16(colour.matrix))
            $0.write(UInt8(usability?.isFullRange == true ? 0x80 : 0))
          }
        }
      }
    }
    for type in ["stts", "stsc", "stco"] as [FourCC] { stbl.fullBox(type) { $0.write(UInt32(0)) } }
    stbl.fullBox("stsz") { $0.write(UInt32(0), 0) }
  }
}
