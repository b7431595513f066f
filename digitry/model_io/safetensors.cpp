#include "digitry/model_io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little,
              "the format stores little-endian numbers; a big-endian host needs byte swaps here");

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kDataAlignment = 64;

const char* format_name(DType dtype) { return dtype == DType::kF32 ? "F32" : "U8"; }

[[noreturn]] void fail(const std::string& source, const std::string& rule) {
  throw Error(ErrorCode::kBadData, "{}: {}", source, rule);
}

// One valid entry of the header.
struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t begin;
  std::uint64_t end;
};

std::uint64_t natural(const Json& value, const std::string& source, const std::string& what) {
  if (!value.is_number_unsigned()) fail(source, what + ": expected whole numbers of at least 0");
  return value.get<std::uint64_t>();
}

Shape parse_shape(const Json& value, const std::string& source, const std::string& what) {
  if (!value.is_array() || value.size() > kMaxRank)
    fail(source, fmt::format("{}: expected a list of at most {} extents", what, kMaxRank));
  std::vector<std::int64_t> extents;
  for (const Json& extent : value) {
    const std::uint64_t size = natural(extent, source, what);
    if (size > INT32_MAX) fail(source, fmt::format("{}: extent {} is too large", what, size));
    extents.push_back(static_cast<std::int64_t>(size));
  }
  try {
    return Shape(std::move(extents));
  } catch (const Error& error) {
    fail(source, fmt::format("{}: {}", what, error.what()));
  }
}

Entry parse_entry(const std::string& name, const Json& value, const std::string& source) {
  const std::string what = fmt::format("tensor '{}'", name);
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets"))
    fail(source, what + ": expected exactly dtype, shape and data_offsets");
  Entry entry{name, DType::kF32, {}, 0, 0};
  if (value["dtype"] == "U8")
    entry.dtype = DType::kU8;
  else if (value["dtype"] != "F32")
    fail(source, fmt::format("{}: expected dtype F32 or U8, found {}", what, dump(value["dtype"])));
  entry.shape = parse_shape(value["shape"], source, what + ": shape");
  const Json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2)
    fail(source, what + ": expected two data_offsets, begin and end");
  entry.begin = natural(offsets[0], source, what + ": data_offsets");
  entry.end = natural(offsets[1], source, what + ": data_offsets");
  const auto size =
      static_cast<unsigned __int128>(entry.shape.num_elements()) * size_of(entry.dtype);
  if (entry.end < entry.begin || entry.end - entry.begin != size)
    fail(source,
         fmt::format("{}: data_offsets [{},{}] do not have the size of {} {}", what, entry.begin,
                     entry.end, format_name(entry.dtype), entry.shape.to_string()));
  return entry;
}

// Checks that the entries cover the data exactly, without overlaps, holes or bytes after the last
// one.
void check_packing(std::vector<Entry> entries, std::uint64_t data_bytes,
                   const std::string& source) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered)
      fail(source, fmt::format("tensor '{}': found at byte {} of the data, expected {}, the end of "
                               "the one before it",
                               entry.name, entry.begin, covered));
    covered = entry.end;
  }
  if (covered != data_bytes)
    fail(source, fmt::format("expected {} bytes of tensor data, found {}; the file is truncated or "
                             "has extra bytes at its end",
                             covered, data_bytes));
}

}  // namespace

const std::string& Safetensors::metadata_at(const std::string& key,
                                            const std::string& source) const {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    fail(
        source,
        fmt::format(
            "expected '{}' in __metadata__, found none; the file was not written by digitry", key));
  return found->second;
}

std::string to_safetensors(const std::map<std::string, std::string>& metadata,
                           const std::vector<std::pair<std::string, const Tensor*>>& tensors) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = offset + tensor->num_bytes();
    header[name] = {{"dtype", format_name(tensor->dtype())},
                    {"shape", tensor->shape().extents()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = dump(header);
  // The format allows spaces after the JSON, to align the data.
  const std::size_t unaligned = (kLengthBytes + text.size()) % kDataAlignment;
  if (unaligned != 0) text.append(kDataAlignment - unaligned, ' ');

  std::string bytes(kLengthBytes, '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + offset);
  bytes += text;
  for (const auto& [name, tensor] : tensors)
    bytes.append(reinterpret_cast<const char*>(tensor->data()), tensor->num_bytes());
  return bytes;
}

Safetensors parse_safetensors(std::string_view bytes, const std::string& source) {
  if (bytes.size() < kLengthBytes)
    fail(source, fmt::format("expected a safetensors file, found {} bytes", bytes.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeaderBytes)
    fail(source, fmt::format("header: found a length of {} bytes, expected at most {}; this may "
                             "not be a safetensors file",
                             length, kMaxHeaderBytes));
  if (length > bytes.size() - kLengthBytes)
    fail(source, fmt::format("header: expected {} bytes, but the file has {}; it is truncated or "
                             "not a safetensors file",
                             length, bytes.size()));
  if (length == 0 || bytes[kLengthBytes] != '{')
    fail(source, "header: expected '{' at the beginning; this may not be a safetensors file");
  const std::string_view header_text = bytes.substr(kLengthBytes, length);
  // The JSON parser would accept a zero byte as the end, and any white space after the JSON.
  if (header_text.find('\0') != std::string_view::npos)
    fail(source, "header: expected JSON followed by spaces only, found a zero byte");
  if (std::string_view("\t\n\r").find(header_text[header_text.find_last_not_of(' ')]) !=
      std::string_view::npos)
    fail(source, "header: expected only spaces after the JSON");
  const Json header = parse_json_object(header_text, source + ": header");
  const std::string_view data = bytes.substr(kLengthBytes + length);

  Safetensors file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(name, value, source));
      continue;
    }
    if (!value.is_object()) fail(source, "__metadata__: expected an object of strings");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(source, fmt::format("__metadata__ '{}': expected a string", key));
      file.metadata[key] = text.get<std::string>();
    }
  }
  check_packing(entries, data.size(), source);
  for (const Entry& entry : entries) {
    Tensor tensor(entry.shape, entry.dtype);
    if (entry.end > entry.begin)
      std::memcpy(tensor.data(), data.data() + entry.begin, entry.end - entry.begin);
    file.tensors.push_back({entry.name, std::move(tensor)});
  }
  return file;
}

namespace {

constexpr std::uint64_t kMaxCheckpointBytes = std::uint64_t{1} << 34;
constexpr const char* kVersionKey = "digitry.checkpoint";
constexpr const char* kVersion = "1";

}  // namespace

std::string to_bytes(const Checkpoint& checkpoint) {
  auto metadata = checkpoint.progress;
  metadata[kVersionKey] = kVersion;
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const auto& [group, parameters] : checkpoint.groups)
    for (const Parameter& parameter : parameters)
      tensors.emplace_back(group + "/" + parameter.name, &parameter.value);
  return to_safetensors(metadata, tensors);
}

void save_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  write_file_atomically(path, to_bytes(checkpoint));
}

Checkpoint load_checkpoint(const std::string& path) {
  return parse_checkpoint(read_file(path, kMaxCheckpointBytes), path);
}

Checkpoint parse_checkpoint(std::string_view bytes, const std::string& source) {
  Safetensors file = parse_safetensors(bytes, source);
  if (file.metadata_at(kVersionKey, source) != kVersion)
    throw Error(ErrorCode::kBadData, "{}: checkpoint format: found {}, expected {}", source,
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
