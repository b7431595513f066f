#pragma once

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace digitry::test {

/// The first images of the real MNIST, 3,000 to train on and 1,000 to test on, as IDX files: real
/// data, small enough for sanitizer builds. Expects MNIST in the cache (scripts/test fetches it).
const std::filesystem::path& small_mnist();

}  // namespace digitry::test
