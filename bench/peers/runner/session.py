"""What is measured, in which order, and what is kept of it."""

import datetime
import json
import os
import pathlib
import platform
import subprocess
import time

from . import data
from .environment import REPOSITORY, say
from .measure import measure
from .peers import CASES, PEERS
from .statistics import TARGETS


def output_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=REPOSITORY)
        return done.stdout.strip()
    except OSError:
        return ""


def describe_machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in cpu.splitlines()
                  if line.startswith("model name")), platform.machine())
    release = platform.freedesktop_os_release()
    return {"processor": model, "processors": len(os.sched_getaffinity(0)),
            "system": release.get("PRETTY_NAME", platform.system()),
            "compiler": output_line("g++", "--version").partition("\n")[0]}


class Session:
    """One run of the command."""

    def __init__(self, options, environment):
        self.options = options
        self.environment = environment
        self.deadline = None
        self.skipped = 0
        commit = output_line("git", "describe", "--always", "--dirty", "--abbrev=7")
        self.results = {
            "machine": describe_machine(), "commit": commit or "unknown",
            "date": datetime.date.today().isoformat(), "threads": options.threads,
            "held_to": options.hold_to,
            "batch_sizes": options.batch_sizes, "cases": options.cases,
            "accuracy_batch_size": 128,
            "train_images": {case: self.num_train(case) for case in options.cases},
            "peers": {name: {"version": None, "absent": environment.missing.get(PEERS[name].program)}
                      for name in options.peers},
            "trial": bool(options.quick or options.images), "notes": [], "measurements": [],
        }
        for name in options.left_out:
            self.results["peers"][name]["absent"] = (
                "left out by --quick, as it compiles for minutes; name it with --peers")

    def num_train(self, case):
        images = CASES[case].train_images
        if self.options.quick:
            images = min(images, 12_800 if images == 60_000 else 2_560)
        return min(images, self.options.images or images)

    def timeout(self, mode):
        limit = 60 if self.options.quick else 240
        if mode == "compile":
            return 600
        if mode == "accuracy":
            limit *= 2
        if self.deadline:
            limit = min(limit, max(20, self.deadline - time.monotonic()))
        return limit

    def arguments(self, case, mode, run):
        if mode == "speed":
            folder = self.subset(self.num_train(case))
            return ["--batch-sizes", ",".join(map(str, self.options.batch_sizes)),
                    "--epochs", 1 if self.options.quick else 2, "--data", folder, "--seed", run]
        folder = self.subset(self.options.images or 60_000)
        return ["--batch-sizes", 128, "--epochs", CASES[case].accuracy_epochs,
                "--target", TARGETS[-1], "--data", folder, "--seed", run]

    def subset(self, num_train):
        num_test = min(10_000, self.options.images or 10_000)
        folder = self.environment.folder / f"mnist-{num_train}-{num_test}"
        if not (folder / "t10k-labels-idx1-ubyte").exists():
            data.write_subset(data.mnist_folder(), folder, num_train, num_test)
        return folder

    def measure(self, run, mode, case, name):
        if self.results["peers"][name]["absent"]:
            return
        if self.deadline and time.monotonic() > self.deadline:
            self.skipped += 1
            return
        self.results["measurements"].append(self.measurement(run, mode, case, name))
        self.write_json()

    def measurement(self, run, mode, case, name):
        peer = PEERS[name]
        say(f"run {run}, {mode}, {case}, {peer.label}")
        peers_mode = "speed" if mode == "compile" else mode
        command = [*self.environment.command_of(peer), "--case", case, "--mode", peers_mode,
                   "--variant", peer.variant, "--threads", self.options.threads,
                   *self.arguments(case, peers_mode, run)]
        variables = self.environment.variables(peer, self.options.threads, self.options.hold_to)
        events, failure = measure(command, variables, self.options.threads, self.timeout(mode))
        entry = self.results["peers"][name]
        entry["version"] = entry["version"] or next(
            (event["version"] for event in events if event["event"] == "start"), None)
        if failure:
            failure = failure.replace(f"{REPOSITORY}/", "")
            say(f"  failed: {failure}")
        return {"peer": name, "case": case, "mode": mode, "run": run, "events": events,
                "failure": failure}

    def compile_beforehand(self):
        """Runs once whoever keeps compiled code in the environment, so that the first of the runs is
        like the others; what compiling took is remembered beside it."""
        for case in self.options.cases:
            for name in self.options.peers:
                peer = PEERS[name]
                if not peer.compiles_for_minutes or self.results["peers"][name]["absent"]:
                    continue
                sizes = "-".join(map(str, self.options.batch_sizes))
                key = f"{name}-{case}-{sizes}-{self.num_train(case)}-{self.options.threads}"
                record = self.environment.torch_cache() / f"{key}.json"
                if not record.exists():
                    done = self.measurement(0, "compile", case, name)
                    if done["failure"]:
                        self.results["measurements"].append(done)
                        continue
                    record.write_text(json.dumps(done))
                self.results["measurements"].append(json.loads(record.read_text()))

    def measure_all(self):
        """Everyone's first run, then everyone's second: a slow minute of the machine hits all alike."""
        self.compile_beforehand()
        if self.options.minutes:
            self.deadline = time.monotonic() + 60 * self.options.minutes
        for run in range(1, self.options.runs + 1):
            for case in self.options.cases:
                for name in self.options.peers:
                    if case in PEERS[name].cases:
                        self.measure(run, "speed", case, name)
        if not self.options.quick:
            for case in self.options.cases:
                for name in self.options.peers:
                    if CASES[case].accuracy_epochs and PEERS[name].trains and case in PEERS[name].cases:
                        self.measure(1, "accuracy", case, name)
        if self.skipped:
            self.results["notes"].append(
                f"{self.skipped} measurements were left out: {self.options.minutes:g} minutes were over "
                "(`--minutes`)")

    def write_json(self):
        path = self.options.out / "results.json"
        path.with_suffix(".tmp").write_text(json.dumps(self.results, indent=1) + "\n")
        path.with_suffix(".tmp").replace(path)
