#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/interchange/c_export.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/interchange/quantized.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

// Number of training images that determine the ranges of 8-bit integers.
constexpr std::int64_t kNumCalibrationImages = 300;
// Plain loops: more multiply-adds would take minutes.
constexpr std::int64_t kMaxMultiplyAdds = std::int64_t{1} << 33;

struct ExportOptions {
  std::string model;
  std::string format;
  std::string out;
  std::string data = "mnist";
  bool float_input = false;
  bool no_score = false;
  bool int8 = false;
};

void check_new(const std::string& path) {
  if (path_exists(path))
    throw Error(ErrorCode::kInvalidArgument,
                "{} already exists and is never overwritten; choose another --out", path);
}

void export_to_onnx(const Model& model, const ExportOptions& options) {
  if (options.int8)
    throw Error(ErrorCode::kInvalidArgument, "--int8: expected --to c, got --to onnx");
  check_new(options.out);
  const std::string bytes = model_to_onnx(
      model, {.float_input = options.float_input, .in_distribution_score = !options.no_score});
  write_file_atomically(options.out, bytes);
  fmt::print("{:<20}{}, {} bytes\n", "model", options.out, grouped(std::ssize(bytes)));
  fmt::print("{:<20}pixels, {} [N,{}, 0 to 255\n", "input",
             options.float_input ? "float32" : "uint8", model.input_shape().to_string().substr(1));
  const bool has_score =
      !options.no_score &&
      std::ranges::none_of(model.members, [](const Member& m) { return m.prototypes.empty(); });
  fmt::print("{:<20}logits, probabilities [N,{}]{}\n", "outputs", model.class_names.size(),
             has_score ? ", in_distribution_score [N]" : "");
}

// `count` images spread over the whole set, which may be sorted by class.
Tensor spread_images(const Tensor& images, std::int64_t count) {
  const std::int64_t available = images.shape()[0];
  std::vector<std::int32_t> indices;
  for (std::int64_t i = 0; i < std::min(count, available); ++i)
    indices.push_back(static_cast<std::int32_t>(i * available / std::min(count, available)));
  return images.take(indices);
}

double int8_accuracy(const QuantizedNetwork& network, const Dataset& data) {
  const auto pixels = data.images.as<std::uint8_t>();
  const auto size = static_cast<std::size_t>(data.image_shape().num_elements());
  std::atomic<std::int64_t> correct = 0;
  parallel_for(std::ssize(data.labels), 16, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      if (classify(network, pixels.subspan(i * size, size)).label == data.labels[i]) ++correct;
  });
  return static_cast<double>(correct) / static_cast<double>(data.labels.size());
}

// Prints the test accuracy of the model and of its int8 form, on as many images as plain loops do
// in reasonable time.
void print_accuracy(const Model& model, const Tensor& calibration, const std::string& name) {
  const QuantizedNetwork network = quantize(model, calibration);
  Dataset data = load_dataset(name, Split::kTest, input_options(model));
  const std::int64_t count =
      std::min(std::ssize(data.labels),
               std::max<std::int64_t>(100, kMaxMultiplyAdds / network.network.multiply_adds));
  data.images = spread_images(data.images, count);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i)
    labels.push_back(data.labels[static_cast<std::size_t>(i * std::ssize(data.labels) / count)]);
  data.labels = std::move(labels);
  Model one_view = copy_of(model);
  one_view.tta = {};
  fmt::print("{:<20}{} % in float32, {} % in int8, one view, {} test images\n", "accuracy",
             percent_number(evaluate(one_view, data).accuracy, 2),
             percent_number(int8_accuracy(network, data), 2), grouped(count));
}

void export_to_c(const Model& model, const ExportOptions& options) {
  check_new(options.out + ".h");
  check_new(options.out + ".c");
  Tensor calibration;
  if (options.int8)
    calibration =
        spread_images(load_dataset(options.data, Split::kTrain, input_options(model)).images,
                      kNumCalibrationImages);
  const CSource made =
      export_c(model, options.out, {.int8 = options.int8, .calibration_images = &calibration});
  if (model.tta != TestTimeAugmentation())
    warn("the C source classifies one view of an image; the model averages several");
  fmt::print("{0:<20}{1}.h, {1}.c\n", "source", options.out);
  fmt::print("{:<20}{} bytes of constants, {} bytes of arena\n", "memory",
             grouped(made.constant_bytes), grouped(made.arena_bytes));
  fmt::print("{:<20}{} multiply-adds per image\n", "cost", grouped(made.multiply_adds));
  if (options.int8) print_accuracy(model, calibration, options.data);
}

void export_model(const ExportOptions& options) {
  const Model model = open_model(options.model);
  options.format == "c" ? export_to_c(model, options) : export_to_onnx(model, options);
}

}  // namespace

void add_export_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("export", "Write a model for other programs: ONNX or C source");
  const auto options = std::make_shared<ExportOptions>();
  add_model_argument(*command, options->model);
  command->add_option("--to", options->format, "The format to write")
      ->type_name("{onnx,c}")
      ->required()
      ->check(CLI::IsMember({"onnx", "c"}));
  command
      ->add_option("--out", options->out,
                   "The file to write; for C, NAME: writes NAME.h and NAME.c")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  command->add_flag("--float-input", options->float_input,
                    "ONNX: take pixels as float32, 0 to 255, instead of uint8");
  command->add_flag("--no-score", options->no_score,
                    "ONNX: leave out the in-distribution score, which OpenCV 4.6 cannot compute");
  command->add_flag("--int8", options->int8,
                    "C: compute with 8-bit integers, and print what that costs in accuracy");
  command
      ->add_option("--data", options->data,
                   "C, --int8: the data set whose training images determine the ranges [mnist]")
      ->type_name(kDataType);
  command->footer(
      "The ONNX file (opset 17) computes all that the model does: scaling of pixels, all "
      "networks,\n"
      "test-time augmentation, temperatures. The C source classifies one view by one network; it\n"
      "needs no library, and no memory except what its caller passes. docs/export.md shows how to\n"
      "run both. Examples:\n"
      "  digitry export cnn-best --to onnx --out digits.onnx\n"
      "  digitry export runs/mlp-001 --to c --out mlp\n"
      "  digitry export tiny --to c --int8 --out digits");
  command->callback([options] { export_model(*options); });
}

}  // namespace digitry::app
