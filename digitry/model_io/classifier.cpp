#include "digitry/model_io/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/kernels/vectors.h"
#include "digitry/model_io/session_pool.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

// The batch size is divided by the number of networks to limit memory, but not below this.
constexpr std::int64_t kLeastBatch = 32;
constexpr double kLeastContrast = 16;  // of 255; images with less are blank

std::int64_t shared_batch(std::int64_t batch_size, std::size_t num_members) {
  if (batch_size < 1 || batch_size > kMaxBatchSize)
    throw Error(ErrorCode::kInvalidArgument, "max_batch_size: expected 1 to {}, got {}",
                kMaxBatchSize, batch_size);
  const auto members = static_cast<std::int64_t>(num_members);
  return std::min(batch_size, std::max(kLeastBatch, batch_size / members));
}

// In double, because a float could underflow.
void add_softmax(std::span<const float> logits, double temperature, std::span<double> sums) {
  const float largest = *std::ranges::max_element(logits);
  const auto weight = [&](float logit) {
    return std::exp(static_cast<double>(logit - largest) / temperature);
  };
  double total = 0;
  for (const float logit : logits) total += weight(logit);
  for (std::size_t c = 0; c < logits.size(); ++c) sums[c] += weight(logits[c]) / total;
}

// The lower bound keeps the logarithm of a probability of 0 finite.
float logit_of(double probability) {
  return static_cast<float>(std::log(std::max(probability, 1e-300)));
}

// Rounds pixels: views are made from uint8 images.
Tensor as_bytes(const Tensor& images) {
  Tensor bytes(images.shape(), DType::kU8);
  std::ranges::transform(images.as<float>(), bytes.as<std::uint8_t>().begin(), [](float value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
  });
  return bytes;
}

void normalize_rows(Tensor& rows) {
  const auto width = static_cast<std::size_t>(rows.shape()[1]);
  for (auto rest = rows.as<float>(); !rest.empty(); rest = rest.subspan(width))
    normalize(rest.first(width));
}

// Expects all rows to have length 1.
double nearest_cosine(const float* row, const Tensor& prototypes) {
  const std::int64_t width = prototypes.shape()[1];
  const float* values = prototypes.as<float>().data();
  float most = 0;
  for (std::int64_t i = 0; i < prototypes.shape()[0]; ++i)
    most = std::max(most, dot(row, values + i * width, width));
  return std::min(1.0, static_cast<double>(most));
}

Model usable(Model&& model) {
  check_usable(model);
  return std::move(model);
}

std::vector<std::int32_t> all_indices(const Tensor& images) {
  if (images.shape().rank() == 0)
    throw Error(ErrorCode::kShapeMismatch, "expected images [N, C, H, W], got an empty tensor");
  std::vector<std::int32_t> all(static_cast<std::size_t>(images.shape()[0]));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

struct Classifier::State {
  State(Model&& whole, const ClassifierOptions& options)
      : model(usable(std::move(whole))),
        max_batch(shared_batch(options.max_batch_size, model.members.size())),
        shares_threads(options.max_batch_size > kMaxSingleThreadBatch),
        precision(options.precision) {
    for (const Member& member : model.members)
      has_prototypes = has_prototypes && !member.prototypes.empty();
    if (!has_prototypes) return;
    for (const Member& member : model.members) {
      unit_prototypes.push_back(member.prototypes.clone());
      normalize_rows(unit_prototypes.back());
    }
  }

  PlannedNetworks networks(Precision computed_in) const {
    return {model, computed_in, max_batch, shares_threads};
  }

  std::int64_t num_classes() const { return model.members.front().network.num_classes(); }

  void check_shape(const Tensor& images) const {
    if (images.shape().without_batch() != model.input_shape())
      throw Error(ErrorCode::kShapeMismatch, "expected images of shape {} for this model, got {}",
                  model.input_shape().to_string(), images.shape().without_batch().to_string());
  }

  void add_probabilities(Session<Predictor>& session, const Tensor& images,
                         std::span<double> sums) const;

  const Model model;
  const std::int64_t max_batch;
  const bool shares_threads;
  const Precision precision;
  bool has_prototypes = true;
  std::vector<Tensor> unit_prototypes;  // One per member, rows of length 1.
  SessionPool<Predictor> predictors;
  SessionPool<FeatureExtractor> feature_extractors;
};

// Adds the probabilities of `images` from each network and each view to `sums`, [N, num_classes].
void Classifier::State::add_probabilities(Session<Predictor>& session, const Tensor& images,
                                          std::span<double> sums) const {
  const auto num_classes = static_cast<std::size_t>(this->num_classes());
  const bool are_bytes = images.dtype() == DType::kU8;
  const Tensor rounded = are_bytes ? Tensor() : as_bytes(images);
  const Tensor& pixels = are_bytes ? images : rounded;
  for (std::int64_t view = 0; view < num_views(model.tta); ++view) {
    // View 0 is the unchanged images.
    const Tensor changed = view == 0 ? Tensor() : view_of(pixels, model.tta, view);
    for (std::size_t member = 0; member < session.networks.size(); ++member) {
      const Tensor logits = session.networks[member].logits(view == 0 ? images : changed);
      for (std::size_t at = 0; at < sums.size(); at += num_classes)
        add_softmax(logits.as<float>().subspan(at, num_classes),
                    static_cast<double>(model.members[member].temperature),
                    sums.subspan(at, num_classes));
    }
  }
}

Classifier::Classifier(const Model& model, const ClassifierOptions& options)
    : Classifier(copy_of(model), options) {}
Classifier::Classifier(Model&& model, const ClassifierOptions& options)
    : state_(std::make_unique<State>(std::move(model), options)) {}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&& other) noexcept = default;
Classifier& Classifier::operator=(Classifier&& other) noexcept = default;

Classifier::State& Classifier::state() const {
  if (!state_) throw Error(ErrorCode::kInvalidArgument, "classifier: used after it was moved from");
  return *state_;
}

const Model& Classifier::model() const { return state().model; }

Tensor Classifier::logits(const Tensor& images) const {
  return logits(images, all_indices(images));
}

Tensor Classifier::logits(const Tensor& images, std::span<const std::int32_t> image_indices) const {
  State& state = this->state();
  state.check_shape(images);
  const auto num_classes = static_cast<std::size_t>(state.num_classes());
  const std::int64_t num_answers = std::ssize(state.model.members) * num_views(state.model.tta);
  Tensor all({std::ssize(image_indices), state.num_classes()}, DType::kF32);
  const std::span<float> rows = all.as<float>();
  state.predictors.run_batches(
      state.networks(state.precision), image_indices,
      [&](auto& session, std::size_t first, std::span<const std::int32_t> indices) {
        const auto to = rows.subspan(first * num_classes).begin();
        if (num_answers == 1) {
          const Tensor logits = session.networks.front().logits(images, indices);
          std::ranges::copy(logits.as<float>(), to);
          return;
        }
        std::vector<double> sums(indices.size() * num_classes);
        state.add_probabilities(session, images.take(indices), sums);
        std::ranges::transform(
            sums, to, [&](double sum) { return logit_of(sum / static_cast<double>(num_answers)); });
      });
  return all;
}

Tensor Classifier::features(const Tensor& images) const {
  return features(images, all_indices(images));
}

Tensor Classifier::features(const Tensor& images,
                            std::span<const std::int32_t> image_indices) const {
  State& state = this->state();
  state.check_shape(images);
  const std::int64_t width = num_features(state.model.members.front().network);
  Tensor all({std::ssize(image_indices), width}, DType::kF32);
  const std::span<float> rows = all.as<float>();
  state.feature_extractors.run_batches(
      state.networks(Precision::kFloat32), image_indices,
      [&](auto& session, std::size_t first, std::span<const std::int32_t> indices) {
        const Tensor features = session.networks.front().features(images, indices);
        std::ranges::copy(features.as<float>(),
                          rows.subspan(first * static_cast<std::size_t>(width)).begin());
      });
  return all;
}

std::vector<Prediction> Classifier::classify(const Tensor& images) const {
  const Tensor all = logits(images);
  const std::vector<double> scores = in_distribution_scores(images);
  const Model& model = state().model;
  const auto num_classes = static_cast<std::size_t>(state().num_classes());
  std::vector<Prediction> predictions(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    Prediction& prediction = predictions[i];
    prediction.probabilities.resize(num_classes);
    add_softmax(all.as<float>().subspan(i * num_classes, num_classes),
                static_cast<double>(model.temperature), prediction.probabilities);
    const auto most_probable = std::ranges::max_element(prediction.probabilities);
    prediction.label = static_cast<std::int32_t>(most_probable - prediction.probabilities.begin());
    prediction.probability = *most_probable;
    prediction.in_distribution_score = scores[i];
    prediction.rejected = model.rejects(scores[i]);
  }
  return predictions;
}

Prediction Classifier::classify_one(const Tensor& image) const {
  const Shape& one = state().model.input_shape();
  if (image.shape() != one && image.shape() != one.with_batch(1))
    throw Error(ErrorCode::kShapeMismatch, "classify_one: expected one image of {}, got {}",
                one.to_string(), image.shape().to_string());
  Tensor batch(one.with_batch(1), image.dtype());
  std::copy_n(image.data(), image.num_bytes(), batch.data());
  return classify(batch).front();
}

namespace {

template <typename Pixel>
void clear_scores_of_blanks(const Pixel* pixels, std::int64_t length, std::vector<double>& scores) {
  for (double& score : scores) {
    const auto [darkest, lightest] = std::minmax_element(pixels, pixels + length);
    if (static_cast<double>(*lightest) - static_cast<double>(*darkest) < kLeastContrast) score = 0;
    pixels += length;
  }
}

// The scores, but 0 for blank images.
std::vector<double> without_blanks(std::vector<double> scores, const Tensor& images) {
  const std::int64_t length = images.shape().without_batch().num_elements();
  if (images.dtype() == DType::kF32)
    clear_scores_of_blanks(images.as<float>().data(), length, scores);
  else
    clear_scores_of_blanks(images.as<std::uint8_t>().data(), length, scores);
  return scores;
}

}  // namespace

std::vector<double> Classifier::in_distribution_scores(const Tensor& images) const {
  State& state = this->state();
  const std::vector<std::int32_t> all = all_indices(images);
  state.check_shape(images);
  std::vector<double> scores(all.size(), state.has_prototypes ? 0.0 : 1.0);
  if (!state.has_prototypes) return without_blanks(std::move(scores), images);
  state.feature_extractors.run_batches(
      state.networks(Precision::kFloat32), all,
      [&](auto& session, std::size_t first, std::span<const std::int32_t> indices) {
        const std::span to = std::span(scores).subspan(first, indices.size());
        for (std::size_t member = 0; member < session.networks.size(); ++member) {
          Tensor features = session.networks[member].features(images, indices);
          normalize_rows(features);
          const std::int64_t width = features.shape()[1];
          const float* rows = std::as_const(features).as<float>().data();
          const Tensor& prototypes = state.unit_prototypes[member];
          const auto weight = 1 / static_cast<double>(session.networks.size());
          for (std::size_t i = 0; i < to.size(); ++i)
            to[i] +=
                weight * nearest_cosine(rows + static_cast<std::int64_t>(i) * width, prototypes);
        }
      });
  return without_blanks(std::move(scores), images);
}

}  // namespace digitry
