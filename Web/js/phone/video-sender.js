// Camera to server: pictures, encoder, queue, connection.

import { listCameras, openCamera, pumpFrames } from './camera.js';
import { CameraEncoder } from './encoder.js';
import { framePacket } from './packet-writer.js';
import { SendQueue } from './send-queue.js';
import { CameraClock } from './time.js';
import { Uplink } from './uplink.js';

/** Video that a socket may hold, seconds: more is not on its way, it only waits. */
const socketSeconds = 0.5;
const pumpMillis = 50;

/**
 * Sends one camera to one stream.
 *
 * Events: `change` when the camera or the connection changes; `problem` with `detail` `{title, advice}`.
 */
export class VideoSender extends EventTarget {
  /** Sends since the start: pictures and bytes that were given to the connection. */
  sent = { pictures: 0, bytes: 0 };
  queue = new SendQueue();
  uplink;
  stream = null;

  #choices;
  #video;
  #encoder = null;
  #clock = new CameraClock();
  #endPump = () => {};
  #timer = 0;

  /**
   * @param video the element that shows the camera
   * @param choices `{name, camera, width, height, framesPerSecond, bitsPerSecond}`
   */
  constructor(video, choices) {
    super();
    this.#video = video;
    this.#choices = choices;
    this.uplink = new Uplink(`/ws/video?${new URLSearchParams({ stream: choices.name })}`);
    this.uplink.addEventListener('state', () => this.dispatchEvent(new Event('change')));
    this.uplink.addEventListener('open', () => this.#opened());
    this.uplink.addEventListener('close', ({ detail }) => this.queue.rewind(detail.unsent));
    this.uplink.addEventListener('message', ({ detail }) => this.#heard(detail));
  }

  get isCameraOn() {
    return this.stream !== null;
  }

  /** Pictures that were lost: before they were coded, and after. */
  get dropped() {
    return this.queue.dropped + (this.#encoder?.dropped ?? 0);
  }

  /** Opens the camera and the connection. @throws CameraProblem */
  async start() {
    await this.openCamera();
    this.uplink.open();
    this.#timer = setInterval(() => this.#pump(), pumpMillis);
  }

  stop() {
    clearInterval(this.#timer);
    this.closeCamera();
    this.uplink.close();
  }

  /** Opens the camera, or another one, while the connection stays. @throws CameraProblem */
  async openCamera(id = this.#choices.camera) {
    this.#choices = { ...this.#choices, camera: id };
    this.closeCamera();
    const stream = await openCamera({ ...this.#choices, id });
    this.stream = stream;
    this.#video.srcObject = stream;
    await this.#video.play();
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', () => {
      if (this.stream !== stream) return;
      this.closeCamera();
      this.#say('The camera stopped.', 'Another app took it, or it was unplugged. Start again.');
    });
    this.#encoder = new CameraEncoder(this.#choices);
    this.#encoder.addEventListener('coded', ({ detail }) => this.#take(detail));
    this.#encoder.addEventListener('failed', ({ detail }) => {
      this.closeCamera();
      this.#say('The encoder stopped.', detail);
    });
    this.#clock = new CameraClock();
    const encoder = this.#encoder;
    this.#endPump = pumpFrames(track, this.#video, (frame) => {
      encoder.encode(frame, this.#clock.captureMicros(frame.timestamp));
    });
    this.dispatchEvent(new Event('change'));
  }

  closeCamera() {
    this.#endPump();
    this.#endPump = () => {};
    this.#encoder?.close();
    this.#encoder = null;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.#video.srcObject = null;
    this.dispatchEvent(new Event('change'));
  }

  /** The next camera of this device. @throws CameraProblem */
  async switchCamera() {
    const cameras = await listCameras();
    const current = this.stream?.getVideoTracks()[0]?.getSettings().deviceId;
    const index = cameras.findIndex((camera) => camera.id === current);
    if (cameras.length > 1) await this.openCamera(cameras[(index + 1) % cameras.length].id);
  }

  #say(title, advice) {
    this.dispatchEvent(new CustomEvent('problem', { detail: { title, advice } }));
  }

  #opened() {
    const { width, height } = this.#choices;
    this.uplink.send(JSON.stringify({
      type: 'video_config', format: 'h264', source: 'phone-page', width, height, key_frame_requests: true,
    }));
    this.#encoder?.requestKeyFrame();
    this.#pump();
  }

  #heard(text) {
    try {
      if (JSON.parse(text).type === 'request_key_frame') this.#encoder?.requestKeyFrame();
    } catch {
      // Not for this page.
    }
  }

  #take({ data, isKey, micros }) {
    this.queue.add({ packet: framePacket(data, { isKey, micros }), isKey, micros });
    this.#pump();
  }

  #pump() {
    const limit = (this.#choices.bitsPerSecond / 8) * socketSeconds;
    while (this.uplink.isOpen && this.uplink.buffered < limit) {
      const picture = this.queue.take();
      if (!picture) return;
      this.uplink.send(picture.packet);
      this.sent.pictures += 1;
      this.sent.bytes += picture.packet.byteLength;
    }
  }
}
