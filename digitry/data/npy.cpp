#include "digitry/data/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/image/image.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxColourChannels = 4;

template <typename... Args>
Error bad_npy(const ByteStream& stream, MessageFormat<std::type_identity_t<Args>...> format,
              const Args&... args) {
  return Error(ErrorCode::kBadData, "{}: {}", stream.name(), format_message(format, args...));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

// The item of type T at `at`, whose bytes may be swapped.
template <typename T>
T item(const char* at, bool swapped) {
  T value;
  char bytes[sizeof(T)];
  std::memcpy(bytes, at, sizeof(T));
  if (swapped) std::reverse(bytes, bytes + sizeof(T));
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

struct Half {
  std::uint16_t bits;
};

double to_number(Half half) {
  const int exponent = half.bits >> 10 & 31;
  const int fraction = half.bits & 1023;
  const double size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                                                       : std::numeric_limits<double>::quiet_NaN())
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(fraction + 1024, exponent - 25);
  return (half.bits & 0x8000) != 0 ? -size : size;
}

template <typename T>
double to_number(T value) {
  return static_cast<double>(value);
}

// The items of an array, in the order of the file.
class Items {
 public:
  Items(const NpyHeader& header, std::string bytes)
      : header_(header),
        swapped_(header.item_bytes > 1 &&
                 header.big_endian != (std::endian::native == std::endian::big)),
        bytes_(std::move(bytes)) {}

  const std::string& bytes() const { return bytes_; }

  // Calls `use(read)`, where `read(i)` is item i as a double.
  template <typename Use>
  auto with_reader(const Use& use) const {
    const auto typed = [&]<typename T>(T) {
      return use([this](std::int64_t i) {
        return to_number(
            item<T>(bytes_.data() + static_cast<std::size_t>(i) * sizeof(T), swapped_));
      });
    };
    switch (header_.kind == 'f' ? 16 + header_.item_bytes
                                : (header_.kind == 'i' ? 32 : 0) + header_.item_bytes) {
      case 2:
        return typed(std::uint16_t{});
      case 4:
        return typed(std::uint32_t{});
      case 8:
        return typed(std::uint64_t{});
      case 16 + 2:
        return typed(Half{});
      case 16 + 4:
        return typed(float{});
      case 16 + 8:
        return typed(double{});
      case 32 + 1:
        return typed(std::int8_t{});
      case 32 + 2:
        return typed(std::int16_t{});
      case 32 + 4:
        return typed(std::int32_t{});
      case 32 + 8:
        return typed(std::int64_t{});
      default:
        return typed(std::uint8_t{});
    }
  }

 private:
  const NpyHeader& header_;
  bool swapped_;
  std::string bytes_;
};

std::int64_t count_items(const ByteStream& stream, const NpyHeader& header) {
  std::int64_t count = 1;
  for (const std::int64_t extent : header.shape) {
    if (extent == 0)
      throw bad_npy(stream, "expected items, found an empty array {}", shape_text(header.shape));
    if (__builtin_mul_overflow(count, extent, &count) ||
        count > static_cast<std::int64_t>(kMaxInputBytes))
      throw bad_npy(stream, "expected at most {} items, found an array {}", kMaxInputBytes,
                    shape_text(header.shape));
  }
  return count;
}

// Checks that the stream has exactly the items of `header`, as far as its length is known.
std::uint64_t check_room(const ByteStream& stream, const NpyHeader& header) {
  const std::uint64_t expected =
      static_cast<std::uint64_t>(count_items(stream, header)) * header.item_bytes;
  const std::uint64_t room = stream.max_remaining();
  if (room < expected || (stream.size_is_known() && room > expected))
    throw bad_npy(stream, "expected {} bytes after the header, from its shape {}, found {}{} ({})",
                  expected, shape_text(header.shape), stream.size_is_known() ? "" : "at most ",
                  room, room < expected ? "truncated, or a wrong header" : "trailing bytes");
  if (expected > kMaxInputBytes)
    throw bad_npy(stream, "expected at most {} bytes, found an array {} of {} bytes",
                  kMaxInputBytes, shape_text(header.shape), expected);
  return expected;
}

void read_payload(ByteStream& stream, const NpyHeader& header, std::span<std::byte> to) {
  if (const std::size_t count = stream.read(to); count < to.size())
    throw bad_npy(stream,
                  "expected {} bytes after the header, from its shape {}, found {} (truncated)",
                  to.size(), shape_text(header.shape), count);
  if (!stream.peek(1).empty())
    throw bad_npy(stream, "expected {} bytes after the header, from its shape {}, found more",
                  to.size(), shape_text(header.shape));
}

Items read_items(ByteStream& stream, const NpyHeader& header) {
  std::string bytes(check_room(stream, header), '\0');
  read_payload(stream, header, std::as_writable_bytes(std::span(bytes)));
  return {header, std::move(bytes)};
}

// Steps between the items of an array, in items, for each dimension.
std::vector<std::int64_t> steps_of(const NpyHeader& header) {
  const std::size_t rank = header.shape.size();
  std::vector<std::int64_t> steps(rank);
  std::int64_t step = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t dimension = header.fortran_order ? i : rank - 1 - i;
    steps[dimension] = step;
    step *= header.shape[dimension];
  }
  return steps;
}

// How [N,C,H,W] lies in the array: extents, and steps in items.
struct ImageView {
  std::int64_t extents[4];
  std::int64_t steps[4];
};

std::int64_t square_root(std::int64_t pixels) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
  return side * side == pixels ? side : 0;
}

ImageView view_images(const ByteStream& stream, const NpyHeader& header) {
  constexpr std::int64_t kLeastFlatSide = 8;  // Of an image that is one row.
  const std::vector<std::int64_t>& shape = header.shape;
  const std::vector<std::int64_t> steps = steps_of(header);
  if (shape.size() == 4) {
    const bool first = shape[1] <= kMaxColourChannels;
    const bool last = shape[3] <= kMaxColourChannels;
    if (first && !last)
      return {{shape[0], shape[1], shape[2], shape[3]}, {steps[0], steps[1], steps[2], steps[3]}};
    if (last && !first)
      return {{shape[0], shape[3], shape[1], shape[2]}, {steps[0], steps[3], steps[1], steps[2]}};
  } else if (shape.size() == 3) {
    return {{shape[0], 1, shape[1], shape[2]}, {steps[0], 0, steps[1], steps[2]}};
  } else if (shape.size() == 2) {
    if (const std::int64_t side = square_root(shape[1]); side >= kLeastFlatSide)
      return {{shape[0], 1, side, side}, {steps[0], 0, steps[1] * side, steps[1]}};
    if (shape[0] > 1 && shape[1] > 1)
      return {{1, 1, shape[0], shape[1]}, {0, 0, steps[0], steps[1]}};
  }
  throw bad_npy(
      stream,
      "expected images of shape (N, H*W), (N, H, W), (N, H, W, C) or (N, C, H, W), found {}",
      shape_text(shape));
}

// The factor that brings the items to [0,255], after checking their range.
double pixel_factor(const ByteStream& stream, const NpyHeader& header, const Items& items,
                    std::int64_t count) {
  if (header.kind == 'b') return 1;
  const auto [low, high] = items.with_reader([&](const auto& read) {
    double least = read(0);
    double most = least;
    for (std::int64_t i = 0; i < count; ++i) {
      const double value = read(i);
      // Also for what is not a number.
      if (!(value >= 0 && value <= 255)) return std::pair(value, value);
      least = std::min(least, value);
      most = std::max(most, value);
    }
    return std::pair(least, most);
  });
  if (!(low >= 0 && high <= 255))
    throw bad_npy(stream, "expected pixels in [0, 255] or [0, 1], found {:.6g}; {}", low,
                  low > 255 ? "scale them to 0 to 255: 16 bits divided by 257"
                            : "undo the standardization before saving");
  return header.kind == 'f' && high <= 1 ? 255 : 1;
}

}  // namespace

Tensor read_npy_images(ByteStream& stream) {
  const NpyHeader header = read_npy_header(stream);
  const std::int64_t count = count_items(stream, header);
  const ImageView view = view_images(stream, header);
  // Not structured bindings: clang 14 cannot capture these.
  const std::int64_t n = view.extents[0];
  const std::int64_t c = view.extents[1];
  const std::int64_t h = view.extents[2];
  const std::int64_t w = view.extents[3];
  if (h > kMaxImageSide || w > kMaxImageSide)
    throw bad_npy(stream, "expected images of at most {} pixels per side, found {}", kMaxImageSide,
                  shape_text(header.shape));
  check_image_total(stream.name(), n, c * h * w);
  const bool plain = header.kind == 'u' && header.item_bytes == 1 && !header.fortran_order &&
                     (c == 1 || view.steps[1] == h * w);
  if (plain) {
    check_room(stream, header);
    Tensor images({n, c, h, w}, DType::kU8);
    read_payload(stream, header, std::span(images.data(), images.num_bytes()));
    return images;
  }
  const Items items = read_items(stream, header);
  const double factor = pixel_factor(stream, header, items, count);
  Tensor images({n, c, h, w}, DType::kU8);
  std::uint8_t* to = images.as<std::uint8_t>().data();
  const auto pixel = [&](double value) {
    // Any byte but 0 is true.
    return header.kind == 'b' ? static_cast<std::uint8_t>(value != 0 ? 255 : 0)
                              : static_cast<std::uint8_t>(std::lround(value * factor));
  };
  items.with_reader([&](const auto& read) {
    const auto& steps = view.steps;
    for (std::int64_t i = 0; i < n * c; ++i)
      for (std::int64_t y = 0; y < h; ++y)
        for (std::int64_t x = 0; x < w; ++x)
          *to++ = pixel(read(i / c * steps[0] + i % c * steps[1] + y * steps[2] + x * steps[3]));
  });
  return images;
}

std::vector<std::int32_t> read_npy_labels(ByteStream& stream) {
  const NpyHeader header = read_npy_header(stream);
  const std::vector<std::int64_t>& shape = header.shape;
  if (shape.empty() || shape.size() > 2)
    throw bad_npy(stream, "expected labels of shape (N,), (N, 1) or one-hot (N, K), found {}",
                  shape_text(shape));
  count_items(stream, header);  // None is empty.
  const std::int64_t columns = shape.size() == 2 ? shape[1] : 1;
  if (columns > kMaxClasses)
    throw bad_npy(stream, "expected at most {} classes, found one-hot labels {}", kMaxClasses,
                  shape_text(shape));
  check_image_total(stream.name(), shape[0], columns);
  const Items items = read_items(stream, header);
  const std::vector<std::int64_t> steps = steps_of(header);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(shape[0]));
  items.with_reader([&](const auto& read) {
    for (std::int64_t row = 0; row < shape[0]; ++row) {
      std::int32_t& label = labels[static_cast<std::size_t>(row)];
      if (columns == 1) {
        const double value = read(row * steps[0]);
        if (!(value >= 0 && value < kMaxClasses) || value != std::floor(value))
          throw bad_npy(stream, "expected whole numbers in [0, {}] as labels, found {:.6g} at {}",
                        kMaxClasses - 1, value, row);
        label = static_cast<std::int32_t>(value);
        continue;
      }
      label = -1;
      for (std::int64_t column = 0; column < columns; ++column) {
        const double value = read(row * steps[0] + column * steps[1]);
        if ((value != 0 && value != 1) || (value == 1 && label >= 0))
          throw bad_npy(stream,
                        "expected one-hot labels, one 1 per row and else 0, found {:.6g} in row {}",
                        value, row);
        if (value == 1) label = static_cast<std::int32_t>(column);
      }
      if (label < 0) throw bad_npy(stream, "expected one-hot labels, found no 1 in row {}", row);
    }
  });
  return labels;
}

std::vector<float> read_npy_weights(ByteStream& stream) {
  const NpyHeader header = read_npy_header(stream);
  const std::vector<std::int64_t>& shape = header.shape;
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] != 1))
    throw bad_npy(stream, "expected weights of shape (N,) or (N, 1), found {}", shape_text(shape));
  check_image_total(stream.name(), shape[0], 1);
  const Items items = read_items(stream, header);
  std::vector<float> weights(static_cast<std::size_t>(shape[0]));
  items.with_reader([&](const auto& read) {
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      const double value = read(i);
      if (!(value >= 0 && value <= std::numeric_limits<float>::max()))
        throw bad_npy(stream, "expected finite weights of at least 0, found {:.6g} at {}", value,
                      i);
      weights[static_cast<std::size_t>(i)] = static_cast<float>(value);
    }
  });
  return weights;
}

}  // namespace digitry
