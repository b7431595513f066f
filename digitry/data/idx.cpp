#include "digitry/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/data/byte_stream.h"
#include "digitry/image/image.h"

namespace digitry {
namespace {

constexpr unsigned kUnsignedByte = 0x08;
constexpr unsigned kInt = 0x0c;
constexpr std::size_t kPrefixBytes = 4;  // The magic number, and each extent.
constexpr unsigned kMaxIdxRank = 4;

struct Header {
  bool is_int = false;  // Elements of 4 bytes: QMNIST's labels.
  std::vector<std::int64_t> extents;
  std::uint64_t payload_bytes = 1;
};

std::uint32_t big_endian(std::span<const std::byte, kPrefixBytes> bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

template <typename... Args>
Error bad(const ByteStream& stream, MessageFormat<std::type_identity_t<Args>...> format,
          const Args&... args) {
  return Error(ErrorCode::kBadData, "{}: {}", stream.name(), format_message(format, args...));
}

std::string describe(const std::vector<std::int64_t>& extents) {
  return fmt::format("[{}]", fmt::join(extents, ","));
}

// Reads and checks the header; `what` is "images" or "labels".
Header read_header(ByteStream& stream, std::string_view what) {
  std::array<std::byte, kPrefixBytes> word{};
  const std::size_t count = stream.read(word);
  if (count == 0) throw bad(stream, "expected an IDX file of {}, found an empty file", what);
  const std::uint32_t magic = big_endian(word);
  if (count < kPrefixBytes || magic >> 16 != 0)
    throw bad(
        stream, "expected an IDX file (first bytes 00 00 08), found {}",
        fmt::format(
            "{:02x}",
            fmt::join(std::span(reinterpret_cast<const unsigned char*>(word.data()), count), " ")));
  const unsigned type = magic >> 8 & 0xff;
  const unsigned rank = magic & 0xff;
  const bool images = what == "images";
  const bool is_int = type == kInt && rank == 2 && !images;
  if (type != kUnsignedByte && !is_int)
    throw bad(stream, "expected IDX elements of type 08 (unsigned byte), found type {:02x}", type);

  if (images && rank == 1)
    throw bad(stream, "expected images, found a file of labels (IDX, 1 dimension)");
  if (!images && !is_int && rank > 1 && rank <= kMaxIdxRank)
    throw bad(stream, "expected labels, found a file of images (IDX, {} dimensions)", rank);
  if (images ? rank < 3 || rank > kMaxIdxRank : rank != 1 && !is_int)
    throw bad(stream, "expected {} dimensions for {}, found {}", images ? "3 or 4" : "1", what,
              rank);

  Header header;
  header.is_int = is_int;
  if (is_int) header.payload_bytes = kPrefixBytes;
  for (unsigned i = 0; i < rank; ++i) {
    if (stream.read(word) < kPrefixBytes)
      throw bad(stream, "expected an IDX header of {} bytes, found a file truncated inside it",
                kPrefixBytes * (rank + 1));
    header.extents.push_back(big_endian(word));
    if (header.extents.back() == 0)
      throw bad(stream, "expected extents of at least 1, found {}", describe(header.extents));
    if (__builtin_mul_overflow(header.payload_bytes,
                               static_cast<std::uint64_t>(header.extents.back()),
                               &header.payload_bytes) ||
        header.payload_bytes > static_cast<std::uint64_t>(INT64_MAX))
      throw bad(stream, "expected extents that fit into a file, found {}",
                describe(header.extents));
  }
  return header;
}

// The data must have exactly the length that the extents imply. This is checked before memory is
// allocated, as far as the length of the stream is known by then.
void check_room(ByteStream& stream, const Header& header) {
  const std::uint64_t room = stream.max_remaining();
  const bool exact = stream.size_is_known();
  if (room < header.payload_bytes || (exact && room > header.payload_bytes))
    throw bad(stream, "expected {} bytes after the header, from its extents {}, found {}{} ({})",
              header.payload_bytes, describe(header.extents), exact ? "" : "at most ", room,
              room < header.payload_bytes ? "truncated, or a wrong header" : "trailing bytes");
}

void read_payload(ByteStream& stream, const Header& header, std::span<std::byte> to) {
  const std::size_t count = stream.read(to);
  if (count < to.size())
    throw bad(stream,
              "expected {} bytes after the header, from its extents {}, found {} (truncated)",
              to.size(), describe(header.extents), count);
  if (!stream.peek(1).empty())
    throw bad(stream, "expected {} bytes after the header, from its extents {}, found more",
              to.size(), describe(header.extents));
}

std::string encode_header(std::span<const std::int64_t> extents) {
  std::string header = {0, 0, static_cast<char>(kUnsignedByte), static_cast<char>(extents.size())};
  for (const std::int64_t extent : extents) {
    if (extent < 1 || extent > UINT32_MAX)
      throw Error(ErrorCode::kInvalidArgument, "IDX: expected extents in [1, 2^32), got {}",
                  extent);
    for (int shift = 24; shift >= 0; shift -= 8)
      header += static_cast<char>(extent >> shift & 0xff);
  }
  return header;
}

}  // namespace

Tensor read_idx_images(ByteStream& stream) {
  const Header header = read_header(stream, "images");
  const std::vector<std::int64_t>& extents = header.extents;
  const bool has_channels = extents.size() == 4;
  const Shape shape{extents[0], has_channels ? extents[1] : 1, extents[extents.size() - 2],
                    extents[extents.size() - 1]};
  if (shape[1] > kMaxImageChannels || shape[2] > kMaxImageSide || shape[3] > kMaxImageSide)
    throw bad(stream, "expected images of at most {} channels and {} pixels per side, found {}",
              kMaxImageChannels, kMaxImageSide, describe(header.extents));
  check_image_total(stream.name(), shape[0], shape.without_batch().num_elements());
  check_room(stream, header);
  Tensor images(shape, DType::kU8);
  read_payload(stream, header, std::span(images.data(), images.num_bytes()));
  return images;
}

std::vector<std::int32_t> read_idx_labels(ByteStream& stream) {
  const Header header = read_header(stream, "labels");
  check_image_total(stream.name(), header.extents[0], 1);
  check_room(stream, header);
  std::vector<std::byte> bytes(header.payload_bytes);
  read_payload(stream, header, bytes);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(header.extents[0]));
  if (!header.is_int) {
    std::ranges::transform(bytes, labels.begin(),
                           [](std::byte byte) { return std::to_integer<std::int32_t>(byte); });
    return labels;
  }
  const auto row_bytes = bytes.size() / labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span row = std::span(bytes).subspan(i * row_bytes);
    const std::uint32_t label = big_endian(row.first<kPrefixBytes>());
    if (label >= static_cast<std::uint32_t>(kMaxClasses))
      throw bad(stream, "expected labels in [0, {}], found {} at {}", kMaxClasses - 1, label, i);
    labels[i] = static_cast<std::int32_t>(label);
  }
  return labels;
}

Tensor read_idx_images(const std::filesystem::path& path) {
  return read_idx_images(*open_stream(path));
}

std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path) {
  return read_idx_labels(*open_stream(path));
}

void write_idx_images(const std::filesystem::path& path, const Tensor& images) {
  if (images.dtype() != DType::kU8 || images.shape().rank() != 4)
    throw Error(ErrorCode::kInvalidArgument, "IDX: expected u8 images [N,C,H,W], got {} {}",
                to_string(images.dtype()), images.shape().to_string());
  std::vector<std::int64_t> extents = images.shape().extents();
  if (extents[1] == 1) extents.erase(extents.begin() + 1);
  AtomicFile file(path);
  file.write(encode_header(extents));
  file.write(std::span(images.data(), images.num_bytes()));
  file.commit();
}

void write_idx_labels(const std::filesystem::path& path, std::span<const std::int32_t> labels) {
  std::string bytes = encode_header(std::array{static_cast<std::int64_t>(labels.size())});
  for (const std::int32_t label : labels) {
    if (label < 0 || label > 255)
      throw Error(ErrorCode::kInvalidArgument, "IDX: expected labels in [0, 255], got {}", label);
    bytes += static_cast<char>(label);
  }
  write_file_atomically(path, bytes);
}

namespace fs = std::filesystem;
namespace {

void replace_last(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.rfind(from); at != std::string::npos) text.replace(at, from.size(), to);
}

bool is_present(const fs::path& path) { return path_exists(path) && !is_folder(path); }

}  // namespace

std::optional<fs::path> find_idx_file(const fs::path& folder, std::string_view name) {
  std::string dotted(name);
  replace_last(dotted, "-idx", ".idx");
  for (const std::string& spelling : {std::string(name), dotted})
    for (const char* ending : {"", ".gz"}) {
      const std::string file = spelling + ending;
      if (fs::path path = folder / file; is_present(path)) return path;
      // Some archives unpack each file into a folder of its name.
      for (const std::string& inner : {spelling, dotted, std::string(name)})
        if (fs::path path = folder / file / inner; is_present(path)) return path;
    }
  return std::nullopt;
}

IdxFiles find_idx_files(const fs::path& folder, Split split, const std::string& prefix) {
  IdxFiles files;
  const std::vector<std::string> words = split == Split::kTrain ? std::vector<std::string>{"train"}
                                         : split == Split::kValidation
                                             ? std::vector<std::string>{"validation"}
                                             : std::vector<std::string>{"t10k", "test"};
  for (const std::string& word : words) {
    const std::string start = prefix + word;
    for (const char* rank : {"3", "4"})
      if (!files.images)
        files.images = find_idx_file(folder, start + "-images-idx" + rank + "-ubyte");
    for (const char* kind : {"-labels-idx1-ubyte", "-labels-idx2-int"})
      if (!files.labels) files.labels = find_idx_file(folder, start + kind);
  }
  return files;
}

std::vector<std::string> list_idx_prefixes(const fs::path& folder) {
  std::vector<std::string> prefixes;
  for (const fs::path& path : list_folder(folder)) {
    const std::string name = path.filename().string();
    std::size_t end = std::string::npos;
    for (const char* mark : {"-images-idx", "-labels-idx", "-images.idx", "-labels.idx"})
      end = std::min(end, name.find(mark));
    if (end == std::string::npos || name.starts_with('.')) continue;
    const std::string_view start = std::string_view(name).substr(0, end);
    for (const std::string_view word : {"train", "validation", "t10k", "test"})
      if (start.ends_with(word)) prefixes.emplace_back(start.substr(0, start.size() - word.size()));
  }
  std::ranges::sort(prefixes);
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  return prefixes;
}

void transpose_images(Tensor& images) {
  const Shape& shape = images.shape();
  const std::int64_t height = shape[2];
  const std::int64_t width = shape[3];
  Tensor upright({shape[0], shape[1], width, height}, DType::kU8);
  const auto from = images.as<std::uint8_t>();
  const auto to = upright.as<std::uint8_t>();
  const auto pixels = static_cast<std::size_t>(height * width);
  for (std::size_t first = 0; first < from.size(); first += pixels)
    for (std::int64_t y = 0; y < width; ++y)
      for (std::int64_t x = 0; x < height; ++x)
        to[first + static_cast<std::size_t>(y * height + x)] =
            from[first + static_cast<std::size_t>(x * width + y)];
  images = std::move(upright);
}

std::optional<fs::path> find_labels_of(const fs::path& images) {
  std::string name = images.filename().string();
  if (name.find("images") == std::string::npos) return std::nullopt;
  replace_last(name, "images", "labels");
  replace_last(name, "idx3", "idx1");
  replace_last(name, "idx4", "idx1");
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (auto found = find_idx_file(images.parent_path(), name)) return found;
  replace_last(name, "idx1-ubyte", "idx2-int");
  return find_idx_file(images.parent_path(), name);
}

}  // namespace digitry
