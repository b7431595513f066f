"""What every Python peer does alike: options, the order of measuring, JSON lines on stdout.

A peer is a class. It is made for a batch size, and trains, judges and answers:

    Peer(options, batch_size)   data, weights and compiled functions, as far as they can be ready
    train_epoch()               one pass over options.train, shuffled; returns when all is done
    accuracy()                  of options.test, in [0, 1]
    classify_one(index)         the class of one test image, given as float32

`measures` names what it has: "train", "latency". protocol.h is the same for C++.
"""

import argparse
import json
import pathlib
import statistics
import time

import numpy as np


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", required=True)
    parser.add_argument("--mode", choices=["speed", "accuracy"], required=True)
    parser.add_argument("--variant", default="")
    parser.add_argument("--batch-sizes", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--target", type=float, default=1)
    parser.add_argument("--latency-calls", type=int, default=1000)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.batch_sizes = [int(size) for size in options.batch_sizes.split(",")]
    options.train = load_split(options.data, "train")
    options.test = load_split(options.data, "t10k")
    return options


def load_split(folder, prefix):
    """Images as float32 [N,28,28] in 0..1, labels as int64 [N]."""
    images = np.fromfile(folder / f"{prefix}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(folder / f"{prefix}-labels-idx1-ubyte", np.uint8, offset=8)
    return images.reshape(-1, 28, 28).astype(np.float32) / 255, labels.astype(np.int64)


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def seconds_of(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def peak_memory_mb():
    """Of this process alone: compilers that it started do not count."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def measure_latency(peer, options):
    num_test = len(options.test[1])
    for index in range(50):
        peer.classify_one(index % num_test)
    calls = [
        seconds_of(lambda i=i: peer.classify_one(i % num_test))[0]
        for i in range(options.latency_calls)
    ]
    emit("latency", calls=len(calls), microseconds=1e6 * statistics.median(calls),
         p99_microseconds=1e6 * sorted(calls)[len(calls) * 99 // 100])


def measure_speed(make, measures, options):
    for batch_size in options.batch_sizes:
        start = time.perf_counter()
        peer = make(options, batch_size)
        if "train" not in measures:
            continue
        peer.train_epoch()
        first = time.perf_counter() - start
        epochs = [seconds_of(peer.train_epoch)[0] for _ in range(options.epochs)]
        emit("epochs", batch_size=batch_size, images=len(options.train[1]), first_seconds=first,
             seconds=epochs)
    if "train" in measures:
        peer.accuracy()
        seconds, accuracy = seconds_of(peer.accuracy)
        emit("evaluation", images=len(options.test[1]), seconds=seconds, accuracy=accuracy)
    if "latency" in measures:
        measure_latency(peer, options)


def measure_accuracy(make, options):
    start = time.perf_counter()
    peer = make(options, options.batch_sizes[0])
    training = time.perf_counter() - start
    for epoch in range(1, options.epochs + 1):
        training += seconds_of(peer.train_epoch)[0]
        accuracy = peer.accuracy()
        emit("accuracy", epoch=epoch, seconds=training, accuracy=accuracy)
        if accuracy >= options.target:
            break


def main(make, options, version, measures=("train", "latency")):
    emit("start", version=version)
    if options.mode == "speed":
        measure_speed(make, measures, options)
    else:
        measure_accuracy(make, options)
    emit("end", peak_memory_mb=peak_memory_mb())
