// Live video through Media Source, for browsers and origins without WebCodecs: fragments to a <video> element.

import { Median, Rate } from './windows.js';

const maxQueuedBytes = 8 << 20;
const keepBehindSeconds = 10;
const trimAfterSeconds = 20;
// Playing runs a little faster when it is behind by more than the first, and jumps when by more than the second.
const relaxedLeadSeconds = 0.35;
const largestLeadSeconds = 2;
const targetLeadSeconds = 0.12;
const catchUpRate = 1.1;
const maxTracked = 600;

// Safari on the iPhone has ManagedMediaSource only.
const MediaSourceClass = globalThis.ManagedMediaSource ?? globalThis.MediaSource;

/**
 * Shows a stream in a <video>. Feed it the messages of one connection after `restart()`.
 *
 * Events: `picture` on every shown picture, `resync` when only a new connection helps, `failed` when this browser
 * cannot play the stream.
 */
export class MSEPlayer extends EventTarget {
  static format = 'fmp4';
  static label = 'Media Source';

  static get isSupported() {
    return typeof MediaSourceClass === 'function';
  }

  element = document.createElement('video');
  skipped = 0;

  #clock;
  #source = null;
  #buffer = null;
  #codec = null;
  #announced = null;
  #queue = [];
  #queuedBytes = 0;
  #arrivals = [];
  #ages = new Median();
  #shown = new Rate();
  #upstreamMillis = null;
  #watching = 0;

  /** @param clock the server's clock */
  constructor(clock) {
    super();
    this.#clock = clock;
    const video = this.element;
    video.className = 'picture';
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.addEventListener('error', () => this.#source && this.dispatchEvent(new Event('resync')));
    this.#watchPictures();
  }

  /** A new connection: what comes next is a codec, an initialization segment, and fragments from a key frame on. */
  restart() {
    this.#release();
    const source = new MediaSourceClass();
    this.#source = source;
    this.element.src = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => {
      URL.revokeObjectURL(this.element.src);
      this.#pump();
    }, { once: true });
  }

  /** Takes a message of the connection. */
  accept(message) {
    if (typeof message === 'string') {
      this.#announce(message);
      return;
    }
    if (!this.#announced || !this.#source) return;
    this.#queue.push({ data: message, codec: this.#announced, arrivedAt: this.#clock.now() });
    this.#queuedBytes += message.byteLength;
    if (this.#queuedBytes > maxQueuedBytes) {
      this.skipped += this.#queue.length;
      this.dispatchEvent(new Event('resync'));
      return;
    }
    this.#pump();
  }

  /** What the server says of the time from capture to send, which fragments do not carry. */
  setUpstreamAge(millis) {
    this.#upstreamMillis = millis;
  }

  /** What shows now. */
  stats() {
    const now = performance.now();
    const sinceArrival = this.#ages.value(now);
    return {
      decoder: MSEPlayer.label,
      codec: this.#codec,
      width: this.element.videoWidth,
      height: this.element.videoHeight,
      framesPerSecond: this.#shown.perSecond(now),
      ageMillis: sinceArrival === null || this.#upstreamMillis === null ? null : sinceArrival + this.#upstreamMillis,
      isEstimate: true,
    };
  }

  /** Lets go of the source and stops. */
  dispose() {
    this.#release();
    this.element.cancelVideoFrameCallback?.(this.#watching);
    this.element.removeAttribute('src');
    this.element.load();
  }

  #release() {
    this.#source = null;
    this.#buffer = null;
    this.#announced = null;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#arrivals = [];
  }

  #announce(text) {
    let message = null;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.type !== 'fmp4') return;
    if (!MediaSourceClass.isTypeSupported(mimeType(message.codec))) {
      this.dispatchEvent(new CustomEvent('failed', { detail: new Error(`cannot play ${message.codec}`) }));
      return;
    }
    this.#announced = message.codec;
  }

  // A SourceBuffer does one thing at a time: every step ends in `updateend`, which takes the next.
  #pump() {
    const source = this.#source;
    if (!source || source.readyState !== 'open' || this.#buffer?.updating || this.#trim()) return;
    const next = this.#queue.shift();
    if (!next) return;
    this.#queuedBytes -= next.data.byteLength;
    try {
      this.#prepare(source, next.codec);
      this.#buffer.addEventListener('updateend', () => this.#appended(source, next.arrivedAt), { once: true });
      this.#buffer.appendBuffer(next.data);
    } catch {
      this.dispatchEvent(new Event('resync'));
    }
  }

  #prepare(source, codec) {
    if (!this.#buffer) {
      this.#buffer = source.addSourceBuffer(mimeType(codec));
      this.#buffer.addEventListener('error', () => this.#source === source && this.dispatchEvent(new Event('resync')));
    } else if (codec !== this.#codec) {
      this.#buffer.changeType(mimeType(codec));
    }
    this.#codec = codec;
  }

  #appended(source, arrivedAt) {
    if (this.#source !== source) return;
    const end = this.#bufferedEnd();
    if (end !== null && end !== this.#arrivals.at(-1)?.end) {
      this.#arrivals.push({ end, arrivedAt });
      if (this.#arrivals.length > maxTracked) this.#arrivals.shift();
      this.#chase(end);
    }
    this.#pump();
  }

  // Stays close to the newest picture.
  #chase(end) {
    const video = this.element;
    const ranges = this.#buffer.buffered;
    const start = ranges.start(ranges.length - 1);
    const lead = end - video.currentTime;
    if (!video.seeking && (video.currentTime < start || lead > largestLeadSeconds)) {
      video.currentTime = Math.max(start, end - targetLeadSeconds);
    }
    video.playbackRate = lead > relaxedLeadSeconds ? catchUpRate : 1;
    if (video.paused && !document.hidden) video.play().catch(() => {});
  }

  #trim() {
    const ranges = this.#buffer?.buffered;
    const now = this.element.currentTime;
    if (!ranges?.length || now - ranges.start(0) < trimAfterSeconds) return false;
    this.#buffer.addEventListener('updateend', () => this.#pump(), { once: true });
    this.#buffer.remove(ranges.start(0), now - keepBehindSeconds);
    return true;
  }

  #bufferedEnd() {
    const ranges = this.#buffer?.buffered;
    return ranges?.length ? ranges.end(ranges.length - 1) : null;
  }

  #watchPictures() {
    const shown = (_, metadata) => {
      const now = performance.now();
      this.#shown.add(1, now);
      // The fragment that ends after this picture began brought it.
      const arrival = this.#arrivals.find((candidate) => candidate.end > metadata.mediaTime + 1e-4);
      if (arrival) this.#ages.add(this.#clock.now() - arrival.arrivedAt, now);
      this.dispatchEvent(new Event('picture'));
      this.#watching = this.element.requestVideoFrameCallback(shown);
    };
    this.#watching = this.element.requestVideoFrameCallback?.(shown) ?? 0;
    // Browsers that tell of no single picture still tell that time passes.
    if (!this.#watching) this.element.addEventListener('timeupdate', () => this.dispatchEvent(new Event('picture')));
  }
}

const mimeType = (codec) => `video/mp4; codecs="${codec}"`;
