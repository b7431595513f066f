// The digits of a meter: crops of 20×32 pixels, whose file names begin with what they show
// (5_0001.jpg, N_0002.jpg for "not readable"), become a model and C source with 8-bit integers for
// the device that reads the meter.
//
//   meter FOLDER [NAME [EPOCHS]]
//   meter crops meter 40

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "digitry/digitry.h"
#include "digitry/interchange/c_export.h"
#include "digitry/interchange/quantized.h"
#include "digitry/vision/decode.h"

using namespace digitry;

namespace {

Dataset part(const Dataset& all, const std::vector<std::int32_t>& indices) {
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : indices) labels.push_back(all.labels[static_cast<std::size_t>(i)]);
  return make_dataset(all.images.take(indices), std::move(labels), all.class_names, all.name);
}

double int8_accuracy(const QuantizedNetwork& network, const Dataset& data) {
  const auto pixels = data.images.as<std::uint8_t>();
  const auto size = static_cast<std::size_t>(data.image_shape().num_elements());
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < data.labels.size(); ++i)
    if (classify(network, pixels.subspan(i * size, size)).label == data.labels[i]) ++correct;
  return static_cast<double>(correct) / static_cast<double>(data.num_images());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: meter FOLDER [NAME [EPOCHS]]\n";
    return 2;
  }
  const std::string name = argc > 2 ? argv[2] : "meter";
  // Text that is no number becomes 0, which `fit` refuses by name.
  const std::int64_t epochs = argc > 3 ? std::strtoll(argv[3], nullptr, 10) : 40;

  // 1. The crops: JPEG and other formats by `digitry::vision`, all brought to 20×32 pixels, light
  // digits on dark.
  use_picture_decoder();
  const Dataset all =
      load_dataset(argv[1], Split::kTrain,
                   {.image_size = {.height = 32, .width = 20}, .label_from = LabelFrom::kName});
  for (const std::string& note : all.notes) std::cout << note << '\n';
  // A fifth of each class is for the evaluation alone.
  const ValidationSplit split = stratified_split(all.labels, all.num_classes(), 0.2, /*seed=*/1);
  const Dataset train = part(all, split.train), test = part(all, split.validation);
  std::printf("%lld crops to train on, %lld to test on, %lld classes\n",
              static_cast<long long>(train.num_images()), static_cast<long long>(test.num_images()),
              static_cast<long long>(train.num_classes()));

  // 2. A network of some thousand weights. Digits of a meter roll, so they are moved up and down
  // in training; unreadable crops are rare, so classes are weighted.
  Network network(train.image_shape());
  network.add(Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1, .bias = false})
      .add(BatchNorm{})
      .add(Relu{})
      .add(MaxPool2d{.kernel_size = 2})
      .add(Conv2d{.out_channels = 12, .kernel_size = 3, .bias = false})
      .add(BatchNorm{})
      .add(Relu{})
      .add(MaxPool2d{.kernel_size = 2})
      .add(Conv2d{.out_channels = 12, .kernel_size = 3, .bias = false})
      .add(BatchNorm{})
      .add(Relu{})
      .add(Flatten{})
      .add(Dense{.out_features = train.num_classes()});
  Recipe recipe{.name = "meter",
                .epochs = epochs,
                .batch_size = 32,
                .validation = 0.1,
                .class_weights = "balanced",
                .optimizer = Adam{.learning_rate = 5e-3},
                .schedule = OneCycle{},
                .augmentation = AugmentOptions{.rotation = 3, .translation = 2, .zoom = 0.05}};
  const Model model = fit(network, train, recipe);
  const Evaluation evaluation = evaluate(model, test);
  std::cout << summary_text(evaluation) << class_table_text(evaluation);
  save_model(model, name + ".safetensors");

  // 3. C source for the device. The ranges of its integers are those of the training crops.
  const CSource source = export_c(model, name, {.int8 = true, .calibration_images = &train.images});
  std::printf(
      "%s.c: %lld bytes of constants, %lld bytes of memory; accuracy %.2f %%, as float %.2f %%\n",
      name.c_str(), static_cast<long long>(source.constant_bytes),
      static_cast<long long>(source.arena_bytes),
      100 * int8_accuracy(quantize(model, train.images), test), 100 * evaluation.accuracy);

  // 4. The crops that the model is least sure of: what a person should look at first.
  const std::vector<Prediction> predictions = Classifier(model).classify(all.images);
  std::vector<std::size_t> order(predictions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return predictions[i].probability; });
  std::cout << "least sure of:\n";
  for (std::size_t k = 0; k < std::min<std::size_t>(10, order.size()); ++k)
    std::printf("%s  %s  %.1f %%\n", all.sources[order[k]].c_str(),
                model.class_names[static_cast<std::size_t>(predictions[order[k]].label)].c_str(),
                100 * predictions[order[k]].probability);
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
