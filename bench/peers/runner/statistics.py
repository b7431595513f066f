"""From events to medians and ratios.

Runs are taken in turn, so a ratio is formed run by run, of two measurements made shortly after one
another; what is reported is the median of these ratios with the smallest and the largest.
"""

import dataclasses
import statistics

from .peers import BASELINE, MNIST_IMAGES

TARGETS = (0.97, 0.98, 0.99)


@dataclasses.dataclass
class Figure:
    """A measure over the runs, and its ratio to Digitry's, over the runs that both have."""

    median: float
    low: float
    high: float
    num_runs: int
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


def values_of(events):
    """{measure: value} of one run. Epochs are scaled to the whole of MNIST."""
    values = {}
    for event in events:
        kind = event["event"]
        if kind == "epochs":
            scale = MNIST_IMAGES / event["images"]
            epoch = statistics.median(event["seconds"])
            values["epoch", event["batch_size"]] = epoch * scale
            # What the first epoch took more than a later one: compiling, planning, warming up.
            values["warm-up", event["batch_size"]] = max(0, event["first_seconds"] - epoch)
        elif kind == "evaluation":
            values["evaluation"] = event["seconds"] * 10_000 / event["images"]
        elif kind == "latency":
            values["latency"] = event["microseconds"]
        elif kind == "end":
            values["memory"] = event["peak_memory_mb"]
    return values


def gather(measurements, mode="speed"):
    """{(case, peer): {run: {measure: value}}}"""
    gathered = {}
    for m in measurements:
        if m["mode"] == mode:
            runs = gathered.setdefault((m["case"], m["peer"]), {})
            runs[m["run"]] = values_of(m["events"])
    return gathered


def figure(runs, baseline_runs, measure):
    """None where no run has the measure."""
    values = [run[measure] for run in runs.values() if measure in run]
    if not values:
        return None
    result = Figure(statistics.median(values), min(values), max(values), len(values))
    ratios = [
        runs[number][measure] / baseline_runs[number][measure]
        for number in runs
        if measure in runs[number] and baseline_runs.get(number, {}).get(measure)
    ]
    if ratios:
        result.ratio = statistics.median(ratios)
        result.ratio_low, result.ratio_high = min(ratios), max(ratios)
    return result


def figures(measurements):
    """{(case, peer): {measure: Figure}}. Where code was compiled beforehand, that is the warm-up."""
    gathered = gather(measurements)
    beforehand = gather(measurements, "compile")
    result = {}
    for (case, peer), runs in gathered.items():
        baseline = gathered.get((case, BASELINE), {})
        # In the order of measuring: batch sizes ascend.
        measures = dict.fromkeys(measure for run in runs.values() for measure in run)
        result[case, peer] = {
            measure: figure(runs, baseline, measure) for measure in measures
        }
        compiled = beforehand.get((case, peer), {})
        for measure in {measure for run in compiled.values() for measure in run}:
            if measure[0] == "warm-up":
                result[case, peer][measure] = figure(compiled, {}, measure)
    return result


def times_to_accuracy(measurements):
    """{(case, peer): {target: (median seconds, epochs) or None}, with None where it was not reached}"""
    reached = {}
    for m in measurements:
        if m["mode"] != "accuracy":
            continue
        epochs = [event for event in m["events"] if event["event"] == "accuracy"]
        if not epochs:
            continue
        for target in TARGETS:
            first = next((e for e in epochs if e["accuracy"] >= target), None)
            reached.setdefault((m["case"], m["peer"]), {}).setdefault(target, []).append(first)
    return {key: {target: median_time(firsts) for target, firsts in targets.items()}
            for key, targets in reached.items()}


def median_time(firsts):
    """Of the runs' first epochs at a target; None unless most runs reached it."""
    found = sorted((e["seconds"], e["epoch"]) for e in firsts if e)
    if 2 * len(found) <= len(firsts):
        return None
    return found[(len(found) - 1) // 2]


def failures(measurements):
    """[(case, peer, mode, run, reason)]"""
    return [(m["case"], m["peer"], m["mode"], m["run"], m["failure"])
            for m in measurements if m.get("failure")]
