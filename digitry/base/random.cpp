#include "digitry/base/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace digitry {

Philox::Counter Philox::block(Counter counter, Key key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t a,
                           std::uint32_t b)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      counter_{0, 0, a, (static_cast<std::uint32_t>(purpose) << 24) ^ b} {}

std::uint32_t RandomStream::next_u32() {
  if (used_ == 4) {
    block_ = Philox::block(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[used_++];
}

float RandomStream::next_float() { return static_cast<float>(next_u32() >> 8) * 0x1.0p-24F; }

double RandomStream::next_between(double low, double high) {
  return low + (high - low) * static_cast<double>(next_float());
}

float RandomStream::next_normal() {
  const float radius = std::sqrt(-2.0F * std::log(1.0F - next_float()));
  return radius * std::cos(2.0F * std::numbers::pi_v<float> * next_float());
}

std::uint32_t RandomStream::next_below(std::uint32_t bound) {
  std::uint64_t product = std::uint64_t{next_u32()} * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    const std::uint32_t threshold = (0U - bound) % bound;
    while (static_cast<std::uint32_t>(product) < threshold)
      product = std::uint64_t{next_u32()} * bound;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

void shuffle(std::span<std::int32_t> values, RandomStream& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    const std::size_t j = random.next_below(static_cast<std::uint32_t>(i));
    std::swap(values[i - 1], values[j]);
  }
}

}  // namespace digitry
