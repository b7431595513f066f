#include "apps/digitry/commands/serve_nearest.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/explain_evaluation.h"

namespace digitry::app {
namespace {

using serving::NearImage;
using serving::NearImages;
using serving::ServedModel;

// Limit of the memory of an index. If the training images need more, only every n-th is indexed.
constexpr double kMaxIndexBytes = 128.0 * 1024 * 1024;
// Limit in multiply-adds, so that an index takes seconds on one processor...
constexpr double kIndexWork = 1e11;
// ...but at least this many images are indexed, however large the network is.
constexpr double kMinIndexed = 5000;
constexpr int kLowestPriority = 19;

std::vector<std::int32_t> images_to_index(const Model& model, const TrainingImages& trained) {
  const FeatureExtractor hidden(described_by(model), model.preprocessing);
  const double fitting = kMaxIndexBytes / (4.0 * static_cast<double>(hidden.num_features()));
  const double quick =
      kIndexWork / static_cast<double>(std::max<std::int64_t>(hidden.multiply_adds(), 1));
  const double most = std::min(fitting, std::max(quick, kMinIndexed));
  const auto step = static_cast<std::size_t>(
      std::max(1.0, std::ceil(static_cast<double>(trained.indices.size()) / most)));
  std::vector<std::int32_t> chosen;
  for (std::size_t i = 0; i < trained.indices.size(); i += step)
    chosen.push_back(trained.indices[i]);
  return chosen;
}

NearImage near_image(const Neighbour& neighbour, const Dataset& data) {
  const std::int64_t size = data.image_shape().num_elements();
  const auto pixels = data.images.as<std::uint8_t>().subspan(
      static_cast<std::size_t>(neighbour.image_index * size), static_cast<std::size_t>(size));
  return {.label = data.class_names[static_cast<std::size_t>(neighbour.label)],
          .pixels = {pixels.begin(), pixels.end()},
          .distance = neighbour.distance};
}

}  // namespace

class ServedTrainingImages::Index {
 public:
  explicit Index(const std::shared_ptr<const ServedModel>& model)
      : model_(model),
        thread_([this, model](const std::stop_token& stop) { build(*model, stop); }) {}

  bool is_used() const { return !model_.expired(); }

  NearImages find(const ServedModel& model, const Tensor& image, std::size_t count) const {
    if (!built_)
      return {.images = {}, .absence = "the training images are being indexed", .pending = true};
    if (!index_) return {.images = {}, .absence = absence_, .pending = false};
    const Tensor features = model.classifier().features(image);
    NearImages nearest;
    for (const Neighbour& neighbour : index_->nearest(features.as<float>(), count))
      nearest.images.push_back(near_image(neighbour, index_->data()));
    return nearest;
  }

 private:
  void build(const ServedModel& served, const std::stop_token& stop) {
    // Both affect only this thread (on Linux): answering requests has priority.
    set_num_threads(1);
    ::setpriority(PRIO_PROCESS, 0, kLowestPriority);
    try {
      const Model& model = served.model();
      TrainingImages trained = find_training_images(model);
      absence_ = trained.absence;
      if (trained.data)
        index_.emplace(served.classifier(), trained.data, images_to_index(model, trained),
                       [&] { return stop.stop_requested(); });
    } catch (const std::exception& error) {
      absence_ = error.what();
    }
    built_ = true;
  }

  std::weak_ptr<const ServedModel> model_;
  std::optional<ImageIndex> index_;  // Not to be read, like absence_, before built_.
  std::string absence_;
  std::atomic<bool> built_ = false;
  std::jthread thread_;  // The last member: it has to end first.
};

ServedTrainingImages::ServedTrainingImages() = default;
ServedTrainingImages::~ServedTrainingImages() = default;

NearImages ServedTrainingImages::find(const std::shared_ptr<const ServedModel>& model,
                                      const Tensor& image, std::size_t count) {
  return index_of(model)->find(*model, image, count);
}

std::shared_ptr<ServedTrainingImages::Index> ServedTrainingImages::index_of(
    const std::shared_ptr<const ServedModel>& model) {
  const std::lock_guard lock(mutex_);
  // Drops the indices of models that were reloaded.
  std::erase_if(indices_, [](const auto& entry) { return !entry.second->is_used(); });
  std::shared_ptr<Index>& index = indices_[model.get()];
  if (!index) index = std::make_shared<Index>(model);
  return index;
}

}  // namespace digitry::app
