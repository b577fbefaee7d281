// The camera: what there is, its pictures, and why it is refused.

const reasons = new Map([
  ['NotAllowedError', [
    'The camera is not allowed.',
    'Allow it for this site in the browser’s settings – tap the icon beside the address – and start again.']],
  ['NotFoundError', ['There is no camera.', 'Connect one, or open this page on a phone.']],
  ['NotReadableError', ['Another app uses the camera.', 'Close it, and start again.']],
  ['OverconstrainedError', ['The camera cannot do that.', 'Choose another size or camera.']],
  ['SecurityError', ['The browser keeps the camera from this page.', 'Open it by https.']],
]);

/** Why there are no pictures: `title` and `advice`, for people. */
export class CameraProblem extends Error {
  constructor(title, advice) {
    super(title);
    this.advice = advice;
  }

  static from(error) {
    const [title, advice] = reasons.get(error.name) ?? ['The camera does not start.', `${error.name}: ${error.message}`];
    return new CameraProblem(title, advice);
  }
}

/** What keeps this browser from being a camera at all; null when nothing does. */
export function missingAbility() {
  if (!globalThis.isSecureContext) {
    return new CameraProblem(
      'A browser gives the camera only to pages over https.',
      'Start the server with --tls self-signed, open its https address, and accept the certificate once.');
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    return new CameraProblem('This browser has no camera for pages.', 'Use a current Chrome, Edge, Firefox or Safari.');
  }
  if (!('VideoEncoder' in globalThis)) {
    return new CameraProblem(
      'This browser cannot encode video.', 'It lacks WebCodecs. Use Chrome or Edge 94, Safari 16.4, Firefox 130 or later.');
  }
  return null;
}

/** The cameras, `{id, name}`; names are known once a camera was allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === 'videoinput')
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Camera ${index + 1}` }));
}

/**
 * Opens a camera; the one that looks away from its user when none is named.
 *
 * @returns a MediaStream of one video track
 * @throws CameraProblem
 */
export async function openCamera({ id, width, height, framesPerSecond }) {
  const video = {
    width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: framesPerSecond },
    ...(id ? { deviceId: { exact: id } } : { facingMode: { ideal: 'environment' } }),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw CameraProblem.from(error);
  }
}

/**
 * Gives every picture of a track to `take(frame)`, which closes it.
 *
 * @param video plays the track; pictures come from it where the browser has no processor for tracks
 * @returns ends it
 */
export function pumpFrames(track, video, take) {
  return 'MediaStreamTrackProcessor' in globalThis ? pumpTrack(track, take) : pumpElement(video, take);
}

function pumpTrack(track, take) {
  const reader = new globalThis.MediaStreamTrackProcessor({ track, maxBufferSize: 2 }).readable.getReader();
  let running = true;
  (async () => {
    while (running) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      if (running) take(frame);
      else frame.close();
    }
  })().catch(() => {
    // The track ended; `ended` of the track says so.
  });
  return () => {
    running = false;
    reader.cancel().catch(() => {});
  };
}

function pumpElement(video, take) {
  let handle = 0;
  const next = (now, { captureTime }) => {
    const millis = captureTime ?? now;
    take(new VideoFrame(video, { timestamp: Math.round(millis * 1000) }));
    handle = video.requestVideoFrameCallback(next);
  };
  handle = video.requestVideoFrameCallback(next);
  return () => video.cancelVideoFrameCallback(handle);
}
