// The programs of examples/, run as their users run them.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/base/random.h"
#include "digitry/data/dataset.h"
#include "digitry/image/png.h"
#include "digitry/vision/decode.h"
#include "tests/app/digitry.h"
#include "tests/app/serve_process.h"
#include "tests/cases/drawn_pages.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string example(const std::string& name) { return DIGITRY_EXAMPLES "/" + name; }

TEST(Examples, GoFromTheDataToTheMistakes) {
  const TemporaryFolder folder;
  const CommandResult result = run_command(
      {example("mnist_digit_classification"), folder.path().string(), small_mnist().string()},
      {.environment = {{"OMP_NUM_THREADS", "1"}}});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3000 training images [1,28,28], 1000 test images"));
  EXPECT_THAT(result.out, HasSubstr("label 5, one-hot: 0 0 0 0 0 1 0 0 0 0"));
  EXPECT_THAT(result.out, HasSubstr("epoch 3: loss"));
  EXPECT_THAT(result.out, HasSubstr("test accuracy"));
  EXPECT_THAT(result.out, HasSubstr("confusion matrix"));
  for (const char* name : {"samples.png", "curves.png", "confusion.png", "mistakes.png"})
    EXPECT_GT(fs::file_size(folder.path() / name), 1000U) << name;
  EXPECT_EQ(digitry({"evaluate", folder / "mlp.safetensors", "--data", small_mnist().string()})
                .exit_status,
            0);
}

TEST(Examples, SayWhatIsWrongWithTheirFolders) {
  const std::string program = example("mnist_digit_classification");
  const CommandResult unwritable =
      run_command({program, "/no/such/folder", small_mnist().string()});
  EXPECT_EQ(unwritable.exit_status, 1);
  EXPECT_THAT(unwritable.err, HasSubstr("/no/such/folder/samples.png"));
  EXPECT_THAT(unwritable.out, Not(HasSubstr("written")));
  const CommandResult no_data = run_command({program, "/tmp", "no such data"});
  EXPECT_EQ(no_data.exit_status, 1);
  EXPECT_THAT(no_data.err, HasSubstr("no such data"));
}

TEST(Examples, ClassifyAnImage) {
  const fs::path images = small_mnist() / "t10k-images-idx3-ubyte";
  const CommandResult result = run_command({example("classify_image"), images.string()});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("7  9")) << result.out.substr(0, 100);
  EXPECT_EQ(run_command({example("classify_image")}).exit_status, 2);
  const CommandResult missing = run_command({example("classify_image"), "no such file"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("no such file"));
}

CommandResult run_example(std::vector<std::string> command) {
  command.front() = example(command.front());
  return run_command(std::move(command), {.environment = {{"OMP_NUM_THREADS", "1"}}});
}

// Of the line "test accuracy 97.10 % (...": 97.1.
double test_accuracy(const std::string& out) {
  const std::string before = "test accuracy ";
  const std::size_t at = out.find(before);
  if (at == std::string::npos) throw std::runtime_error("no test accuracy in: " + out);
  return std::stod(out.substr(at + before.size()));
}

void expect_refused(std::vector<std::string> command, const std::vector<std::string>& parts) {
  const CommandResult result = run_example(std::move(command));
  EXPECT_EQ(result.exit_status, 1);
  for (const std::string& part : parts) EXPECT_THAT(result.err, HasSubstr(part));
}

TEST(Examples, TrainAConvolutionalNetwork) {
  const TemporaryFolder folder;
  const std::string path = folder / "convnet.safetensors";
  const CommandResult result = run_example({"convnet", "3", small_mnist().string(), path});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("0 conv2d"));
  EXPECT_THAT(result.out, HasSubstr("[16,28,28]"));
  EXPECT_THAT(result.out, HasSubstr("epoch 3: loss"));
  EXPECT_GT(test_accuracy(result.out), 90);
  EXPECT_EQ(digitry({"evaluate", path, "--data", small_mnist().string()}).exit_status, 0);

  expect_refused({"convnet", "two", small_mnist().string(), path}, {"'epochs'", "got 0"});
  expect_refused({"convnet", "1", "no such data"}, {"no such data"});
  expect_refused({"convnet", "1", small_mnist().string(), "/no/such/folder/m"},
                 {"/no/such/folder/m"});
}

TEST(Examples, TrainByALoopOfTheirOwn) {
  const TemporaryFolder folder;
  const std::string path = folder / "loop.safetensors";
  const CommandResult result = run_example({"training_loop", "3", small_mnist().string(), path});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("epoch 3: loss"));
  EXPECT_GT(test_accuracy(result.out), 82);
  EXPECT_EQ(digitry({"evaluate", path, "--data", small_mnist().string()}).exit_status, 0);

  expect_refused({"training_loop", "0", small_mnist().string(), path}, {"1 epoch", "got 0"});
  expect_refused({"training_loop", "1", "no such data"}, {"no such data"});
  const std::string unlabelled = folder / "unlabelled";
  fs::copy_file(small_mnist() / "train-images-idx3-ubyte", unlabelled);
  expect_refused({"training_loop", "1", unlabelled, path}, {unlabelled, "no labels"});
  write_file_atomically(folder / "few.csv", "label,pixel0\n0,1\n1,2\n");
  expect_refused({"training_loop", "1", folder / "few.csv", path}, {"100 images", "got 1 and 2"});
}

TEST(Examples, WriteALayer) {
  const CommandResult result = run_example({"write_a_layer", "6", small_mnist().string()});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("gradient check: largest difference"));
  EXPECT_THAT(result.out, HasSubstr("learned slopes: "));
  EXPECT_GT(test_accuracy(result.out), 80);
  expect_refused({"write_a_layer", "0", small_mnist().string()}, {"'epochs'", "got 0"});
}

// Crops of a meter, drawn from real digits: 20×32 pixels, light on dark, with noise, in colour.
void write_crops(const fs::path& folder, std::int64_t count) {
  const Dataset digits = load_dataset(small_mnist().string(), Split::kTrain);
  const auto pixels = digits.images.as<std::uint8_t>();
  RandomStream random(1, RandomPurpose::kTest);
  for (std::int64_t i = 0; i < count; ++i) {
    const bool readable = i % 12 != 0;
    Image crop{.height = 32, .width = 20, .channels = 3, .pixels = {}};
    for (std::int64_t y = 0; y < 32; ++y)
      for (std::int64_t x = 0; x < 20; ++x) {
        const bool inside = readable && y >= 2 && y < 30;
        const int ink =
            inside ? pixels[static_cast<std::size_t>((i * 28 + y - 2) * 28 + x + 4)] : 0;
        const int light = 30 + ink * 3 / 4 + static_cast<int>(20 * random.next_float());
        for (const int tint : {0, 4, 8})
          crop.pixels.push_back(static_cast<std::uint8_t>(light + tint));
      }
    const std::string label =
        readable ? std::to_string(digits.labels[static_cast<std::size_t>(i)]) : "N";
    write_file_atomically(folder / fmt::format("{}_{:04}.png", label, i), encode_png(crop));
  }
}

TEST(Examples, ReadAMeter) {
  const TemporaryFolder folder;
  const fs::path crops = folder.path() / "crops";
  fs::create_directory(crops);
  write_crops(crops, 1200);
  const CommandResult result = run_example({"meter", crops.string(), folder / "meter", "12"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("to test on, 11 classes"));
  EXPECT_GT(test_accuracy(result.out), 80);
  EXPECT_THAT(result.out, HasSubstr("least sure of:\n" + crops.string()));
  EXPECT_EQ(digitry({"predict", folder / "meter.safetensors", crops.string()}).exit_status, 0);
  // The C source compiles, and reads a crop as the model does.
  EXPECT_THAT(file_bytes(folder / "meter.h"), HasSubstr("#define METER_CLASSES 11"));
  const CommandResult compiled =
      run_command({"cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror",
                   "-c", folder / "meter.c", "-o", folder / "meter.o"});
  EXPECT_EQ(compiled.exit_status, 0) << compiled.err;

  expect_refused({"meter", crops.string(), folder / "meter", "no"}, {"'epochs'", "got 0"});
  expect_refused({"meter", "/no/such/folder"}, {"/no/such/folder"});
}

TEST(Examples, ServeAModelUntilTheyAreStopped) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ChildProcess server({example("serve_model"), DIGITRY_MODELS "/cnn-best.safetensors", "0"});
    for (int i = 0; i < 4000 && server.running() && !server.out_so_far().ends_with('\n'); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::string url = server.out_so_far();
    ASSERT_TRUE(url.starts_with("http://127.0.0.1:")) << url << server.err_so_far();
    url.pop_back();

    const TemporaryFolder folder;
    const std::string request = folder / "request.json";
    write_file_atomically(request, inference_request(test_digits(1)).dump());
    const CommandResult answer =
        run_command({"curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*",
                     "--header", "Content-Type: application/json", "--data-binary", "@" + request,
                     url + "/v2/models/digits/infer"});
    EXPECT_EQ(output_of(nlohmann::json::parse(answer.out), "class")[0], "7") << answer.out;

    server.send_signal(signal);
    const CommandResult ended = server.wait();
    EXPECT_EQ(ended.exit_status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("stopping"));
  }
  EXPECT_EQ(run_example({"serve_model"}).exit_status, 2);
  expect_refused({"serve_model", "no such model"}, {"no such model"});
  expect_refused({"serve_model", DIGITRY_MODELS "/cnn-best.safetensors", "70000"}, {"70000"});
}

TEST(Examples, ReadAPhoto) {
  const Dataset digits = load_dataset(small_mnist().string(), Split::kTest);
  RandomStream random(3, RandomPurpose::kTest);
  const DrawnPage page = draw_page(
      digits.images, {.num_digits = 6, .num_lines = 2, .skew_degrees = 3, .ruled = true}, random);
  const TemporaryFolder folder;
  const std::string photo = (folder / "photo.png").string();
  const std::string annotated = (folder / "annotated.png").string();
  write_file_atomically(photo, encode_png(page.picture));
  const CommandResult result = run_command({example("read_photo"), photo, annotated});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  std::string text = result.out.substr(0, result.out.find("\n\n"));
  std::erase(text, ' ');
  EXPECT_EQ(text, text_of(page, digits.labels));
  EXPECT_THAT(result.out, HasSubstr("line 2  " + text.substr(text.find('\n') + 1, 1) + "  "));
  EXPECT_THAT(result.out, HasSubstr(" %\n"));
  EXPECT_EQ(load_picture(annotated).width, page.picture.width);

  EXPECT_EQ(run_command({example("read_photo")}).exit_status, 2);
  const CommandResult missing = run_command({example("read_photo"), "no such file"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("no such file"));
  EXPECT_EQ(missing.out, "");
}

}  // namespace
}  // namespace digitry::test
