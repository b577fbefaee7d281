#!/usr/bin/env python3
"""Logs into a file with rerun-sdk of PyPI and prints the figures as JSON. For `worldsystem bench rerun`.

Entities and values are those of the same workload there.
"""

import argparse
import json
import os
import time

import numpy as np
import rerun as rr


def at(recording: rr.RecordingStream, index: int, has_frame: bool = True):
    recording.set_time("capture_time", timestamp=np.datetime64(1_700_000_000_000_000_000 + index * 5_000_000, "ns"))
    if has_frame:
        recording.set_time("frame", sequence=index)


def log_poses(recording: rr.RecordingStream, events: int):
    for index in range(events):
        at(recording, index)
        recording.log("world/camera", rr.Transform3D(translation=[index, 0, 0], quaternion=[0, 0, 0, 1]))


def log_motion(recording: rr.RecordingStream, events: int):
    for index in range(events):
        at(recording, index, has_frame=False)
        recording.log("telemetry/accelerometer", rr.Scalars([0, 0, 9.81]))
        recording.log("telemetry/gyroscope", rr.Scalars([0.1, 0.2, index]))


def log_objects(recording: rr.RecordingStream, events: int):
    left = np.arange(10, dtype=np.float32) * 100
    centers = np.stack([left + 40, np.full(10, 35, np.float32)], axis=1)
    half_sizes = np.tile(np.array([40, 25], np.float32), (10, 1))
    labels = [f"car {index}" for index in range(10)]
    class_ids = np.arange(1, 11, dtype=np.uint16)
    for index in range(events):
        at(recording, index)
        recording.log(
            "frame/objects", rr.Boxes2D(centers=centers, half_sizes=half_sizes, labels=labels, class_ids=class_ids))
        recording.log("frame_number", rr.TextLog(f"frame {index}: 10 objects", level="DEBUG"))


def log_video(recording: rr.RecordingStream, events: int):
    # Different ones: coded pictures do not repeat each other.
    samples = [np.random.default_rng(seed).bytes(40_000) for seed in range(4)]
    recording.log("frame", rr.VideoStream(codec=rr.VideoCodec.H264), static=True)
    for index in range(events):
        at(recording, index)
        recording.log("frame", rr.VideoStream.from_fields(sample=samples[index % 4]))


def log_points(recording: rr.RecordingStream, events: int):
    numbers = np.arange(100_000)
    positions = np.stack([numbers, numbers % 100, np.ones(100_000)], axis=1).astype(np.float32)
    colors = np.stack([numbers % 256, numbers % 7, np.full(100_000, 200)], axis=1).astype(np.uint8)
    for index in range(events):
        at(recording, index, has_frame=False)
        recording.log("world/points", rr.Points3D(positions, colors=colors, radii=rr.Radius.ui_points(1.5)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    log = globals()[f"log_{options.workload}"]
    started, cpu = time.monotonic(), time.process_time()
    recording = rr.RecordingStream("benchmark", recording_id="benchmark")
    recording.save(options.output)
    log(recording, options.events)
    recording.flush()
    recording.disconnect()
    print(json.dumps({
        "events": options.events, "seconds": time.monotonic() - started, "cpuSeconds": time.process_time() - cpu,
        "fileBytes": os.path.getsize(options.output),
    }))


if __name__ == "__main__":
    main()
