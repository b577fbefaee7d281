// Keeps the screen on: a phone that sleeps stops its camera.

/** Holds the screen on from `hold` to `release`, also after the page was away. */
export class WakeLock {
  #lock = null;
  #held = false;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      if (this.#held && document.visibilityState === 'visible') this.#request();
    });
  }

  /** @returns whether the browser can */
  async hold() {
    this.#held = true;
    return this.#request();
  }

  release() {
    this.#held = false;
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }

  async #request() {
    try {
      this.#lock = await navigator.wakeLock.request('screen');
      return true;
    } catch {
      // A battery that runs low, or a browser without it.
      return false;
    }
  }
}
