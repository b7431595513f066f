#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Reads images in IDX, the format of MNIST's files.
/// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", the file formats.
///
/// Layout (big-endian): 00 00, the type (08: unsigned byte), the number R of dimensions, R extents
/// of four bytes each, then the bytes. R is 3 ([N,H,W], one channel) or 4 ([N,C,H,W]).
/// Returns uint8 [N,C,H,W]. Nothing is allocated before the extents are found to fit what the
/// stream can hold and to be within the limits (`image_limits.h`). Throws Error{kBadData} naming
/// the stream, the rule and what was found.
Tensor read_idx_images(ByteStream& stream);

/// Reads labels: IDX of one dimension.
std::vector<std::int32_t> read_idx_labels(ByteStream& stream);

/// The same for a file, raw or gzip.
Tensor read_idx_images(const std::filesystem::path& path);
std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path);

/// Writes uint8 [N,C,H,W] as raw IDX, of three dimensions where C is 1; all or nothing, as
/// `AtomicFile`. Throws Error{kInvalidArgument} for other tensors.
void write_idx_images(const std::filesystem::path& path, const Tensor& images);

/// Writes labels in [0, 255] as raw IDX.
void write_idx_labels(const std::filesystem::path& path, std::span<const std::int32_t> labels);

}  // namespace digitry
