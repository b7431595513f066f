#include "digitry/model_io/checkpoint.h"

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/model_io/safetensors.h"

namespace digitry {
namespace {

constexpr std::uint64_t kMaxCheckpointBytes = std::uint64_t{1} << 34;
constexpr const char* kVersionKey = "digitry.checkpoint";
constexpr const char* kVersion = "1";

}  // namespace

void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  auto metadata = checkpoint.progress;
  metadata[kVersionKey] = kVersion;
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const auto& [group, parameters] : checkpoint.groups)
    for (const Parameter& parameter : parameters)
      tensors.emplace_back(group + "/" + parameter.name, &parameter.value);
  write_file_atomically(path, to_safetensors(metadata, tensors));
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  const std::string source = path.string();
  Safetensors file = parse_safetensors(read_file(path, kMaxCheckpointBytes), source);
  if (file.metadata_at(kVersionKey, source) != kVersion)
    throw Error(ErrorCode::kBadData, "{}: checkpoint format {}, this version reads {}", source,
                file.metadata.at(kVersionKey), kVersion);
  Checkpoint checkpoint;
  checkpoint.progress = std::move(file.metadata);
  checkpoint.progress.erase(kVersionKey);
  for (NamedTensor& tensor : file.tensors) {
    const std::size_t slash = tensor.name.find('/');
    if (slash == std::string::npos)
      throw Error(ErrorCode::kBadData, "{}: tensor '{}': expected a name '<group>/<parameter>'",
                  source, tensor.name);
    checkpoint.groups[tensor.name.substr(0, slash)].push_back(
        {tensor.name.substr(slash + 1), std::move(tensor.value)});
  }
  return checkpoint;
}

}  // namespace digitry
