#pragma once

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

/// The content of a safetensors file: a u64 little-endian header length, a JSON header, and the
/// bytes of the tensors. Source: github.com/huggingface/safetensors, "Format"; docs/model_format.md
/// shows the bytes.
struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<NamedTensor> tensors;  ///< In the order of the file.

  /// The value of `key`. Throws Error{kBadData}, with a message that begins with `source`, if there
  /// is none.
  const std::string& metadata_at(const std::string& key, const std::string& source) const;
};

/// The bytes of a safetensors file. The first tensor begins at a multiple of 64 bytes; the others
/// follow without gaps, as the format requires.
std::string to_safetensors(const std::map<std::string, std::string>& metadata,
                           const std::vector<std::pair<std::string, const Tensor*>>& tensors);

/// Throws Error{kBadData}, with a message that begins with `source` and names the broken rule, if
/// the header is longer than 100 MB or than the file, if its JSON does not follow the format or has
/// duplicate keys, if element types are not F32 or U8, or if offsets overlap, leave holes, exceed
/// the file or do not fit the shape. Memory use is proportional to the size of the file.
Safetensors parse_safetensors(std::string_view bytes, const std::string& source);

/// Everything that a training needs to continue as if it had not stopped. Random numbers are a
/// function of (seed, epoch, step), so they have no state to save.
struct Checkpoint {
  /// Progress of the training, in the trainer's own entries.
  std::map<std::string, std::string> progress;
  /// Groups of arrays shaped like the network's parameters: "parameters", "best" (missing if there
  /// is none yet), and one group per state of the optimizer ("optimizer.first_moment").
  std::map<std::string, std::vector<Parameter>> groups;
};

/// A checkpoint as the bytes of a safetensors file; tensor names are "<group>/<parameter>".
std::string to_bytes(const Checkpoint& checkpoint);

/// Throws Error{kBadData}, with a message that begins with `source`, if the bytes are not a
/// checkpoint.
Checkpoint parse_checkpoint(std::string_view bytes, const std::string& source);

/// Writes the file atomically. Throws Error{kIo} if it cannot be written.
void save_checkpoint(const Checkpoint& checkpoint, const std::string& path);

/// Throws Error{kBadData} if the file is not a checkpoint, and what `read_file` throws.
Checkpoint load_checkpoint(const std::string& path);

}  // namespace digitry
