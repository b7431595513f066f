#!/usr/bin/env bash
# Installs the Debian packages in /home/tester/packages on a bare Debian, uses each, upgrades and removes them: run by
# scripts/test-packages in a chroot. Everything that the packages need comes from Debian's archive.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/setup.sh
source scripts/lib/setup.sh
unset -f digitry  # That of the build folder.
packages=/home/tester/packages
photograph=/home/tester/photograph.jpg
want=7210414959  # the labels of the first test images, of which the photograph is made
export DEBIAN_FRONTEND=noninteractive

# expect WHAT GOT
expect() { [[ $2 == "$1" ]] || die "expected \"$1\", got \"$2\""; }
# As an ordinary user, who has a home and no rights.
as_user() { runuser -u tester -- env HOME=/home/tester OMP_WAIT_POLICY=passive "$@"; }
install_files() { apt-get -qq install "$@" </dev/null >/dev/null; }

# repack FILE FIELD VALUE: a copy of the package whose control file says otherwise.
repack() {
  local folder=/home/tester/repacked
  rm -rf "$folder"
  dpkg-deb --raw-extract "$1" "$folder"
  sed -i "s/^$2: .*/$2: $3/; s/^Depends: digitry (>= [^)]*)/Depends: digitry/" "$folder/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$folder" "/home/tester/other_$(basename "$1")" >/dev/null
}

first_photograph() {
  install_files "$packages"/digitry_*.deb
  as_user digitry predict "$photograph" >/home/tester/read.txt
  expect "$want" "$(sed -n '2s/ //gp' /home/tester/read.txt)"
}

look_over() {
  local files
  digitry info
  files=$(dpkg-query --listfiles digitry)
  for file in /usr/share/man/man1/digitry-data-fetch.1.gz /usr/share/bash-completion/completions/digitry \
    /usr/share/doc/digitry/copyright /usr/share/doc/digitry/changelog.Debian.gz; do
    grep -qxF "$file" <<<"$files" || die "the package has no $file"
  done
  echo "installed size: $(dpkg-query --show --showformat '${Installed-Size}' digitry) kB"
}

train() {
  as_user sh -c 'cd && digitry train --recipe notebook --epochs 1 --out runs/mine --quiet &&
    digitry predict runs/mine .cache/digitry/mnist/t10k-images-idx3-ubyte --csv | head -n 2 &&
    printf "[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.1\nlog = true\n" >space.toml &&
    digitry tune notebook --space space.toml --trials 2 --out runs/study --quiet'
  # The figures are drawn by the gnuplot that comes along.
  grep -q "<svg" /home/tester/runs/mine/report.html || die "the report has no figures"
}

# ask URL: a picture is read by the server.
ask() {
  local answer try
  for try in {1..100}; do
    curl --silent --fail "$1/v2/health/ready" && break
    sleep 0.1
  done
  answer=$(curl --silent --fail --header "Content-Type: image/jpeg" --data-binary "@$photograph" "$1/v1/read?model=cnn-best")
  expect "$want" "$(grep -oE '"text": *"[0-9 ]+"' <<<"$answer" | head -n 1 | tr -cd 0-9)"
}

serve() {
  local server
  install_files curl
  as_user digitry serve --port 8123 >/dev/null 2>&1 &
  server=$!
  ask http://127.0.0.1:8123
  kill "$server"
  wait "$server" || true
}

# The unit's own command line and settings; scripts/test-service runs it under systemd.
service() {
  local unit=/usr/lib/systemd/system/digitry-server.service status=0
  install_files "$packages"/digitry-server_*.deb systemd
  systemd-analyze verify --man=no "$unit"
  expect "/usr/bin/digitry serve \$DIGITRY_SERVE_OPTIONS" "$(sed -n 's/^ExecStart=//p' "$unit")"
  # shellcheck source=/dev/null
  source /etc/default/digitry-server
  expect cnn-best "$DIGITRY_SERVE_OPTIONS"
  as_user digitry serve /no/such/model 2>/home/tester/refused.txt || status=$?
  expect 3 "$status"
  grep -qF "/no/such/model: No such file" /home/tester/refused.txt
}

consumers() {
  local work=/home/tester/consumer flags
  install_files "$packages"/libdigitry-dev_*.deb g++ cmake ninja-build pkgconf
  cmake -G Ninja -S tests/package/consumer -B "$work" >/dev/null
  cmake --build "$work" >/dev/null
  flags=$(pkg-config --cflags --libs digitry)
  # shellcheck disable=SC2086
  g++ -std=c++20 tests/package/consumer/trainer.cpp -o "$work/trainer-pc" $flags
  (cd "$work" && ./consumer && ./trainer && ./reader && ./components && ./trainer-pc) >/dev/null
}

kept() {
  as_user test -f /home/tester/runs/mine/model.safetensors -a -f /home/tester/runs/study/best.toml ||
    die "the user's runs are gone"
  grep -qxF 'DIGITRY_SERVE_OPTIONS="tiny"' /etc/default/digitry-server || die "the configuration has changed"
}

upgrade() {
  apt-get -qq purge digitry digitry-server libdigitry-dev </dev/null >/dev/null
  for file in "$packages"/*.deb; do repack "$file" Version 0.0.9-1; done
  install_files /home/tester/other_*.deb
  expect 0.0.9-1 "$(dpkg-query --show --showformat '${Version}' digitry)"
  sed -i 's/^DIGITRY_SERVE_OPTIONS=.*/DIGITRY_SERVE_OPTIONS="tiny"/' /etc/default/digitry-server
  install_files "$packages"/*.deb
  [[ $(dpkg-query --show --showformat '${Version}' digitry) != 0.0.9-1 ]]
  kept
  as_user digitry evaluate /home/tester/runs/mine --json >/dev/null
}

removal() {
  apt-get -qq remove digitry digitry-server libdigitry-dev </dev/null >/dev/null
  hash -r
  if command -v digitry; then die "the command is still there"; fi
  kept
  apt-get -qq purge digitry-server </dev/null >/dev/null
  [[ ! -e /etc/default/digitry-server ]] || die "purge leaves /etc/default/digitry-server"
  as_user test -f /home/tester/runs/mine/model.safetensors
}

refuse_other_architecture() {
  local other=arm64 status=0
  if [[ $(dpkg --print-architecture) == arm64 ]]; then other=amd64; fi
  rm /home/tester/other_*
  repack "$(echo "$packages"/digitry_*.deb)" Architecture "$other"
  apt-get --yes install /home/tester/other_digitry_*.deb </dev/null >/home/tester/refused.txt 2>&1 || status=$?
  expect 100 "$status"
  grep -E "digitry:$other" /home/tester/refused.txt
  if command -v digitry; then die "apt installed a package of $other"; fi
}

useradd --create-home --home-dir /home/tester tester 2>/dev/null || useradd --home-dir /home/tester tester
chown tester: /home/tester
chown -R tester: /home/tester/.cache
apt-get -qq update
SECONDS=0
stage "install, read a photograph" first_photograph
stage "look over" look_over
stage "train, tune" train
stage "serve" serve
stage "service" service
stage "consumers: CMake, pkg-config" consumers
stage "upgrade" upgrade
stage "removal" removal
stage "another architecture" refuse_other_architecture
print_stages
