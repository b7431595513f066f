// Digitry itself, measured like its peers. Variants: none, or `bf16`.

#include <algorithm>
#include <numeric>
#include <string>

#include "bench/peers/adapters/protocol.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/data/dataset.h"
#include "digitry/model_io/classifier.h"
#include "digitry/nn/plan/session.h"
#include "digitry/training/recipe.h"
#include "digitry/training/trainer.h"

namespace {

using namespace digitry;

// To train in and to classify in.
Precision precision(const peers::Attributes& options) {
  return options.variant == "bf16" ? Precision::kBFloat16 : Precision::kFloat32;
}

Recipe peer_recipe(const peers::Attributes& options, int batch_size) {
  const std::string path = options.recipes + "/" + options.case_name + ".toml";
  std::ifstream file(path);
  const std::string toml{std::istreambuf_iterator<char>(file), {}};
  Recipe recipe = parse_recipe(toml, path);
  // Said each time: a recipe's own default is whatever the processor is fastest in.
  recipe.precision = to_string(precision(options));
  recipe.batch_size = batch_size;
  recipe.seed = options.seed;
  return recipe;
}

class DigitryPeer {
 public:
  DigitryPeer(const peers::Attributes& options, int batch_size)
      : train_(load_dataset(options.data, Split::kTrain)),
        test_(load_dataset(options.data, Split::kTest)),
        trainer_(peer_recipe(options, batch_size), train_),
        precision_(precision(options)),
        one_(trainer_.network(), {}, 1, precision(options)) {}

  void train_epoch() {
    const std::size_t done = trainer_.history().epochs.size();
    TrainingObserver observer;
    observer.should_stop = [&] { return trainer_.history().epochs.size() > done; };
    trainer_.run(observer);
    changed_ = true;
  }

  double accuracy() {
    if (changed_) many_ = Classifier(model_of(trainer_.network()), {.precision = precision_});
    changed_ = false;
    const Tensor logits = many_.logits(test_.images);
    const auto rows = logits.as<float>();
    std::int64_t correct = 0;
    for (std::size_t i = 0; i < test_.labels.size(); ++i)
      correct += largest(rows.subspan(i * 10, 10)) == test_.labels[i] ? 1 : 0;
    return static_cast<double>(correct) / static_cast<double>(test_.labels.size());
  }

  int classify_one(int index) {
    const std::int32_t image_index = index;
    return largest(one_.logits(test_.images, {&image_index, 1}).as<float>());
  }

 private:
  static Model model_of(const Network& network) {
    Model model{.members = one_member(network.clone())};
    for (int digit = 0; digit < 10; ++digit) model.class_names.push_back(std::to_string(digit));
    return model;
  }

  static int largest(std::span<const float> logits) {
    return static_cast<int>(std::ranges::max_element(logits) - logits.begin());
  }

  Dataset train_, test_;
  Trainer trainer_;
  Precision precision_;
  Classifier many_ = Classifier(model_of(trainer_.network()), {.precision = precision_});
  Predictor one_;
  bool changed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  return peers::run_main(argc, argv, version(), [](const peers::Attributes& options) {
    set_num_threads(options.threads);
    peers::measure<DigitryPeer>(options);
  });
}
