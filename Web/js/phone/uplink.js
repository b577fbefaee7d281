// A WebSocket that is wanted open: it comes back by itself, with growing pauses.

import { Backoff } from '../backoff.js';
import { token, withToken } from '../token.js';

const stableMillis = 5000;
const refusals = new Map([
  [4409, 'Another camera sends to this stream already. Choose another name, or stop it there.'],
  [4410, 'Another camera took this stream over.'],
]);

/**
 * Events: `open`; `close` with `detail.unsent`, the bytes that had not left; `message` with `detail`, the text; `state`
 * when `state` (`off`, `connecting`, `open`, `waiting`) or `problem` changes.
 */
export class Uplink extends EventTarget {
  state = 'off';
  /** Why there is no connection, in words; null when there is one, or nobody knows. */
  problem = null;

  #path;
  #socket = null;
  #timer = 0;
  #backoff = new Backoff({ first: 300, longest: 5000 });

  constructor(path) {
    super();
    this.#path = path;
  }

  /** Bytes that were given to the socket and have not left. */
  get buffered() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    if (this.#socket || this.state === 'waiting') return;
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#become('off', null);
  }

  /** Tries now instead of waiting. */
  retryNow() {
    if (this.state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  /** @returns whether the bytes or the text were taken */
  send(data) {
    if (!this.isOpen) return false;
    this.#socket.send(data);
    return true;
  }

  #connect() {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(withToken(`${scheme}//${location.host}${this.#path}`));
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#become('connecting', this.problem);
    let stable = 0;
    socket.addEventListener('open', () => {
      stable = setTimeout(() => this.#backoff.reset(), stableMillis);
      this.#become('open', null);
      this.dispatchEvent(new Event('open'));
    });
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.dispatchEvent(new CustomEvent('message', { detail: data }));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      clearTimeout(stable);
      if (this.#socket !== socket) return;
      // What a closed socket still holds never left.
      const unsent = socket.bufferedAmount;
      this.#socket = null;
      this.dispatchEvent(new CustomEvent('close', { detail: { unsent } }));
      this.#become('waiting', refusals.get(code) ?? (reason || (token() ? 'The server does not answer, or refuses the token.' : 'The server does not answer, or wants a token.')));
      this.#timer = setTimeout(() => this.#connect(), this.#backoff.next());
    });
  }

  #become(state, problem) {
    if (this.state === state && this.problem === problem) return;
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event('state'));
  }
}
