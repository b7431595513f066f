"""Libraries that stand in for CUDA's, so that PyPI's PyTorch loads without them.

PyTorch's wheel for Linux is linked with a dozen libraries of CUDA, 2 GB to fetch, also for those who
compute on the processor. The dynamic linker wants them to be there and to define some 800 symbols;
on the processor none of them is ever called. So each library is made here as one in which every
function returns an error: PyTorch finds no GPU and goes on. Its own code is untouched.
"""

import pathlib
import re
import subprocess

CUDA_SYMBOL = re.compile(r" U (_*cu\w+|nccl\w+|nvrtc\w+|nvshmem\w+|nvtx\w+)")
CUDA_LIBRARY = re.compile(r"\(NEEDED\).*\[(lib(?:cu|nv|nccl)[^\]]*)\]")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_needs(libraries):
    """Undefined symbols, and needed libraries with the symbol version each has to have."""
    symbols, versions = set(), {}
    for library in libraries:
        symbols.update(CUDA_SYMBOL.findall(output_of("nm", "-D", "--undefined-only", library)))
        dynamic = output_of("readelf", "-dVW", library)
        for needed in CUDA_LIBRARY.findall(dynamic):
            versions.setdefault(needed, None)
        file = None
        for line in dynamic.splitlines():
            if found := re.search(r"File: (\S+)", line):
                file = found[1]
            elif file in versions and (found := re.search(r"Name: (\S+)", line)):
                versions[file] = found[1]
    return symbols, versions


def build(torch_lib: pathlib.Path, folder: pathlib.Path):
    """Makes the libraries that those in `torch_lib` need, in `folder`."""
    symbols, versions = read_needs(sorted(torch_lib.glob("*.so")))
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "stand_in.c"
    # 999 is cudaErrorUnknown.
    source.write_text("".join(f"int {name}(void) {{ return 999; }}\n" for name in sorted(symbols)))
    script = folder / "versions"
    for name, version in versions.items():
        flags = [f"-Wl,-soname,{name}"]
        if version:
            script.write_text(f"{version} {{ global: *; }};\n")
            flags.append(f"-Wl,--version-script={script}")
        output_of("gcc", "-w", "-shared", "-fPIC", source, *flags, "-o", folder / name)
