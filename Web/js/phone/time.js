// One clock for pictures and samples: this browser's, in time since 1970, that never steps.

/** A time of the page's monotonic clock, milliseconds as events carry it, in nanoseconds since 1970. */
export const nanosOfEvent = (eventMillis) => BigInt(Math.round((performance.timeOrigin + eventMillis) * 1000)) * 1000n;

/** Now, microseconds since 1970. */
export const nowMicros = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

/**
 * Puts the timestamps of a camera onto the page's clock.
 *
 * A picture comes a changing while after it was taken; the least of these is nearest to the truth, so the smallest
 * difference of the last half a minute is what the clocks are apart.
 */
export class CameraClock {
  #differences = [];
  #last = -Infinity;

  static #spanMicros = 30_000_000;

  /** The time of a picture, microseconds since 1970, later than that of the picture before. */
  captureMicros(timestampMicros, arrivedMicros = nowMicros()) {
    const difference = arrivedMicros - timestampMicros;
    const latest = this.#differences.at(-1);
    // Another camera counts from elsewhere.
    if (latest && Math.abs(difference - latest.difference) > 1_000_000) this.#differences = [];
    // Kept in rising order: what is larger and older can never be the least again.
    while (this.#differences.length > 0 && this.#differences.at(-1).difference >= difference) this.#differences.pop();
    this.#differences.push({ at: arrivedMicros, difference });
    while (arrivedMicros - this.#differences[0].at > CameraClock.#spanMicros) this.#differences.shift();
    const micros = Math.round(timestampMicros + this.#differences[0].difference);
    this.#last = Math.max(micros, this.#last + 1);
    return this.#last;
  }
}
