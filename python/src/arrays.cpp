#include "python/src/arrays.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "python/src/compute.h"

namespace digitry::python {
namespace nb = nanobind;
namespace {

constexpr std::int64_t kMaxChannels = 4;  // Of an image whose shape is not known.
constexpr std::int64_t kGrain = 1 << 16;

template <typename T>
using InputArray = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

template <typename Array>
std::vector<std::int64_t> extents_of(const Array& array) {
  std::vector<std::int64_t> extents;
  for (std::size_t i = 0; i < array.ndim(); ++i)
    extents.push_back(static_cast<std::int64_t>(array.shape(i)));
  return extents;
}

[[noreturn]] void fail_shape(const std::vector<std::int64_t>& got,
                             const std::optional<Shape>& image_shape) {
  if (!image_shape)
    throw Error(
        ErrorCode::kShapeMismatch,
        "x: expected images (n, height, width), (n, height, width, channels) or (n, pixels), "
        "got {}",
        shape_text(got));
  const std::int64_t channels = (*image_shape)[0];
  const std::int64_t height = (*image_shape)[1];
  const std::int64_t width = (*image_shape)[2];
  const std::string expected = channels == 1
                                   ? format_message("(n, {}, {}), (n, {}) or (n, {}, {}, 1)",
                                                    height, width, height * width, height, width)
                                   : format_message("(n, {}, {}, {}) or (n, {}, {}, {})", height,
                                                    width, channels, channels, height, width);
  const bool is_one_image = got == std::vector<std::int64_t>{height, width};
  throw Error(ErrorCode::kShapeMismatch, "x: expected images {}, got {}{}", expected,
              shape_text(got), is_one_image ? "; for one image pass x[None]" : "");
}

struct Layout {
  Shape image;                 // [C, H, W]
  bool channels_last = false;  // With more than one channel: pixels have to be moved.
};

// Rows of pixels without a known shape: square images, which convolutions need, or one row.
Shape image_of_row(std::int64_t pixels) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
  return side * side == pixels ? Shape{1, side, side} : Shape{1, 1, pixels};
}

Layout layout_of(const std::vector<std::int64_t>& got, const std::optional<Shape>& image_shape) {
  const std::size_t rank = got.size();
  if (image_shape) {
    const Shape& image = *image_shape;
    const std::vector<std::int64_t> rest(got.begin() + (rank > 0), got.end());
    const std::int64_t channels = image[0];
    if (rank == 4 && rest == image.extents()) return {image};
    if (rank == 4 && rest == std::vector<std::int64_t>{image[1], image[2], channels})
      return {image, channels > 1};
    if (channels == 1 && rank == 3 && rest[0] == image[1] && rest[1] == image[2]) return {image};
    if (channels == 1 && rank == 2 && rest[0] == image.num_elements()) return {image};
    fail_shape(got, image_shape);
  }
  if (rank == 2) return {image_of_row(got[1])};
  if (rank == 3) return {{1, got[1], got[2]}};
  if (rank == 4 && got[3] <= kMaxChannels) return {{got[3], got[1], got[2]}, got[3] > 1};
  if (rank == 4 && got[1] <= kMaxChannels) return {{got[1], got[2], got[3]}};
  fail_shape(got, image_shape);
}

template <typename T>
Tensor channels_first(const Tensor& images, const Shape& image) {
  const std::int64_t count = images.shape()[0];
  const std::int64_t channels = image[0];
  const std::int64_t pixels = image[1] * image[2];
  Tensor moved(image.with_batch(count), images.dtype());
  const T* from = images.as<T>().data();
  T* to = moved.as<T>().data();
  parallel_for(count, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t c = 0; c < channels; ++c)
          to[(n * channels + c) * pixels + p] = from[(n * pixels + p) * channels + c];
  });
  return moved;
}

// Floats from 0 to 1 as pixels from 0 to 255.
template <typename T>
Tensor scaled(const float* from, const Shape& shape, DType dtype) {
  Tensor pixels(shape, dtype);
  T* to = pixels.as<T>().data();
  std::atomic<std::int64_t> bad{-1};
  parallel_for(shape.num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float value = from[i];
      if (!(value >= 0 && value <= 1)) {
        bad = i;
        return;
      }
      if constexpr (std::is_same_v<T, float>)
        to[i] = value * 255;
      else
        to[i] = static_cast<T>(value * 255 + 0.5F);
    }
  });
  if (bad >= 0)
    throw Error(
        ErrorCode::kBadData,
        "x: expected floats from 0 to 1, got {}; divide pixels of 0 to 255 by 255 or pass them "
        "as uint8",
        static_cast<double>(from[bad]));
  return pixels;
}

template <typename T>
Tensor tensor_of(const InputArray<T>& array, const std::optional<Shape>& image_shape,
                 PixelType type) {
  const std::vector<std::int64_t> got = extents_of(array);
  const Layout layout = layout_of(got, image_shape);
  if (got[0] == 0 || layout.image.num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch, "x: expected at least one image, got {}",
                shape_text(got));
  const Shape shape = layout.image.with_batch(got[0]);
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    Tensor pixels = Tensor::view(shape, DType::kU8, array.data());
    return layout.channels_last ? channels_first<std::uint8_t>(pixels, layout.image)
                                : std::move(pixels);
  } else {
    if (type == PixelType::kBytes) {
      Tensor pixels = scaled<std::uint8_t>(array.data(), shape, DType::kU8);
      return layout.channels_last ? channels_first<std::uint8_t>(pixels, layout.image)
                                  : std::move(pixels);
    }
    Tensor pixels = scaled<float>(array.data(), shape, DType::kF32);
    return layout.channels_last ? channels_first<float>(pixels, layout.image) : std::move(pixels);
  }
}

template <typename T>
std::optional<Images> try_images(nb::handle x, const std::optional<Shape>& image_shape,
                                 PixelType type) {
  InputArray<T> array;
  if (x.is_none() || !nb::try_cast(x, array, false)) return std::nullopt;
  return Images{tensor_of(array, image_shape, type), nb::borrow(x)};
}

nb::object converted(const char* function, nb::handle value) {
  return nb::module_::import_("digitry._arrays").attr(function)(value);
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& extents) {
  std::string text = "(";
  for (std::size_t i = 0; i < extents.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(extents[i]);
  return text + (extents.size() == 1 ? ",)" : ")");
}

Images images_of(nb::handle x, const std::optional<Shape>& image_shape, PixelType type) {
  if (auto images = try_images<std::uint8_t>(x, image_shape, type)) return std::move(*images);
  if (auto images = try_images<float>(x, image_shape, type)) return std::move(*images);
  const nb::object array = converted("as_pixels", x);
  if (auto images = try_images<std::uint8_t>(array, image_shape, type)) return std::move(*images);
  if (auto images = try_images<float>(array, image_shape, type)) return std::move(*images);
  throw nb::type_error("x: expected an array of uint8 or float32");
}

Labels labels_of(nb::handle y, std::int64_t num_images) {
  const nb::object labels = converted("as_labels", y);
  const auto array = nb::cast<InputArray<std::int32_t>>(labels[0]);
  const auto num_classes = nb::cast<std::int64_t>(labels[1]);
  if (array.ndim() != 1 || static_cast<std::int64_t>(array.shape(0)) != num_images)
    throw Error(ErrorCode::kShapeMismatch, "y: expected {} labels, one per image, got {}",
                num_images, array.ndim() == 0 ? 0 : array.shape(0));
  return {{array.data(), array.data() + array.size()}, num_classes};
}

ArrayDataset dataset_of(nb::handle x, nb::handle y,
                        const std::optional<std::vector<std::string>>& class_names,
                        const std::string& name, nb::handle weights) {
  Images images = images_of(x, std::nullopt, PixelType::kBytes);
  Labels labels = labels_of(y, images.pixels.shape()[0]);
  std::vector<std::string> names = class_names.value_or(std::vector<std::string>());
  for (std::int64_t i = 0; names.empty() && i < labels.num_classes; ++i)
    names.push_back(std::to_string(i));
  std::vector<float> image_weights;
  if (!weights.is_none()) {
    const auto array = nb::cast<InputArray<float>>(weights);
    image_weights.assign(array.data(), array.data() + array.size());
  }
  return {std::move(images.owner), without_gil([&] {
            return make_dataset(std::move(images.pixels), std::move(labels.values),
                                std::move(names), name, std::move(image_weights));
          })};
}

}  // namespace digitry::python
