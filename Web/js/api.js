// The server's REST answers and the addresses of its streams and files.

import { token, withToken } from './token.js';

const requestTimeoutMillis = 5000;
const mapTimeoutMillis = 30_000;
const longestMessage = 200;

/** The server refused a request; `status` is the HTTP status, `message` what the server says about it. */
export class RefusedError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether a token, or another one, would help. */
  get needsToken() {
    return this.status === 401 || (this.status === 403 && token() !== null);
  }
}

async function ask(path, options = {}) {
  const response = await fetch(path, {
    ...options,
    headers: { ...options.headers, ...(token() ? { Authorization: `Bearer ${token()}` } : {}) },
    cache: 'no-store',
    signal: AbortSignal.timeout(requestTimeoutMillis),
  });
  if (!response.ok) {
    const said = (await response.text()).trim().slice(0, longestMessage);
    throw new RefusedError(response.status, said || `${path} answered ${response.status}`);
  }
  return { body: await response.json(), date: response.headers.get('date') };
}

const get = (path) => ask(path);

/** `{version, uptime_s, hostname, rtsp_port, auth_required, time}` and the Date header. */
export const getServer = () => get('/api/server');

/** The streams that the server knows, live or not. */
export const getStreams = async () => (await get('/api/streams')).body.streams;

/** Where a phone becomes the camera of the stream `name`: `{url, qr_svg, asks_token, gives_camera, is_local}`. */
export const getPhoneLink = async (name) => (await get(`/api/phone-link?${new URLSearchParams({ stream: name })}`)).body;

/** The recordings, newest first. */
export async function getRecordings() {
  const { recordings } = (await get('/api/recordings')).body;
  return recordings.toSorted((left, right) => right.id.localeCompare(left.id));
}

/** The recorder's metadata of one recording, with the list of still frames. */
export const getMetadata = async (id) => (await get(filePath(id, 'metadata.json'))).body;

/** How detection stands: `{state, stream, mode, modes, method, model, prompt, choices, frame, skipped, problem}`. */
export const getDetection = async () => (await get('/api/detection')).body;

/** The way of a stream's camera so far: `{stream, map, steps: [[time, x, y, z, isKey], …]}`. */
export const getPath = async (name) => (await get(`/api/path?${new URLSearchParams({ stream: name })}`)).body;

/** The newest map of a stream as PLY: `{bytes, tag}`; null when there is none, or none but that of `tag`. */
export const getMap = (name, tag) => askForBytes(`/api/map?${new URLSearchParams({ stream: name })}`, tag);

async function askForBytes(path, tag) {
  const response = await fetch(path, {
    headers: { ...(tag ? { 'If-None-Match': tag } : {}), ...(token() ? { Authorization: `Bearer ${token()}` } : {}) },
    cache: 'no-store',
    signal: AbortSignal.timeout(mapTimeoutMillis),
  });
  if (response.status === 304 || response.status === 204) return null;
  if (!response.ok) throw new RefusedError(response.status, `${path} answered ${response.status}`);
  return { bytes: await response.arrayBuffer(), tag: response.headers.get('etag') };
}

/** What was found out in a recording, a line of JSON each; calls `take` with each line's value as they come.
 * Returns whether there was anything but video. */
export async function readResults(id, take, signal) {
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  const path = `/api/recordings/${encodeURIComponent(id)}/results`;
  const response = await fetch(path, { headers, cache: 'no-store', signal });
  if (!response.ok) throw new RefusedError(response.status, `${path} answered ${response.status}`);
  if (response.status === 204) return false;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = lines.pop();
    for (const line of lines) take(JSON.parse(line));
    if (done) return true;
  }
}

/** Changes what is looked for: `mode`, `prompt`, or both. */
export async function changeDetection(change) {
  const headers = { 'Content-Type': 'application/json' };
  return (await ask('/api/detection', { method: 'PUT', headers, body: JSON.stringify(change) })).body;
}

/** The address of a file of a recording, for media elements and downloads. */
export const fileURL = (id, name) => withToken(filePath(id, name));

/** The WebSocket address of a stream in `format` (`packets` or `fmp4`). */
export const streamURL = (name, format) => webSocketURL('/ws/h264_stream', { stream: name, format });

/** The WebSocket address of what is found in a stream. */
export const viewerURL = (name) => webSocketURL('/ws/viewer', { stream: name });

function webSocketURL(path, query) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return withToken(`${scheme}//${location.host}${path}?${new URLSearchParams(query)}`);
}

function filePath(id, name) {
  return `/recordings/${encodeURIComponent(id)}/${name.split('/').map(encodeURIComponent).join('/')}`;
}
