// What is sent to a drone, and that nothing is sent unless somebody holds on to the controls.

/** Milliseconds from one command to the next: 20 a second. */
export const tickMillis = 50;
// Zero goes out at once and so often again, should one be lost on the way to the drone.
const zeroRepeats = 5;
// After a lost connection for 3 s, since the drone may be back later than this page.
const owedRepeats = 60;

/**
 * Decides what is to be sent. Time and input come in, commands go out:
 *
 * - `off`: nothing is sent. Goes to `armed` by `arm()`.
 * - `armed`: somebody may take hold. Goes to `active` by `hold()`, and to `off` by `disarm()`.
 * - `active`: `tick()` sends where the sticks are. Goes to `armed` by `release()`, and to `off` by `disarm()` or `lose()`.
 *
 * Whoever leaves `active` sends zero at once; `tick()` sends it again a few times.
 */
export class DeadMan {
  state = 'off';

  #axes = { x: 0, y: 0, yaw: 0, z: 0 };
  #zerosLeft = 0;

  /** Whether `tick()` has something to send. */
  get isBusy() {
    return this.state === 'active' || this.#zerosLeft > 0;
  }

  arm() {
    if (this.state === 'off') this.state = 'armed';
  }

  /** Somebody has hold of the controls. */
  hold() {
    if (this.state !== 'armed') return;
    this.state = 'active';
    this.#zerosLeft = 0;
  }

  /** Nobody has hold of them any more. Returns what is to be sent at once. */
  release() {
    if (this.state !== 'active') return [];
    this.state = 'armed';
    return this.#zero();
  }

  /** Returns what is to be sent at once. */
  disarm() {
    const wasActive = this.state === 'active';
    this.state = 'off';
    return wasActive ? this.#zero() : [];
  }

  /** The connection is gone: nothing can be sent. What is owed goes out when it is back. */
  lose() {
    const owes = this.state === 'active' || this.#zerosLeft > 0;
    this.state = 'off';
    this.#clear();
    this.#zerosLeft = owes ? owedRepeats : 0;
  }

  /** Sets axes in −1…1: `x` right, `y` forward, `yaw` clockwise, `z` up. */
  set(axes) {
    for (const [axis, value] of Object.entries(axes)) this.#axes[axis] = Math.max(-1, Math.min(1, value));
  }

  /** What is to be sent now; to be called every `tickMillis` while `isBusy`. */
  tick() {
    if (this.state === 'active') return this.#commands();
    if (this.#zerosLeft === 0) return [];
    this.#zerosLeft -= 1;
    return this.#commands();
  }

  #zero() {
    this.#clear();
    this.#zerosLeft = zeroRepeats - 1;
    return this.#commands();
  }

  #clear() {
    this.#axes = { x: 0, y: 0, yaw: 0, z: 0 };
  }

  #commands() {
    const { x, y, yaw, z } = this.#axes;
    return [{ type: 'movement', x, y }, { type: 'rotation', yaw, z }];
  }
}

/** The axis that a key moves, and which way. */
export const keyAxes = {
  KeyW: ['y', 1], KeyS: ['y', -1], KeyA: ['x', -1], KeyD: ['x', 1], KeyQ: ['yaw', -1], KeyE: ['yaw', 1],
  KeyR: ['z', 1], KeyF: ['z', -1], ArrowLeft: ['yaw', -1], ArrowRight: ['yaw', 1], ArrowUp: ['z', 1], ArrowDown: ['z', -1],
};

/** The axes for a set of pressed keys (`event.code`). */
export function axesOfKeys(codes) {
  const axes = { x: 0, y: 0, yaw: 0, z: 0 };
  for (const code of codes) {
    const [axis, way] = keyAxes[code] ?? [];
    if (axis) axes[axis] += way;
  }
  return axes;
}
