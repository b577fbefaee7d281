// What was found out in a recording, by time: results, poses, samples and fixes, for any moment of its video.

import { ResultTrack } from './results.js';

// Bounds of what is kept of one recording: five hours of results and poses at 30 a second, and of samples.
const mostLines = 600_000;
const mostRows = 540_000;

/** Takes the lines of a recording's results. Times are seconds from the first picture of its video. */
export class Replay {
  results = new ResultTrack(mostRows);
  /** `{time, position, orientation, map, metric}`, in the order of their times. */
  poses = [];
  /** Objects of the world, all that are known at a time: `{time, objects}`. */
  places = [];
  /** `{time, acceleration, rotation}`. */
  samples = [];
  /** `{time, latitude, longitude, …}`. */
  fixes = [];
  lines = 0;
  /** Whether there were more lines than are kept. */
  isCut = false;

  #start = null;
  #early = [];

  /** Takes a line. What comes before the first picture waits for it. */
  take(line) {
    this.lines += 1;
    if (this.lines > mostLines) {
      this.isCut = true;
      return;
    }
    if (line.type === 'start') {
      this.#start = line.time;
      for (const early of this.#early) this.#add(early);
      this.#early = [];
    } else if (this.#start === null) {
      if (this.#early.length < 10_000) this.#early.push(line);
    } else this.#add(line);
  }

  /** The newest entry of `list` that is not later than `time`; null before the first. */
  static at(list, time) {
    const index = Replay.indexAfter(list, time) - 1;
    return index < 0 ? null : list[index];
  }

  /** How many entries of `list` are not later than `time`. */
  static indexAfter(list, time) {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].time > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #add(line) {
    const time = line.time - this.#start;
    if (line.type === 'objects') this.results.add(time * 1000, line.objects ?? []);
    else if (line.type === 'pose') {
      const { position, orientation, map = 0, metric = true } = line;
      this.#insert(this.poses, { time, position, orientation, map, metric });
    } else if (line.type === 'world_objects') this.#insert(this.places, { time, objects: line.objects ?? [] });
    else if (line.type === 'imu') this.#insert(this.samples, { time, acceleration: line.accelerometer, rotation: line.gyroscope });
    else if (line.type === 'gps') this.#insert(this.fixes, { ...line, time });
  }

  // Nearly always at the end: the file is in the order in which things came.
  #insert(list, entry) {
    if (list.length === 0 || list.at(-1).time <= entry.time) list.push(entry);
    else list.splice(Replay.indexAfter(list, entry.time), 0, entry);
  }
}
