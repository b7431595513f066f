#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/serving/http/http.h"
#include "digitry/tensor/tensor.h"

// Requests and responses of the Open Inference Protocol, version 2, over HTTP, with the binary
// tensor extension.
// Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md; the
// extension: Triton Inference Server, docs/protocol/extension_binary_data.md.

namespace digitry::serving {

/// The only input: images, UINT8 or FP32, [N, C, H, W] or [N, C·H·W], pixels in [0, 255].
inline constexpr std::string_view kInputName = "pixels";

enum class OutputKind {
  kLogits,         ///< "logits", FP32 [N, classes].
  kProbabilities,  ///< "probabilities", FP32 [N, classes], calibrated.
  kClass,          ///< "class", BYTES [N]: name of the most likely class.
};

struct RequestedOutput {
  OutputKind kind = OutputKind::kLogits;
  bool binary = false;
};

struct InferenceRequest {
  std::optional<std::string> id;
  Tensor images;  ///< uint8 or float32 [N, C, H, W].
  std::vector<RequestedOutput> outputs;
};

/// Parses the body of a request for a model whose images have `input_shape` [C, H, W]. The first
/// `json_size` bytes are JSON; binary tensors follow.
/// Throws Error{kBadData} if the body violates the protocol or does not fit the model.
InferenceRequest parse_inference_request(std::string_view body, std::size_t json_size,
                                         const Shape& input_shape);

/// The response with the requested outputs. `logits` are float32 [N, classes], one row per image.
/// Throws Error{kBadData} if a logit is not finite.
Response inference_response(const std::string& model_name, const Model& model,
                            const InferenceRequest& request, const Tensor& logits);

}  // namespace digitry::serving
