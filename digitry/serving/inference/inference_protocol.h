#pragma once

#include <cstddef>
#include <cstdint>
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

/// The only input: images, UINT8 or FP32, [N, C, H, W] or [N, C·H·W], pixels in [0, 255] (or, all
/// of a request, in [0, 1]).
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
  bool rescaled = false;                   ///< Its pixels were 0 to 1, and were multiplied by 255.
  std::int64_t num_inverted = 0;           ///< Images that were dark on light, and were inverted.
  std::vector<std::int64_t> blank_images;  ///< Indices of images whose pixels differ too little.
};

/// Parses the body of a request for a model whose images have `input_shape` [C, H, W]. The first
/// `json_size` bytes are JSON; binary tensors follow.
/// Throws Error{kBadData} if the body violates the protocol or does not fit the model.
InferenceRequest parse_inference_request(std::string_view body, std::size_t json_size,
                                         const Shape& input_shape);

/// Brings the images to light on dark, 0 to 255, as the model expects them: if no pixel of the
/// request is above 1, all are multiplied by 255; an image of one channel that is dark on light
/// (`find_polarity`) becomes 255 - pixel. Finds the blank images. Does nothing if the model was
/// trained on images as they were found (`expects_light_on_dark`).
void normalize_images(InferenceRequest& request, const Model& model);

/// The response with the requested outputs; its parameters list the changes to the images.
/// `logits` are float32 [N, classes], one row per image. Throws Error{kBadData} if a logit is not
/// finite.
Response inference_response(const std::string& model_name, const Model& model,
                            const InferenceRequest& request, const Tensor& logits);

}  // namespace digitry::serving
