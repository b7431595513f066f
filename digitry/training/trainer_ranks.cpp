#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
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

void Trainer::average_running_statistics() {
  const std::vector<std::string> names = network_.running_statistics();
  if (ranks_.size() == 1 || names.empty()) return;
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

std::vector<float> Trainer::validation_losses(std::int64_t& correct) {
  const Share share = share_of(ranks_, std::ssize(split_.validation));
  const auto indices =
      std::span(split_.validation)
          .subspan(static_cast<std::size_t>(share.first), static_cast<std::size_t>(share.count));
  const Tensor logits = predictor_->logits(examples().images, indices);
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : indices)
    labels.push_back(examples().labels[static_cast<std::size_t>(i)]);
  std::vector<float> own(labels.size());
  std::array<double, 1> sum{static_cast<double>(kernels::softmax_cross_entropy(
      logits.as<float>(), labels, network_.num_classes(), 1, own, {}))};
  ranks_.start_sum(sum);
  ranks_.finish_sums();
  correct = static_cast<std::int64_t>(sum[0]);
  std::vector<float> losses;
  for (const std::string& bytes : ranks_.gather(bytes_of(own))) {
    const std::size_t before = losses.size();
    losses.resize(before + bytes.size() / sizeof(float));
    if (!bytes.empty()) std::memcpy(losses.data() + before, bytes.data(), bytes.size());
  }
  return losses;
}

}  // namespace digitry
