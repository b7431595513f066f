#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/interchange/onnx_chain.h"
#include "digitry/nn/parameter.h"

namespace digitry::onnx {

/// A chain of nodes as layers of a Network.
struct ImportedLayers {
  Shape image_shape{0};  ///< [C,H,W]
  std::int64_t num_classes = 0;
  std::vector<Attributes> options;
  std::vector<Parameter> parameters;
  bool takes_bytes = false;  ///< Whether the graph's input is uint8.
  float input_scale = 1;     ///< What the graph does to its input: x · scale + offset.
  float input_offset = 0;
  float temperature = 1;
};

/// Throws Error{kBadData}, whose message begins with `source` and names the node, for a node that
/// is not a layer of Digitry's.
ImportedLayers layers_of(const Chain& chain, const std::string& source);

}  // namespace digitry::onnx
