// A viewer that circles around a point: by mouse, touch and keyboard.

import { add, cross, lookAt, multiply, normalize, perspective, scaled } from './matrices.js';

const fieldOfView = (50 * Math.PI) / 180;
const steepest = Math.PI / 2 - 0.02;
const [nearest, farthest] = [0.05, 20_000];
const turnPerPixel = 0.006;
const keyTurn = 0.12;
const keyPan = 0.08;
const keyZoom = 1.15;

/** Where the viewer is. `z` is up. */
export class Orbit {
  target = [0, 0, 0];
  distance = 12;
  /** Radians around the vertical, from x. */
  yaw = -Math.PI / 3;
  /** Radians above the ground. */
  pitch = 0.6;

  get eye() {
    const level = Math.cos(this.pitch);
    const out = [level * Math.cos(this.yaw), level * Math.sin(this.yaw), Math.sin(this.pitch)];
    return add(this.target, scaled(out, this.distance));
  }

  /** From the world to the picture. */
  matrix(aspect) {
    const near = this.distance / 200;
    const view = lookAt(this.eye, this.target, [0, 0, 1]);
    return multiply(perspective(fieldOfView, aspect, near, near * 20_000), view);
  }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.max(-steepest, Math.min(steepest, this.pitch + pitch));
  }

  /** `factor` above 1 goes away. */
  zoom(factor) {
    this.distance = Math.max(nearest, Math.min(farthest, this.distance * factor));
  }

  /** Moves the point in the plane of the picture, in heights of the picture. */
  pan(right, up) {
    const height = 2 * this.distance * Math.tan(fieldOfView / 2);
    const toViewer = normalize(this.eye.map((value, at) => value - this.target[at]));
    const toRight = normalize(cross([0, 0, 1], toViewer));
    const above = cross(toViewer, toRight);
    this.target = add(this.target, add(scaled(toRight, right * height), scaled(above, up * height)));
  }

  /** Has everything within `radius` of `middle` in view. */
  frame(middle, radius) {
    this.target = middle;
    this.distance = Math.max(nearest, Math.min(farthest, (radius * 1.25) / Math.tan(fieldOfView / 2)));
  }
}

/**
 * Has people move `orbit` on `element`. `onChange` is called after each move, `onPan` when the point was moved by hand,
 * and `onReset` when everything is to be seen. Returns what ends it.
 */
export function bindOrbit(element, orbit, { onChange, onPan, onReset }) {
  const pointers = new Map();
  const listening = new AbortController();
  const listen = (type, listener, options = {}) =>
    element.addEventListener(type, listener, { ...options, signal: listening.signal });

  const pan = (right, up) => {
    orbit.pan(right, up);
    onPan();
  };
  listen('pointerdown', (event) => {
    element.setPointerCapture?.(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, pans: event.button === 2 || event.shiftKey });
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    listen(type, (event) => pointers.delete(event.pointerId));
  }
  listen('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    const height = element.clientHeight || 1;
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const [was, is] = [before, { x: event.clientX, y: event.clientY }].map(({ x, y }) =>
        Math.hypot(x - other.x, y - other.y));
      if (is > 0) orbit.zoom(was / is);
      // Each of the two fingers moves the point by half of its way.
      pan(-dx / 2 / height, dy / 2 / height);
    } else if (before.pans) pan(-dx / height, dy / height);
    else orbit.turn(-dx * turnPerPixel, dy * turnPerPixel);
    [before.x, before.y] = [event.clientX, event.clientY];
    onChange();
  });
  listen('contextmenu', (event) => event.preventDefault());
  listen('wheel', (event) => {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    orbit.zoom(Math.exp(Math.max(-240, Math.min(240, pixels)) * 0.0016));
    onChange();
  }, { passive: false });
  listen('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = keyAction(event, orbit, pan, onReset);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    if (act !== onReset) onChange();
  });
  return () => listening.abort();
}

function keyAction(event, orbit, pan, onReset) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const arrow = arrows[event.key];
  if (arrow && event.shiftKey) return () => pan(arrow[0] * keyPan, arrow[1] * keyPan);
  if (arrow) return () => orbit.turn(arrow[0] * keyTurn, arrow[1] * keyTurn);
  if (event.key === '+' || event.key === '=') return () => orbit.zoom(1 / keyZoom);
  if (event.key === '-') return () => orbit.zoom(keyZoom);
  if (event.key === '0' || event.key === 'Home') return onReset;
  return null;
}
