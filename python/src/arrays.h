#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"

// NumPy arrays in and out.

namespace digitry::python {

/// Images of an array. The tensor may be a view of the array's memory, which `owner` keeps alive;
/// destroy it with the GIL held.
struct Images {
  Tensor pixels;  ///< uint8 or float32 [N, C, H, W], 0 to 255.
  nanobind::object owner;
};

enum class PixelType {
  kAny,   ///< float32 stays float32.
  kBytes  ///< Floats are rounded to 255ths.
};

/// The images of `x`: (n, height, width), (n, height, width, channels), (n, channels, height,
/// width), or (n, pixels) for one channel. Elements are uint8 or other integers, 0 to 255, or
/// floats, 0 to 1. C-contiguous uint8 arrays of one channel are not copied. `image_shape` is [C, H,
/// W]; if it is not known, rows of pixels are square images or else images of one row. Raises
/// TypeError for other elements, and ValueError for other shapes, no images, or values that are not
/// finite or out of range.
Images images_of(nanobind::handle x, const std::optional<Shape>& image_shape, PixelType type);

struct Labels {
  std::vector<std::int32_t> values;
  std::int64_t num_classes = 0;  ///< Columns of one-hot labels; 0 for indices.
};

/// Class indices (n,) or one-hot labels (n, classes), one for each of `num_images`. Raises
/// TypeError for other elements, ValueError for other shapes and for labels that are no index.
Labels labels_of(nanobind::handle y, std::int64_t num_images);

/// A data set in the memory of an array, which `owner` keeps alive; destroy it with the GIL held.
struct ArrayDataset {
  nanobind::object owner;
  Dataset data;
};

/// Labelled images with their hash; floats are rounded to 255ths. Classes without names are named
/// after their index. `weights`, float32 (n,) or None, are those of the images in the loss.
ArrayDataset dataset_of(nanobind::handle x, nanobind::handle y,
                        const std::optional<std::vector<std::string>>& class_names,
                        const std::string& name, nanobind::handle weights = nanobind::none());

/// An array that owns the elements.
template <typename T, typename Owner>
nanobind::ndarray<nanobind::numpy, T> owned_array(Owner&& elements, T* data,
                                                  std::vector<std::size_t> extents) {
  auto* owner = new std::remove_cvref_t<Owner>(std::forward<Owner>(elements));
  const nanobind::capsule capsule(
      owner, [](void* held) noexcept { delete static_cast<std::remove_cvref_t<Owner>*>(held); });
  return nanobind::ndarray<nanobind::numpy, T>(data, extents.size(), extents.data(), capsule);
}

/// An array [N] of the values.
template <typename T>
nanobind::ndarray<nanobind::numpy, T> array_of(std::vector<T>&& values) {
  T* data = values.data();
  const std::size_t size = values.size();
  return owned_array<T>(std::move(values), data, {size});
}

/// An array of the tensor's shape, which takes its memory.
template <typename T>
nanobind::ndarray<nanobind::numpy, T> array_of(Tensor&& tensor) {
  std::vector<std::size_t> extents;
  for (const std::int64_t extent : tensor.shape().extents())
    extents.push_back(static_cast<std::size_t>(extent));
  T* data = tensor.as<T>().data();
  return owned_array<T>(std::move(tensor), data, std::move(extents));
}

/// "(5, 28, 28)", as Python writes a shape.
std::string shape_text(const std::vector<std::int64_t>& extents);

}  // namespace digitry::python
