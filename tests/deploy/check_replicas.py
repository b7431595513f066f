"""Two replicas behind nginx, as in packaging/deploy, under load while one is killed or shut down.

usage: check_replicas.py DIGITRY DEPLOY_FOLDER
"""

import collections
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 6
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Replica:
    def __init__(self, digitry, port=0, arguments=("serve", "tiny", "--threads", "1")):
        self.process = subprocess.Popen(
            [digitry, "--quiet", *arguments, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def metrics(self):
        """(name, labels) -> value"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        found = {}
        for line in connection.getresponse().read().decode().splitlines():
            if line and not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                name, _, labels = series.partition("{")
                found[name, frozenset(LABEL.findall(labels))] = float(value)
        return found

    def num_inferred(self):
        return sum(value for (name, labels), value in self.metrics().items()
                   if name == "digitry_http_requests_total" and ("status", "200") in labels
                   and any(key == "route" and "infer" in route for key, route in labels))

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


class Load:
    """Clients that send one request after the other through the load balancer."""

    def __init__(self, port):
        self.answers = collections.Counter()  # (status, replica), or (the error, "")
        self.lock = threading.Lock()
        self.ending = False
        inputs = [{"name": "pixels", "datatype": "UINT8", "shape": [1, 784], "data": [[9 * i % 256 for i in range(784)]]}]
        self.body = json.dumps({"inputs": inputs, "outputs": [{"name": "class"}]})
        self.threads = [threading.Thread(target=self.run, args=(port,), daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not self.ending:
            try:
                connection.request("POST", "/v2/models/tiny/infer", self.body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                # The last of "127.0.0.1:1234, 127.0.0.1:1235", if it was sent twice.
                answer = (response.status, response.getheader("X-Replica", "").split(", ")[-1])
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                answer = (repr(error), "")
            with self.lock:
                self.answers[answer] += 1

    def wait_for(self, replica, count):
        """Until that replica has answered this many more requests."""
        goal = self.answers[200, replica] + count
        deadline = time.monotonic() + 60
        while self.answers[200, replica] < goal:
            assert time.monotonic() < deadline, (replica, self.answers)
            time.sleep(0.01)

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join()
        return self.answers


def nginx():
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def start_nginx(configuration, folder):
    path = folder / "nginx.conf"
    path.write_text(configuration.replace("/tmp/", f"{folder}/"))
    return subprocess.Popen([nginx(), "-q", "-c", path, "-p", folder, "-g", "daemon off;"], stderr=subprocess.DEVNULL)


def wait_for_port(port):
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)


def failures(answers):
    return {answer: count for answer, count in answers.items() if answer[0] != 200}


def lose_replicas(digitry, configuration, port, folder):
    """Kills one replica under load, then shuts the other one down after the first is back."""
    one, two = Replica(digitry), Replica(digitry)
    names = [f"127.0.0.1:{replica.port}" for replica in (one, two)]
    text = configuration.replace("listen 8080", f"listen 127.0.0.1:{port}")
    for place, name in zip(("digitry-1:8080", "digitry-2:8080"), names):
        text = text.replace(place, name)
    balancer = start_nginx(text, folder)
    try:
        wait_for_port(port)
        load = Load(port)
        load.wait_for(names[0], 50)
        load.wait_for(names[1], 50)
        one.end(signal.SIGKILL)
        load.wait_for(names[1], 200)
        answers = load.end()
        # Each answer of the replica that went on reached its client.
        assert two.num_inferred() == answers[200, names[1]], (two.num_inferred(), answers)
        assert not failures(answers), answers

        one = Replica(digitry, one.port)
        load = Load(port)
        load.wait_for(names[0], 50)
        assert two.end(signal.SIGTERM) == 0, two.process.returncode
        load.wait_for(names[0], 100)
        later = load.end()
        assert not failures(later), later
        assert one.num_inferred() == later[200, names[0]], (one.num_inferred(), later)
        return answers + later
    finally:
        balancer.terminate()
        balancer.wait(timeout=60)
        for replica in (one, two):
            replica.process.kill()
            replica.process.wait()


def check_arguments(digitry, text, folder):
    """The arguments of the server in a file start one that is ready, under any name."""
    (folder / "token").write_text("0123456789abcdef")
    model = folder / "models"
    model.mkdir(exist_ok=True)
    shutil.copy(pathlib.Path(__file__).parents[2] / "models/tiny.safetensors", model / "model.safetensors")
    words = json.loads(re.search(r'\["serve".*?\]', text, re.DOTALL)[0])
    port = words.index("--port")
    assert words[port + 1] == "8080" and "8080" in text.replace('"8080"', ""), words
    del words[port : port + 2]
    places = {"0.0.0.0": "127.0.0.1", "/run/secrets/token": str(folder / "token"), "{{.Name}}=/mnt/models": f"digits={model}"}
    replica = Replica(digitry, arguments=[places.get(word, word) for word in words])
    connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=30)
    for probe in set(re.findall(r"/v2/health/\w+", text)) | {"/v2/health/ready"}:
        connection.request("GET", probe, headers={"Host": "10.1.2.3:8080"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200, (probe, response.status)
    assert replica.end(signal.SIGTERM) == 0


def check_dashboard(dashboard, metrics):
    """Every metric and label of the dashboard is one that the server has."""
    labels = collections.defaultdict(set)
    for name, pairs in metrics:
        labels[name] |= {key for key, _ in pairs} | {"instance", "job"}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            names = re.findall(r"\b(digitry_\w+|up)\b", re.sub(r"\{[^}]*\}", "", expression))
            assert names, expression
            for name in set(names) - {"up"}:
                assert name in labels, f"{panel['title']}: the server has no {name}"
                for group in re.findall(r"by \(([^)]*)\)", expression):
                    missing = set(re.split(r"[ ,]+", group)) - labels[name]
                    assert not missing, f"{panel['title']}: {name} has no label {missing}"
            for name, matchers in re.findall(r"(digitry_\w+)\{([^}]*)\}", expression):
                for key, matcher in re.findall(r'(\w+)[=!]~?"([^"]*)"', matchers):
                    values = {value for series, pairs in metrics if series == name for k, value in pairs if k == key}
                    assert any(re.fullmatch(matcher, value) for value in values), f"{panel['title']}: {key} {matcher}"


def main():
    digitry, deploy = sys.argv[1], pathlib.Path(sys.argv[2])
    if nginx() is None:
        print("skipped: no nginx (Debian: nginx)")
        sys.exit(77)
    configuration = (deploy / "nginx.conf").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file in ("compose.yaml", "kubernetes.yaml", "kserve.yaml"):
            check_arguments(digitry, (deploy / file).read_text(), folder)
        print(dict(lose_replicas(digitry, configuration, free_port(), folder)))

    replica = Replica(digitry)
    connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=30)
    for path in ("/v2/health/ready", "/metrics"):
        connection.request("GET", path)
        connection.getresponse().read()
    inputs = [{"name": "pixels", "datatype": "UINT8", "shape": [1, 784], "data": [0] * 784}]
    connection.request("POST", "/v2/models/tiny/infer", json.dumps({"inputs": inputs}),
                       {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    metrics = replica.metrics()
    replica.end(signal.SIGTERM)
    check_dashboard(json.loads((deploy / "grafana/digitry.json").read_text()), metrics)


main()
