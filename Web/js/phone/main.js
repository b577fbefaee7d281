// Puts the phone page together: choices, one button, what is being sent, what viewers ask for, what is wrong.

import { h, setAttribute, setText } from '../dom.js';
import { adoptToken } from '../token.js';
import { listCameras, missingAbility } from './camera.js';
import { Sensors } from './sensors.js';
import { Uplink } from './uplink.js';
import { VideoSender } from './video-sender.js';
import { WakeLock } from './wake-lock.js';

const sizes = [[1280, 720], [1920, 1080], [640, 480]];
const megabits = [4, 2, 1, 8];
const rates = [30, 15, 60];
const figuresMillis = 500;
const commandMillis = 2500;
const shownCommands = 4;
/** What viewers send to phones. */
const commandTypes = new Set(['joystick', 'movement', 'rotation', 'camera', 'flightmode']);

adoptToken();
const wakeLock = new WakeLock();
let sender = null;
let sensors = null;
let telemetry = null;
let before = { at: 0, pictures: 0, bytes: 0, readings: 0 };
let readings = 0;

const choice = (label, id, options) => h(
  'label', {}, label,
  h('select', { id }, options.map(([value, text]) => h('option', { value }, text))));
const video = h('video', { muted: true, playsinline: true, 'aria-label': 'The camera’s picture' });
video.muted = true;
const commands = h('ul', { class: 'phone-commands', 'aria-label': 'Commands of viewers' });
const stage = h(
  'div', { class: 'phone-stage', data: { camera: 'off' } }, video,
  h('p', { class: 'phone-empty' }, 'The camera is off.'), commands);
const state = h('span', { class: 'badge', role: 'status' }, 'Not sending');
const problems = h('div', { class: 'phone-problems', role: 'alert' });
const figure = (name) => {
  const value = h('dd', { data: { figure: name } }, '–');
  return [h('div', {}, h('dt', {}, name), value), value];
};
const [[pictureBox, picturesShown], [rateBox, rateShown], [waitBox, waitShown], [sampleBox, samplesShown]] =
  ['Pictures/s', 'Mb/s', 'Waiting', 'Samples/s'].map(figure);
const name = h('input', {
  id: 'stream', value: new URLSearchParams(location.search).get('stream') ?? 'drone', autocapitalize: 'off',
  spellcheck: 'false', pattern: '[A-Za-z0-9_.\\-]{1,64}',
});
const camera = choice('Camera', 'camera', [['', 'Back camera']]);
const choices = h(
  'div', { class: 'phone-choices' }, camera, h('label', {}, 'Stream', name),
  choice('Size', 'size', sizes.map(([w, ht]) => [`${w}x${ht}`, `${w} × ${ht}`])),
  choice('Bitrate', 'bitrate', megabits.map((value) => [String(value), `${value} Mb/s`])),
  choice('Frame rate', 'rate', rates.map((value) => [String(value), `${value} per second`])));
const button = h('button', { class: 'button primary', type: 'button', id: 'start' }, 'Start');
const other = h('button', { class: 'button', type: 'button', id: 'switch', disabled: true }, 'Switch camera');
document.getElementById('phone').append(h(
  'div', { class: 'phone-page' },
  h('header', { class: 'phone-head' }, h('h1', { class: 'brand-name' }, 'WorldSystem camera'), state), stage,
  h(
    'section', { class: 'phone-panel', 'aria-label': 'Sending' }, problems,
    h('dl', { class: 'phone-figures' }, pictureBox, rateBox, waitBox, sampleBox), choices,
    h('div', { class: 'phone-actions' }, button, other))));

function say(title, advice) {
  const known = [...problems.children].find((element) => element.dataset.title === title);
  known?.remove();
  problems.append(h('p', { class: 'phone-problem', data: { title } }, h('strong', {}, title), ` ${advice ?? ''}`));
}

const value = (id) => document.getElementById(id).value;

function chosen() {
  const [width, height] = value('size').split('x').map(Number);
  return {
    name: name.value, camera: value('camera') || null, width, height, framesPerSecond: Number(value('rate')),
    bitsPerSecond: Number(value('bitrate')) * 1e6,
  };
}

function show() {
  const running = sender !== null;
  const words = { open: 'Live', connecting: 'Connecting', waiting: 'Connection lost', off: 'Not sending' };
  const link = sender?.uplink.state ?? 'off';
  setText(state, words[link]);
  state.dataset.kind = link === 'open' ? 'live' : link === 'off' ? '' : 'waiting';
  state.dataset.state = link;
  setText(button, running ? 'Stop' : 'Start');
  stage.dataset.camera = sender?.isCameraOn ? 'on' : 'off';
  for (const control of choices.querySelectorAll('select, input')) setAttribute(control, 'disabled', running);
  setAttribute(other, 'disabled', !running);
  const known = problems.querySelector('[data-title="No connection."]');
  if (running && sender.uplink.problem) say('No connection.', `${sender.uplink.problem} Video is kept and sent later.`);
  else known?.remove();
}

function showFigures() {
  const now = performance.now();
  const seconds = (now - before.at) / 1000;
  const sent = sender?.sent ?? { pictures: 0, bytes: 0 };
  if (sender) {
    setText(picturesShown, ((sent.pictures - before.pictures) / seconds).toFixed(0));
    setText(rateShown, ((sent.bytes - before.bytes) * 8e-6 / seconds).toFixed(1));
    setText(waitShown, `${sender.queue.waitingSeconds.toFixed(1)} s`);
    setText(samplesShown, ((readings - before.readings) / seconds).toFixed(0));
    waitShown.title = `${sender.dropped} pictures lost`;
  }
  before = { at: now, pictures: sent.pictures, bytes: sent.bytes, readings };
}

function heard(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return;
  }
  if (!commandTypes.has(message?.type)) return;
  const words = Object.entries(message)
    .filter(([key]) => key !== 'type' && key !== 'timestamp')
    .map(([key, part]) => `${key} ${typeof part === 'number' ? part.toFixed(2) : String(part)}`);
  const line = h('li', {}, [message.type, ...words].join(' '));
  commands.append(line);
  while (commands.children.length > shownCommands) commands.firstElementChild.remove();
  setTimeout(() => line.remove(), commandMillis);
  if (message.type === 'camera') obey(message.action);
}

/** A viewer turns the camera on or off. */
async function obey(action) {
  if (!sender) return;
  const wanted = action === 'toggle' ? !sender.isCameraOn : action === 'on';
  if (wanted === sender.isCameraOn) return;
  if (wanted) await attempt(() => sender.openCamera());
  else sender.closeCamera();
}

async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    say(error.message, error.advice);
    return false;
  }
}

async function listChoices() {
  const cameras = await listCameras();
  const select = document.getElementById('camera');
  const kept = select.value;
  select.replaceChildren(
    h('option', { value: '' }, 'Back camera'), ...cameras.map(({ id, name: label }) => h('option', { value: id }, label)));
  select.value = kept;
}

async function start() {
  problems.replaceChildren();
  if (!name.checkValidity() || name.value === '') {
    say('This is no name of a stream.', 'Letters, digits, dot, dash and underscore; at most 64.');
    return;
  }
  readings = 0;
  const next = new VideoSender(video, chosen());
  sender = next;
  next.addEventListener('change', show);
  next.addEventListener('problem', ({ detail }) => say(detail.title, detail.advice));
  telemetry = new Uplink(`/ws/phone?${new URLSearchParams({ stream: name.value })}`);
  telemetry.addEventListener('message', ({ detail }) => heard(detail));
  sensors = new Sensors((text) => telemetry?.send(text));
  telemetry.addEventListener('open', () => sensors?.repeat());
  sensors.addEventListener('problem', ({ detail }) => say(detail.title, detail.advice));
  sensors.addEventListener('reading', () => { readings += 1; });
  // Sensors first: iOS asks for them only as long as the tap counts.
  const asked = sensors.start();
  if (!await attempt(() => next.start())) {
    stop();
    return;
  }
  telemetry.open();
  await asked;
  if (sender === next && !await wakeLock.hold()) say('The screen may go dark.', 'This browser cannot keep it on; set it to stay on.');
  await listChoices();
  show();
}

function stop() {
  sender?.stop();
  sensors?.stop();
  telemetry?.close();
  wakeLock.release();
  [sender, sensors, telemetry] = [null, null, null];
  show();
}

button.addEventListener('click', () => (sender ? stop() : start()));
other.addEventListener('click', () => attempt(() => sender.switchCamera()));
addEventListener('online', () => {
  sender?.uplink.retryNow();
  telemetry?.retryNow();
});
addEventListener('pagehide', stop);
const missing = missingAbility();
if (missing) {
  say(missing.message, missing.advice);
  setAttribute(button, 'disabled', true);
}
setInterval(showFigures, figuresMillis);
show();
