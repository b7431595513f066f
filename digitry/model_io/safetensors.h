#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/nn/parameter.h"
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

/// All that a training needs to go on as if it had never stopped. Random numbers are a function of
/// (seed, epoch, step), so their state is the progress itself.
struct Checkpoint {
  /// How far the training is; the trainer's own entries.
  std::map<std::string, std::string> progress;
  /// Groups of arrays shaped like the network's parameters: "parameters", "best" (missing where
  /// there is none yet), and one a state of the optimizer ("optimizer.first_moment").
  std::map<std::string, std::vector<Parameter>> groups;
};

/// A safetensors file: tensor names are "<group>/<parameter>". Written all or nothing.
void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path);

/// Throws Error{kBadData} where the file is not a checkpoint.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace digitry
