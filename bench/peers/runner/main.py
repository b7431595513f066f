"""bench/peers/run: sets up, measures in turn, writes results."""

import json
import signal
import sys

from . import data, docs, plot, table
from .environment import REPOSITORY, Environment, say
from .options import parse_arguments
from .peers import BASELINE, PEERS
from .session import Session


def write_page(results, folder):
    problem = plot.draw(results, folder)
    if problem:
        say(problem)
    page = table.markdown(results, None if problem else "peers.svg")
    (folder / "peers.md").write_text(page)
    return page


def update_docs(folder):
    results = json.loads((folder / "results.json").read_text())
    if results["trial"]:
        raise docs.NotForPublication(f"{folder} holds a trial with --quick or --images")
    page = REPOSITORY / "docs/benchmarks.md"
    problem = plot.draw(results, folder)
    figure = None
    held_to = results.get("held_to")
    if not problem:
        name = f"peers-{held_to}" if held_to else "peers"
        figure = f"figures/{name}.svg"
        for suffix in "svg", "png":
            target = page.parent / f"figures/{name}.{suffix}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((folder / f"peers.{suffix}").read_bytes())
    page.write_text(docs.between_markers(page.read_text(), table.markdown(results, figure), held_to))
    say(f"{page} has the tables of {folder}")


def run(options):
    if options.update_docs:
        return update_docs(options.out)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.set_up_only:
        data.mnist_folder()  # Told now, not after minutes of setting up.
    environment = Environment(options.environment)
    environment.set_up({PEERS[name].program for name in options.peers})
    if PEERS[BASELINE].program in environment.missing:
        raise OSError(environment.missing[PEERS[BASELINE].program])
    if options.set_up_only:
        for program, reason in environment.missing.items():
            say(f"absent: {program}: {reason}")
        return None
    session = Session(options, environment)
    session.measure_all()
    session.write_json()
    print(write_page(session.results, options.out))
    say(f"results: {options.out}")
    return None


def main(arguments=None):
    options = parse_arguments(arguments)
    # A shell's background jobs ignore the first; the second would leave the running peer behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run(options)
    except (data.DataMissing, docs.DocsError, OSError) as error:
        print(f"bench/peers/run: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench/peers/run: stopped; results.json has what was measured", file=sys.stderr)
        return 130
    return 0
