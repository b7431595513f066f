# Shared by scripts/test-on, scripts/test-arm64, scripts/package and others; to be sourced after setup.sh. Makes a bare chroot
# of a Debian release, runs commands in it on a copy of this tree, and removes it at the end.
# shellcheck shell=bash
#
# Each command runs in mount and process namespaces of its own. What is mounted in the chroot is seen
# there alone and is gone with the command's last process, however that ends: whoever removes the
# chroot cannot reach /dev or /proc through it.

chroot_dir=
chroot_child=
chroot_keep=0
chroot_tree=/home/tester/digitry  # the copy of this tree, as the chroot sees it
chroot_cache=${XDG_CACHE_HOME:-$HOME/.cache}/digitry/chroot
# What tells programs how to reach the network, and how busy this machine is. Values that name files
# of this machine stay out.
chroot_environment=(
  http_proxy https_proxy ftp_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
  npm_config_registry DIGITRY_DATA_SOURCE OMP_WAIT_POLICY OMP_NUM_THREADS
)

# need_root ARGUMENTS...: starts this script again with sudo, unless it runs as root.
need_root() {
  if [[ $(id -u) -eq 0 ]]; then return; fi
  local names
  names=$(IFS=, && echo "${chroot_environment[*]},TMPDIR")
  command -v sudo >/dev/null || die "needs root or sudo, to make a chroot"
  exec sudo --preserve-env="$names" "$0" "$@"
}

# The first URI of this machine's apt configuration whose path is $1 ("debian").
apt_uri() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
    2>/dev/null | sed 's/#.*//' | grep -oE 'https?://[^] ]+' | grep -m 1 -E "/$1/?\$" || true
}

# isolated COMMAND...: in mount and process namespaces of its own. Ends with this script.
isolated() {
  local status=0
  unshare --mount --pid --fork --kill-child -- "$@" </dev/null &
  chroot_child=$!
  wait "$chroot_child" || status=$?
  chroot_child=
  return "$status"
}

end_isolated() {
  local first
  if [[ -z $chroot_child ]]; then return 0; fi  # In a trap, a bare "return" has the status of what failed before.
  # The first process of the namespace; the kernel ends all others before it reports its end.
  read -r first <"/proc/$chroot_child/task/$chroot_child/children" || true
  kill -KILL "${first:-$chroot_child}" 2>/dev/null || true
  wait "$chroot_child" 2>/dev/null || true
  chroot_child=
}

remove_chroot() {
  end_isolated
  if [[ -z $chroot_dir || ! -d $chroot_dir ]]; then return 0; fi
  if ((chroot_keep)); then
    say "Kept: $chroot_dir (chroot $chroot_dir, then cd $chroot_tree)"
    return 0
  fi
  if findmnt --raw --noheadings --output TARGET | grep -qF "$chroot_dir/"; then
    say "Left as it is, something is mounted below it: $chroot_dir"
    return 0
  fi
  say "Removing $chroot_dir"
  rm -rf --one-file-system "$chroot_dir"
}

# bootstrap RELEASE TARBALL: a minimal Debian, packed.
bootstrap() {
  local release=$1 tarball=$2 mirror try
  mirror=$(apt_uri debian)
  install_packages debootstrap debian-archive-keyring
  for try in 1 2 3; do
    say "debootstrap $release"
    rm -rf --one-file-system "$chroot_dir"
    mkdir "$chroot_dir"
    if isolated timeout 900 debootstrap --variant=minbase "$release" "$chroot_dir" \
      "${mirror:-http://deb.debian.org/debian}" >"$chroot_cache/debootstrap.log" 2>&1; then
      rm -rf "$chroot_dir"/var/cache/apt/archives/*.deb "$chroot_dir"/var/lib/apt/lists/*
      tar --create --gzip --one-file-system --numeric-owner --directory "$chroot_dir" \
        --file "$tarball.$$" .
      mv "$tarball.$$" "$tarball"
      return
    fi
    tail -n 5 "$chroot_cache/debootstrap.log" >&2
    sleep $((try * 5))
  done
  die "debootstrap could not make Debian $release; see $chroot_cache/debootstrap.log"
}

# The host's way to the network: names, certificates of its own, apt's mirror and proxies.
write_network() {
  local release=$1 mirror security
  cp --dereference /etc/resolv.conf "$chroot_dir/etc/resolv.conf"
  cp --dereference /etc/hosts "$chroot_dir/etc/hosts"
  mkdir -p "$chroot_dir/usr/local/share/ca-certificates"
  find /usr/local/share/ca-certificates -name '*.crt' \
    -exec cp --target-directory "$chroot_dir/usr/local/share/ca-certificates" {} + 2>/dev/null || true
  apt-config dump Acquire 2>/dev/null |
    grep -iE '^Acquire::(Check-|https?::(Proxy|Verify))' >"$chroot_dir/etc/apt/apt.conf.d/90host" || true
  mirror=$(apt_uri debian)
  security=$(apt_uri debian-security)
  if [[ $mirror$security == *https://* ]]; then
    # Until ca-certificates is installed, apt has none.
    mkdir -p "$chroot_dir/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$chroot_dir/etc/ssl/certs/"
  fi
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s %s-updates\nComponents: main\n' \
      "${mirror:-http://deb.debian.org/debian}" "$release" "$release"
    printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
    printf '\nTypes: deb\nURIs: %s\nSuites: %s-security\nComponents: main\n' \
      "${security:-http://deb.debian.org/debian-security}" "$release"
    printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
  } >"$chroot_dir/etc/apt/sources.list.d/debian.sources"
  rm -f "$chroot_dir/etc/apt/sources.list"
}

# Tracked files as they are now, and new ones that git does not ignore; or those of $chroot_tarball.
copy_tree() {
  local target=$chroot_dir$chroot_tree file
  mkdir -p "$target"
  if [[ -n ${chroot_tarball:-} ]]; then
    tar --extract --file "$chroot_tarball" --strip-components 1 --no-same-owner --directory "$target"
    return
  fi
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
    done |
    tar --create --null --files-from - --owner=0 --group=0 --numeric-owner |
    tar --extract --directory "$target"
}

# open_chroot RELEASE: unpacks a bare Debian with a copy of this tree. The packed base is kept for a
# month in the cache.
open_chroot() {
  local release=$1 tarball
  git rev-parse --is-inside-work-tree >/dev/null || die "expected a git checkout, got $PWD"
  mkdir -p "$chroot_cache"
  trap remove_chroot EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  chroot_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/digitry-$release.XXXXXX")
  tarball=$chroot_cache/$release-$(dpkg --print-architecture).tar.gz
  if [[ -z $(find "$tarball" -mtime -30 2>/dev/null) ]]; then
    bootstrap "$release" "$tarball"
  else
    tar --extract --file "$tarball" --numeric-owner --directory "$chroot_dir"
  fi
  chmod 755 "$chroot_dir"
  # What is thrown away need not survive a power cut: packages install in a fraction of the time.
  echo force-unsafe-io >"$chroot_dir/etc/dpkg/dpkg.cfg.d/unsafe-io"
  write_network "$release"
  copy_tree
}

# in_chroot COMMAND...: in the copy of the tree, as root, with an empty home and a clean environment.
in_chroot() {
  local name settings=()
  for name in "${chroot_environment[@]}"; do
    if [[ -n ${!name:-} ]]; then settings+=("$name=${!name}"); fi
  done
  # node has certificates of its own, to which those of this machine are added.
  if compgen -G "$chroot_dir/usr/local/share/ca-certificates/*.crt" >/dev/null; then
    settings+=(NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
  fi
  # shellcheck disable=SC2016
  isolated bash -c '
    set -e
    root=$1 tree=$2
    shift 2
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    chroot "$root" /usr/bin/env -i HOME=/home/tester PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      LANG=C.UTF-8 TERM=dumb "$@"
    exit 0  # not the last command, so that this shell stays the first process
  ' bash "$chroot_dir" "$chroot_tree" "${settings[@]}" \
    sh -c 'cd "$0" && exec "$@"' "$chroot_tree" "$@"
}

# start_logs NAME: what is run from here on leaves its output in build/test-on/NAME.
start_logs() {
  chroot_name=$1
  chroot_logs=$PWD/build/test-on/$1
  chroot_results=()
  chroot_failed=0
  rm -rf "$chroot_logs"
  mkdir -p "$chroot_logs"
}

# run_logged COMMAND...: in the chroot. Its seconds go to the results, with its last line where that
# counts tests.
run_logged() {
  local log status=0 start=$SECONDS tee counts
  log=$chroot_logs/$(basename "$1").log
  say "$chroot_name: $*"
  exec 3> >(exec tee "$log" >&2)
  tee=$!
  in_chroot "$@" >&3 2>&1 || status=$?
  exec 3>&-
  wait "$tee" || true
  counts=$(tail -n 1 "$log" | grep -E '^[0-9]+ passed' || true)
  if ((status != 0)); then
    chroot_failed=1
    counts="FAILED with status $status, see $log${counts:+; $counts}"
  fi
  chroot_results+=("$chroot_name: $*: $((SECONDS - start)) s${counts:+; $counts}")
}

# What the build and the tests wrote into files of their own.
keep_logs() {
  local log
  for log in "$chroot_dir$chroot_tree"/build/{*.log,*/ctest.log}; do
    if [[ -f $log ]]; then cp "$log" "$chroot_logs/$(basename "$(dirname "$log")")-$(basename "$log")"; fi
  done
}

say_results() {
  local size
  size=$(du --summarize --human-readable --one-file-system "$chroot_dir" | cut -f 1)
  say "The chroot took $size; logs are in $chroot_logs"
  print_stages
  printf '%s\n' "${chroot_results[@]}"
  return "$chroot_failed"
}
