#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/base/error.h"
#include "digitry/base/sha256.h"
#include "digitry/base/version.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/training/trainer.h"

// Trainer: what the ranks of one training compare, share out and average, besides the gradients.

namespace digitry {
namespace {

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// The values of all ranks, in their order.
std::vector<float> gather(Communicator& ranks, std::span<const float> own) {
  std::vector<float> all;
  for (const std::string& bytes : ranks.gather(bytes_of(own))) {
    const std::size_t before = all.size();
    all.resize(before + bytes.size() / sizeof(float));
    if (!bytes.empty()) std::memcpy(all.data() + before, bytes.data(), bytes.size());
  }
  return all;
}

constexpr std::string_view kSameMachines =
    "the hosts compute differently: use processors of one kind, or set ONEDNN_MAX_CPU_ISA=AVX2 for "
    "all ranks, and install the same libraries";

}  // namespace

void Trainer::check_same_start() {
  if (ranks_.size() == 1) return;
  check_same(ranks_, ErrorCode::kUnavailable, "version of Digitry", version(),
             "install the same version on every host");
  check_same(ranks_, ErrorCode::kBadData, "recipe", sha256(to_toml(recipe_)),
             "give every rank the same recipe and options");
  check_same(ranks_, ErrorCode::kBadData, "data", data_.sha256,
             "copy the same files to every host");
  // The initial weights in the order of the arena show layouts and arithmetic as well as the seed.
  check_same(ranks_, ErrorCode::kUnavailable, "initial state",
             fmt::format("step {}, {}", step_, sha256(bytes_of(arena_.values()))), kSameMachines);
}

void Trainer::check_same_weights() {
  if (ranks_.size() == 1) return;
  check_same(ranks_, ErrorCode::kUnavailable, fmt::format("weights at step {}", step_),
             sha256(bytes_of(arena_.values())), kSameMachines);
}

bool Trainer::has_synchronized_batch_norm() const {
  return recipe_.batch_norm == "synchronized" && ranks_.size() > 1;
}

void Trainer::average_running_statistics() {
  const std::vector<std::string> names = network_.running_statistics();
  if (ranks_.size() == 1 || names.empty() || has_synchronized_batch_norm()) return;
  std::vector<std::span<float>> parts;
  for (const std::string& name : names) {
    parts.push_back(arena_.part(arena_.values(), name));
    if (!average_.empty()) parts.push_back(arena_.part(average_, name));
  }
  for (const std::span<float> part : parts) ranks_.start_sum(part);
  ranks_.finish_sums();
  for (const std::span<float> part : parts)
    for (float& value : part) value /= static_cast<float>(ranks_.size());
}

std::pair<std::vector<float>, std::vector<float>> Trainer::validation_losses() {
  const Share share = share_of(ranks_, std::ssize(split_.validation));
  const auto indices =
      std::span(split_.validation)
          .subspan(static_cast<std::size_t>(share.first), static_cast<std::size_t>(share.count));
  const Tensor logits = predictor_->logits(examples().images, indices);
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : indices)
    labels.push_back(examples().labels[static_cast<std::size_t>(i)]);
  std::vector<float> losses(labels.size());
  kernels::softmax_cross_entropy(logits.as<float>(), labels, network_.num_classes(), 1, losses, {});
  const auto classes = static_cast<std::size_t>(network_.num_classes());
  std::vector<float> correct;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.as<float>().subspan(i * classes, classes);
    correct.push_back(std::ranges::max_element(row) - row.begin() == labels[i] ? 1.0F : 0.0F);
  }
  return {gather(ranks_, losses), gather(ranks_, correct)};
}

}  // namespace digitry
