// What the server tells viewers of a stream, by type, and what this viewer commands.

import { viewerURL } from './api.js';
import { Feed } from './feed.js';

/**
 * Events: one of each message, named after its `type`, with `detail` the message (docs/viewer.md); and `open` and
 * `lost`, when the connection is there and when it is gone.
 */
export class ViewerFeed extends EventTarget {
  #feed;
  #isOpen = false;

  /** @param name of the stream */
  constructor(name) {
    super();
    this.#feed = new Feed(() => viewerURL(name));
    this.#feed.addEventListener('open', () => {
      this.#isOpen = true;
      this.dispatchEvent(new Event('open'));
    });
    this.#feed.addEventListener('close', () => this.#lose());
    this.#feed.addEventListener('message', (event) => this.#receive(event.detail));
  }

  get isOpen() {
    return this.#isOpen;
  }

  /** Connects, unless it is connected. */
  resume() {
    this.#feed.resume();
  }

  /** Connects anew, with the token that there is now. */
  reconnect() {
    this.#lose();
    this.#feed.connect();
  }

  /** Makes no further attempts until it is resumed. */
  holdOff() {
    this.#feed.holdOff();
  }

  stop() {
    this.#feed.stop();
    this.#lose();
  }

  /** Sends a command. Returns whether there was a connection. */
  send(command) {
    return this.#feed.send(JSON.stringify(command));
  }

  #lose() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.dispatchEvent(new Event('lost'));
  }

  #receive(text) {
    if (typeof text !== 'string') return;
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message?.type === 'string') this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }
}
