// H.264 by WebCodecs: no pictures out of order, a key frame every second and on request.

const keyFrameMicros = 1_000_000;
/** Pictures that may wait for the encoder; a slower one loses pictures before they are coded, not after. */
const queuedPictures = 3;
/** Baseline of growing level: pictures that the level of the one before does not hold. */
const codecs = ['avc1.42001f', 'avc1.420028', 'avc1.420032', 'avc1.420033'];

/** The configuration that this browser encodes a picture of this size with; null when it has none. */
export async function encoderConfiguration({ width, height, framesPerSecond, bitsPerSecond }) {
  if (!('VideoEncoder' in globalThis)) return null;
  for (const hardwareAcceleration of ['no-preference', 'prefer-software']) {
    for (const codec of codecs) {
      const configuration = {
        codec, width, height, hardwareAcceleration, bitrate: bitsPerSecond, framerate: framesPerSecond,
        latencyMode: 'realtime', bitrateMode: 'variable', avc: { format: 'annexb' },
      };
      try {
        if ((await VideoEncoder.isConfigSupported(configuration)).supported) return configuration;
      } catch {
        // A browser that does not know a member of it: the next one.
      }
    }
  }
  return null;
}

/**
 * Encodes pictures of one camera.
 *
 * Events: `coded` with `detail` `{data, isKey, micros}`; `failed` with `detail`, what the browser says.
 */
export class CameraEncoder extends EventTarget {
  /** Pictures that were left out because the encoder was behind. */
  dropped = 0;

  #wanted;
  #encoder = null;
  #size = null;
  #starting = null;
  #keyWanted = true;
  #lastKey = -Infinity;

  /** @param wanted `{framesPerSecond, bitsPerSecond}` */
  constructor(wanted) {
    super();
    this.#wanted = wanted;
  }

  /** Makes the next picture a key frame. */
  requestKeyFrame() {
    this.#keyWanted = true;
  }

  /** Takes a picture, and closes it. `micros`: when it was taken. */
  async encode(frame, micros) {
    const [width, height] = [frame.displayWidth & ~1, frame.displayHeight & ~1];
    try {
      if (!this.#fits(width, height)) await this.#start(width, height);
      if (this.#encoder?.state !== 'configured') return;
      if (this.#encoder.encodeQueueSize >= queuedPictures) {
        this.dropped += 1;
        return;
      }
      const keyFrame = this.#keyWanted || micros - this.#lastKey >= keyFrameMicros;
      if (keyFrame) [this.#lastKey, this.#keyWanted] = [micros, false];
      const stamped = new VideoFrame(frame, { timestamp: micros });
      try {
        this.#encoder.encode(stamped, { keyFrame });
      } finally {
        stamped.close();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      frame.close();
    }
  }

  close() {
    if (this.#encoder && this.#encoder.state !== 'closed') this.#encoder.close();
    this.#encoder = null;
    this.#size = null;
  }

  #fits(width, height) {
    return this.#size?.width === width && this.#size.height === height;
  }

  /** A phone that is turned gives pictures of another size: another encoder, another key frame. */
  async #start(width, height) {
    if (this.#starting) return this.#starting;
    this.#starting = (async () => {
      const configuration = await encoderConfiguration({ width, height, ...this.#wanted });
      if (!configuration) throw new Error(`This browser encodes no H.264 of ${width} × ${height}.`);
      this.close();
      this.#encoder = new VideoEncoder({ output: (chunk) => this.#take(chunk), error: (error) => this.#fail(error) });
      this.#encoder.configure(configuration);
      this.#size = { width, height };
      this.#keyWanted = true;
    })();
    try {
      await this.#starting;
    } finally {
      this.#starting = null;
    }
  }

  #take(chunk) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    this.dispatchEvent(new CustomEvent('coded', {
      detail: { data, isKey: chunk.type === 'key', micros: chunk.timestamp },
    }));
  }

  #fail(error) {
    this.close();
    this.dispatchEvent(new CustomEvent('failed', { detail: error.message || String(error) }));
  }
}
