#include <fmt/format.h>

#include <chrono>

#include "digitry/data/byte_stream.h"
#include "digitry/fetch/fetch.h"
#include "tests/data/tiny_dataset.h"
#include "tests/fetch/test_server.h"

namespace digitry {
namespace {

using namespace digitry::test;

class FetchMirrors : public ::testing::Test {
 protected:
  // The tests must not use the proxies of this machine.
  FetchMirrors() : no_proxy_("no_proxy", "*") {}

  FetchResult fetch(std::vector<std::string> mirrors) {
    return fetch_dataset(tiny_.known, options(std::move(mirrors)));
  }

  FetchOptions options(std::vector<std::string> mirrors) const {
    return {.source = FetchSource::kMirror,
            .from_folder = {},
            .mirrors = std::move(mirrors),
            .cache = cache_.path(),
            .connect_timeout_s = 2,
            .stall_timeout_s = 1,
            .max_attempts = 2,
            .backoff_s = 0.01};
  }

  fs::path folder() const { return cache_ / "tiny"; }

  // Serves the right files, compressed.
  Answer serve(const std::string& path) const {
    for (std::size_t i = 0; i < kTinyNames.size(); ++i)
      if (path == fmt::format("/{}.gz", kTinyNames[i])) return ok(deflate_gzip(tiny_.content(i)));
    return status("404 Not Found");
  }

  ScopedEnvironment no_proxy_;
  TemporaryFolder cache_;
  TinyDataset tiny_;
};

TEST_F(FetchMirrors, FetchesVerifiesAndKeeps) {
  TestServer server([&](const std::string& path, int) { return serve(path); });
  EXPECT_EQ(fetch({server.url()}).source, server.url());
  tiny_.expect_complete(folder());
  EXPECT_EQ(fetch({server.url()}).source, "cache");
  EXPECT_EQ(server.num_requests(), 4) << "the second time nothing is asked for";
}

TEST_F(FetchMirrors, KeepsPasswordsToItself) {
  TestServer server([&](const std::string& path, int) { return serve(path); });
  const std::string secret = "http://user:s3cret@" + server.url().substr(7);
  EXPECT_EQ(fetch({secret}).source, server.url());
  fs::remove_all(folder());
  try {
    fetch({secret + "/elsewhere"});
    FAIL() << "fetched from nowhere";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/elsewhere"));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("s3cret")));
  }
}

TEST_F(FetchMirrors, FetchesOnlyWhatIsMissingOrWrong) {
  TestServer server([&](const std::string& path, int) { return serve(path); });
  fetch({server.url()});
  write_file(folder() / kTinyNames[1], idx_bytes({2}, "\1\3"));
  fs::remove(folder() / kTinyNames[2]);
  fetch({server.url()});
  tiny_.expect_complete(folder());
  EXPECT_EQ(server.num_requests(fmt::format("/{}.gz", kTinyNames[0])), 1);
  EXPECT_EQ(server.num_requests(fmt::format("/{}.gz", kTinyNames[1])), 2);
  EXPECT_EQ(server.num_requests(fmt::format("/{}.gz", kTinyNames[2])), 2);
}

TEST_F(FetchMirrors, TakesFilesThatAreNotPacked) {
  TestServer server([&](const std::string& path, int) {
    for (std::size_t i = 0; i < kTinyNames.size(); ++i)
      if (path == fmt::format("/data/{}", kTinyNames[i])) return ok(tiny_.content(i));
    return status("404 Not Found");
  });
  fetch({server.url() + "data"});
  tiny_.expect_complete(folder());
}

TEST_F(FetchMirrors, TriesAgainAfterWhatMayPass) {
  TestServer server([&](const std::string& path, int times) {
    return times == 0 ? status("503 Slow Down") : serve(path);
  });
  fetch({server.url()});
  tiny_.expect_complete(folder());
}

TEST_F(FetchMirrors, GoesOnToTheNextMirror) {
  TestServer forbidden([](const std::string&, int) { return status("403 Forbidden"); });
  TestServer corrupt([&](const std::string&, int) { return ok(deflate_gzip("something else")); });
  TestServer sound([&](const std::string& path, int) { return serve(path); });
  EXPECT_EQ(fetch({"http://127.0.0.1:1/", forbidden.url(), corrupt.url(), sound.url()}).source,
            sound.url());
  tiny_.expect_complete(folder());
}

TEST_F(FetchMirrors, RefusesCorruptDownloadsAndSaysWhy) {
  std::string flipped = tiny_.content(0);
  flipped.back() = 'X';
  std::string cut = deflate_gzip(tiny_.content(0));
  cut.resize(cut.size() - 3);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {deflate_gzip(flipped), "SHA-256"},
      {flipped, "SHA-256"},
      {cut, "truncated"},
      {deflate_gzip(tiny_.content(0) + "x"), "got more"},
      {deflate_gzip("x"), "expected 20 bytes"},
      {"<html>please log in</html>", "got more"},
      {std::string(200'000, 'x'), "expected at most"},
      {"", "expected 20 bytes"},
  };
  for (const auto& [body, problem] : cases) {
    TestServer server([&served = body](const std::string&, int) { return ok(served); });
    expect_error(ErrorCode::kUnavailable, {"tiny", server.url(), problem, "--from FOLDER"},
                 [&] { fetch({server.url()}); });
    expect_nothing_but_the_lock(folder());
  }
}

TEST_F(FetchMirrors, GivesUpOnServersThatStall) {
  for (const bool sends_something : {false, true}) {
    TestServer server([&](const std::string&, int) {
      return Answer{.head = "HTTP/1.1 200 OK\r\n",
                    .body = sends_something ? "\x1f\x8b" : "",
                    .length = 1000,
                    .hang = true};
    });
    const auto start = std::chrono::steady_clock::now();
    expect_error(ErrorCode::kUnavailable, {"(2 attempts)"}, [&] { fetch({server.url()}); });
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    expect_nothing_but_the_lock(folder());
  }
}

TEST_F(FetchMirrors, GivesUpOnServersThatTrickle) {
  TestServer server([&](const std::string&, int) {
    return Answer{.head = "HTTP/1.1 200 OK\r\n",
                  .body = std::string(60'000, 'x'),
                  .length = -1,
                  .hang = false,
                  .pause_ms_per_kib = 1500};
  });
  expect_error(ErrorCode::kUnavailable, {"(2 attempts)"}, [&] { fetch({server.url()}); });
}

TEST_F(FetchMirrors, TriesAgainAfterACutConnection) {
  TestServer server([&](const std::string& path, int times) {
    Answer answer = serve(path);
    if (times == 0) answer.length = static_cast<std::int64_t>(answer.body.size()) + 10;
    return answer;
  });
  fetch({server.url()});
  tiny_.expect_complete(folder());
}

TEST_F(FetchMirrors, DoesNotAskAgainWhereNobodyIs) {
  const auto start = std::chrono::steady_clock::now();
  expect_error(ErrorCode::kUnavailable, {"http://127.0.0.1:1/", "onnect"},
               [&] { fetch({"http://127.0.0.1:1/"}); });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  expect_nothing_but_the_lock(folder());
}

TEST_F(FetchMirrors, FollowsRedirectsButOnlyOnTheWeb) {
  TestServer target([&](const std::string& path, int) { return serve(path); });
  TestServer server([&](const std::string& path, int) {
    return Answer{
        .head = "HTTP/1.1 302 Found\r\nLocation: " + target.url() + path.substr(1) + "\r\n",
        .body = {}};
  });
  fetch({server.url()});
  tiny_.expect_complete(folder());
  tiny_.write_to(cache_ / "elsewhere");
  TestServer evil([&](const std::string&, int) {
    return Answer{.head = "HTTP/1.1 302 Found\r\nLocation: file://" +
                          (cache_ / "elsewhere" / kTinyNames[0]).string() + "\r\n",
                  .body = {}};
  });
  fs::remove(folder() / kTinyNames[0]);
  expect_error(ErrorCode::kUnavailable, {"rotocol"}, [&] { fetch({evil.url()}); });
  expect_error(ErrorCode::kUnavailable, {"rotocol"},
               [&] { fetch({"file://" + (cache_ / "elsewhere").string()}); });
}

TEST_F(FetchMirrors, StopsWhenTheProgressSinkThrows) {
  TestServer server([&](const std::string& path, int) { return serve(path); });
  EXPECT_THROW(fetch_dataset(tiny_.known, options({server.url()}),
                             [](std::string_view, std::uint64_t, std::uint64_t) { throw 1; }),
               int);
  expect_nothing_but_the_lock(folder());
}

}  // namespace
}  // namespace digitry
