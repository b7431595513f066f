#include <fmt/format.h>

#include <memory>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/options.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

struct ExportOptions {
  std::string model;
  std::string format;
  std::string out;
  OnnxExportOptions onnx;
  bool no_score = false;
};

void check_new(const std::string& path) {
  if (path_exists(path))
    throw Error(ErrorCode::kInvalidArgument,
                "{} already exists and is never overwritten; choose another --out", path);
}

void export_to_onnx(const Model& model, const ExportOptions& options) {
  check_new(options.out);
  OnnxExportOptions onnx = options.onnx;
  onnx.in_distribution_score = !options.no_score;
  const std::string bytes = model_to_onnx(model, onnx);
  write_file_atomically(options.out, bytes);
  fmt::print("{:<20}{}, {} bytes\n", "model", options.out, grouped(std::ssize(bytes)));
  fmt::print("{:<20}pixels, {} [N,{}, 0 to 255\n", "input",
             options.onnx.float_input ? "float32" : "uint8",
             model.input_shape().to_string().substr(1));
  fmt::print("{:<20}logits, probabilities [N,{}]\n", "outputs", model.class_names.size());
}

void export_model(const ExportOptions& options) {
  const Model model = open_model(options.model);
  export_to_onnx(model, options);
}

}  // namespace

void add_export_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("export", "Write a model for other programs: ONNX");
  const auto options = std::make_shared<ExportOptions>();
  add_model_argument(*command, options->model);
  command->add_option("--to", options->format, "The format to write")
      ->type_name("{onnx}")
      ->required()
      ->check(CLI::IsMember({"onnx"}));
  command->add_option("--out", options->out, "The file to write")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  command->add_flag("--float-input", options->onnx.float_input,
                    "ONNX: take pixels as float32, 0 to 255, instead of uint8");
  command->add_flag("--no-score", options->no_score,
                    "ONNX: leave out the in-distribution score, which OpenCV 4.6 cannot compute");
  command->footer(
      "The ONNX file (opset 17) holds all that the model does: scaling of pixels, all networks,\n"
      "test-time augmentation, temperatures. docs/export.md shows how to run it. Examples:\n"
      "  digitry export cnn-best --to onnx --out digits.onnx\n"
      "  digitry export runs/mlp-001 --to onnx --float-input --out mlp.onnx");
  command->callback([options] { export_model(*options); });
}

}  // namespace digitry::app
