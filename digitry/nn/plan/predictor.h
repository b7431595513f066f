#pragma once

#include <cstdint>

#include "digitry/nn/network.h"
#include "digitry/nn/parameter.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// How pixels become network input: input = pixel · scale + offset, with pixels in 0..255.
struct Preprocessing {
  float pixel_scale = 1.0F / 255.0F;
  float pixel_offset = 0.0F;
  bool operator==(const Preprocessing&) const = default;
};

/// Runs a network over images.
class Predictor {
 public:
  /// Takes a copy of the parameters. At most `batch_size` images are computed at a time, fewer
  /// where the layers' values would take much memory, and never less than one. Throws what Plan's
  /// constructor throws.
  Predictor(const Network& network, Preprocessing preprocessing, std::int64_t batch_size = 500,
            Precision precision = Precision::kFloat32);
  /// It stays where it is: the plan knows the parameters by their address.
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  /// Follows the network's parameters after they changed.
  void update(const Network& network) { arena_.load(network.parameters()); }

  /// Logits, float32 [N, num_classes], of images uint8 or float32 [N, C, H, W]; pixels are 0 to 255
  /// in either.
  /// Throws Error{kShapeMismatch} where the images are not of the network's input shape.
  Tensor logits(const Tensor& images);

  /// The same of the images with these indices, in this order.
  Tensor logits(const Tensor& images, std::span<const std::int32_t> image_indices);

 private:
  Shape input_shape_;
  std::int64_t num_classes_;
  Preprocessing preprocessing_;
  ParameterArena arena_{/*with_gradients=*/false};
  Plan plan_;
};

/// Writes images[image_indices[i]], uint8 or float32, as network input to row i of `to`.
/// Expects indices in range and `to` as long as that many images.
void gather_batch(const Tensor& images, std::span<const std::int32_t> image_indices,
                  const Preprocessing& preprocessing, std::span<float> to);

}  // namespace digitry
