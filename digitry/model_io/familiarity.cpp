#include "digitry/model_io/familiarity.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "digitry/base/parallel.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

constexpr std::int64_t kRowsAThread = 64;

void make_rows_unit(Tensor& rows) {
  const auto width = static_cast<std::size_t>(rows.shape()[1]);
  for (auto rest = rows.as<float>(); !rest.empty(); rest = rest.subspan(width))
    make_unit(rest.first(width));
}

// All rows are of length 1.
double nearest_cosine(const float* row, const Tensor& prototypes) {
  const std::int64_t width = prototypes.shape()[1];
  const float* values = prototypes.as<float>().data();
  float most = 0;
  for (std::int64_t i = 0; i < prototypes.shape()[0]; ++i)
    most = std::max(most, dot(row, values + i * width, width));
  return std::min(1.0, static_cast<double>(most));
}

}  // namespace

Familiarity::Known::Known(const Member& member, Preprocessing preprocessing,
                          std::int64_t batch_size)
    : hidden(member.network, preprocessing, batch_size), prototypes(member.prototypes.clone()) {
  make_rows_unit(prototypes);
}

Familiarity::Familiarity(const Model& model, std::int64_t batch_size) {
  if (std::ranges::any_of(model.members, [](const Member& m) { return m.prototypes.empty(); }))
    return;
  for (const Member& member : model.members)
    known_.emplace_back(member, model.preprocessing, batch_size);
}

std::vector<double> Familiarity::scores(const Tensor& images) {
  const auto count = static_cast<std::size_t>(images.shape()[0]);
  if (known_.empty()) return std::vector<double>(count, 1.0);
  std::vector<std::int32_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  std::vector<double> scores(count);
  for (Known& known : known_) {
    Tensor features = known.hidden.features(images, all);
    make_rows_unit(features);
    const std::int64_t width = features.shape()[1];
    const float* rows = std::as_const(features).as<float>().data();
    parallel_for(std::ssize(scores), kRowsAThread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        scores[static_cast<std::size_t>(i)] +=
            nearest_cosine(rows + i * width, known.prototypes) / static_cast<double>(known_.size());
    });
  }
  return scores;
}

}  // namespace digitry
