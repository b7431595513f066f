#!/usr/bin/env python3
"""What a hostile body costs a server: hostile.py DIGITRY [MIB].

Starts `DIGITRY serve tiny` and sends each route four bodies of 15 MiB (or MIB). Prints a line for
each: the status, the longest time that another connection waited for /v2/health/live, the processor
time of the threads that move bytes and of all threads, and the peak of resident memory above that
of the idle server.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

SIZE = (int(sys.argv[2]) if len(sys.argv) > 2 else 15) << 20
JSON = "application/json"
ROUTES = [
    ("POST", "/v1/session", JSON),
    ("POST", "/v1/read?model=tiny", "image/png"),
    ("POST", "/v1/explain?model=tiny", JSON),
    ("POST", "/v1/corrections?model=tiny", JSON),
    ("POST", "/v2/models/tiny/infer", JSON),
    ("POST", "/v2/models/tiny/infer", "application/octet-stream"),
    ("GET", "/v1/runs", JSON),
    ("GET", "/runs/a/report.html", JSON),
    ("GET", "/v1/page", JSON),
    ("GET", "/v2/models/tiny", JSON),
    ("GET", "/metrics", JSON),
    ("GET", "/", JSON),
    ("POST", "/nowhere", JSON),
]


def infer_body():
    count = SIZE // 2 // 784 - 1
    head = ('{"inputs":[{"name":"pixels","datatype":"UINT8","shape":[%d,784],"data":[' % count)
    return (head + ",".join(["0"] * (count * 784)) + "]}]}").encode()


BODIES = [
    ("[", b"[" * SIZE),
    ('{"a":', b'{"a":' * (SIZE // 5)),
    ("[1,1,", b"[" + b"1," * (SIZE // 2 - 1)),
    ("infer", infer_body()),
]


def binary_body():
    """A sound request whose tensor follows in binary."""
    count = (SIZE - 1024) // 784
    head = json.dumps({"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [count, 784],
                                   "parameters": {"binary_data_size": count * 784}}]})
    return len(head), head.encode() + bytes(count * 784)


class Server:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        runs = os.path.join(self.folder.name, "runs")
        os.mkdir(runs)
        self.process = subprocess.Popen(
            [program, "serve", "tiny", "--port", "0", "--quiet", "--runs", runs, "--corrections",
             os.path.join(self.folder.name, "mine")], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def request(self, connection, head, body=b""):
        host = f"Host: 127.0.0.1:{self.port}\r\n"
        try:
            connection.sendall((head + "\r\n" + host + "\r\n").encode())
            connection.sendall(body)
        except OSError:
            pass  # Refused before all of it was sent.
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
        return int(answer.split(b" ", 2)[1]) if answer else 0

    def processor_ms(self):
        """Of each thread."""
        folder = f"/proc/{self.process.pid}/task"
        times = {}
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/schedstat") as file:
                times[thread] = int(file.read().split()[0]) / 1e6
        return times

    def memory_mb(self, key):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith(key):
                    return int(line.split()[1]) * 1024 / 1e6
        return 0

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Probe(threading.Thread):
    """Asks for /v2/health/live again and again; keeps the longest time."""

    def __init__(self, server):
        super().__init__()
        self.server, self.longest_ms, self.ended = server, 0, threading.Event()

    def run(self):
        connection = self.server.connect()
        while not self.ended.is_set():
            start = time.perf_counter()
            self.server.request(connection, "GET /v2/health/live HTTP/1.1")
            self.longest_ms = max(self.longest_ms, 1000 * (time.perf_counter() - start))
            time.sleep(0.002)


def moving_threads(server):
    """The threads that answer a connection: those that work while it asks for what is at hand."""
    before = server.processor_ms()
    connection = server.connect()
    for _ in range(1000):
        server.request(connection, "GET /v2/health/live HTTP/1.1")
    after = server.processor_ms()
    return [thread for thread in after if after[thread] - before.get(thread, 0) > 3]


def measure(head, body):
    # A server of its own: what an earlier body took may still be kept.
    server = Server(sys.argv[1])
    movers = moving_threads(server)
    server.forget_peak()
    idle_mb = server.memory_mb("VmRSS")
    probe = Probe(server)
    probe.start()
    before = server.processor_ms()
    connection = server.connect()
    status = server.request(connection, head, body)
    connection.close()
    time.sleep(0.3)
    after = server.processor_ms()
    probe.ended.set()
    probe.join()
    spent = {thread: after[thread] - before.get(thread, 0) for thread in after}
    memory_mb = server.memory_mb("VmHWM") - idle_mb
    server.stop()
    return (status, probe.longest_ms, sum(spent.get(t, 0) for t in movers), sum(spent.values()),
            memory_mb)


def main():
    print(f"{'route':34} {'type':12} {'body':6} {'status':>6} {'wait ms':>8} {'move ms':>8} "
          f"{'all ms':>8} {'MB':>7}")

    def show(method, path, kind, name, head, body):
        status, wait, moved, total, memory = measure(head, body)
        route = f"{method} {path.split('?')[0]}"
        kind = kind.split("/")[1]
        print(f"{route:34} {kind:12} {name:6} {status:6} {wait:8.1f} {moved:8.1f} {total:8.1f} "
              f"{memory:7.1f}", flush=True)

    for method, path, kind in ROUTES:
        for name, body in BODIES:
            lengths = f"Content-Type: {kind}\r\nContent-Length: {len(body)}"
            show(method, path, kind, name, f"{method} {path} HTTP/1.1\r\n{lengths}", body)
    size, body = binary_body()
    kind = "application/octet-stream"
    show("POST", "/v2/models/tiny/infer", kind, "binary",
         f"POST /v2/models/tiny/infer HTTP/1.1\r\nContent-Type: {kind}\r\n"
         f"Inference-Header-Content-Length: {size}\r\nContent-Length: {len(body)}", body)
    for method, path, kind in [r for r in ROUTES if r[0] == "POST"]:
        # The length is not told: the server has to count.
        chunks = b"".join(b"10000\r\n" + b"[" * 65536 + b"\r\n" for _ in range(SIZE // 65536))
        show(method, path, kind, "chunks", f"{method} {path} HTTP/1.1\r\nContent-Type: {kind}\r\n"
             "Transfer-Encoding: chunked", chunks + b"0\r\n\r\n")


main()
