#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The header of an array in NPY, NumPy's file format.
struct NpyHeader {
  char kind = 'u';  ///< 'u', 'i', 'f' or 'b': unsigned, signed, floating point or boolean.
  std::size_t item_bytes = 1;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;  ///< Empty for a single number.
};

/// Reads the header of an NPY array, version 1 to 3, and leaves the stream at its first item.
/// Source: NumPy, NEP 1 and numpy.lib.format.
///
/// Only arrays of numbers are read. Arrays of objects are rejected: they are pickles, which can run
/// code. Throws Error{kBadData} that names the stream, the rule and what was found.
NpyHeader read_npy_header(ByteStream& stream);

/// Reads images. Shapes: [N,H·W] (square images), [N,H,W], [N,H,W,C] or [N,C,H,W] with C at most 4,
/// or one image [H,W]. Items: whole numbers in [0,255]; floating-point numbers in [0,255] or, if
/// none is above 1, in [0,1], which become 0 to 255; booleans, which become 0 and 255.
/// Returns uint8 [N,C,H,W]. Memory is allocated only after the shape was found to fit the length of
/// the stream. Throws Error{kBadData} that names the stream, the rule and what was found.
Tensor read_npy_images(ByteStream& stream);

/// Reads labels: [N] or [N,1] whole numbers in [0, `kMaxClasses`), or one-hot rows [N,K], which
/// have one 1 and else 0. Floating-point numbers must be whole. Throws as `read_npy_images` does.
std::vector<std::int32_t> read_npy_labels(ByteStream& stream);

/// Reads weights of images: [N] or [N,1] finite numbers of at least 0. Throws as `read_npy_images`
/// does.
std::vector<float> read_npy_weights(ByteStream& stream);

/// Whether `start` begins with the signature of an NPY array.
bool looks_like_npy(std::string_view start);

}  // namespace digitry
