#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/data/dataset.h"
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

/// The two files of one split, where they are.
struct IdxFiles {
  std::optional<std::filesystem::path> images;
  std::optional<std::filesystem::path> labels;
};

/// Finds a file in `folder` under any of the names that MNIST's files go by: `name` as the original
/// spells it (`train-images-idx3-ubyte`), with `.idx3` for `-idx3`, with or without `.gz`.
std::optional<std::filesystem::path> find_idx_file(const std::filesystem::path& folder,
                                                   std::string_view name);

/// Finds the files of a split: `train-*`, or `t10k-*` or `test-*`, of 3 or 4 dimensions.
IdxFiles find_idx_files(const std::filesystem::path& folder, Split split);

/// The label file that belongs to an image file: its neighbour of the same name but for `images`
/// and `idx3`. Nothing where there is none.
std::optional<std::filesystem::path> find_labels_of(const std::filesystem::path& images);

}  // namespace digitry
