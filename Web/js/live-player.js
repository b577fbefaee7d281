// Live video with the least delay: packets to WebCodecs to a canvas.

import { ParameterSets, parsePacket } from './packets.js';
import { Median, Rate } from './windows.js';

// A viewer that joins gets the group of pictures so far at once, and a decoder takes a moment for that. One that is
// behind for longer, or by more than half a minute of video, will not catch up: it goes on at the next key frame.
const settledChunks = 10;
const patienceMillis = 4000;
const maxQueuedChunks = 900;
const maxFailuresInARow = 3;
// A joining viewer gets a group at once, which is not held back.
const maxWaiting = 60;
// How often it is asked whether what a picture waits for is there.
const askMillis = 10;

/**
 * Shows a stream in a canvas. Feed it the messages of one connection after `restart()`.
 *
 * Pictures may wait before they are decoded, for whatever is to show with them; waiting in coded form they hold up no
 * decoder. Events: `arrival` and `picture`, with `detail` the capture time in milliseconds, when a picture came in and
 * when it shows; `gap` when pictures are missing up to the next key frame; `failed` when this browser cannot decode the
 * stream.
 */
export class LivePlayer extends EventTarget {
  static format = 'packets';
  static label = 'WebCodecs';

  /** Whether the browser has WebCodecs, which it only offers to secure origins: localhost or https. */
  static get isSupported() {
    return typeof VideoDecoder === 'function' && typeof EncodedVideoChunk === 'function';
  }

  element = document.createElement('canvas');
  /** Says at `now` for how many milliseconds the picture that was captured at `millis` waits after it came in. */
  holdMillis = () => 0;
  /** Frames that were not decoded because the decoder was behind. */
  skipped = 0;

  #clock;
  #context;
  #decoder = null;
  #codec = null;
  #parameterSets = new ParameterSets();
  #needsKey = true;
  #behindSince = null;
  #failures = 0;
  #pending = null;
  #drawing = 0;
  #waiting = [];
  #releasing = 0;
  #ages = new Median();
  #shown = new Rate();

  /** @param clock the server's clock, on which packets are stamped */
  constructor(clock) {
    super();
    this.#clock = clock;
    this.element.className = 'picture';
    this.element.setAttribute('role', 'img');
    this.#context = this.element.getContext('2d', { alpha: false });
  }

  /** A new connection: what comes next starts with parameter sets and a key frame. */
  restart() {
    this.#needsKey = true;
    this.#waiting = [];
  }

  /** Takes a message of the connection. */
  accept(message) {
    if (typeof message === 'string') return;
    const packet = parsePacket(message);
    if (!packet) return;
    if (packet.kind === 'frame') {
      this.dispatchEvent(new CustomEvent('arrival', { detail: packet.timestampMicros / 1000 }));
    }
    this.#waiting.push({ packet, arrivedAt: performance.now() });
    this.#release();
  }

  // In order, the oldest first; too many that wait are decoded at once.
  #release() {
    clearTimeout(this.#releasing);
    const now = performance.now();
    while (this.#waiting.length > 0) {
      const [{ packet, arrivedAt }] = this.#waiting;
      const millis = packet.kind === 'frame' ? packet.timestampMicros / 1000 : undefined;
      const rest = arrivedAt + this.holdMillis(now, millis) - now;
      if (rest > 1 && this.#waiting.length <= maxWaiting) {
        this.#releasing = setTimeout(() => this.#release(), Math.min(rest, askMillis));
        return;
      }
      this.#waiting.shift();
      if (packet.kind === 'parameters') this.#parameterSets.collect(packet.data);
      else this.#decode(packet);
    }
  }

  /** What shows now. */
  stats() {
    const now = performance.now();
    return {
      decoder: LivePlayer.label,
      codec: this.#codec,
      width: this.#codec ? this.element.width : 0,
      height: this.#codec ? this.element.height : 0,
      framesPerSecond: this.#shown.perSecond(now),
      ageMillis: this.#ages.value(now),
      isEstimate: false,
    };
  }

  /** Lets go of decoder and pictures. */
  dispose() {
    cancelAnimationFrame(this.#drawing);
    clearTimeout(this.#releasing);
    this.#pending?.close();
    this.#pending = null;
    this.#closeDecoder();
  }

  #decode(packet) {
    if (this.#isHopelesslyBehind()) this.#dropBacklog();
    if (packet.isKey) {
      const complete = this.#parameterSets.collect(packet.data);
      if (!complete) packet.data = this.#parameterSets.prepended(packet.data) ?? packet.data;
    } else if (this.#needsKey) {
      this.skipped += 1;
      return;
    }
    try {
      if (packet.isKey) this.#configure();
      if (this.#decoder?.state !== 'configured') return;
      const type = packet.isKey ? 'key' : 'delta';
      this.#decoder.decode(new EncodedVideoChunk({ type, timestamp: packet.timestampMicros, data: packet.data }));
      this.#needsKey = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #isHopelesslyBehind() {
    const queued = this.#decoder?.decodeQueueSize ?? 0;
    if (queued <= settledChunks) {
      this.#behindSince = null;
      return false;
    }
    this.#behindSince ??= performance.now();
    return queued > maxQueuedChunks || performance.now() - this.#behindSince > patienceMillis;
  }

  #dropBacklog() {
    this.skipped += this.#decoder.decodeQueueSize;
    this.#behindSince = null;
    this.#closeDecoder();
    this.#needsKey = true;
    this.dispatchEvent(new Event('gap'));
  }

  #configure() {
    const codec = this.#parameterSets.codec;
    if (!codec || (this.#decoder?.state === 'configured' && codec === this.#codec)) return;
    this.#closeDecoder();
    const decoder = new VideoDecoder({
      output: (frame) => this.#show(frame),
      error: (error) => this.#decoder === decoder && this.#fail(error),
    });
    this.#decoder = decoder;
    this.#codec = codec;
    // Without a description the chunks are Annex B, parameter sets included.
    decoder.configure({ codec, optimizeForLatency: true });
  }

  #fail(error) {
    this.#closeDecoder();
    this.#needsKey = true;
    this.#failures += 1;
    this.dispatchEvent(new Event('gap'));
    if (this.#failures >= maxFailuresInARow || error.name === 'NotSupportedError') {
      this.dispatchEvent(new CustomEvent('failed', { detail: error }));
    }
  }

  #closeDecoder() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #show(frame) {
    this.#failures = 0;
    // Only the newest picture counts: one that has not been drawn yet gives way.
    this.#pending?.close();
    this.#pending = frame;
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = 0;
    const frame = this.#pending;
    if (!frame) return;
    this.#pending = null;
    const canvas = this.element;
    if (canvas.width !== frame.displayWidth || canvas.height !== frame.displayHeight) {
      canvas.width = frame.displayWidth;
      canvas.height = frame.displayHeight;
    }
    this.#context.drawImage(frame, 0, 0, canvas.width, canvas.height);
    const now = performance.now();
    this.#ages.add(this.#clock.now() - frame.timestamp / 1000, now);
    this.#shown.add(1, now);
    const millis = frame.timestamp / 1000;
    frame.close();
    this.dispatchEvent(new CustomEvent('picture', { detail: millis }));
  }
}
