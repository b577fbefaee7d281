// The server's wall clock as this page sees it, from the times in the server's answers.

const keptSamples = 12;

/** This machine's wall clock in milliseconds since 1970; it does not jump while the page lives. */
export const localNow = () => performance.timeOrigin + performance.now();

/** Estimates by how much the server's clock is ahead, as NTP does: the answer with the shortest round trip counts. */
export class ServerClock {
  #samples = [];

  /** Takes in an answer: when it was asked for and came (local ms), and the server's time in it (ms since 1970). */
  add(askedAt, answeredAt, serverMillis) {
    const roundTrip = answeredAt - askedAt;
    this.#samples.push({ roundTrip, offset: serverMillis - (askedAt + roundTrip / 2) });
    if (this.#samples.length > keptSamples) this.#samples.shift();
  }

  /** Forgets everything: the server may have been restarted elsewhere. */
  reset() {
    this.#samples = [];
  }

  /** Whether there is an estimate. */
  get isKnown() {
    return this.#samples.length > 0;
  }

  /** Milliseconds since 1970 on the server's clock. */
  now() {
    if (!this.isKnown) return localNow();
    const best = this.#samples.reduce((left, right) => (right.roundTrip < left.roundTrip ? right : left));
    return localNow() + best.offset;
  }
}
