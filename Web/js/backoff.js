/** Waits between attempts, doubling from `first` to `longest`, with jitter so that pages do not come in step. */
export class Backoff {
  #attempts = 0;

  constructor({ first = 500, longest = 10_000 } = {}) {
    this.first = first;
    this.longest = longest;
  }

  /** Milliseconds to wait before the next attempt. */
  next() {
    const wait = Math.min(this.longest, this.first * 2 ** this.#attempts);
    this.#attempts += 1;
    return wait * (0.8 + 0.4 * Math.random());
  }

  /** An attempt succeeded. */
  reset() {
    this.#attempts = 0;
  }
}
