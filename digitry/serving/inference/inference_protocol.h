#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/serving/http/http.h"
#include "digitry/tensor/tensor.h"

// Requests and answers of inference in the Open Inference Protocol, version 2, over HTTP, with its
// binary tensor extension.
// Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md; the
// extension: Triton Inference Server, docs/protocol/extension_binary_data.md.

namespace digitry::serving {

/// The one input: images, UINT8 or FP32, [N, C, H, W] or [N, C·H·W], pixels from 0 to 255.
inline constexpr std::string_view kInputName = "pixels";

enum class OutputKind {
  kLogits,         ///< "logits", FP32 [N, classes].
  kProbabilities,  ///< "probabilities", FP32 [N, classes]: calibrated.
  kClass,          ///< "class", BYTES [N]: the name of the likeliest class.
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

/// Reads the body of a request for a model of images of `input_shape`. The JSON is its first
/// `json_size` bytes; behind them come the tensors that are sent in binary.
/// Throws Error{kBadData} saying what is wrong with it.
InferenceRequest parse_inference_request(std::string_view body, std::size_t json_size,
                                         const Shape& input_shape);

/// The answer. `logits` are float32 [N, classes] of the request's images.
/// Throws Error{kBadData} where they are not finite.
Response inference_response(const std::string& model_name, const Model& model,
                            const InferenceRequest& request, const Tensor& logits);

}  // namespace digitry::serving
