#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/model_io/classifier.h"
#include "tests/properties/generated.h"
#include "tests/support/models.h"
#include "tests/support/temporary_folder.h"

// Models exported to ONNX, with images and Digitry's answers, for check_onnx.py: into the folder
// $DIGITRY_ONNX_CASES, else into one that is removed.

namespace digitry::test {
namespace {

using nlohmann::json;

std::string_view bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.num_bytes()};
}

class OnnxCases : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* folder = std::getenv("DIGITRY_ONNX_CASES")) folder_ = folder;
  }
  void TearDown() override { write_file_atomically(folder_ / "cases.json", cases_.dump()); }

  // `tolerance` is the largest difference of a probability.
  void write_case(const std::string& name, const Model& model, const Tensor& images,
                  double tolerance, const OnnxExportOptions& options = {}) {
    const std::string base = fmt::format("case-{}", cases_.size());
    export_onnx(model, folder_ / (base + ".onnx"), options);
    const Classifier classifier(model);
    const Tensor logits = classifier.logits(images);
    std::vector<double> probabilities, scores;
    for (const Prediction& prediction : classifier.classify(images)) {
      probabilities.insert(probabilities.end(), prediction.probabilities.begin(),
                           prediction.probabilities.end());
      scores.push_back(prediction.in_distribution_score);
    }
    write_file_atomically(folder_ / (base + ".images"), bytes_of(images));
    write_file_atomically(folder_ / (base + ".logits"), bytes_of(logits));
    bool has_score = options.in_distribution_score;
    for (const Member& member : model.members) has_score = has_score && !member.prototypes.empty();
    cases_.push_back({{"name", name},
                      {"base", base},
                      {"shape", images.shape().extents()},
                      {"dtype", to_string(images.dtype())},
                      {"input", options.float_input ? "float32" : "uint8"},
                      {"has_score", has_score},
                      {"classes", model.class_names},
                      {"tolerance", tolerance},
                      {"probabilities", probabilities},
                      {"scores", scores}});
  }

  TemporaryFolder scratch_;
  std::filesystem::path folder_ = scratch_.path();
  json cases_ = json::array();
};

std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

Model model_of(Draw& draw, const Architecture& drawn, std::int64_t num_members) {
  Model model;
  for (std::int64_t i = 0; i < num_members; ++i)
    model.members.push_back(
        {.network = random_network(
             drawn.image, drawn.num_classes,
             i == 0 ? drawn.layers : generated_layers(draw, drawn.image, drawn.num_classes),
             draw.seed())});
  model.class_names = numbered_names(drawn.num_classes);
  model.temperature = static_cast<float>(draw.number(0.5, 2));
  return model;
}

// As float32 with fractions if `fractions`.
Tensor images_for(const Model& model, bool fractions) {
  Tensor bytes = random_images(model, 11);
  if (!fractions) return bytes;
  Tensor floats(bytes.shape(), DType::kF32);
  const auto from = bytes.as<std::uint8_t>();
  for (std::size_t i = 0; i < from.size(); ++i)
    floats.as<float>()[i] = 0.9F * static_cast<float>(from[i]) + 0.25F;
  return floats;
}

TEST_F(OnnxCases, AreWritten) {
  std::set<std::string> types;
  for (const std::uint64_t seed : seeds(40)) {
    Draw draw(seed);
    const Architecture drawn = generated_architecture(draw);
    for (const Attributes& layer : drawn.layers)
      types.insert(std::get<std::string>(layer.at("type")));
    const Model model = model_of(draw, drawn, 1);
    const bool float_input = seed % 4 == 0;
    write_case(described(seed, to_text(drawn)), model, images_for(model, float_input), 1e-4,
               {.float_input = float_input});
  }
  EXPECT_EQ(types.size(), 16) << "a layer type is in no case";

  for (const std::uint64_t seed : seeds(8)) {
    Draw draw(seed);
    Model model = model_of(draw, generated_architecture(draw), draw.integer(1, 3));
    model.tta = {.translation = draw.number(0, 2),
                 .rotation = draw.number(0, 20),
                 .zoom = draw.number(0, 0.2),
                 .flip = draw.chance(0.5)};
    for (Member& member : model.members) {
      member.temperature = static_cast<float>(draw.number(0.5, 2));
      if (seed % 3 == 0) continue;
      member.prototypes = Tensor({3, num_features(member.network)}, DType::kF32);
      for (float& value : member.prototypes.as<float>())
        value = static_cast<float>(draw.number(-1, 1));
    }
    const bool float_input = seed % 2 == 0;
    // A pixel of a view that lies between two numbers may be rounded either way.
    write_case(fmt::format("ensemble and views, seed {}", seed), model,
               images_for(model, float_input), 2e-3, {.float_input = float_input});
  }

  const Dataset data = load_dataset("mnist", Split::kTest);
  std::vector<std::int32_t> first(300);
  std::iota(first.begin(), first.end(), 0);
  const Tensor images = data.images.take(first);
  for (const std::string& name : shipped_model_names()) {
    write_case(name, shipped_model(name), images, 2e-4);
    write_case(name + " without a score", shipped_model(name), images, 2e-4,
               {.in_distribution_score = false});
  }
}

}  // namespace
}  // namespace digitry::test
