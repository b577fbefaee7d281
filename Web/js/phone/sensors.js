// What else a phone feels: motion, place, battery; as the messages of /ws/phone, wire formats, section 3.

import { nanosOfEvent } from './time.js';

const radiansPerDegree = Math.PI / 180;
/** iOS has gravity point the other way than the standard and every other browser. */
const gravitySign = /iP(hone|ad|od)/.test(navigator.userAgent)
  || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1) ? -1 : 1;
const batteryMillis = 30_000;

/** A message of sensors. Nanoseconds since 1970 are more than a JavaScript number holds, so they are put in as text. */
export function sensorMessage(nanos, parts) {
  return `{"type":"imu_data","timestamp":${nanos},${JSON.stringify(parts).slice(1)}`;
}

/** Accelerometer (m/s², gravity included) and gyroscope (rad/s) of a `devicemotion` event; null when one is missing. */
export function motionParts(event, sign = gravitySign) {
  const force = event.accelerationIncludingGravity;
  const rate = event.rotationRate;
  const numbers = [force?.x, force?.y, force?.z, rate?.alpha, rate?.beta, rate?.gamma];
  if (!numbers.every(Number.isFinite)) return null;
  const [ax, ay, az, rx, ry, rz] = numbers;
  // Browsers give the rates about the phone's x, y and z as alpha, beta and gamma, in this order.
  return {
    accelerometer: { x: sign * ax, y: sign * ay, z: sign * az },
    gyroscope: { x: rx * radiansPerDegree, y: ry * radiansPerDegree, z: rz * radiansPerDegree },
  };
}

/** What a position says, without what the phone does not know. */
export function positionParts({ latitude, longitude, altitude, accuracy, speed, heading }) {
  const known = Object.entries({ latitude, longitude, altitude, accuracy, speed, heading })
    .filter(([, value]) => Number.isFinite(value));
  return { gps: Object.fromEntries(known) };
}

/**
 * Reads the sensors and gives `send(text)` a message for each reading.
 *
 * Events: `problem` with `detail` `{title, advice}` when one is refused; `reading` with `detail`, which one came.
 */
export class Sensors extends EventTarget {
  #send;
  #ends = [];
  /** The latest message of what is seldom read. */
  #rare = new Map();

  constructor(send) {
    super();
    this.#send = send;
  }

  /** Asks for what needs a permission. Call it from a tap: iOS asks only then. */
  async start() {
    await this.#startMotion();
    this.#startPosition();
    await this.#startBattery();
  }

  /** Sends place and battery again, for a connection that is new. */
  repeat() {
    for (const text of this.#rare.values()) this.#send(text);
  }

  stop() {
    for (const end of this.#ends.splice(0)) end();
  }

  #say(title, advice) {
    this.dispatchEvent(new CustomEvent('problem', { detail: { title, advice } }));
  }

  #read(kind, nanos, parts) {
    const text = sensorMessage(nanos, parts);
    if (kind !== 'motion') this.#rare.set(kind, text);
    this.#send(text);
    this.dispatchEvent(new CustomEvent('reading', { detail: kind }));
  }

  async #startMotion() {
    const ask = globalThis.DeviceMotionEvent?.requestPermission;
    try {
      if (ask && (await ask.call(globalThis.DeviceMotionEvent)) !== 'granted') {
        this.#say('Motion sensors are not allowed.', 'Without them paths have no scale. Allow “Motion & Orientation” for this site.');
        return;
      }
    } catch (error) {
      this.#say('Motion sensors do not start.', error.message);
      return;
    }
    const take = (event) => {
      const parts = motionParts(event);
      if (parts) this.#read('motion', nanosOfEvent(event.timeStamp), parts);
    };
    addEventListener('devicemotion', take);
    this.#ends.push(() => removeEventListener('devicemotion', take));
  }

  #startPosition() {
    if (!navigator.geolocation) return;
    const id = navigator.geolocation.watchPosition(
      ({ coords, timestamp }) => this.#read('position', BigInt(Math.round(timestamp)) * 1_000_000n, positionParts(coords)),
      (error) => {
        if (error.code === error.PERMISSION_DENIED) {
          this.#say('The place is not allowed.', 'Video works without it; maps are not put on Earth.');
        }
      },
      { enableHighAccuracy: true, maximumAge: 0 });
    this.#ends.push(() => navigator.geolocation.clearWatch(id));
  }

  async #startBattery() {
    if (!navigator.getBattery) return;
    const battery = await navigator.getBattery();
    const tell = () => this.#read(
      'battery', nanosOfEvent(performance.now()),
      { battery: { level: Math.round(battery.level * 100), charging: battery.charging } });
    tell();
    const timer = setInterval(tell, batteryMillis);
    battery.addEventListener('levelchange', tell);
    this.#ends.push(() => {
      clearInterval(timer);
      battery.removeEventListener('levelchange', tell);
    });
  }
}
