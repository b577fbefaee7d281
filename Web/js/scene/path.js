// The way of a camera as a line of bounded length.

/** Keeps where a camera was. Where it grows too long, every second step goes, but for the newest and key frames. */
export class CameraPath {
  /** Steps, the oldest first: `{time, position, isKey}`. */
  steps = [];
  /** Changes whenever steps that were there go, so that whoever draws begins anew. */
  generation = 0;
  /** Changes with the map, and where it becomes metric: places before have nothing in common with those after. */
  world = 0;
  /** The newest pose: `{position, rows}`, world from camera. */
  pose = null;

  #map = null;
  #isMetric = null;
  #stride = 1;
  #skipped = 0;

  constructor(limit = 8192) {
    this.limit = limit;
  }

  clear() {
    this.steps = [];
    this.pose = null;
    this.#stride = 1;
    this.#skipped = 0;
    this.generation += 1;
  }

  /** Takes a pose in. One in another map, or in another unit, begins anew. */
  add({ time, position, rows = null, isKey = false, map = 0, isMetric = true }) {
    if (this.#map !== null && (map !== this.#map || isMetric !== (this.#isMetric ?? isMetric))) {
      this.clear();
      this.world += 1;
    }
    [this.#map, this.#isMetric] = [map, isMetric];
    if (rows) this.pose = { position, rows };
    this.#skipped += 1;
    if (this.#skipped < this.#stride && !isKey) return;
    this.#skipped = 0;
    this.steps.push({ time, position, isKey });
    if (this.steps.length > this.limit) this.#thin();
  }

  /** Puts steps in front of those that are known: what happened before somebody looked. */
  prepend(steps, map) {
    if (this.#map !== null && map !== this.#map) return;
    this.#map ??= map;
    const first = this.steps[0]?.time ?? Infinity;
    const before = steps.filter((step) => step.time < first);
    if (before.length === 0) return;
    this.steps = [...before, ...this.steps];
    this.generation += 1;
    while (this.steps.length > this.limit) this.#thin();
  }

  #thin() {
    this.steps = this.steps.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
    this.generation += 1;
  }
}

/** What a `trajectory_update` says, for `CameraPath`; null when it is malformed. */
export function poseOf(message) {
  const rows = message.pose;
  if (!Array.isArray(rows) || rows.length !== 4 || rows.some((row) => !row?.every?.(Number.isFinite))) return null;
  return {
    time: message.timestamp, position: rows.slice(0, 3).map((row) => row[3]),
    rows: rows.slice(0, 3).map((row) => row.slice(0, 3)), isKey: message.is_keyframe === true, map: message.map ?? 0,
    isMetric: message.scale === undefined || message.scale === 'trustworthy',
  };
}
