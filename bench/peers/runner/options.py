"""The command line."""

import argparse
import pathlib

from .environment import HELD_TO, REPOSITORY, default_folder
from .peers import BASELINE, CASES, PEERS

DESCRIPTION = """Measures Digitry beside its peers: the same networks, data, batch sizes and number
of threads, several runs each, in turn. The peers come from the package registries into a folder of
their own; nothing is installed on the system. Nothing else should run on the machine meanwhile."""
EPILOG = f"""Writes results.json, peers.md, peers.svg and peers.png into --out. The first run fetches
about 1 GB (3.6 GB on disk) and takes some minutes more. Cases: {", ".join(CASES)}. Peers:
{", ".join(PEERS)}."""


def names_in(known):
    def parse(text):
        names = [name for name in text.split(",") if name]
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return [name for name in known if name in names]

    return parse


def number(kind, low, high):
    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not in {low}..{high}")
        return value

    return parse


def batch_sizes(text):
    return sorted({number(int, 1, 60_000)(size) for size in text.split(",")})


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/peers/run", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true",
                        help="about 5 minutes: two cases, one batch size, two runs, fewer images")
    parser.add_argument("--cases", type=names_in(CASES), metavar="NAME,...")
    parser.add_argument("--peers", type=names_in(PEERS), metavar="NAME,...",
                        help="Digitry is always among them")
    parser.add_argument("--batch-sizes", type=batch_sizes, metavar="N,...", help="[32,128,512]")
    parser.add_argument("--runs", type=number(int, 1, 100), help="of each peer on each case [3]")
    parser.add_argument("--threads", type=number(int, 1, 1024), default=2, help="[2]")
    parser.add_argument("--hold-to", choices=list(HELD_TO), metavar="ISA",
                        help="everyone who can be held to it: " + ", ".join(HELD_TO))
    parser.add_argument("--minutes", type=number(float, 0, 10_000),
                        help="starts no further measurement after that; 0: no limit [40]")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="[build/peers, build/peers-ISA]")
    parser.add_argument("--environment", type=pathlib.Path, metavar="DIR",
                        help="[${XDG_CACHE_HOME:-~/.cache}/digitry-peers]")
    parser.add_argument("--set-up-only", action="store_true", help="measures nothing")
    parser.add_argument("--update-docs", action="store_true",
                        help="puts the tables of --out into docs/benchmarks.md; measures nothing")
    # For trying the command out: at most so many images, which no published figure may be of.
    parser.add_argument("--images", type=number(int, 1, 60_000), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    quick = options.quick
    options.cases = options.cases or (["mlp-128", "mnist_convnet"] if quick else list(CASES))
    options.batch_sizes = options.batch_sizes or ([128] if quick else [32, 128, 512])
    options.runs = options.runs or (2 if quick else 3)
    if options.minutes is None:
        options.minutes = 5 if quick else 40
    named = options.peers is not None
    wanted = options.peers if named else list(PEERS)
    options.peers = [name for name in PEERS if name in wanted or name == BASELINE]
    options.left_out = [name for name in options.peers
                        if quick and not named and PEERS[name].compiles_for_minutes]
    folder = f"build/peers-{options.hold_to}" if options.hold_to else "build/peers"
    options.out = (options.out or REPOSITORY / folder).resolve()
    options.environment = (options.environment or default_folder()).resolve()
    return options
