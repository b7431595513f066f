"""Results as Markdown."""

from . import statistics
from .peers import BASELINE, CASES, MNIST_IMAGES, PEERS


def rounded(value):
    """Three significant digits."""
    if value >= 100 or value < 0.005:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def seconds_text(seconds):
    return f"{rounded(seconds)} s" if seconds >= 0.9995 else f"{rounded(1000 * seconds)} ms"


def ratio_text(figure):
    """"2.13 × (2.05–2.20)"; the spread is left out where there is one run."""
    text = f"{rounded(figure.ratio)} ×"
    if figure.num_runs > 1:
        text += f" ({rounded(figure.ratio_low)}–{rounded(figure.ratio_high)})"
    return text


def cell(figure, text, is_baseline):
    if figure is None:
        return "–"
    value = text(figure.median)
    return value if is_baseline or figure.ratio is None else f"{value}, {ratio_text(figure)}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(heading, rows):
    return "\n".join([row(heading), row(["---"] * len(heading)), *map(row, rows)])


def in_order(names):
    return [name for name in PEERS if name in names]


def label(results, peer):
    version = results["peers"].get(peer, {}).get("version")
    is_own = PEERS[peer].program == "digitry_peer"  # Its version is the commit, told above.
    return PEERS[peer].label + (f" ({version})" if version and not is_own else "")


def columns(batch_sizes):
    """(heading, measure, text)"""
    middle = batch_sizes[len(batch_sizes) // 2]
    return (
        [(f"Epoch, batch {size}", ("epoch", size), seconds_text) for size in batch_sizes]
        + [(f"Warm-up, batch {middle}", ("warm-up", middle), seconds_text)]
        + [("10,000 images", "evaluation", seconds_text)]
        + [("One image", "latency", lambda us: f"{rounded(us)} µs")]
        + [("Memory", "memory", lambda mb: f"{mb:,.0f} MB")]
    )


def has_ratio(measure):
    """Warm-ups and memory are no rates; a ratio would only be noise."""
    return measure != "memory" and measure[0] != "warm-up"


def speed_table(results, figures, case):
    peers = in_order({peer for (c, peer), measured in figures.items() if c == case and measured})
    wanted = columns(results["batch_sizes"])
    rows = [
        [label(results, peer)]
        + [cell(figures[case, peer].get(measure), text,
                peer == BASELINE or not has_ratio(measure)) for _, measure, text in wanted]
        for peer in peers
    ]
    return table(["", *(heading for heading, _, _ in wanted)], rows)


def accuracy_text(time):
    if time is None:
        return "not reached"
    seconds, epoch = time
    return f"{seconds_text(seconds)}, {epoch} epoch{'' if epoch == 1 else 's'}"


def accuracy_table(results, times, case):
    rows = [
        [label(results, peer), *(accuracy_text(times[case, peer][t]) for t in statistics.TARGETS)]
        for peer in in_order({peer for c, peer in times if c == case})
    ]
    return table(["Test accuracy", *(f"{100 * t:.0f} %" for t in statistics.TARGETS)], rows)


def machine_text(results):
    machine = results["machine"]
    held = results.get("held_to")
    isa = f"; held to {held.upper()} but for ONNX Runtime, which cannot be" if held else ""
    return (f"{machine['processor']}, {machine['processors']} processors{isa}; {machine['system']}; "
            f"threads for everyone: {results['threads']}; commit {results['commit']}; "
            f"{results['date']}.")


def scaling_text(results, case):
    images = results["train_images"][case]
    if images == MNIST_IMAGES:
        return ""
    return f" An epoch is measured on {images:,} images and scaled to {MNIST_IMAGES:,}."


def absences(results):
    """Peers that could not be had or did not measure, with the reason; several runs as one line."""
    lines = [f"{PEERS[peer].label}: {entry['absent']}" for peer, entry in results["peers"].items()
             if entry.get("absent")]
    failed = {}
    for case, peer, mode, _, reason in statistics.failures(results["measurements"]):
        key = (PEERS[peer].label, case, mode, reason)
        failed[key] = failed.get(key, 0) + 1
    for (name, case, mode, reason), count in failed.items():
        runs = "" if count == 1 else f" ({count} runs)"
        lines.append(f"{name}, {case}, {mode}: {reason}{runs}")
    return lines + results.get("notes", [])


def markdown(results, plot=None):
    """The whole page: a table a case, times to an accuracy, what is absent."""
    figures = statistics.figures(results["measurements"])
    times = statistics.times_to_accuracy(results["measurements"])
    parts = [machine_text(results)]
    if plot:
        parts.append(f"![Time of an epoch as a multiple of Digitry's]({plot})")
    for case in (name for name in CASES if name in results["cases"]):
        held = f", {results['held_to'].upper()}" if results.get("held_to") else ""
        parts.append(f"### {case}{held}\n\n{CASES[case].network}.{scaling_text(results, case)}")
        if any(c == case for c, _ in figures):
            parts.append(speed_table(results, figures, case))
        if any(c == case for c, _ in times):
            parts.append(f"Training time to a test accuracy, batch {results['accuracy_batch_size']}, "
                         "first epoch's compilation included:")
            parts.append(accuracy_table(results, times, case))
    if missing := absences(results):
        parts.append("### Not measured\n\n" + "\n".join(f"- {line}" for line in missing))
    return "\n\n".join(parts) + "\n"
