// The packets of `format=packets`: what a phone sends, see the wire formats, section 1. Integers are big-endian.

const kinds = { sps: 1, pps: 2, keyFrame: 3, frame: 4, config: 5 };
const shortHeader = 13;
const frameHeader = 21;
const nalTypes = { slice: 1, idr: 5, sps: 7, pps: 8 };

/**
 * Takes one WebSocket message apart.
 *
 * @returns `{kind: 'frame', isKey, timestampMicros, data}`, `{kind: 'parameters', data}`, or null when it is malformed
 */
export function parsePacket(buffer) {
  if (buffer.byteLength <= shortHeader) return null;
  const view = new DataView(buffer);
  if (view.getUint32(0) !== buffer.byteLength) return null;
  const kind = view.getUint8(4);
  if (kind === kinds.sps || kind === kinds.pps || kind === kinds.config) {
    return { kind: 'parameters', data: new Uint8Array(buffer, shortHeader) };
  }
  if (kind !== kinds.keyFrame && kind !== kinds.frame) return null;
  if (buffer.byteLength <= frameHeader || view.getUint32(13) !== buffer.byteLength - frameHeader) return null;
  return {
    kind: 'frame',
    isKey: kind === kinds.keyFrame,
    timestampMicros: Number(view.getBigUint64(5)),
    data: new Uint8Array(buffer, frameHeader),
  };
}

/** The NAL units of Annex B bytes up to the first slice; bytes without any start code are one NAL unit. */
export function* leadingUnits(bytes) {
  const starts = [];
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    starts.push(at + 3);
    const type = bytes[at + 3] & 0x1f;
    if (type === nalTypes.slice || type === nalTypes.idr) break;
    at += 3;
  }
  if (starts.length === 0) starts.push(0);
  for (const [index, start] of starts.entries()) {
    let end = index + 1 < starts.length ? starts[index + 1] - 3 : bytes.length;
    // A zero before a start code belongs to the start code, not to the NAL unit.
    while (end > start + 1 && bytes[end - 1] === 0 && index + 1 < starts.length) end -= 1;
    yield { type: bytes[start] & 0x1f, data: bytes.subarray(start, end) };
  }
}

/** The parameter sets of a stream as they pass by. */
export class ParameterSets {
  #sps = null;
  #pps = null;

  /** Keeps the sets in Annex B bytes. Returns whether the bytes hold both an SPS and a PPS. */
  collect(bytes) {
    let [sps, pps] = [false, false];
    for (const unit of leadingUnits(bytes)) {
      if (unit.type === nalTypes.sps && unit.data.length >= 4) {
        this.#sps = unit.data;
        sps = true;
      } else if (unit.type === nalTypes.pps) {
        this.#pps = unit.data;
        pps = true;
      }
    }
    return sps && pps;
  }

  /** The codec string of RFC 6381, such as `avc1.42c01f`; null before there is an SPS. */
  get codec() {
    if (!this.#sps) return null;
    return `avc1.${[...this.#sps.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  /** `bytes` behind SPS and PPS, which a decoder needs in front of a key frame; null before there are both. */
  prepended(bytes) {
    if (!this.#sps || !this.#pps) return null;
    const parts = [this.#sps, this.#pps].flatMap((unit) => [[0, 0, 0, 1], unit]);
    const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, bytes.length));
    let at = 0;
    for (const part of [...parts, bytes]) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}
