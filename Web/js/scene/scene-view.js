// The scene: where the camera is and was, what it saw of the world, and what was found in it.

import { hueOf } from '../objects-layer.js';
import { h, icon, reconcile, setAttribute, setText } from '../dom.js';
import { shownTheme } from '../theme.js';
import { Orbit, bindOrbit } from './orbit.js';
import { CameraPath } from './path.js';
import { Renderer } from './renderer.js';
import { cross, frustum, grid, gridStep, ring } from './shapes.js';

const keyFramesShown = 400;
const objectsShown = 200;
const labelsShown = 60;
// A label that begins nearer than so many pixels to one in front of it is left out.
const labelRoom = [110, 15];
// What is so many times as large or as small as what was framed is framed anew.
const framingRatio = 2;
const mapsToSettle = 3;
const colours = { path: [255, 150, 40, 255], camera: [56, 214, 195, 255], key: [120, 150, 190, 150] };

/** A canvas with its controls. Take `element`; feed it poses, points and objects. */
export class SceneView {
  path = new CameraPath();
  renderer = null;

  #orbit = new Orbit();
  #canvas = h('canvas', {
    class: 'scene-canvas', tabindex: 0, role: 'img',
    'aria-label': 'Scene in three dimensions. Arrow keys turn it, with Shift they move it, plus and minus zoom, 0 shows all.',
  });
  #note = h('p', { class: 'scene-note', role: 'status' });
  #labels = h('div', { class: 'scene-labels', 'aria-hidden': 'true' });
  #objects = [];
  #points = null;
  #isUpright = true;
  #generation = -1;
  #world = 0;
  #written = 0;
  #vertices = [];
  /** Of what was framed last, 0 for nothing; and whether the view was moved by hand since then. */
  #framedRadius = 0;
  #isMoved = false;
  /** Maps that are framed each, after the world became another. */
  #unsettled = 0;
  #follows = true;
  #unbind = () => {};
  #resizes = new ResizeObserver(() => this.renderer?.invalidate());
  #recolour = () => this.#theme();

  /** @param graphics as `Renderer` has it */
  constructor(graphics = new URLSearchParams(location.search).get('graphics')) {
    this.followButton = h(
      'button', { class: 'icon-button', type: 'button', 'aria-pressed': 'true', 'aria-label': 'Follow the camera', title: 'Follow the camera',
        on: { click: () => this.follow(!this.#follows) } }, icon('follow'));
    const fit = h(
      'button', { class: 'icon-button', type: 'button', 'aria-label': 'Show everything', title: 'Show everything (0)',
        on: { click: () => this.frameAll() } }, icon('fit'));
    this.element = h(
      'div', { class: 'scene' }, this.#canvas, this.#labels, this.#note,
      h('div', { class: 'stage-buttons scene-buttons' }, this.followButton, fit));
    try {
      this.renderer = new Renderer(this.#canvas, (aspect) => this.#matrix(aspect), graphics);
    } catch {
      setText(this.#note, 'This browser has no WebGL2, which the view in three dimensions needs.');
      setAttribute(this.#canvas, 'hidden', true);
      return;
    }
    this.renderer.addEventListener('lost', ({ detail: comesBack }) =>
      setText(this.#note, comesBack ? 'The graphics were lost; they come back by themselves.' : 'The scene can not be drawn here.'));
    this.renderer.addEventListener('restored', () => {
      setText(this.#note, '');
      this.#generation = -1;
      this.update();
    });
    this.#unbind = bindOrbit(this.#canvas, this.#orbit, {
      onChange: () => this.#moveByHand(), onPan: () => this.follow(false), onReset: () => this.frameAll(),
    });
    this.#resizes.observe(this.#canvas);
    addEventListener('themechange', this.#recolour);
    this.#theme();
  }

  dispose() {
    this.#unbind();
    this.#resizes.disconnect();
    removeEventListener('themechange', this.#recolour);
    this.renderer?.dispose();
  }

  /** Whether z of the world is up; else the world is that of a camera, whose y is down. */
  set isUpright(isUpright) {
    if (this.#isUpright === isUpright) return;
    this.#isUpright = isUpright;
    this.#framedRadius = 0;
    this.#generation = -1;
    this.update();
  }

  follow(follows) {
    this.#follows = follows;
    setAttribute(this.followButton, 'aria-pressed', String(follows));
    if (follows) this.update();
  }

  /** Shows the points of a map (`parsePly`). */
  setPoints(points) {
    this.#points = points;
    if (!this.#isUpright) turn(points);
    this.renderer?.setPoints(points);
    if (this.#isFramingDue) this.frameAll();
    this.#unsettled = Math.max(0, this.#unsettled - 1);
  }

  /** Shows things found in the world. */
  setObjects(objects) {
    this.#objects = objects.filter((object) => object.position?.every?.(Number.isFinite)).slice(0, objectsShown);
    this.update();
  }

  /** Everything in view. */
  frameAll() {
    const extent = this.#extent();
    if (!extent) return;
    this.#orbit.frame(extent.middle, extent.radius);
    this.#framedRadius = this.#points?.count || this.path.steps.length > 60 ? extent.radius : 0;
    this.#isMoved = false;
    this.update();
  }

  /** The middle and the radius of all that is shown; `null` for nothing. */
  #extent() {
    const path = this.path.steps.map((step) => this.#turned(step.position));
    const points = this.#points?.count ? this.#points : null;
    if (path.length === 0 && !points) return null;
    const middleOf = (axis) => {
      const [low, high] = [Math.min, Math.max].map((end) => path.reduce((most, at) => end(most, at[axis]), path[0][axis]));
      return (low + high) / 2;
    };
    const middle = points?.middle ?? [0, 1, 2].map(middleOf);
    const reach = path.reduce((most, at) => Math.max(most, Math.hypot(...at.map((value, axis) => value - middle[axis]))), 1);
    return { middle, radius: Math.max(reach, points?.radius ?? 0) };
  }

  // A map that grew, or one in another unit, before which one of before may come late; what somebody looks at is left to
  // them.
  get #isFramingDue() {
    if (this.#framedRadius === 0) return true;
    if (this.#isMoved) return false;
    const ratio = (this.#extent()?.radius ?? this.#framedRadius) / this.#framedRadius;
    return this.#unsettled > 0 || ratio > framingRatio || ratio < 1 / framingRatio;
  }

  /** Draws what has changed. */
  update() {
    if (!this.renderer) return;
    const { steps, pose, generation, world } = this.path;
    if (world !== this.#world) {
      this.#world = world;
      this.#framedRadius = 0;
      this.#isMoved = false;
      this.#unsettled = mapsToSettle;
      this.#points = null;
      this.renderer.setPoints(null);
    }
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#vertices = [];
      this.#written = 0;
    }
    for (const step of steps.slice(this.#vertices.length)) {
      this.#vertices.push([...this.#turned(step.position), colours.path]);
    }
    this.renderer.setPath(this.#vertices, this.#written);
    this.#written = this.#vertices.length;
    if (this.#follows && pose) this.#orbit.target = this.#turned(pose.position);
    if (this.#framedRadius === 0 && steps.length > 60) this.frameAll();
    this.#moved();
  }

  #moveByHand() {
    this.#isMoved = true;
    this.#moved();
  }

  #moved() {
    const { steps, pose } = this.path;
    const size = this.#orbit.distance / 14;
    const dark = shownTheme() === 'dark';
    const lines = [...this.#ground(dark)];
    for (const step of steps.filter((each) => each.isKey).slice(-keyFramesShown)) {
      lines.push(...cross(this.#turned(step.position), size / 7, colours.key));
    }
    for (const object of this.#objects) lines.push(...this.#objectLines(object, size));
    if (pose) {
      const rows = pose.rows.map((row) => row);
      const turned = { position: this.#turned(pose.position), rows: this.#isUpright ? rows : [rows[0], rows[2], rows[1].map((v) => -v)] };
      lines.push(...frustum(turned, size, colours.camera));
    }
    this.renderer.setLines(lines);
    this.#placeLabels();
  }

  #ground(dark) {
    const step = gridStep(this.#orbit.distance * 2);
    const { target } = this.#orbit;
    const height = this.#points?.count ? this.#points.middle[2] - (this.#isUpright ? 0 : this.#points.radius / 2) : 0;
    return grid(target, this.#isUpright ? 0 : height, step, 12, dark ? [120, 140, 160, 60] : [60, 80, 100, 60]);
  }

  #objectLines(object, size) {
    const position = this.#turned(object.position);
    const colour = [...rgbOf(hueOf(object.id ?? 0)), 255];
    const [x, y, z] = object.deviation ?? [0, 4, 8].map((at) => Math.sqrt(object.covariance?.[at]));
    // In the plane of the ground; without metres y is down.
    const spread = Math.max(x, this.#isUpright ? y : z);
    const lines = cross(position, size / 3, colour);
    if (spread > 0 && Number.isFinite(spread)) lines.push(...ring(position, spread, [...colour.slice(0, 3), 150]));
    return lines;
  }

  // Names stand beside their things, as text of the page.
  #placeLabels() {
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    if (this.#objects.length === 0 || !height) return this.#labels.replaceChildren();
    const matrix = this.#matrix(width / height);
    const inSight = this.#objects.flatMap((object) => {
      const [x, y, z] = this.#turned(object.position);
      const [cx, cy, , w] = [0, 1, 2, 3].map((row) => matrix[row] * x + matrix[4 + row] * y + matrix[8 + row] * z + matrix[12 + row]);
      if (w <= 0 || Math.abs(cx) > w || Math.abs(cy) > w) return [];
      const place = [Math.round(((cx / w + 1) / 2) * width) + 8, Math.round(((1 - cy / w) / 2) * height) - 9];
      return [{ key: `${object.map ?? 0}-${object.id}`, text: `${object.label ?? ''} ${object.id ?? ''}`.trim(), place, away: w }];
    });
    reconcile(this.#labels, withRoom(inSight).slice(0, labelsShown), ({ key }) => key, () => h('span'), (label, { text, place }) => {
      setText(label, text);
      label.style.translate = `${place[0]}px ${place[1]}px`;
    });
  }

  #turned([x, y, z]) {
    return this.#isUpright ? [x, y, z] : [x, z, -y];
  }

  #matrix(aspect) {
    return this.#orbit.matrix(aspect);
  }

  #theme() {
    if (!this.renderer) return;
    const isDark = shownTheme() === 'dark';
    this.renderer.background = isDark ? [0.024, 0.032, 0.043] : [0.93, 0.945, 0.96];
    this.renderer.lineTint = isDark ? [1, 1, 1] : [0.72, 0.68, 0.72];
    this.#moved();
  }
}

/** Turns the points of a camera's world, in place: y is down there, z is up here. */
function turn(points) {
  const floats = new Float32Array(points.data);
  for (let at = 0; at < points.count * 4; at += 4) {
    const y = floats[at + 1];
    floats[at + 1] = floats[at + 2];
    floats[at + 2] = -y;
  }
  points.middle = [points.middle[0], points.middle[2], -points.middle[1]];
}

/** The labels that have room for themselves, the nearest first. */
function withRoom(labels) {
  const shown = [];
  for (const label of labels.sort((one, other) => one.away - other.away)) {
    const isCovered = shown.some(({ place }) => place.every((value, axis) => Math.abs(value - label.place[axis]) < labelRoom[axis]));
    if (!isCovered) shown.push(label);
  }
  return shown;
}

function rgbOf(hue) {
  const channel = (offset) => {
    const place = (offset + hue / 30) % 12;
    return Math.round(255 * (0.6 - 0.36 * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
