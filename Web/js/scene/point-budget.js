// How many points are drawn while a view moves, so that graphics of any speed keep up with the screen.

const fewest = 10_000;
// So many frames in a row, or such a time of them, have to be slow before that counts: something else can be in the way
// of a few.
const slowFrames = 4;
const slowMillis = 150;
const quickFrames = 12;

/** Learns from how long the graphics take. */
export class PointBudget {
  /** What the slow frames in a row took. */
  #slow = [];
  #quick = 0;

  /**
   * @param limit points that are drawn at most; to begin with, so many
   * @param pace milliseconds of a frame: `wanted`, up to which there are more points, and `longest`, beyond which there are
   *   fewer; `unlearned`: so many frames at the beginning tell nothing
   */
  constructor(limit, { wanted, longest, unlearned = 0 }) {
    this.limit = limit;
    this.unlearned = unlearned;
    this.wanted = wanted;
    this.longest = longest;
    this.count = limit;
  }

  /** The graphics took `millis` for a frame with `drawn` points. */
  took(millis, drawn) {
    if (this.unlearned > 0) {
      this.unlearned -= 1;
      return;
    }
    this.#slow = millis > this.longest ? [...this.#slow, millis] : [];
    this.#quick = millis < this.wanted && drawn >= this.count ? this.#quick + 1 : 0;
    const slowTime = this.#slow.reduce((sum, each) => sum + each, 0);
    if (this.#slow.length >= slowFrames || slowTime > slowMillis) {
      const share = Math.max(0.25, this.wanted / Math.min(...this.#slow));
      this.#slow = [];
      this.count = Math.max(fewest, Math.min(this.count, Math.floor(share * drawn)));
    } else if (this.#quick >= quickFrames) {
      this.#quick = 0;
      this.count = Math.min(this.limit, Math.ceil(1.2 * this.count));
    }
  }
}

/**
 * An order of `count` things, any first part of which is spread evenly over all: multiples of a share of the golden
 * ratio that has no divisor in common with their number.
 *
 * @returns which comes at a place
 */
export function spreadOrder(count) {
  const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.round(count * 0.618034));
  while (count > 1 && divisor(step, count) !== 1) step += 1;
  return (place) => (place * step) % Math.max(1, count);
}
