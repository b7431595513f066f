#include "digitry/model_io/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "digitry/base/error.h"

namespace digitry {
namespace {

// Views are computed for so many images at a time, so that they take little memory.
constexpr std::int64_t kImagesAtOnce = 4096;
// Many networks, planned for a batch each, share what memory one would take, down to this batch.
constexpr std::int64_t kLeastBatch = 32;

// In double: no logit of the sum is lost to the underflow of a float.
void add_softmax(std::span<const float> logits, double temperature, std::span<double> sums) {
  const float largest = *std::ranges::max_element(logits);
  const auto weight = [&](float logit) {
    return std::exp(static_cast<double>(logit - largest) / temperature);
  };
  double total = 0;
  for (const float logit : logits) total += weight(logit);
  for (std::size_t c = 0; c < logits.size(); ++c) sums[c] += weight(logits[c]) / total;
}

// Of a probability; the logarithm of none at all would not be finite.
float logit_of(double probability) {
  return static_cast<float>(std::log(std::max(probability, 1e-300)));
}

std::int64_t batch_of(std::int64_t batch_size, std::size_t num_members) {
  const auto members = static_cast<std::int64_t>(num_members);
  return std::min(batch_size, std::max(kLeastBatch, batch_size / members));
}

}  // namespace

Classifier::Classifier(const Model& model, std::int64_t batch_size, Precision precision)
    : input_shape_(model.input_shape()),
      num_classes_(model.members.front().network.num_classes()),
      views_(model.views) {
  for (const Member& member : model.members) {
    predictors_.emplace_back(member.network, model.preprocessing,
                             batch_of(batch_size, model.members.size()), precision);
    temperatures_.push_back(member.temperature);
  }
}

Tensor Classifier::logits(const Tensor& images) {
  if (images.shape().rank() == 0) throw Error(ErrorCode::kShapeMismatch, "want images, got none");
  std::vector<std::int32_t> all(static_cast<std::size_t>(images.shape()[0]));
  std::iota(all.begin(), all.end(), 0);
  return logits(images, all);
}

Tensor Classifier::logits(const Tensor& images, std::span<const std::int32_t> image_indices) {
  const std::int64_t num_answers = std::ssize(predictors_) * num_views(views_);
  if (num_answers == 1) return predictors_.front().logits(images, image_indices);
  check_shape(images);
  Tensor all({std::ssize(image_indices), num_classes_}, DType::kF32);
  auto to = all.as<float>().begin();
  while (!image_indices.empty()) {
    const auto count = std::min(image_indices.size(), static_cast<std::size_t>(kImagesAtOnce));
    std::vector<double> sums(count * static_cast<std::size_t>(num_classes_));
    add_probabilities(images.take(image_indices.first(count)), sums);
    to = std::ranges::transform(sums, to, [&](double sum) {
           return logit_of(sum / static_cast<double>(num_answers));
         }).out;
    image_indices = image_indices.subspan(count);
  }
  return all;
}

void Classifier::check_shape(const Tensor& images) const {
  if (images.shape().without_batch() != input_shape_)
    throw Error(ErrorCode::kShapeMismatch, "the model wants images of {}, got {}",
                input_shape_.to_string(), images.shape().without_batch().to_string());
}

// Adds each network's and each view's probabilities of `images` to `sums`, [N, num_classes].
void Classifier::add_probabilities(const Tensor& images, std::vector<double>& sums) {
  const auto classes = static_cast<std::size_t>(num_classes_);
  for (std::int64_t view = 0; view < num_views(views_); ++view) {
    // View 0 is the images as they are.
    const Tensor changed = view == 0 ? Tensor() : view_of(images, views_, view);
    for (std::size_t member = 0; member < predictors_.size(); ++member) {
      const Tensor logits = predictors_[member].logits(view == 0 ? images : changed);
      for (std::size_t at = 0; at < sums.size(); at += classes)
        add_softmax(logits.as<float>().subspan(at, classes),
                    static_cast<double>(temperatures_[member]),
                    std::span(sums).subspan(at, classes));
    }
  }
}

}  // namespace digitry
