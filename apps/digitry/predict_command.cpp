#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/digitry/command.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/model_io/model.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kImagesAtOnce = 500;

struct PredictOptions {
  std::string model;
  std::vector<std::string> inputs;
  bool json = false;
  bool csv = false;
  bool probability = false;
  int threads = 0;
};

struct Prediction {
  std::size_t label;
  std::span<const float> probabilities;
  float probability() const { return probabilities[label]; }
};

// A field of CSV: quoted where it has to be (RFC 4180).
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

class Writer {
 public:
  Writer(const PredictOptions& options, const std::vector<std::string>& class_names)
      : options_(options), class_names_(class_names) {
    if (options.csv) fmt::print("ImageId,Label{}\n", options.probability ? ",Probability" : "");
    if (options.json) fmt::print("[");
  }

  // `source` is the file; `image_index` counts within it, from 0.
  void write(const std::string& source, std::int64_t image_index, const Prediction& prediction) {
    ++written_;
    const std::string& name = class_names_[prediction.label];
    if (options_.csv) {
      fmt::print("{},{}", written_, csv_field(name));
      if (options_.probability) fmt::print(",{:.6f}", prediction.probability());
      fmt::print("\n");
    } else if (options_.json) {
      write_json(source, image_index, name, prediction);
    } else {
      fmt::print("{}[{}]  {}  {:.2f} %\n", source, image_index, name,
                 100 * static_cast<double>(prediction.probability()));
    }
  }

  void finish() const {
    if (options_.json) fmt::print("\n]\n");
  }

 private:
  void write_json(const std::string& source, std::int64_t image_index, const std::string& name,
                  const Prediction& prediction) const {
    nlohmann::ordered_json probabilities = nlohmann::ordered_json::object();
    for (std::size_t c = 0; c < class_names_.size(); ++c)
      probabilities[class_names_[c]] = prediction.probabilities[c];
    const nlohmann::ordered_json entry{{"image_id", written_},
                                       {"source", source},
                                       {"image_index", image_index},
                                       {"label", name},
                                       {"probability", prediction.probability()},
                                       {"probabilities", probabilities}};
    fmt::print("{}\n {}", written_ == 1 ? "" : ",",
               entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }

  const PredictOptions& options_;
  const std::vector<std::string>& class_names_;
  std::int64_t written_ = 0;
};

void predict_source(const Model& model, const std::string& input, Writer& writer) {
  const Dataset data = load_inputs(input);
  Predictor predictor(model.network, model.preprocessing,
                      std::clamp<std::int64_t>(data.num_images(), 1, kImagesAtOnce));
  Tensor probabilities = predictor.logits(data.images);
  softmax_rows(probabilities);
  const auto classes = static_cast<std::size_t>(probabilities.shape()[1]);
  for (std::int64_t i = 0; i < data.num_images(); ++i) {
    const auto row = std::span<const float>(probabilities.as<float>())
                         .subspan(static_cast<std::size_t>(i) * classes, classes);
    const auto label = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
    writer.write(data.sources.empty() ? input : data.sources[static_cast<std::size_t>(i)], i,
                 {label, row});
  }
}

void predict(const PredictOptions& options) {
  set_num_threads(options.threads);
  const Model model = load_model(model_path(options.model));
  Writer writer(options, model.class_names);
  for (const std::string& input : options.inputs) {
    try {
      predict_source(model, input, writer);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kShapeMismatch) throw;
      throw Error(ErrorCode::kBadData, "{}: {}", input, error.what());
    }
  }
  writer.finish();
}

}  // namespace

void add_predict_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "Say what images show");
  const auto options = std::make_shared<PredictOptions>();
  add_model_argument(*command, options->model);
  command
      ->add_option(
          "input", options->inputs,
          "IDX, CSV or PNG files (raw or .gz), folders of PNG files, or - for standard input")
      ->type_name("FILE")
      ->required();
  CLI::Option* json = command->add_flag("--json", options->json,
                                        "Print JSON: label and probability of every class");
  command->add_flag("--csv", options->csv, "Print ImageId,Label, images counted from 1")
      ->excludes(json);
  command->add_flag("--probability", options->probability,
                    "With --csv: a third column, the probability of the label");
  add_threads_option(*command, options->threads);
  command->footer(
      "Labels are the model's class names. Examples:\n"
      "  digitry predict runs/mlp-001 t10k-images-idx3-ubyte\n"
      "  digitry predict runs/mlp-001 test.csv --csv > submission.csv\n"
      "  digitry predict runs/mlp-001 - --json < images.idx.gz");
  command->callback([options] { predict(*options); });
}

}  // namespace digitry::app
