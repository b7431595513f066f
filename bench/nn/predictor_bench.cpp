#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/ceiling.h"
#include "digitry/base/parallel.h"
#include "digitry/model_io/classifier.h"
#include "digitry/nn/plan/session.h"
#include "digitry/training/recipe.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

// Logits of 10,000 images of 28×28, as `digitry evaluate` asks for them, by a shipped recipe's
// network.
void Predict10000(benchmark::State& state, const std::string& recipe) {
  constexpr std::int64_t kImages = 10000;
  Network network({1, 28, 28}, 10, find_recipe(recipe).layers);
  network.initialize(1);
  Tensor images({kImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(kImages * 784, 1), images.as<std::uint8_t>().begin());
  double flops = 0;
  for (const LayerSummary& layer : network.summary())
    flops += 2.0 * static_cast<double>(layer.multiply_adds * kImages);
  Model model{.members = one_member(std::move(network))};
  for (int digit = 0; digit < 10; ++digit) model.class_names.push_back(std::to_string(digit));
  const Classifier classifier(std::move(model));
  for (auto _ : state) benchmark::DoNotOptimize(classifier.logits(images).data());
  report_flops(state, flops);
  state.SetItemsProcessed(state.iterations() * kImages);
}
BENCHMARK_CAPTURE(Predict10000, notebook, std::string("notebook"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Predict10000, mlp, std::string("mlp"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Predict10000, cnn_mnist_convnet, std::string("cnn-mnist-convnet"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// An image like MNIST's: four pixels in five are zero, among them the border. A ring, which moves.
Tensor rings(std::int64_t count) {
  Tensor images({count, 1, 28, 28}, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  for (std::int64_t i = 0; i < std::ssize(pixels); ++i) {
    const std::int64_t image = i / 784;
    const std::int64_t x = i % 28 - 12 - image % 4;
    const std::int64_t y = i / 28 % 28 - 12 - image / 4 % 4;
    const std::int64_t distance = std::abs(x * x + y * y - 49);
    pixels[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(distance < 24 ? 255 - 8 * distance : 0);
  }
  return images;
}

// The networks of bench/peers: one image on one thread, as `predict` and the server ask for it.
void OneImage(benchmark::State& state, const std::vector<Attributes>& layers) {
  const ScopedNumThreads one_thread(1);
  Network network({1, 28, 28}, 10, layers);
  network.initialize(1);
  const Tensor images = rings(16);
  Predictor predictor(network, {}, /*batch_size=*/1);
  std::int32_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(predictor.logits(images, {&index, 1}).data());
    index = (index + 1) % 16;
  }
}

std::vector<Attributes> pytorch_cnn() {
  return {test::conv2d({.out_channels = 32}),
          test::relu(),
          test::conv2d({.out_channels = 64}),
          test::relu(),
          test::max_pool2d(),
          test::flatten(),
          test::dense(128),
          test::relu(),
          test::dense(10)};
}
BENCHMARK_CAPTURE(OneImage, mlp_128, find_recipe("notebook").layers)->UseRealTime();
BENCHMARK_CAPTURE(OneImage, mlp_512, find_recipe("mlp").layers)->UseRealTime();
BENCHMARK_CAPTURE(OneImage, mnist_convnet, find_recipe("cnn-mnist-convnet").layers)->UseRealTime();
BENCHMARK_CAPTURE(OneImage, pytorch_cnn, pytorch_cnn())->UseRealTime();

}  // namespace
}  // namespace digitry::bench
