#!/usr/bin/env bash
# Makes the Debian packages of this tree, on the release that this machine (or chroot) has: run by scripts/package.
#   SOURCE_DATE_EPOCH=SECONDS scripts/lib/make_packages.sh FOLDER REVISION
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/setup.sh
source scripts/lib/setup.sh
folder=$1
revision=$2
# shellcheck source=/dev/null
suite=$(source /etc/os-release && echo "$VERSION_CODENAME")
: "${SOURCE_DATE_EPOCH:?the time that the packages are to bear}"

# Debian's options of the compiler and the linker, which harden what they make and keep the name of this folder out.
configure() {
  local flag
  export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_STRIP=-g
  for flag in CXXFLAGS CPPFLAGS LDFLAGS; do export "$flag=$(dpkg-buildflags --get $flag)"; done
  CXXFLAGS="$CXXFLAGS $CPPFLAGS" cmake --preset release --fresh -B build/packages -DCMAKE_INSTALL_PREFIX=/usr \
    -DDIGITRY_DEBIAN_REVISION="$revision" -DDIGITRY_DEBIAN_SUITE="$suite" \
    ${DIGITRY_PACKAGE_CONTACT:+-DDIGITRY_PACKAGE_CONTACT="$DIGITRY_PACKAGE_CONTACT"} >build/packages-configure.log
}

compile() { cmake --build build/packages -j "$jobs" >&2; }

pack() {
  rm -rf "$folder"
  cmake --build build/packages --target package >build/packages-pack.log || { cat build/packages-pack.log >&2; false; }
  mkdir -p "$folder"
  mv build/packages/packages/*.deb "$folder"
}

check() {
  local named
  lintian --allow-root --fail-on error,warning "$folder"/*.deb >&2
  rm -rf build/unpacked
  for package in "$folder"/*.deb; do dpkg-deb --extract "$package" build/unpacked; done
  named=$(grep --recursive --files-with-matches --fixed-strings "$PWD" build/unpacked || true)
  [[ -z $named ]] || die "these files name the folder they were built in: $named"
}

mkdir -p build
stage "packages" install_packages "${build_packages[@]}" dpkg-dev file lintian man-db
stage "configure" configure
stage "build" compile
stage "pack" pack
stage "lintian" check
print_stages
