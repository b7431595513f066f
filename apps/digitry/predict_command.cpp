#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/digitry/command.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/model_io/shipped_models.h"
#include "digitry/report/text.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kImagesAtOnce = 500;

struct PredictOptions {
  std::vector<std::string> model_and_inputs;
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
      fmt::print("{}[{}]  {}  {:.2f} %\n", clean_utf8(source), image_index, clean_utf8(name),
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

// What one input holds, each image with its probabilities.
struct Predicted {
  std::string input;
  std::vector<std::string> sources;  // one an image, or none
  Tensor probabilities;              // [N, classes]
};

Predicted predict_source(const Model& model, const std::string& input) {
  Dataset data = load_inputs(input, Labels::kIgnore);
  if (data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: want images of {} ([channels, height, width]), as the model, found {}", input,
                model.input_shape().to_string(), data.image_shape().to_string());
  Classifier classifier(model, std::clamp<std::int64_t>(data.num_images(), 1, kImagesAtOnce));
  Predicted predicted{input, std::move(data.sources), classifier.logits(data.images)};
  softmax_rows(predicted.probabilities, model.temperature);
  return predicted;
}

void write_predictions(const Predicted& predicted, Writer& writer) {
  const std::int64_t num_images = predicted.probabilities.shape()[0];
  const auto classes = static_cast<std::size_t>(predicted.probabilities.shape()[1]);
  for (std::int64_t i = 0; i < num_images; ++i) {
    const auto image = static_cast<std::size_t>(i);
    const auto row = predicted.probabilities.as<float>().subspan(image * classes, classes);
    const auto label = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
    writer.write(predicted.sources.empty() ? predicted.input : predicted.sources[image], i,
                 {label, row});
  }
}

void predict(const PredictOptions& options) {
  set_num_threads(options.threads);
  std::vector<std::string> inputs = options.model_and_inputs;
  std::string name = kDefaultModel;
  if (is_model(inputs.front())) {
    name = inputs.front();
    inputs.erase(inputs.begin());
  }
  if (inputs.empty())
    throw Error(ErrorCode::kInvalidArgument, "want images for {} to classify", name);
  const Model model = open_model(name);
  // All before a word of it is printed: half a list is neither JSON nor a submission.
  std::vector<Predicted> all;
  for (const std::string& input : inputs) all.push_back(predict_source(model, input));
  Writer writer(options, model.class_names);
  for (const Predicted& predicted : all) write_predictions(predicted, writer);
  writer.finish();
}

}  // namespace

void add_predict_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "Say what images show");
  const auto options = std::make_shared<PredictOptions>();
  command
      ->add_option("input", options->model_and_inputs,
                   fmt::format("A model, unless it is to be {}: one of {}, a file or the folder of "
                               "a run. Then IDX, CSV or PNG files (raw or .gz), folders of PNG "
                               "files, or - for standard input",
                               kDefaultModel, fmt::join(shipped_model_names(), ", ")))
      ->type_name("[MODEL] FILE")
      ->required();
  CLI::Option* json = command->add_flag("--json", options->json,
                                        "Print JSON: label and probability of every class");
  CLI::Option* csv =
      command->add_flag("--csv", options->csv, "Print ImageId,Label, images counted from 1");
  csv->excludes(json);
  command
      ->add_flag("--probability", options->probability,
                 "With --csv: a third column, the probability of the label")
      ->needs(csv);
  add_threads_option(*command, options->threads);
  command->footer(
      "Labels are the model's class names. Examples:\n"
      "  digitry predict seven.png\n"
      "  digitry predict tiny seven.png\n"
      "  digitry predict runs/mlp-001 t10k-images-idx3-ubyte\n"
      "  digitry predict runs/mlp-001 test.csv --csv > submission.csv\n"
      "  digitry predict runs/mlp-001 - --json < images.idx.gz");
  command->callback([options] { predict(*options); });
}

}  // namespace digitry::app
