// The WebSocket behind a live picture. Connects again by itself.

import { Backoff } from './backoff.js';

const pingMillis = 5000;
const silenceMillis = 12_000;

/** Close codes of a refusal: RFC 6455's policy violation, and IANA's "Unauthorized" and "Forbidden". */
const refusals = new Set([1008, 3000, 3003]);

/**
 * Events: `open` on each new connection, `message` with `detail` a string or an ArrayBuffer, and `close` with `detail`
 * `{code, reason, wasOpen, isRefused}` whenever a connection ended or could not be made.
 */
export class Feed extends EventTarget {
  /** Bytes received over all connections. */
  bytes = 0;

  #url;
  #socket = null;
  #backoff = new Backoff({ first: 300, longest: 5000 });
  #timer = 0;
  #ping = 0;
  #heardAt = 0;

  /** @param url gives the address at the time of each attempt */
  constructor(url) {
    super();
    this.#url = url;
  }

  /** Connects; drops a connection that is there. */
  connect() {
    this.stop();
    const socket = new WebSocket(this.#url());
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let wasOpen = false;
    socket.addEventListener('open', () => {
      wasOpen = true;
      this.#heardAt = performance.now();
      this.#ping = setInterval(() => this.#watch(), pingMillis);
      this.dispatchEvent(new Event('open'));
    });
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('close', (event) => {
      if (this.#socket !== socket) return;
      this.stop();
      this.#timer = setTimeout(() => this.connect(), this.#backoff.next());
      const detail = { code: event.code, reason: event.reason, wasOpen, isRefused: refusals.has(event.code) };
      this.dispatchEvent(new CustomEvent('close', { detail }));
    });
  }

  /** Connects at once if there is no connection. */
  resume() {
    if (!this.#socket) this.connect();
  }

  /** Makes no further attempts until `resume()`; a connection that is there stays. */
  holdOff() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  /** Sends a text, if there is a connection. Returns whether there was. */
  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  /** Ends the connection and stops trying. */
  stop() {
    this.holdOff();
    clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #receive(data) {
    this.#heardAt = performance.now();
    if (data === 'pong') return;
    if (typeof data !== 'string') {
      this.bytes += data.byteLength;
      this.#backoff.reset();
    }
    this.dispatchEvent(new CustomEvent('message', { detail: data }));
  }

  // A connection can die without a word, as when a phone changes networks; the answer to a ping tells.
  #watch() {
    if (performance.now() - this.#heardAt > silenceMillis) this.connect();
    else this.#socket?.send('ping');
  }
}
