// Images through the public API, against a plan for one image: what picking a batch costs.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "digitry/base/parallel.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

// bench/python compares these with the same calls from Python.
void BM_Classify(benchmark::State& state, const std::string& model) {
  const Classifier classifier(shipped_model(model));
  const Tensor images(classifier.model().input_shape().with_batch(state.range(0)), DType::kU8);
  for (auto _ : state) benchmark::DoNotOptimize(classifier.logits(images));
}
BENCHMARK_CAPTURE(BM_Classify, tiny, "tiny")->Arg(1)->Arg(10000)->UseRealTime();
BENCHMARK_CAPTURE(BM_Classify, cnn_best, "cnn-best")->Arg(1)->Arg(8)->Arg(32)->UseRealTime();

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
