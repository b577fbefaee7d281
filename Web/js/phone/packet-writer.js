// The packets that a server takes on /ws/video: wire formats, section 1. Integers are big-endian.

const headerBytes = 21;
const kinds = { keyFrame: 3, frame: 4 };

/**
 * One coded picture as a packet.
 *
 * @param data Annex B bytes; of a key frame with its SPS and PPS in front
 * @param micros capture time, microseconds since 1970
 */
export function framePacket(data, { isKey, micros }) {
  const packet = new Uint8Array(headerBytes + data.byteLength);
  const view = new DataView(packet.buffer);
  view.setUint32(0, packet.byteLength);
  view.setUint8(4, isKey ? kinds.keyFrame : kinds.frame);
  view.setBigUint64(5, BigInt(micros));
  view.setUint32(13, data.byteLength);
  view.setUint32(17, isKey ? 1 : 0);
  packet.set(data, headerBytes);
  return packet;
}
