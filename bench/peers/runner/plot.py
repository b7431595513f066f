"""The ratios as bars, drawn by gnuplot."""

import math
import shutil
import subprocess

from . import statistics
from .peers import BASELINE, CASES, PEERS

SCRIPT = """
set datafile missing "-"
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.85 noborder
set boxwidth 0.92
set logscale y 2
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set xtics rotate by -25 noenhanced
set key outside top center horizontal noenhanced
set ylabel "time of an epoch ÷ Digitry's"
set title "Training on MNIST, batch {batch_size}, {threads} threads (1 = Digitry; lower is faster)"
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb "#444444" lw 1.2 front
array colours[6] = ["#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377"]
set yrange [{low}:*]
draw = 'plot for [i=2:{last}] "{data}" using i:xtic(1) title columnheader(i) lc rgb colours[i-1]'
set terminal svg size 1000,480 font "sans-serif,13" background "white"
set output "{stem}.svg"
@draw
set terminal pngcairo size 1500,720 font "sans,15" background "white"
set output "{stem}.png"
@draw
"""


def data_text(results, batch_size):
    """One row a peer, one column a case; "-" where there is no figure."""
    figures = statistics.figures(results["measurements"])
    cases = [case for case in CASES if case in results["cases"]]
    lines = ["\t".join(["peer", *cases])]
    for peer in PEERS:
        found = [figures.get((case, peer), {}).get(("epoch", batch_size)) for case in cases]
        if peer != BASELINE and any(f and f.ratio for f in found):
            ratios = [f"{f.ratio:.4f}" if f and f.ratio else "-" for f in found]
            lines.append("\t".join([f'"{PEERS[peer].label}"', *ratios]))
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def lower_end(text):
    """The power of two below the smallest ratio, and below 1."""
    cells = [cell for line in text.splitlines()[1:] for cell in line.split("\t")[1:]]
    ratios = [float(cell) for cell in cells if cell != "-"]
    return 2 ** min(-1, math.floor(math.log2(min(ratios)) - 0.2))


def draw(results, folder):
    """Writes peers.svg and peers.png; returns why not, or None."""
    if not shutil.which("gnuplot"):
        return "no plot: there is no gnuplot on this machine"
    batch_size = results["batch_sizes"][len(results["batch_sizes"]) // 2]
    text = data_text(results, batch_size)
    if not text:
        return "no plot: nothing was measured beside Digitry"
    data = folder / "peers.dat"
    data.write_text(text)
    script = SCRIPT.format(
        batch_size=batch_size, threads=results["threads"], data=data, stem=folder / "peers",
        low=lower_end(text),
        last=1 + sum(case in results["cases"] for case in CASES))
    script = 'set datafile separator "\\t"\nset encoding utf8\n' + script
    done = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True, timeout=60)
    return None if done.returncode == 0 else f"no plot: gnuplot: {done.stderr.strip()[:300]}"
