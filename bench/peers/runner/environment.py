"""The peers' environment: a folder of its own, filled from the package registries.

Each step leaves a stamp with what it was made of, so that a second run has nothing to do. A step that
fails costs its peers alone: they are absent, with the reason.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from . import cuda_stand_ins

PEERS_DIR = pathlib.Path(__file__).parent.parent
REPOSITORY = PEERS_DIR.parent.parent
DEBIAN_PACKAGES = [
    "libdlib-dev", "libdlib19.1", "libopenblas0-openmp", "libgfortran5", "libjpeg62-turbo",
    "libpng16-16",
]

# Each library's own variable for the newest instruction set that it may use. ONNX Runtime has none.
HELD_TO = {
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # Digitry's own kernels obey it as well.
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
}


class StepFailed(Exception):
    """Why a part of the environment could not be made, in one line."""


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def default_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "digitry-peers"


class Environment:
    def __init__(self, folder):
        self.folder = folder
        self.python = folder / "python/bin/python"
        self.missing = {}  # Program → reason.

    def step(self, name, programs, made_of, make):
        """Runs `make` unless its stamp says that it ran on the same `made_of`."""
        stamp = self.folder / f"{name}.stamp"
        wanted = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say(f"{name}: setting up in {self.folder}")
        try:
            make()
            stamp.write_text(wanted)
        except (StepFailed, OSError, subprocess.CalledProcessError) as error:
            say(f"{name}: cannot be had: {error}")
            for program in programs:
                self.missing.setdefault(program, f"{name}: {error}")

    def command(self, name, *command, timeout=1800, cwd=None):
        """Runs a command into a log; its last line is the reason where it fails."""
        log = self.folder / f"{name}.log"
        try:
            with log.open("ab") as out:
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                               timeout=timeout, cwd=cwd)
        except FileNotFoundError:
            raise StepFailed(f"there is no {command[0]} on this machine") from None
        except subprocess.TimeoutExpired:
            raise StepFailed(f"no end after {timeout} s; see {log}") from None
        except subprocess.CalledProcessError:
            lines = log.read_text(errors="replace").strip().splitlines() or ["no message"]
            raise StepFailed(f"{lines[-1].strip()} (see {log})") from None

    def install_python(self, name, requirements, *flags):
        if not self.python.exists():
            self.command(name, sys.executable, "-m", "venv", self.folder / "python")
        self.command(name, self.python, "-m", "pip", "install", "--no-input",
                     "--disable-pip-version-check", *flags, "-r", requirements)

    def torch_root(self):
        found = sorted((self.folder / "python").glob("lib/python3*/site-packages/torch"))
        return found[0] if found else None

    def torch_cache(self):
        """Code that torch.compile made, of the versions installed."""
        pins = (PEERS_DIR / "requirements-torch.txt").read_bytes()
        folder = self.folder / "torch-cache" / hashlib.sha256(pins).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def install_torch(self):
        self.install_python("torch", PEERS_DIR / "requirements-torch.txt", "--no-deps")
        cuda_stand_ins.build(self.torch_root() / "lib", self.folder / "cuda-stand-ins")

    def unpack_debian(self):
        """Packages are fetched and unpacked, not installed: no root, and the system stays as it is."""
        downloads = self.folder / "debian-packages"
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir()
        self.command("debian", "apt-get", "download", *DEBIAN_PACKAGES, timeout=300, cwd=downloads)
        for package in sorted(downloads.glob("*.deb")):
            self.command("debian", "dpkg-deb", "-x", package, self.folder / "debian")

    def build(self, name, program, *definitions):
        build = self.folder / f"build-{name}"
        self.command(name, "cmake", "-S", PEERS_DIR, "-B", build, "-DCMAKE_BUILD_TYPE=Release",
                     *definitions)
        self.command(name, "cmake", "--build", build, "--target", program)
        shutil.copy2(build / program, self.folder / program)

    def build_digitry(self):
        """The one program that changes with the repository: always made, by its own build."""
        say("digitry: building")
        try:
            self.command("digitry", "cmake", "--preset", "developer", cwd=REPOSITORY)
            self.command("digitry", "cmake", "--build", "--preset", "developer", "--target",
                         "digitry_peer", cwd=REPOSITORY)
        except StepFailed as error:
            self.missing["digitry_peer"] = f"digitry: {error}"

    def set_up(self, programs):
        """Makes what `programs` need."""
        self.folder.mkdir(parents=True, exist_ok=True)

        def read(file):
            return (PEERS_DIR / file).read_text()

        sources = [read("CMakeLists.txt"), read("adapters/protocol.h")]
        python = {"keras_peer.py", "sklearn_peer.py", "onnxruntime_peer.py", "torch_peer.py"}
        if python & programs:
            # torch_peer.py needs its NumPy.
            self.step("python", python, [sys.version, read("requirements.txt")],
                      lambda: self.install_python("python", PEERS_DIR / "requirements.txt"))
        torch = {"torch_peer.py", "libtorch_peer"}
        if torch & programs:
            made_of = [sys.version, read("requirements-torch.txt"), read("runner/cuda_stand_ins.py")]
            self.step("torch", torch, made_of, self.install_torch)
        if "libtorch_peer" in programs - self.missing.keys():
            root = f"-DTORCH_ROOT={self.torch_root()}"
            self.step("libtorch", ["libtorch_peer"],
                      [*made_of, *sources, read("adapters/libtorch_peer.cpp")],
                      lambda: self.build("libtorch", "libtorch_peer", root))
        if "dlib_peer" in programs:
            self.step("debian", ["dlib_peer"], DEBIAN_PACKAGES, self.unpack_debian)
        if "dlib_peer" in programs - self.missing.keys():
            root = f"-DDEBIAN_ROOT={self.folder / 'debian'}"
            self.step("dlib", ["dlib_peer"], [*sources, read("adapters/dlib_peer.cpp")],
                      lambda: self.build("dlib", "dlib_peer", root))
        if "digitry_peer" in programs:
            self.build_digitry()

    def command_of(self, peer):
        """The beginning of the command line that runs a peer."""
        if peer.program.endswith(".py"):
            return [self.python, PEERS_DIR / "adapters" / peer.program]
        if peer.program == "digitry_peer":
            return [REPOSITORY / "build/release/bench/digitry_peer",
                    "--recipes", PEERS_DIR / "recipes"]
        return [self.folder / peer.program]

    def variables(self, peer, threads, hold_to=None):
        """The same number of threads and instruction set for everyone, in each one's own words."""
        count = str(threads)
        variables = dict(os.environ, PYTHONWARNINGS="ignore", CUDA_VISIBLE_DEVICES="",
                         TORCHINDUCTOR_CACHE_DIR=str(self.torch_cache()), **HELD_TO.get(hold_to, {}))
        for name in ("OMP", "OPENBLAS", "MKL", "TF_NUM_INTEROP", "TF_NUM_INTRAOP"):
            variables[f"{name}_NUM_THREADS" if "TF" not in name else f"{name}_THREADS"] = count
        folders = {"dlib_peer": self.folder.glob("debian/usr/lib/*/openblas-openmp"),
                   "torch_peer.py": [self.folder / "cuda-stand-ins"],
                   "libtorch_peer": [self.folder / "cuda-stand-ins"]}
        paths = [str(path) for path in folders.get(peer.program, [])]
        if peer.program == "dlib_peer":
            paths += [str(path) for path in self.folder.glob("debian/usr/lib/*") if path.is_dir()]
        if paths:
            variables["LD_LIBRARY_PATH"] = ":".join(paths)
        return variables
