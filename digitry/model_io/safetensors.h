#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

struct NamedTensor {
  std::string name;
  Tensor value;
};

/// The content of a safetensors file: a u64 little-endian header length, a JSON header, the bytes
/// of the tensors. Source: github.com/huggingface/safetensors, "Format"; docs/model_format.md shows
/// the bytes.
struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<NamedTensor> tensors;  ///< In the order of the file.

  /// Throws Error{kBadData} where there is no such tensor or entry; `source` begins the message.
  const std::string& metadata_at(const std::string& key, const std::string& source) const;
};

/// Any tool that reads safetensors opens these bytes. The first tensor begins at a multiple of 64
/// bytes; the others are packed behind it, as the format wants.
std::string to_safetensors(const std::map<std::string, std::string>& metadata,
                           const std::vector<std::pair<std::string, const Tensor*>>& tensors);

/// Throws Error{kBadData} that begins with `source` and names the rule that was broken: header
/// length over 100 MB or beyond the file, JSON that is not the format's, duplicate keys, element
/// types other than F32 and U8, offsets that overlap, leave holes, go beyond the file or do not fit
/// the shape. Allocates nothing that the file's own size does not justify.
Safetensors parse_safetensors(std::string_view bytes, const std::string& source);

}  // namespace digitry
