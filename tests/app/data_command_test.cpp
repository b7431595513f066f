#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "apps/digitry/terminal/draw.h"
#include "digitry/data/idx.h"
#include "digitry/data/summary.h"
#include "tests/data/test_files.h"
#include "tests/support/process.h"

namespace digitry::test {
namespace {

using namespace digitry::app;
using namespace digitry::test;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two classes of 4×4 images, with ink on the left or the right half.
Dataset halves() {
  Dataset dataset;
  dataset.images = Tensor({3, 1, 4, 4}, DType::kU8);
  dataset.labels = {1, 0, 0};
  dataset.class_names = {"left", "right"};
  const auto pixels = dataset.images.as<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = (i % 4 < 2) == (i / 16 == 0) ? 0 : 255;
  return dataset;
}

void write_halves(const fs::path& folder) {
  const Dataset dataset = halves();
  fs::create_directories(folder);
  for (const char* split : {"train", "t10k"}) {
    write_idx_images(folder / fmt::format("{}-images-idx3-ubyte", split), dataset.images);
    write_idx_labels(folder / fmt::format("{}-labels-idx1-ubyte", split), dataset.labels);
  }
}

TEST(DrawImages, DrawsPlainCharacters) {
  const std::vector<std::int64_t> both = {1, 0};
  EXPECT_EQ(draw_images(halves(), both, {.width = 80, .color = false}),
            "@@      @@\n"
            "@@      @@\n"
            "left  rig…\n");
}

TEST(DrawImages, DrawsTwoPixelsInOneColouredCharacter) {
  const std::vector<std::int64_t> one = {0};
  const std::string text = draw_images(halves(), one, {.width = 80, .color = true});
  EXPECT_THAT(text, AllOf(HasSubstr("\x1b[38;2;255;255;255;48;2;255;255;255m▀"),
                          HasSubstr("\x1b[38;2;0;0;0;48;2;0;0;0m▀"), HasSubstr("\x1b[0m")));
}

TEST(DrawImages, MakesImagesSmallerUntilTheyFit) {
  const std::vector<std::int64_t> both = {1, 0};
  EXPECT_EQ(draw_images(halves(), both, {.width = 6, .color = false}), "@    @\nl…  r…\n");
}

TEST(PickSamples, PicksOneOfEachClassFirst) {
  EXPECT_THAT(pick_samples(halves(), 2), ElementsAre(1, 0));
  EXPECT_THAT(pick_samples(halves(), 9), ElementsAre(1, 0, 2));
}

TEST(DataInfo, SaysWhatIsInAFolder) {
  const TemporaryFolder folder;
  write_halves(folder / "halves");
  const CommandResult result =
      run_command({"digitry", "data", "info", (folder / "halves").string()});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(ContainsRegex("train +test\n"), HasSubstr("127.50 (0.5000)"),
                                ContainsRegex("in both splits +3\n"), HasSubstr("@@      @@"),
                                Not(HasSubstr("\x1b"))));
}

TEST(DataInfo, PrintsJson) {
  const TemporaryFolder folder;
  write_halves(folder.path());
  const CommandResult result =
      run_command({"digitry", "data", "info", folder.path().string(), "--json"});
  const auto folder_json = nlohmann::json::parse(result.out);
  EXPECT_EQ(folder_json["splits"].size(), 2U);
  EXPECT_EQ(folder_json["splits"][0]["num_images"], 3);
  EXPECT_EQ(folder_json["splits"][0]["images_per_class"], nlohmann::json({2, 1}));
  EXPECT_EQ(folder_json["splits"][0]["num_duplicates"], 1);
  EXPECT_EQ(folder_json["num_images_in_both_splits"], 3);
}

TEST(DataInfo, FailsByTheKindOfError) {
  const TemporaryFolder folder;
  const CommandOptions empty_cache{.environment = {{"DIGITRY_DATA_DIR", folder.path().string()}}};
  const CommandResult missing = run_command({"digitry", "data", "info", "mnist"}, empty_cache);
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("digitry data fetch mnist"));
  write_file(folder / "cut-images", idx_bytes({5, 28, 28}, "x"));
  const CommandResult cut =
      run_command({"digitry", "data", "info", (folder / "cut-images").string()});
  EXPECT_EQ(cut.exit_status, 3);
  EXPECT_THAT(cut.err, AllOf(HasSubstr("cut-images"), HasSubstr("expected 3920 bytes")));
  EXPECT_THAT(cut.out, IsEmpty());
  EXPECT_EQ(run_command({"digitry", "data", "info"}).exit_status, 2);
  EXPECT_EQ(run_command({"digitry", "data"}).exit_status, 2);
}

TEST(DataFetch, FailsByTheKindOfError) {
  const TemporaryFolder folder;
  const CommandOptions options{
      .environment = {{"DIGITRY_DATA_DIR", (folder / "cache").string()}, {"no_proxy", "*"}}};
  const auto fetch = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"digitry", "data", "fetch"});
    return run_command(arguments, options);
  };
  EXPECT_EQ(fetch({"cifar"}).exit_status, 2);
  EXPECT_EQ(fetch({"--source", "cvs"}).exit_status, 2);
  EXPECT_EQ(fetch({"--from", (folder / "nothing").string()}).exit_status, 3);
  const CommandResult refused = fetch({"mnist", "--mirror", "http://127.0.0.1:1/"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("http://127.0.0.1:1/train-images-idx3-ubyte.gz"),
                                 HasSubstr("--from FOLDER")));
  EXPECT_THAT(refused.out, IsEmpty());
}

TEST(DataFetch, PutsFashionMnistIntoTheCache) {
  if (!fs::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "wants the Debian package dataset-fashion-mnist";
  const TemporaryFolder folder;
  const CommandOptions options{.environment = {{"DIGITRY_DATA_DIR", folder.path().string()}}};
  const CommandResult result =
      run_command({"digitry", "data", "fetch", "fashion-mnist", "--source", "debian"}, options);
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, (folder / "fashion-mnist").string() + "\n");
  const CommandResult info =
      run_command({"digitry", "data", "info", "fashion-mnist", "--json"}, options);
  const auto fashion = nlohmann::json::parse(info.out);
  EXPECT_EQ(fashion["class_names"][9], "Ankle boot");
  EXPECT_EQ(fashion["splits"][0]["num_images"], 60000);
}

// A server that accepts connections and never answers.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    ::listen(socket_, 4);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

 private:
  int socket_;
  int port_ = 0;
};

TEST(DataFetch, CanBeInterruptedAndLeavesNothingHalfMade) {
  const TemporaryFolder folder;
  const SilentServer server;
  ChildProcess fetch(
      {"digitry", "data", "fetch", "mnist", "--mirror", server.url()},
      {.environment = {{"DIGITRY_DATA_DIR", folder.path().string()}, {"no_proxy", "*"}}});
  while (!fs::exists(folder / "mnist/.lock") && fetch.running())
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  fetch.send_signal(SIGINT);
  const CommandResult result = fetch.wait();
  EXPECT_EQ(result.exit_status, 130) << result.err;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_THAT(names_in(folder / "mnist"), ElementsAre(".lock"));
}

}  // namespace
}  // namespace digitry::test
