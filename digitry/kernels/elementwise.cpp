#include "digitry/kernels/elementwise.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

// Elements below which a second thread costs more than it brings.
constexpr std::int64_t kGrain = 8192;
// Blocks of Philox made side by side, one a vector lane; each gives eight 16-bit decisions.
constexpr std::size_t kLanes = 16;
constexpr std::size_t kPerBlock = 8;
constexpr std::size_t kPerGroup = kLanes * kPerBlock;

DIGITRY_VECTORIZE void relu_backward_range(const float* output, float* grad, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) grad[i] = output[i] > 0 ? grad[i] : 0.0F;
}

DIGITRY_VECTORIZE void relu_forward_range(float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : 0.0F;
}

// Philox4x32-10 on kLanes counters that differ in their first word only; the same rounds as
// Philox::block, which is its reference.
DIGITRY_VECTORIZE void philox_group(std::uint32_t first_block, std::uint32_t word1,
                                    std::uint32_t word2, std::uint32_t word3, std::uint32_t key0,
                                    std::uint32_t key1, std::uint32_t* out) {
  std::uint32_t c0[kLanes];
  std::uint32_t c1[kLanes];
  std::uint32_t c2[kLanes];
  std::uint32_t c3[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    c0[lane] = first_block + static_cast<std::uint32_t>(lane);
    c1[lane] = word1;
    c2[lane] = word2;
    c3[lane] = word3;
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::uint64_t product0 = std::uint64_t{0xD2511F53} * c0[lane];
      const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * c2[lane];
      const std::uint32_t next0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1[lane] ^ key0;
      const std::uint32_t next2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3[lane] ^ key1;
      c0[lane] = next0;
      c1[lane] = static_cast<std::uint32_t>(product1);
      c2[lane] = next2;
      c3[lane] = static_cast<std::uint32_t>(product0);
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out[lane] = c0[lane];
    out[kLanes + lane] = c1[lane];
    out[2 * kLanes + lane] = c2[lane];
    out[3 * kLanes + lane] = c3[lane];
  }
}

DIGITRY_VECTORIZE void apply_mask(const std::uint16_t* random, std::uint32_t threshold, float scale,
                                  float* values, std::uint8_t* keep, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const bool kept = random[i] >= threshold;
    keep[i] = kept ? 1 : 0;
    values[i] = kept ? values[i] * scale : 0.0F;
  }
}

DIGITRY_VECTORIZE void dropout_backward_range(const std::uint8_t* keep, float scale, float* grad,
                                              std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) grad[i] = keep[i] != 0 ? grad[i] * scale : 0.0F;
}

DIGITRY_VECTORIZE void scale_range(const std::uint8_t* from, float scale, float offset, float* to,
                                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * scale + offset;
}

}  // namespace

void relu_backward(std::span<const float> output, std::span<float> grad) {
  assert(output.size() == grad.size());
  parallel_for(std::ssize(grad), kGrain, [&](std::int64_t begin, std::int64_t end) {
    relu_backward_range(output.data() + begin, grad.data() + begin, end - begin);
  });
}

void relu_forward(std::span<float> values) {
  parallel_for(std::ssize(values), kGrain, [&](std::int64_t begin, std::int64_t end) {
    relu_forward_range(values.data() + begin, end - begin);
  });
}

void dropout_forward(std::span<float> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream) {
  assert(values.size() == keep.size());
  const auto threshold = static_cast<std::uint32_t>(std::lround(rate * 65536.0F));
  const float scale = 1.0F / (1.0F - rate);
  const RandomStream random(stream.seed, RandomPurpose::kDropout, stream.step, stream.layer);
  const auto words = random.stream_words();
  const auto key = random.key();
  const std::int64_t size = std::ssize(values);
  constexpr auto kGroup = static_cast<std::int64_t>(kPerGroup);
  parallel_for((size + kGroup - 1) / kGroup, kGrain / kGroup,
               [&](std::int64_t first_group, std::int64_t end_group) {
                 alignas(64) std::array<std::uint32_t, 4 * kLanes> group{};
                 alignas(64) std::array<std::uint16_t, kPerGroup> decisions{};
                 for (std::int64_t g = first_group; g < end_group; ++g) {
                   const auto first = static_cast<std::uint64_t>(g) * kLanes;
                   philox_group(static_cast<std::uint32_t>(first),
                                static_cast<std::uint32_t>(first >> 32), words[0], words[1], key[0],
                                key[1], group.data());
                   for (std::size_t i = 0; i < group.size(); ++i) {
                     decisions[2 * i] = static_cast<std::uint16_t>(group[i]);
                     decisions[2 * i + 1] = static_cast<std::uint16_t>(group[i] >> 16);
                   }
                   const std::int64_t begin = g * kGroup;
                   apply_mask(decisions.data(), threshold, scale, values.data() + begin,
                              keep.data() + begin, std::min(kGroup, size - begin));
                 }
               });
}

void dropout_backward(std::span<const std::uint8_t> keep, std::span<float> grad, float rate) {
  assert(keep.size() == grad.size());
  const float scale = 1.0F / (1.0F - rate);
  parallel_for(std::ssize(grad), kGrain, [&](std::int64_t begin, std::int64_t end) {
    dropout_backward_range(keep.data() + begin, scale, grad.data() + begin, end - begin);
  });
}

void scale_pixels(std::span<const std::uint8_t> from, std::span<float> to, float scale,
                  float offset) {
  assert(from.size() == to.size());
  scale_range(from.data(), scale, offset, to.data(), std::ssize(from));
}

}  // namespace digitry::kernels
