// Which results belong to which picture, and for how long a picture has to wait for its own.

// Times that differ by less are of the same picture.
const sameMillis = 2;
// Between results further apart than this nothing is known of what is in between.
const longestGapMillis = 600;
// Results older than this say nothing about a picture.
const staleMillis = 1000;

/** The latest results of a stream, in the order of their pictures. Times are milliseconds. */
export class ResultTrack {
  #entries = [];

  /** @param capacity how many results are kept; a recording keeps them all */
  constructor(capacity = 240) {
    this.capacity = capacity;
  }

  get newest() {
    return this.#entries.at(-1) ?? null;
  }

  /** Takes in the objects of the picture of a time. */
  add(time, objects) {
    const entry = { time, objects };
    const entries = this.#entries;
    if (entries.length === 0 || time > entries.at(-1).time) entries.push(entry);
    else {
      const at = this.#indexAfter(time);
      if (at > 0 && entries[at - 1].time === time) entries[at - 1] = entry;
      else entries.splice(at, 0, entry);
    }
    if (entries.length > this.capacity) entries.shift();
  }

  clear() {
    this.#entries = [];
  }

  /**
   * The objects of the picture of `time`: its own, or, between two results, boxes in between. Behind the newest results
   * those, as they are, for a moment.
   *
   * @returns `{objects, kind}`, `kind` is `exact`, `between` or `late`; null when nothing is known
   */
  at(time) {
    const entries = this.#entries;
    const after = this.#indexAfter(time + sameMillis);
    const before = entries[after - 1];
    if (!before) return null;
    if (time - before.time <= sameMillis) return { objects: before.objects, kind: 'exact' };
    const next = entries[after];
    if (next && next.time - before.time <= longestGapMillis) {
      return { objects: between(before, next, time), kind: 'between' };
    }
    return time - before.time <= staleMillis ? { objects: before.objects, kind: 'late' } : null;
  }

  // The first entry later than `time`.
  #indexAfter(time) {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle].time > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Boxes in between two results; what is only in the first stays where it is, and masks move with their boxes. */
function between(before, next, time) {
  const share = (time - before.time) / (next.time - before.time);
  const later = new Map(next.objects.map((object) => [object.id, object]));
  return before.objects.map((object) => {
    const other = later.get(object.id);
    if (!other) return object;
    const box = object.box.map((value, index) => value + share * (other.box[index] - value));
    return { ...object, box, shift: [Math.round(box[0] - object.box[0]), Math.round(box[1] - object.box[1])] };
  });
}

const keptArrivals = 240;
const windowMillis = 4000;
const marginMillis = 12;
// A picture whose results are later than others were waits for so long before it shows without them.
const patienceMillis = 300;

/**
 * How long pictures wait so that their results are there when they show. Results say how late they are; the longest
 * wait of the last seconds counts, so that pictures keep an even pace. One whose results are later still waits for them.
 */
export class Playout {
  #arrivals = [];
  #waits = [];
  #newestResult = -Infinity;

  /** @param longestMillis beyond this pictures do not wait: results then come when they come */
  constructor(longestMillis = 600) {
    this.longestMillis = longestMillis;
  }

  /** A picture of the capture time `time` came in. */
  arrived(time, now) {
    this.#arrivals.push({ time, now });
    if (this.#arrivals.length > keptArrivals) this.#arrivals.shift();
  }

  /** The results of the picture of `time` came in: pictures since the results before had to wait for them. */
  found(time, now) {
    if (time <= this.#newestResult) return;
    const first = this.#arrivals.find((arrival) => arrival.time > this.#newestResult + sameMillis);
    this.#newestResult = time;
    if (first && first.time <= time + sameMillis) this.#waits.push({ wait: now - first.now, now });
  }

  /**
   * Milliseconds from the arrival of a picture to its decoding.
   *
   * @param time when it was captured; undefined for what is no picture
   */
  holdMillis(now, time) {
    while (this.#waits.length > 0 && now - this.#waits[0].now > windowMillis) this.#waits.shift();
    const needed = this.#waits.reduce((most, each) => Math.max(most, each.wait), 0);
    if (needed === 0 || needed > this.longestMillis) return 0;
    const isLate = time > this.#newestResult + sameMillis;
    return needed + (isLate ? patienceMillis : marginMillis);
  }
}
