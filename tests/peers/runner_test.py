#!/usr/bin/env python3
"""The arithmetic, the tables and the markers of bench/peers, on measurements written by hand."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench/peers"))

from runner import docs, environment, measure, options, peers, plot, statistics, table  # noqa: E402


def speed(peer, run, seconds, microseconds=100, images=60_000, first=5.0):
    return {
        "peer": peer, "case": "mlp-128", "mode": "speed", "run": run, "failure": None,
        "events": [
            {"event": "start", "version": "1.0"},
            {"event": "epochs", "batch_size": 128, "images": images, "first_seconds": first,
             "seconds": seconds},
            {"event": "evaluation", "images": 10_000, "seconds": 0.02, "accuracy": 0.97},
            {"event": "latency", "calls": 1000, "microseconds": microseconds},
            {"event": "end", "peak_memory_mb": 50.0},
        ],
    }


def accuracy(peer, accuracies, run=1):
    events = [{"event": "accuracy", "epoch": i + 1, "seconds": 2.0 * (i + 1), "accuracy": a}
              for i, a in enumerate(accuracies)]
    return {"peer": peer, "case": "mlp-128", "mode": "accuracy", "run": run, "failure": None,
            "events": events}


def fixture():
    return {
        "machine": {"processor": "CPU", "processors": 2, "system": "OS", "compiler": "g++"},
        "commit": "abc1234", "date": "2026-01-01", "threads": 2, "batch_sizes": [128],
        "cases": ["mlp-128"], "accuracy_batch_size": 128, "train_images": {"mlp-128": 60_000},
        "peers": {
            "digitry": {"version": "0.1.0", "absent": None},
            "pytorch": {"version": "2.0", "absent": None},
            "dlib": {"version": None, "absent": "debian: there is no apt-get on this machine"},
        },
        "notes": [],
        "measurements": [
            speed("digitry", 1, [1.0, 1.2, 1.1]), speed("pytorch", 1, [2.2], 400),
            speed("digitry", 2, [2.0]), speed("pytorch", 2, [8.0], 300),
            speed("digitry", 3, [1.0]), speed("pytorch", 3, [3.0], 200),
            accuracy("digitry", [0.96, 0.975, 0.985]), accuracy("pytorch", [0.975, 0.974]),
        ],
    }


class FiguresTest(unittest.TestCase):
    def test_ratio_is_the_median_of_each_runs_own(self):
        epoch = statistics.figures(fixture()["measurements"])["mlp-128", "pytorch"]["epoch", 128]
        # Of the medians it would be 3.0 / 1.1.
        self.assertAlmostEqual(epoch.ratio, 3.0)
        self.assertAlmostEqual(epoch.ratio_low, 2.0)
        self.assertAlmostEqual(epoch.ratio_high, 4.0)
        self.assertEqual((epoch.median, epoch.low, epoch.high), (3.0, 2.2, 8.0))

    def test_fewer_images_are_scaled_to_mnist(self):
        values = statistics.values_of(speed("digitry", 1, [1.0], images=6_000)["events"])
        self.assertAlmostEqual(values["epoch", 128], 10.0)
        self.assertAlmostEqual(values["warm-up", 128], 4.0)

    def test_a_run_that_the_other_lacks_has_no_ratio(self):
        figures = statistics.figures([speed("digitry", 1, [1.0]), speed("pytorch", 2, [2.0])])
        self.assertIsNone(figures["mlp-128", "pytorch"]["epoch", 128].ratio)

    def test_compiling_beforehand_is_the_warm_up(self):
        before = dict(speed("pytorch", 0, [1.0], first=61.0), mode="compile")
        figures = statistics.figures([before, speed("pytorch", 1, [1.0], first=1.5)])
        self.assertAlmostEqual(figures["mlp-128", "pytorch"]["warm-up", 128].median, 60.0)

    def test_time_to_accuracy(self):
        times = statistics.times_to_accuracy(fixture()["measurements"])
        self.assertEqual(times["mlp-128", "digitry"], {0.97: (4.0, 2), 0.98: (6.0, 3), 0.99: None})
        self.assertEqual(times["mlp-128", "pytorch"][0.97], (2.0, 1))

    def test_half_of_the_runs_is_not_most(self):
        runs = [accuracy("digitry", [0.98]), accuracy("digitry", [0.96], run=2)]
        self.assertIsNone(statistics.times_to_accuracy(runs)["mlp-128", "digitry"][0.97])


class TableTest(unittest.TestCase):
    def test_row_has_time_ratio_and_spread(self):
        page = table.markdown(fixture())
        self.assertIn("| PyTorch (2.0) | 3.00 s, 3.00 × (2.00–4.00) |", page)
        self.assertIn("| Digitry | 1.10 s | 3.90 s | 20.0 ms | 100 µs | 50 MB |", page)
        self.assertIn("300 µs, 3.00 × (2.00–4.00)", page)
        self.assertIn("| Digitry | 4.00 s, 2 epochs | 6.00 s, 3 epochs | not reached |", page)

    def test_absent_and_failed_peers_are_listed(self):
        results = fixture()
        failed = speed("pytorch", 4, [1.0])
        failed.update(events=[], failure="no end after 60 s")
        results["measurements"].append(failed)
        page = table.markdown(results)
        self.assertIn("- dlib, C++: debian: there is no apt-get on this machine", page)
        self.assertIn("- PyTorch, mlp-128, speed: no end after 60 s", page)

    def test_nothing_measured_is_no_error(self):
        results = dict(fixture(), measurements=[])
        self.assertIn("### Not measured", table.markdown(results))

    def test_says_what_everyone_was_held_to(self):
        page = table.markdown(dict(fixture(), held_to="avx2"))
        self.assertIn("CPU, 2 processors; held to AVX2", page)
        self.assertIn("### mlp-128, AVX2", page)
        self.assertNotIn("held to", table.markdown(fixture()))

    def test_plot_data(self):
        self.assertEqual(plot.data_text(fixture(), 128), 'peer\tmlp-128\n"PyTorch"\t3.0000\n')


class DocsTest(unittest.TestCase):
    def test_replaces_only_what_is_between_the_markers(self):
        page = f"before\n{docs.begin()}\nold\n{docs.END}\nafter\n"
        once = docs.between_markers(page, "new\n")
        self.assertEqual(once, f"before\n{docs.begin()}\n\nnew\n\n{docs.END}\nafter\n")
        self.assertEqual(docs.between_markers(once, "new"), once)

    def test_each_instruction_set_has_markers_of_its_own(self):
        page = f"{docs.begin()}\nnative\n{docs.END}\n{docs.begin('avx2')}\nold\n{docs.END}\n"
        changed = docs.between_markers(page, "new", "avx2")
        self.assertEqual(changed, f"{docs.begin()}\nnative\n{docs.END}\n{docs.begin('avx2')}\n\nnew\n\n{docs.END}\n")

    def test_wants_markers(self):
        for page in "", docs.begin(), f"{docs.END}\n{docs.begin()}":
            with self.assertRaises(docs.MarkersMissing):
                docs.between_markers(page, "new")

    def test_the_page_has_them(self):
        page = pathlib.Path(__file__).parents[2] / "docs/benchmarks.md"
        for held_to in None, *environment.HELD_TO:
            docs.between_markers(page.read_text(), "new", held_to)


class EnvironmentTest(unittest.TestCase):
    def test_holds_every_peer_to_an_instruction_set(self):
        with tempfile.TemporaryDirectory() as folder:
            made = environment.Environment(pathlib.Path(folder))
            held = made.variables(peers.PEERS["keras-jax"], 2, "avx2")
            free = made.variables(peers.PEERS["keras-jax"], 2)
        self.assertEqual((held["ONEDNN_MAX_CPU_ISA"], held["OMP_NUM_THREADS"]), ("AVX2", "2"))
        self.assertIn("AVX2", held["XLA_FLAGS"])
        self.assertEqual(free.get("ATEN_CPU_CAPABILITY"), os.environ.get("ATEN_CPU_CAPABILITY"))


class MeasureTest(unittest.TestCase):
    def run_python(self, code, timeout=30):
        return measure.measure([sys.executable, "-c", code], {}, 1, timeout)

    def test_reads_events_among_chatter(self):
        events, failure = self.run_python("print('hello'); print('{\"event\": \"end\"}'); print('3')")
        self.assertEqual((events, failure), ([{"event": "end"}], None))

    def test_failure_is_the_last_line(self):
        self.assertEqual(self.run_python("import sys; sys.exit('no such case')"), ([], "no such case"))

    def test_time_out(self):
        self.assertEqual(
            self.run_python("import time; time.sleep(60)", timeout=1), ([], "no end after 1 s")
        )

    def test_ending_too_early_is_a_failure(self):
        self.assertEqual(self.run_python("pass"), ([], "exit status 0"))


class ArgumentsTest(unittest.TestCase):
    def test_digitry_is_always_measured(self):
        self.assertEqual(options.parse_arguments(["--peers", "dlib"]).peers, ["digitry", "dlib"])

    def test_each_instruction_set_has_a_folder_of_its_own(self):
        self.assertEqual(options.parse_arguments(["--hold-to", "avx2"]).out.name, "peers-avx2")

    def test_refuses_what_it_does_not_know(self):
        for arguments in ["--cases", "cnn"], ["--runs", "0"], ["--batch-sizes", "x"], ["--quik"], ["--hold-to", "avx3"]:
            with self.assertRaises(SystemExit) as stopped, contextlib.redirect_stderr(io.StringIO()):
                options.parse_arguments(arguments)
            self.assertEqual(stopped.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
