// What is to be sent: the last seconds of coded video, of which some went out and some wait for a connection.

/**
 * Keeps pictures for a while, whether they were sent or not, so that a connection that broke loses nothing of the last
 * seconds. Pictures leave it oldest first, whole groups from one key frame to the next.
 *
 * Bounds: `seconds` of video and `bytes`. What falls out before it was sent is counted in `dropped`.
 */
export class SendQueue {
  /** Pictures that were lost because they waited too long. */
  dropped = 0;
  /** Bytes that are kept. */
  bytes = 0;

  #limits;
  #pictures = [];
  #next = 0;

  constructor({ seconds = 10, bytes = 32 << 20 } = {}) {
    this.#limits = { micros: seconds * 1_000_000, bytes };
  }

  /** Pictures that wait. */
  get waiting() {
    return this.#pictures.length - this.#next;
  }

  /** Seconds from the oldest to the newest picture that waits. */
  get waitingSeconds() {
    return this.waiting < 2 ? 0 : (this.#pictures.at(-1).micros - this.#pictures[this.#next].micros) / 1e6;
  }

  /** Adds a picture: `{packet, micros, isKey}`. */
  add(picture) {
    this.#pictures.push(picture);
    this.bytes += picture.packet.byteLength;
    this.#trim();
  }

  /** The next picture to be sent; null when there is none. */
  take() {
    if (this.#next >= this.#pictures.length) return null;
    const picture = this.#pictures[this.#next];
    this.#next += 1;
    return picture;
  }

  /**
   * Says that the connection broke when `bytes` of what was taken had not left yet: they go again, from a key frame on,
   * since another connection begins with one.
   */
  rewind(bytes) {
    let index = this.#next;
    let left = bytes;
    while (index > 0 && left > 0) {
      index -= 1;
      left -= this.#pictures[index].packet.byteLength;
    }
    while (index > 0 && !this.#pictures[index]?.isKey) index -= 1;
    this.#next = index;
  }

  #trim() {
    while (this.#isTooMuch()) {
      const end = this.#pictures.findIndex((picture, index) => index > 0 && picture.isKey);
      const count = end < 0 ? this.#pictures.length : end;
      // Without another key frame, what is kept cannot be begun anywhere else: better less than nothing.
      if (end < 0 && this.bytes <= this.#limits.bytes) return;
      for (const picture of this.#pictures.splice(0, count)) this.bytes -= picture.packet.byteLength;
      this.dropped += Math.max(0, count - this.#next);
      this.#next = Math.max(0, this.#next - count);
    }
  }

  #isTooMuch() {
    if (this.#pictures.length === 0) return false;
    if (this.bytes > this.#limits.bytes) return true;
    return this.#pictures.at(-1).micros - this.#pictures[0].micros > this.#limits.micros;
  }
}
