#include "digitry/nn/parameter.h"

#include <algorithm>

#include "digitry/base/error.h"
#include "digitry/nn/plan/parameter_slots.h"

namespace digitry {

std::vector<Parameter> copy_of(std::span<const Parameter> parameters) {
  std::vector<Parameter> copies;
  for (const Parameter& parameter : parameters)
    copies.push_back({parameter.name, parameter.value.clone()});
  return copies;
}

namespace {

constexpr std::size_t kFloatsPerCacheLine = 16;

std::size_t in_cache_lines(std::size_t floats) {
  return (floats + kFloatsPerCacheLine - 1) / kFloatsPerCacheLine * kFloatsPerCacheLine;
}

dnnl::memory memory_at(const dnnl::memory::desc& layout, const float* data) {
  // oneDNN has no type for read-only memory.
  return {layout, onednn::cpu_engine(), const_cast<float*>(data)};
}

}  // namespace

BoundParameter ParameterArena::Slots::bind(const std::string& name, const Shape& shape,
                                           const onednn::Layout& preferred) {
  const auto found = std::ranges::find(slots_, name, &Slot::name);
  if (found != slots_.end()) {
    if (found->shape != shape)
      throw Error(ErrorCode::kShapeMismatch,
                  "parameter '{}': expected {} as in the arena's first plan, got {}", name,
                  found->shape.to_string(), shape.to_string());
    return found->bound;
  }
  if (!values_.empty())
    throw Error(ErrorCode::kShapeMismatch, "parameter '{}' is not part of this network", name);

  Slot slot{.name = name, .shape = shape, .layout = preferred, .offset = 0, .bound = {}};
  // Handles stay empty until `allocate`, which knows the total size.
  slot.bound.value = dnnl::memory(preferred, onednn::cpu_engine(), DNNL_MEMORY_NONE);
  if (with_gradients_)
    slot.bound.gradient = dnnl::memory(preferred, onednn::cpu_engine(), DNNL_MEMORY_NONE);
  slots_.push_back(slot);
  return slot.bound;
}

void ParameterArena::Slots::allocate() {
  if (!values_.empty()) return;
  std::size_t size = 0;
  const auto place = [&](bool weights) {
    for (Slot& slot : slots_) {
      if ((slot.shape.rank() >= 2) != weights) continue;
      slot.offset = size;
      size += in_cache_lines(slot.layout.get_size() / sizeof(float));
    }
  };
  place(/*weights=*/true);
  num_weight_values_ = size;
  place(/*weights=*/false);
  values_ = Tensor({static_cast<std::int64_t>(size)}, DType::kF32);
  if (with_gradients_) gradients_ = Tensor({static_cast<std::int64_t>(size)}, DType::kF32);
  for (const Slot& slot : slots_) {
    slot.bound.value.set_data_handle(values().data() + slot.offset);
    if (with_gradients_) slot.bound.gradient.set_data_handle(gradients().data() + slot.offset);
  }
}

const ParameterArena::Slots::Slot& ParameterArena::Slots::find(const std::string& name) const {
  const auto found = std::ranges::find(slots_, name, &Slot::name);
  if (found == slots_.end())
    throw Error(ErrorCode::kShapeMismatch, "parameter '{}' is not part of this network", name);
  return *found;
}

ParameterArena::ParameterArena(bool with_gradients)
    : slots_(std::make_unique<Slots>(with_gradients)) {}
ParameterArena::~ParameterArena() = default;

std::span<float> ParameterArena::values() { return slots_->values(); }
std::span<float> ParameterArena::gradients() { return slots_->gradients(); }
std::size_t ParameterArena::num_weight_values() const { return slots_->num_weight_values(); }

void ParameterArena::load(std::span<const Parameter> from, std::span<float> arena_values) const {
  if (from.size() != slots_->all().size())
    throw Error(ErrorCode::kShapeMismatch, "expected {} parameters, got {}", slots_->all().size(),
                from.size());
  for (const Parameter& parameter : from) {
    const Slots::Slot& slot = slots_->find(parameter.name);
    if (parameter.value.shape() != slot.shape)
      throw Error(ErrorCode::kShapeMismatch, "parameter '{}': expected {}, got {}", slot.name,
                  slot.shape.to_string(), parameter.value.shape().to_string());
    onednn::reorder(memory_at(onednn::plain_layout(onednn::extents_of(slot.layout)),
                              parameter.value.as<float>().data()),
                    memory_at(slot.layout, arena_values.data() + slot.offset));
  }
}

std::span<float> ParameterArena::part(std::span<float> arena_values,
                                      const std::string& name) const {
  const Slots::Slot& slot = slots_->find(name);
  return arena_values.subspan(slot.offset, slot.layout.get_size() / sizeof(float));
}

std::vector<Parameter> ParameterArena::store(std::span<const float> arena_values) const {
  std::vector<Parameter> stored;
  stored.reserve(slots_->all().size());
  for (const Slots::Slot& slot : slots_->all()) {
    Tensor plain(slot.shape, DType::kF32);
    onednn::reorder(
        memory_at(slot.layout, arena_values.data() + slot.offset),
        memory_at(onednn::plain_layout(onednn::extents_of(slot.layout)), plain.as<float>().data()));
    stored.push_back({slot.name, std::move(plain)});
  }
  return stored;
}

}  // namespace digitry
