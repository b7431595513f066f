"""One measurement: a process of a peer, its JSON lines, a time-out."""

import json
import os
import signal
import subprocess
import tempfile


def reason_of_failure(status, errors, timeout):
    if status is None:
        return f"no end after {timeout:.0f} s"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return (lines[-1] if lines else f"exit status {status}")[:300]


def pin(threads):
    """As many processors as threads, the same ones for everyone, whatever a peer starts itself."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def parse_events(output):
    events = []
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # A library's own chatter.
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events


def measure(command, variables, threads, timeout):
    """Runs `command`; returns its events and, where it failed, the reason (else None)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [str(part) for part in command], env=variables, stdin=subprocess.DEVNULL, stdout=out,
            stderr=errors, start_new_session=True, preexec_fn=lambda: pin(threads))
        try:
            status = process.wait(timeout)
        except BaseException as error:
            # Compilers that the peer started go with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            status = None
        out.seek(0)
        errors.seek(0)
        events = parse_events(out.read())
        ended = status == 0 and any(event["event"] == "end" for event in events)
        return events, None if ended else reason_of_failure(status, errors.read(), timeout)
