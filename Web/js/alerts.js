// What people should know of, from what the server tells. Facts come in, alerts go out; nothing here touches the page.

const lostAfterMillis = 2500;
const diskWarningShare = 0.05;
const skippedWarning = 30;

/**
 * The alerts that hold now, as `{key, level, text}`, the worst first; `level` is `bad` or `warn`. A key names what an
 * alert is about, so that one that was dismissed stays away as long as it holds.
 *
 * @param facts `{now, online, stream, hadStream, slam: {state, heardAt, wasTracking}, storage, skipped, detection, name}`
 */
export function alertsOf(facts) {
  if (!facts.online) return [];
  return [streamAlert(facts), diskAlert(facts.storage), slamAlert(facts), ...detectionAlerts(facts), skippedAlert(facts)]
    .filter(Boolean)
    .toSorted((left, right) => (left.level === 'bad' ? 0 : 1) - (right.level === 'bad' ? 0 : 1));
}

function streamAlert({ stream, hadStream, name }) {
  if (!hadStream || stream?.publisher_connected) return null;
  return { key: 'stream', level: 'bad', text: `The publisher of “${name}” is gone.` };
}

function slamAlert({ slam, stream, now }) {
  if (!slam?.wasTracking || !stream?.publisher_connected) return null;
  if (slam.state === 'lost') return { key: 'slam', level: 'bad', text: 'The camera lost its place in the map.' };
  if (now - slam.heardAt <= lostAfterMillis) return null;
  return { key: 'slam-silent', level: 'warn', text: 'No word of where the camera is.' };
}

function diskAlert(storage) {
  if (!storage) return null;
  const { free_bytes: free, total_bytes: total, minimum_free_bytes: least } = storage;
  const gigabytes = `${(free / 1e9).toFixed(1)} GB`;
  if (free < least) return { key: 'disk-full', level: 'bad', text: `The disk is full (${gigabytes} free): nothing is recorded.` };
  if (free >= Math.max(least * 2, Math.min(total * diskWarningShare, 20e9))) return null;
  return { key: 'disk', level: 'warn', text: `The disk is nearly full: ${gigabytes} free.` };
}

function detectionAlerts({ detection, name }) {
  if (!detection || detection.stream !== name) return [];
  if (detection.state === 'failed') return [{ key: 'detection', level: 'bad', text: `Detection does not work: ${detection.problem ?? 'no reason given'}` }];
  const asked = { yolo: 'fastestdet', grounded: 'grounded', motion: 'motion' }[detection.mode];
  const isFallback = detection.state === 'running' && asked && detection.method && detection.method !== asked;
  if (isFallback) return [{ key: 'fallback', level: 'warn', text: `Detection fell back to ${detection.method}${detection.problem ? `: ${detection.problem}` : '.'}` }];
  return detection.problem ? [{ key: 'detection-problem', level: 'warn', text: detection.problem }] : [];
}

function skippedAlert({ skipped }) {
  if (!(skipped >= skippedWarning)) return null;
  return { key: 'skipped', level: 'warn', text: `${skipped} pictures of the last ten seconds were dropped here: this device or its network is too slow.` };
}

/** Counts what happened over the last `windowMillis`. */
export class RecentCount {
  #samples = [];

  constructor(windowMillis = 10_000) {
    this.windowMillis = windowMillis;
  }

  /** Takes in a total that rises, and returns by how much it rose in the window. */
  add(total, now) {
    this.#samples.push({ total, now });
    while (this.#samples.length > 1 && now - this.#samples[0].now > this.windowMillis) this.#samples.shift();
    const { total: before } = this.#samples[0];
    if (total < before) this.#samples = [{ total, now }];
    return Math.max(0, total - before);
  }
}
