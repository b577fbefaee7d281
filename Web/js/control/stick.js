// A stick to be moved by a finger or the mouse.

import { h } from '../dom.js';

const deadZone = 0.06;

/**
 * A round field with a knob. `onMove` gets `[right, up]` in −1…1 while it is touched, and `onEnd` is called when it is
 * let go.
 */
export function stick(label, { onStart, onMove, onEnd }) {
  const knob = h('div', { class: 'stick-knob' });
  const element = h('div', { class: 'stick', role: 'img', 'aria-label': label, data: { stick: label } }, knob);
  let pointer = null;
  const place = (right, up) => {
    knob.style.translate = `${right * 46}px ${-up * 46}px`;
  };
  const move = (event) => {
    const { left, top, width } = element.getBoundingClientRect();
    const reach = width / 2 - 24;
    const [x, y] = [(event.clientX - left - width / 2) / reach, (top + width / 2 - event.clientY) / reach];
    const length = Math.hypot(x, y);
    const factor = length < deadZone ? 0 : Math.min(1, 1 / length);
    place(x * factor, y * factor);
    onMove([x * factor, y * factor]);
  };
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    place(0, 0);
    onEnd();
  };
  element.addEventListener('pointerdown', (event) => {
    if (pointer !== null) return;
    event.preventDefault();
    pointer = event.pointerId;
    element.setPointerCapture?.(pointer);
    onStart();
    move(event);
  });
  element.addEventListener('pointermove', (event) => event.pointerId === pointer && move(event));
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) element.addEventListener(type, end);
  const drop = () => {
    pointer = null;
    place(0, 0);
  };
  return { element, drop };
}
