# Debian arm64, compiled on another architecture with the packages of multiarch:
#   dpkg --add-architecture arm64; apt-get install g++-aarch64-linux-gnu qemu-user-static libdnnl-dev:arm64 ...
# The preset `arm64` uses it, and scripts/test-arm64 lists the packages. Programs that run at build time
# (esbuild) are those of the build architecture.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# Runs the tests, where the kernel does not know how to run the programs by itself.
find_program(DIGITRY_QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
if(DIGITRY_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${DIGITRY_QEMU_AARCH64})
endif()
