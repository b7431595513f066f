#!/usr/bin/env python3
"""Holds connections open that ask for nothing, or slowly: idle.py PORT COUNT.

Half of them are silent, half send a byte of a request every second, each at a time of its own.
Those that the server closes are opened again. Prints "ready" once all are there; ends with its
standard input.
"""

import select
import socket
import sys
import time

port, count = int(sys.argv[1]), int(sys.argv[2])
REQUEST = b"GET /v2/health/ready HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"x" * 10_000


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=5)


clients = [connect() for _ in range(count)]
print("ready", flush=True)
slow = range(0, count, 2)
start, turn = time.monotonic(), 0
while True:
    due = start + turn / len(slow)
    if select.select([sys.stdin], [], [], max(0, due - time.monotonic()))[0]:
        break
    sent, place = divmod(turn, len(slow))
    byte = sent % len(REQUEST)
    try:
        clients[slow[place]].send(REQUEST[byte : byte + 1])
    except OSError:
        clients[slow[place]] = connect()
    turn += 1
