// One image through the public API, against a plan for one image: what picking a batch costs.

#include <benchmark/benchmark.h>

#include "digitry/base/parallel.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

void BM_ClassifierOneImage(benchmark::State& state) {
  const Classifier classifier(shipped_model("cnn-best"));
  const Tensor image(classifier.model().input_shape().with_batch(1), DType::kU8);
  for (auto _ : state) benchmark::DoNotOptimize(classifier.logits(image));
}
BENCHMARK(BM_ClassifierOneImage)->UseRealTime();

void BM_PredictorOfOneImage(benchmark::State& state) {
  const ScopedNumThreads one_thread(1);
  const Model model = shipped_model("cnn-best");
  Predictor predictor(model.members.front().network, model.preprocessing, /*batch_size=*/1);
  const Tensor image(model.input_shape().with_batch(1), DType::kU8);
  for (auto _ : state) benchmark::DoNotOptimize(predictor.logits(image));
}
BENCHMARK(BM_PredictorOfOneImage)->UseRealTime();

}  // namespace
}  // namespace digitry
