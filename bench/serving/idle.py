#!/usr/bin/env python3
"""Holds connections open that ask for nothing, or slowly: idle.py PORT COUNT.

Half of them are silent, half send a byte of a request every second. Those that the server closes
are opened again. Prints "ready" once all are there; ends with its standard input.
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
sent = 0
while not select.select([sys.stdin], [], [], 1.0)[0]:
    for i in range(0, count, 2):
        try:
            clients[i].send(REQUEST[sent : sent + 1])
        except OSError:
            clients[i] = connect()
    sent = (sent + 1) % len(REQUEST)
