#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/model_io/model.h"

namespace digitry {

struct OnnxImportOptions {
  /// Network input = pixel · pixel_scale + pixel_offset, with pixels of 0 to 255, before what the
  /// graph itself does. Default: 1 if the graph takes bytes or scales its input by less than 0.1
  /// itself, else 1/255.
  std::optional<float> pixel_scale = {};
  float pixel_offset = 0;
  /// One per class. Default: those in the file (Digitry's metadata, scikit-learn's class labels),
  /// else "0", "1", ...
  std::vector<std::string> class_names = {};
};

/// A classifier of images in an ONNX file (opset 7 to 25) as a model, which then behaves like one
/// that Digitry has trained.
///
/// The graph must be a chain from one input to logits or probabilities of: Gemm, MatMul, Add of a
/// bias, Conv, BatchNormalization, Relu, LeakyRelu, Tanh, Gelu, MaxPool, AveragePool,
/// GlobalAveragePool, Flatten, Reshape, Squeeze, Transpose, Dropout, Identity, Cast and a last
/// Softmax, after scaling of the pixels. Windows are square; images are [N,C,H,W], [N,H,W,C],
/// [N,H,W] or [N,features] of a square. It is what Keras (by tf2onnx), PyTorch and scikit-learn (by
/// skl2onnx) write for such networks. Throws Error{kBadData}, whose message begins with `source`
/// and names the node, for anything else: other operators, values in other files, types and shapes
/// that do not fit, cycles; throws what `check_usable` throws if the class names do not fit.
Model model_from_onnx(std::string_view bytes, const std::string& source,
                      const OnnxImportOptions& options = {});

/// Reads the file. Throws what `model_from_onnx` and `read_file` throw; a file over 1 GiB is
/// rejected.
Model import_onnx(const std::string& path, const OnnxImportOptions& options = {});

}  // namespace digitry
