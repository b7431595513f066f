#include "digitry/interchange/c_export.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "digitry/interchange/quantized.h"
#include "digitry/model_io/classifier.h"
#include "tests/properties/generated.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

using testing::HasSubstr;

constexpr const char* kStrict = "-std=c99 -pedantic -Wall -Wextra -Wconversion -Werror";

bool runs(const std::string& command) {
  return run_command({"sh", "-c", command}).exit_status == 0;
}

// Models as C source in one program, which classifies the images of each.
class CProgram {
 public:
  // `images` are uint8.
  void add(const std::string& what, const Model& model, Tensor images, bool int8) {
    const std::string name = fmt::format("net{}", cases_.size());
    export_c(model, folder_ / name, {.int8 = int8, .calibration_images = &images});
    const char* type = int8 ? "int8_t" : "float";
    const std::string macro = fmt::format("NET{}", cases_.size());
    includes_ += fmt::format("#include \"{}.h\"\n", name);
    calls_ += fmt::format(
        "  for (i = 0; i < {3}; ++i) {{\n"
        "    static uint8_t pixels[{0}_INPUT_SIZE];\n    static {1} arena[{0}_ARENA_SIZE], "
        "answer[{0}_CLASSES];\n"
        "    int label;\n    if (fread(pixels, 1, sizeof pixels, in) != sizeof pixels) return 1;\n"
        "    label = {2}_classify(pixels, answer, arena);\n"
        "    fwrite(&label, sizeof label, 1, out);\n    fwrite(answer, sizeof answer, 1, out);\n  "
        "}}\n",
        macro, type, name, images.shape()[0]);
    input_.append(reinterpret_cast<const char*>(images.data()), images.num_bytes());
    cases_.push_back({what, copy_of(model), std::move(images), int8});
  }

  // Compiles all with the usual C compiler (and with clang, if it is there), runs it, and compares.
  void check() {
    write_file_atomically(folder_ / "main.c",
                          "#include <stdio.h>\n" + includes_ +
                              "int main(int count, char **names) {\n  FILE *in, *out;\n  int i;\n"
                              "  if (count != 3) return 1;\n  in = fopen(names[1], \"rb\");\n"
                              "  out = fopen(names[2], \"wb\");\n  if (!in || !out) return 1;\n" +
                              calls_ + "  return fclose(out);\n}\n");
    write_file_atomically(folder_ / "in", input_);
    const std::string at = folder_.path().string();
    ASSERT_TRUE(runs(fmt::format("cd {} && cc {} -O1 *.c -o program", at, kStrict)));
    EXPECT_TRUE(runs(
        fmt::format("cd {} && if command -v clang >/dev/null; then clang {} -fsyntax-only *.c; fi",
                    at, kStrict)));
    ASSERT_TRUE(runs(fmt::format("cd {} && ./program in out", at)));
    output_ = read_file(folder_ / "out", 1 << 26);
    for (const Case& one : cases_) {
      SCOPED_TRACE(one.what);
      one.int8 ? check_int8(one) : check_float(one);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(position_, output_.size());
  }

 private:
  struct Case {
    std::string what;
    Model model;
    Tensor images;
    bool int8;
  };

  template <typename T>
  std::vector<T> take(std::size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), output_.data() + position_, count * sizeof(T));
    position_ += count * sizeof(T);
    return values;
  }

  void check_float(const Case& each) {
    Model one_view = copy_of(each.model);
    one_view.tta = {};
    const Tensor expected = Classifier(one_view).logits(each.images);
    const auto classes = static_cast<std::size_t>(expected.shape()[1]);
    float largest = 1;
    for (const float logit : expected.as<float>()) largest = std::max(largest, std::fabs(logit));
    for (std::size_t i = 0; i < static_cast<std::size_t>(expected.shape()[0]); ++i) {
      const auto label = static_cast<std::size_t>(take<int>(1).front());
      const std::vector<float> logits = take<float>(classes);
      EXPECT_EQ(label, std::ranges::max_element(logits) - logits.begin());
      expect_near(logits, expected.as<float>().subspan(i * classes, classes), 1e-4 * largest, 0);
    }
  }

  void check_int8(const Case& each) {
    const QuantizedNetwork network = quantize(each.model, each.images);
    const auto pixels = each.images.as<std::uint8_t>();
    const auto size = static_cast<std::size_t>(each.model.input_shape().num_elements());
    for (std::size_t i = 0; i * size < pixels.size(); ++i) {
      const QuantizedAnswer expected = classify(network, pixels.subspan(i * size, size));
      ASSERT_EQ(take<int>(1).front(), expected.label);
      ASSERT_EQ(take<std::int8_t>(expected.scores.size()), expected.scores);
    }
  }

  TemporaryFolder folder_;
  std::string includes_, calls_, input_, output_;
  std::vector<Case> cases_;
  std::size_t position_ = 0;
};

Model model_of(const Architecture& drawn, std::uint64_t seed) {
  Model model;
  model.members = one_member(random_network(drawn.image, drawn.num_classes, drawn.layers, seed));
  for (std::int64_t i = 0; i < drawn.num_classes; ++i)
    model.class_names.push_back(std::to_string(i));
  model.preprocessing = {.pixel_scale = 1 / 128.0F, .pixel_offset = seed % 2 == 0 ? 0.0F : -1.0F};
  return model;
}

// Whether C source can express the model.
bool can_export(const Model& model, bool int8) {
  try {
    const Tensor images = random_images(model, 2);
    model_to_c(model, "net", {.int8 = int8, .calibration_images = &images});
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(ErrorCode::kInvalidArgument)) << error.what();
    return false;
  }
}

TEST(CExport, ComputesWhatTheModelDoes) {
  CProgram program;
  std::set<std::string> types, int8_types;
  int count = 0, int8_count = 0;
  for (const std::uint64_t seed : seeds(60)) {
    Draw draw(seed);
    const Architecture drawn = generated_architecture(draw);
    const Model model = model_of(drawn, seed);
    for (const bool int8 : {false, true}) {
      if (!can_export(model, int8)) continue;
      program.add(described(seed, to_text(drawn)), model, random_images(model, 5), int8);
      for (const Attributes& layer : drawn.layers)
        (int8 ? int8_types : types).insert(std::get<std::string>(layer.at("type")));
      ++(int8 ? int8_count : count);
    }
  }
  EXPECT_GE(count, 20);
  EXPECT_GE(int8_count, 10);
  EXPECT_EQ(types.size(), 13) << "all but gelu, silu and tanh";
  EXPECT_EQ(int8_types.size(), 11) << "all but these, add and leaky_relu";
  program.check();
}

TEST(CExport, ClassifiesMnist) {
  const Dataset data = load_dataset("mnist", Split::kTest);
  std::vector<std::int32_t> first(300);
  std::iota(first.begin(), first.end(), 0);
  CProgram program;
  for (const bool int8 : {false, true})
    program.add("tiny", shipped_model("tiny"), data.images.take(first), int8);
  program.check();
}

TEST(CExport, KeepsTheAccuracyOfASmallNetwork) {
  const Dataset data = load_dataset("mnist", Split::kTest);
  std::vector<std::int32_t> some(500);
  std::iota(some.begin(), some.end(), 1000);
  const QuantizedNetwork network =
      quantize(shipped_model("tiny"), load_dataset("mnist", Split::kTrain).images.take(some));
  int correct = 0;
  for (const std::int32_t i : some)
    correct += classify(network, data.images.as<std::uint8_t>().subspan(
                                     static_cast<std::size_t>(i) * 784, 784))
                   .label == data.labels[static_cast<std::size_t>(i)];
  EXPECT_GE(correct, 488);
}

TEST(CExport, NeedsOnlyIntegerTypes) {
  const CSource made = model_to_c(shipped_model("tiny"), "digits");
  EXPECT_THAT(made.header, HasSubstr("#define DIGITS_INPUT_SIZE 784"));
  EXPECT_EQ(made.source.find("#include"), made.source.find("#include \"digits.h\""));
  EXPECT_EQ(made.source.find("#include <"), std::string::npos);
}

TEST(CExport, SaysWhatItCannotExpress) {
  Model model = small_model();
  model.members =
      one_member(random_network({1, 4, 4}, 3, {flatten(), dense(5), layer("gelu"), dense(3)}));
  expect_error(ErrorCode::kInvalidArgument, {"layers[2]", "gelu"}, [&] { model_to_c(model, "x"); });
  expect_error(ErrorCode::kInvalidArgument, {"begins with a letter", "'8x'"},
               [] { model_to_c(small_model(), "8x"); });
  expect_error(ErrorCode::kInvalidArgument, {"training images"},
               [] { model_to_c(small_model(), "x", {.int8 = true}); });
  Model two = small_model();
  two.members.push_back(std::move(small_model(2).members.front()));
  expect_error(ErrorCode::kInvalidArgument, {"2 networks"}, [&] { model_to_c(two, "x"); });
}

}  // namespace
}  // namespace digitry::test
