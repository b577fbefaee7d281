"""Which objects there are, by masks that are followed and detections that come now and then.

The rules of ObjectTracker's mask mode, written down once more for the goldens. Appearances are not looked
at, and objects are not made one.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

OTHER_LABEL = 0.3


def area(box) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def box_overlap(a, b) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide * high / (area(a) + area(b) - wide * high) if wide > 0 and high > 0 else 0


def bounds(mask: np.ndarray) -> list:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def mask_area(mask: np.ndarray, box) -> int:
    height, width = mask.shape
    left, top = (int(np.floor(max(value, 0) + 0.5)) for value in box[:2])
    right, bottom = int(np.floor(min(box[2], width) + 0.5)), int(np.floor(min(box[3], height) + 0.5))
    return int(mask[top:bottom, left:right].sum())


def compatible(a: str, b: str) -> bool:
    return not a or not b or a == b or bool(set(a.split()) & set(b.split()))


class Votes:
    def __init__(self):
        self.votes, self.label = [], ""

    def add(self, label: str, score: float) -> None:
        if not label:
            return
        self.votes = [[name, weight * 0.98] for name, weight in self.votes]
        for vote in self.votes:
            if vote[0] == label:
                vote[1] += score
                break
        else:
            if len(self.votes) == 8:
                self.votes.remove(min(self.votes, key=lambda vote: vote[1]))
            self.votes.append([label, score])
        best = max(self.votes, key=lambda vote: vote[1])
        present = next((weight for name, weight in self.votes if name == self.label), 0)
        if best[1] > 1.1 * present:
            self.label = best[0]


class BoxFilter:
    """A Kalman filter of constant velocity over centre and size, the noise in units of the size."""

    def __init__(self, box):
        self.place = self.place_of(box)
        self.velocity, self.covariance = np.zeros(4), np.zeros(4)
        size = self.size(self.place)
        self.variance = np.full(4, (0.06 * size) ** 2)
        self.speed_variance = np.array([1, 1, 0.09, 0.09]) * (2.5 * size) ** 2

    @staticmethod
    def place_of(box) -> np.ndarray:
        left, top, right, bottom = box
        return np.array([(left + right) / 2, (top + bottom) / 2, max(right - left, 1), max(bottom - top, 1)])

    @staticmethod
    def size(place) -> float:
        return float(np.sqrt(place[2] * place[3]))

    @property
    def box(self) -> list:
        x, y, wide, high = self.place
        return [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]

    def advance(self, seconds: float, is_seen: bool) -> None:
        if seconds <= 0:
            return
        if not is_seen:
            self.velocity[2:] = 0
        self.place = self.place + self.velocity * seconds
        self.place[2:] = np.maximum(self.place[2:], 1)
        power = np.array([1.2, 1.2, 0.4, 0.4]) ** 2 * self.size(self.place) ** 2
        self.variance = (
            self.variance + 2 * seconds * self.covariance + seconds**2 * self.speed_variance + power * seconds**3 / 3)
        self.covariance = self.covariance + seconds * self.speed_variance + power * seconds**2 / 2
        self.speed_variance = self.speed_variance + power * seconds

    def correct(self, box) -> None:
        found = self.place_of(box)
        noise = (0.06 * self.size(found)) ** 2
        gain, speed_gain = self.variance / (self.variance + noise), self.covariance / (self.variance + noise)
        offset = found - self.place
        self.place = self.place + gain * offset
        self.velocity = self.velocity + speed_gain * offset
        self.speed_variance = self.speed_variance - speed_gain * self.covariance
        self.covariance = self.covariance * (1 - gain)
        self.variance = self.variance * (1 - gain)


@dataclass
class Track:
    identifier: int
    filter: BoxFilter
    box: list
    score: float
    seen: int
    mask: np.ndarray = None
    is_seen: bool = False
    hits: int = 1
    misses: int = 0
    votes: Votes = field(default_factory=Votes)


class ReferenceTracker:
    def __init__(self, options: dict):
        self.options, self.tracks, self.last, self.now = options, [], 0, None
        self.margins = []

    def holds(self, value: float, limit: float) -> bool:
        """Whether a value is over a limit; how near they are is kept."""
        self.margins.append(abs(value - limit))
        return value > limit

    def follow(self, masks: dict, nanos: int) -> tuple:
        """Masks by object, None where it is hidden. Returns the objects and the ids that ended."""
        seconds = min(max(nanos - (nanos if self.now is None else self.now), 0), 2_000_000_000) / 1e9
        self.now = nanos
        for track in self.tracks:
            track.filter.advance(seconds, track.is_seen)
            track.is_seen = False
        for track in self.tracks:
            mask = masks.get(track.identifier)
            if mask is not None and mask.any():
                track.box = bounds(mask)
                track.filter.correct(track.box)
                track.mask, track.is_seen, track.seen = mask, True, nanos
        ended = [track.identifier for track in self.tracks if nanos - track.seen > self.options["held"]]
        self.tracks = [track for track in self.tracks if track.identifier not in ended]
        shown = [track for track in self.tracks if track.is_seen]
        return sorted(shown, key=lambda track: track.identifier), ended

    def past(self, track: Track) -> tuple:
        """Box and mask in the latest frame."""
        return (track.box, track.mask) if track.is_seen else (track.filter.box, None)

    def cost(self, track: Track, detection: dict):
        box, mask = self.past(track)
        overlap, alike = box_overlap(box, detection["box"]), compatible(track.votes.label, detection["label"])
        if mask is not None and alike:
            inside = mask_area(mask, detection["box"]) / mask.sum()
            size = area(box) / max(area(detection["box"]), 1)
            if self.holds(inside, 0.9):
                overlap = max(overlap, min(size**0.5, 1) * 0.6)
        required = self.options["overlap"]
        if not self.holds(overlap, required if alike else max(required, 0.6)):
            return None
        return 1 - overlap + (0 if alike else OTHER_LABEL)

    def covers(self, box, mask, label: str, detection: dict) -> bool:
        if mask is None:
            return False
        alike = compatible(label, detection["label"])
        if self.holds(box_overlap(box, detection["box"]), 0.6 if alike else 0.9):
            return True
        return alike and self.holds(mask_area(mask, detection["box"]), 0.7 * area(detection["box"]))

    def associate(self, detections: list, nanos: int) -> tuple:
        """Returns (id, detection, whether it needs a prompt) of what is known, (id, detection) of what is new, and ids
        that ended."""
        if self.now is None:
            self.now = nanos
        usable = [index for index, one in enumerate(detections) if area(one["box"]) > 0]
        known = [(*self.past(track), track.votes.label) for track in self.tracks]
        costs = np.full((len(self.tracks), len(usable)), 1.0)
        for row, track in enumerate(self.tracks):
            for column, index in enumerate(usable):
                cost = self.cost(track, detections[index])
                costs[row, column] = 1.0 if cost is None else min(cost, 1.0)
        matched, taken, missed = [], set(), set(range(len(self.tracks)))
        # A pair that costs one is none.
        for row, column in zip(*linear_sum_assignment(costs)):
            if costs[row, column] >= 1:
                continue
            track, index = self.tracks[row], usable[column]
            box, mask = known[row][:2]
            overlap = box_overlap(box, detections[index]["box"])
            needs = mask is None or not self.holds(overlap, self.options["prompt_overlap"])
            matched.append((track.identifier, index, needs))
            taken.add(index)
            missed.discard(row)
            track.hits, track.misses = track.hits + 1, 0
            track.score += (detections[index]["score"] - track.score) * 0.3
            track.votes.add(detections[index]["label"], detections[index]["score"])
        for row in missed:
            if known[row][1] is not None:
                self.tracks[row].misses += 1
        limit = self.options["misses"]
        ended = [track.identifier for track in self.tracks if track.misses >= limit + min(track.hits - 1, limit)]
        self.tracks = [track for track in self.tracks if track.identifier not in ended]
        started = []
        left = [one for one in usable if one not in taken]
        for index in sorted(left, key=lambda one: (-detections[one]["score"], one)):
            one = detections[index]
            if any(self.covers(box, mask, label, one) for box, mask, label in known):
                continue
            if any(compatible(detections[other]["label"], one["label"])
                   and self.holds(box_overlap(detections[other]["box"], one["box"]), 0.6) for _, other in started):
                continue
            if len(self.tracks) >= self.options["tracks"]:
                hidden = [track for track in self.tracks if not track.is_seen]
                if not hidden:
                    continue
                oldest = min(hidden, key=lambda track: track.seen)
                ended.append(oldest.identifier)
                self.tracks.remove(oldest)
            self.last += 1
            track = Track(self.last, BoxFilter(one["box"]), one["box"], one["score"], nanos)
            track.votes.add(one["label"], one["score"])
            self.tracks.append(track)
            started.append((self.last, index))
        return sorted(matched), started, sorted(ended)
