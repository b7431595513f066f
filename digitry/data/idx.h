#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Reads images in IDX, the format of the files of MNIST.
/// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", the file formats.
///
/// Layout (big-endian): the bytes 00 00, the type (08: unsigned byte), the number R of dimensions,
/// R extents of four bytes each, then the data. R is 3 ([N,H,W], one channel) or 4 ([N,C,H,W]).
/// Returns uint8 [N,C,H,W]. Memory is allocated only after the extents were found to fit the length
/// of the stream and the limits of `image/image.h`. Throws Error{kBadData} that names the stream,
/// the rule and what was found; and what `ByteStream::read` throws.
Tensor read_idx_images(ByteStream& stream);

/// Reads labels: IDX with one dimension, or QMNIST's [N,8] integers of four bytes (type 0c), whose
/// first column is the class. Throws as `read_idx_images` does.
std::vector<std::int32_t> read_idx_labels(ByteStream& stream);

/// The same for a file, raw or gzip. Throw what `open_stream` throws, too.
Tensor read_idx_images(const std::filesystem::path& path);
std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path);

/// Writes uint8 [N,C,H,W] as raw IDX, with three dimensions if C is 1; atomically, as `AtomicFile`
/// does. Throws Error{kInvalidArgument} for other tensors and extents of 0, Error{kIo} if the file
/// cannot be written.
void write_idx_images(const std::filesystem::path& path, const Tensor& images);

/// Writes labels as raw IDX, atomically. Throws Error{kInvalidArgument} if there are none or one is
/// not in [0, 255], Error{kIo} if the file cannot be written.
void write_idx_labels(const std::filesystem::path& path, std::span<const std::int32_t> labels);

/// The files of one split; empty if they do not exist.
struct IdxFiles {
  std::optional<std::filesystem::path> images;
  std::optional<std::filesystem::path> labels;
};

/// Finds a file in `folder` under any of the names in use for the files of MNIST: `name` in the
/// original spelling (`train-images-idx3-ubyte`) or with `.idx3` instead of `-idx3`, with or
/// without `.gz`, also in a folder of that name. Nothing if there is none. Throws Error{kIo} if the
/// folder cannot be read.
std::optional<std::filesystem::path> find_idx_file(const std::filesystem::path& folder,
                                                   std::string_view name);

/// Finds the files of a split: `train-*` for training, `t10k-*` or `test-*` for test; images with 3
/// or 4 dimensions. All names begin with `prefix`, such as "emnist-digits-". Throws as
/// `find_idx_file` does.
IdxFiles find_idx_files(const std::filesystem::path& folder, Split split,
                        const std::string& prefix = "");

/// The prefixes of the names of IDX files in `folder`, sorted: "" for MNIST's names,
/// "emnist-digits-", "qmnist-". Throws as `find_idx_file` does.
std::vector<std::string> list_idx_prefixes(const std::filesystem::path& folder);

/// Exchanges the rows and columns of images [N,C,H,W]. EMNIST's files have them transposed.
void transpose_images(Tensor& images);

/// Finds the label file of an image file: the same name in the same folder, with `labels` for
/// `images` and `idx1` for `idx3` or `idx4`. Nothing if there is none. Throws as `find_idx_file`
/// does.
std::optional<std::filesystem::path> find_labels_of(const std::filesystem::path& images);

}  // namespace digitry
