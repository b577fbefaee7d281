// Keeps asking the server how it is, and says when it is lost, back, or wants a token.

import { RefusedError, getServer, getStreams } from './api.js';
import { Backoff } from './backoff.js';
import { ServerClock, localNow } from './clock.js';

const pollMillis = 2000;
const clockSamplesAtStart = 4;

/**
 * Events: `state` when `state` changes (`connecting`, `online`, `lost`, `unauthorized`), `update` when `server` and
 * `streams` are fresh, `retry` when the time of the next attempt is known, and `refused` when the server wants another
 * token; after that it is asked again only by `check()`.
 */
export class ServerLink extends EventTarget {
  state = 'connecting';
  server = null;
  streams = [];
  /** What the server said when it refused last; null when it did not answer at all. */
  refusal = null;
  /** When the next attempt is due while the server is lost, in local ms. */
  retryAt = 0;
  clock = new ServerClock();

  #backoff = new Backoff({ first: 500, longest: 8000 });
  #timer = 0;
  #running = false;
  #wanted = false;

  /** Asks now, and then again and again. */
  async check() {
    clearTimeout(this.#timer);
    if (this.#running) {
      this.#wanted = true;
      return;
    }
    this.#running = true;
    try {
      await this.#ask();
    } finally {
      this.#running = false;
    }
    if (this.#wanted) {
      this.#wanted = false;
      this.check();
    }
  }

  async #ask() {
    let wait = pollMillis;
    try {
      const isNew = !this.clock.isKnown;
      await this.#askServer();
      this.streams = await getStreams();
      this.#backoff.reset();
      this.#become('online');
      this.dispatchEvent(new Event('update'));
      // The first answer is enough to begin with; the clock is better known with some more.
      for (let round = 1; isNew && round < clockSamplesAtStart; round += 1) await this.#askServer();
    } catch (error) {
      this.refusal = error instanceof RefusedError ? error.message : null;
      if (error instanceof RefusedError && error.needsToken) {
        this.#become('unauthorized');
        this.dispatchEvent(new Event('refused'));
        return;
      }
      wait = this.#backoff.next();
      this.retryAt = localNow() + wait;
      this.#become('lost');
      this.dispatchEvent(new Event('retry'));
    }
    this.#timer = setTimeout(() => this.check(), wait);
  }

  async #askServer() {
    const askedAt = localNow();
    const { body, date } = await getServer();
    const answeredAt = localNow();
    if (this.server && this.server.started !== body.started) this.clock.reset();
    this.server = body;
    // The Date header has whole seconds, so on average it is half a second behind.
    const serverMillis = Number.isFinite(body.time) ? body.time * 1000 : Date.parse(date) + 500;
    if (Number.isFinite(serverMillis)) this.clock.add(askedAt, answeredAt, serverMillis);
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }
}
