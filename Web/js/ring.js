/** Numbers in rows over time, the newest ones: a ring that is written and never grows. */
export class Ring {
  #times;
  #values;
  #next = 0;

  /** Rows that are kept now. */
  count = 0;

  /**
   * @param capacity rows that are kept
   * @param width numbers in a row
   */
  constructor(capacity, width) {
    this.capacity = capacity;
    this.width = width;
    this.#times = new Float64Array(capacity);
    this.#values = new Float32Array(capacity * width);
  }

  add(time, row) {
    this.#times[this.#next] = time;
    for (let at = 0; at < this.width; at += 1) this.#values[this.#next * this.width + at] = row[at];
    this.#next = (this.#next + 1) % this.capacity;
    this.count = Math.min(this.count + 1, this.capacity);
  }

  clear() {
    this.count = 0;
    this.#next = 0;
  }

  /** The time of a row, 0 being the oldest. */
  time(row) {
    return this.#times[this.#index(row)];
  }

  value(row, column) {
    return this.#values[this.#index(row) * this.width + column];
  }

  /** Rows a second among those of the `seconds` before the newest; null when there are too few. */
  rate(seconds) {
    if (this.count < 3) return null;
    const last = this.time(this.count - 1);
    let first = this.count - 1;
    while (first > 0 && last - this.time(first - 1) <= seconds) first -= 1;
    const rows = this.count - 1 - first;
    return rows > 1 && last > this.time(first) ? rows / (last - this.time(first)) : null;
  }

  #index(row) {
    return (this.#next - this.count + row + this.capacity * 2) % this.capacity;
  }
}
