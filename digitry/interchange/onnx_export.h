#pragma once

#include <string>

#include "digitry/model_io/model.h"

namespace digitry {

struct OnnxExportOptions {
  /// The type of the graph's input: float32 pixels instead of uint8. Both are 0 to 255.
  bool float_input = false;
  /// Whether the graph computes the in-distribution score, if the model has prototypes.
  bool in_distribution_score = true;
};

/// The model as an ONNX file (opset 17, IR version 8) with everything that `Classifier` computes:
/// scaling of pixels, all networks, the views of test-time augmentation, and temperatures.
///
/// Input:   pixels [N,C,H,W], uint8 or float32, 0 to 255; N is variable.
/// Outputs: logits [N,K] and probabilities [N,K], as `Classifier::logits` and `classify` return
///   them, float32; in_distribution_score [N], float32, if every network has prototypes.
/// Metadata: the properties `digitry.*` (version, class names as JSON, rejection threshold,
///   provenance as JSON) and the `Image.*` ones of ONNX.
///
/// Dropout is left out, as it does nothing in inference. `in_distribution_score` is in [0, 1]; an
/// image is rejected if it is below the property `digitry.rejection_threshold`.
/// Throws what `check_usable` throws, and Error{kInvalidArgument} for a layer that ONNX cannot
/// express (one that a program has registered), or if the file would exceed 2 GiB.
std::string model_to_onnx(const Model& model, const OnnxExportOptions& options = {});

/// Writes the file atomically. Throws what `model_to_onnx` throws, and Error{kIo}.
void export_onnx(const Model& model, const std::string& path,
                 const OnnxExportOptions& options = {});

}  // namespace digitry
