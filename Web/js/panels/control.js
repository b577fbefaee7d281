// The control pad: steers a drone by keys and sticks, only while somebody holds on to it.

import { h, setAttribute, setText } from '../dom.js';
import { localNow } from '../clock.js';
import { DeadMan, axesOfKeys, keyAxes, tickMillis } from '../control/dead-man.js';
import { stick } from '../control/stick.js';
import { setToken } from '../token.js';

const stateText = {
  off: 'Off. Nothing is sent.', armed: 'Armed. Hold the Hold button, Space, or a stick to steer.',
  active: 'Steering. Let go and the drone is told to stop.',
};
const flightModes = [['takeoff', 'Take off'], ['hover', 'Hover'], ['return_home', 'Return home'], ['land', 'Land']];

/** The pad that commands through `feed` (a `ViewerFeed`). */
export function controlPanel(app, feed) {
  const pad = new ControlPad(app, feed);
  return { element: pad.element, isActive: () => pad.isActive, dispose: () => pad.dispose() };
}

class ControlPad {
  #machine = new DeadMan();
  #app;
  #feed;
  #timer = 0;
  #keys = new Set();
  /** What keeps hold: `space`, `button`, sticks. */
  #holds = new Set();
  #listening = new AbortController();
  #sent = 0;

  constructor(app, feed) {
    this.#app = app;
    this.#feed = feed;
    this.#build();
    this.#listen();
    this.#show();
  }

  get isActive() {
    return this.#machine.state === 'active';
  }

  dispose() {
    this.#disarm();
    // Zero goes out a few times more; the connection is the view's, which ends with it.
    for (const command of this.#machine.tick()) this.#send(command);
    clearInterval(this.#timer);
    this.#listening.abort();
  }

  #build() {
    this.arm = h('button', { class: 'button primary', type: 'button', id: 'arm', on: { click: () => this.#toggle() } }, 'Arm');
    this.state = h('p', { class: 'pad-state', id: 'pad-state', role: 'status' });
    this.hold = h('button', { class: 'button hold', type: 'button', id: 'hold' }, 'Hold to steer');
    const left = this.#stick('Turn and height', ([yaw, z]) => this.#machine.set({ yaw, z }), { yaw: 0, z: 0 });
    const right = this.#stick('Move', ([x, y]) => this.#machine.set({ x, y }), { x: 0, y: 0 });
    this.sticks = [left, right];
    this.modes = flightModes.map(([action, label]) => h(
      'button', { class: 'button', type: 'button', on: { click: () => this.#once({ type: 'flightmode', action }) } }, label));
    this.camera = h(
      'button', { class: 'button', type: 'button', on: { click: () => this.#once({ type: 'camera', action: 'toggle' }) } }, 'Camera on/off');
    this.problem = h('p', { class: 'field-error', role: 'alert' });
    const token = h('input', { type: 'password', name: 'control-token', autocomplete: 'off', spellcheck: 'false' });
    this.tokenForm = h(
      'form', { class: 'pad-token', hidden: true }, h('label', { class: 'field' }, 'Control token', token),
      h('button', { class: 'button', type: 'submit' }, 'Use'));
    this.tokenForm.addEventListener('submit', (event) => {
      event.preventDefault();
      setToken(token.value.trim());
      setText(this.problem, '');
      setAttribute(this.tokenForm, 'hidden', true);
      this.#feed.reconnect();
    });
    this.element = h(
      'section', { class: 'card panel pad', 'aria-labelledby': 'pad-title', id: 'pad', data: { state: 'off' } },
      h('div', { class: 'panel-head' }, h('h2', { id: 'pad-title' }, 'Steer'), this.arm), this.state,
      h('div', { class: 'pad-field' }, left.element, h('div', { class: 'pad-middle' }, this.hold), right.element),
      h('div', { class: 'pad-actions' }, this.camera, ...this.modes),
      h(
        'p', { class: 'soft pad-keys' },
        'While Space is held: W A S D move, Q E turn, R F rise and sink; the arrow keys do both. Letting go stops.'),
      this.problem, this.tokenForm);
  }

  #stick(label, onMove, zero) {
    return stick(label, {
      onStart: () => this.#take(label),
      onMove: (place) => this.#machine.state === 'active' && onMove(place),
      onEnd: () => {
        this.#machine.set(zero);
        this.#let(label);
      },
    });
  }

  #listen() {
    const options = { signal: this.#listening.signal };
    const release = () => this.#letAll();
    addEventListener('keydown', (event) => this.#keyDown(event), { ...options, capture: true });
    addEventListener('keyup', (event) => this.#keyUp(event), { ...options, capture: true });
    addEventListener('blur', release, options);
    addEventListener('pagehide', release, options);
    document.addEventListener('visibilitychange', () => document.hidden && release(), options);
    this.hold.addEventListener('pointerdown', (event) => {
      this.hold.setPointerCapture?.(event.pointerId);
      this.#take('button');
    });
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      this.hold.addEventListener(type, () => this.#let('button'));
    }
    this.#feed.addEventListener('lost', () => {
      const wasOn = this.#machine.state !== 'off';
      this.#machine.lose();
      this.#drop();
      if (wasOn) setText(this.problem, 'The connection was lost: the drone was not told to stop and has to do so itself.');
      this.#show();
    }, options);
    this.#feed.addEventListener('open', () => this.#run(), options);
    this.#feed.addEventListener('error', (event) => this.#refused(event.detail), options);
  }

  #refused({ reason, message }) {
    setText(this.problem, reason === 'not_permitted' ? 'This token may watch only. Steering needs a control token.' : `Not passed on: ${message}`);
    if (reason !== 'not_permitted') return;
    this.#disarm();
    setAttribute(this.tokenForm, 'hidden', false);
  }

  #toggle() {
    if (this.#machine.state !== 'off') return this.#disarm();
    if (!this.#feed.isOpen) {
      setText(this.problem, 'There is no connection to the server.');
      return;
    }
    setText(this.problem, '');
    this.#machine.arm();
    this.#show();
  }

  #disarm() {
    for (const command of this.#machine.disarm()) this.#send(command);
    this.#drop();
    this.#run();
    this.#show();
  }

  #keyDown(event) {
    if (this.#machine.state === 'off' || event.target.closest?.('input, select, textarea, dialog')) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.code === 'Escape') return this.#disarm();
    const isOurs = event.code === 'Space' || (event.code in keyAxes && this.#holds.size > 0);
    if (!isOurs) return;
    // Space must not press the button that has the focus, nor arrows move the page.
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    if (event.code === 'Space') this.#take('space');
    else {
      this.#keys.add(event.code);
      this.#machine.set(axesOfKeys(this.#keys));
    }
  }

  #keyUp(event) {
    if (this.#keys.delete(event.code)) this.#machine.set(axesOfKeys(this.#keys));
    if (event.code !== 'Space' || this.#machine.state === 'off') return;
    if (event.target.closest?.('input, select, textarea, dialog')) return;
    event.preventDefault();
    this.#let('space');
  }

  #take(hold) {
    if (this.#machine.state === 'off') return;
    this.#holds.add(hold);
    this.#machine.hold();
    this.#run();
    this.#show();
  }

  #let(hold) {
    if (!this.#holds.delete(hold) || this.#holds.size > 0) return;
    this.#letAll();
  }

  #letAll() {
    for (const command of this.#machine.release()) this.#send(command);
    this.#drop();
    this.#run();
    this.#show();
  }

  #drop() {
    this.#holds.clear();
    this.#keys.clear();
    for (const each of this.sticks) each.drop();
  }

  // Ticks while there is something to send.
  #run() {
    if (!this.#machine.isBusy || this.#timer || !this.#feed.isOpen) return;
    const tick = () => {
      for (const command of this.#machine.tick()) this.#send(command);
      if (this.#machine.isBusy) return;
      clearInterval(this.#timer);
      this.#timer = 0;
    };
    this.#timer = setInterval(tick, tickMillis);
    if (this.#machine.state === 'active') tick();
  }

  #once(command) {
    if (this.#machine.state !== 'off') this.#send(command);
  }

  #send(command) {
    const millis = this.#app.link.clock.isKnown ? this.#app.link.clock.now() : localNow();
    const timestamp = String(BigInt(Math.round(millis * 1000)) * 1000n);
    if (this.#feed.send({ ...command, timestamp })) this.#sent += 1;
  }

  #show() {
    const { state } = this.#machine;
    this.element.dataset.state = state;
    setText(this.state, stateText[state]);
    setText(this.arm, state === 'off' ? 'Arm' : 'Disarm');
    setAttribute(this.arm, 'aria-pressed', String(state !== 'off'));
    for (const button of [this.hold, this.camera, ...this.modes]) setAttribute(button, 'disabled', state === 'off');
  }
}
