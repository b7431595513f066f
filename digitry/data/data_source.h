#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"

// The layouts of data sets, as `load_dataset` opens them: each is a DataSource.

namespace digitry {

/// One split as its files hold it. `load_dataset` checks labels and classes.
struct SplitContent {
  Tensor images;                           ///< uint8 [N,C,H,W].
  std::vector<std::int32_t> labels{};      ///< N, or empty.
  std::vector<float> weights{};            ///< See Dataset::weights.
  std::vector<std::string> class_names{};  ///< Empty: classes are numbered.
  std::vector<std::string> image_files{};  ///< The file of each image; empty if they share one.
  std::vector<std::string> notes{};        ///< See Dataset::notes.
  std::string images_from;                 ///< For messages.
  std::string labels_from;                 ///< For messages.
};

/// A data set in one of the layouts. All functions throw Error{kBadData} that names the file, the
/// rule and what was found, and Error{kIo} if a file cannot be read.
class DataSource {
 public:
  DataSource() = default;
  virtual ~DataSource() = default;
  DataSource(const DataSource&) = delete;
  DataSource& operator=(const DataSource&) = delete;

  /// The splits, in order; empty for one set of images, which `load` returns for any split.
  virtual std::vector<Split> splits() const = 0;
  virtual SplitContent load(Split split) const = 0;
  /// Whether a split that exists has labels. Reads as little as possible.
  virtual bool has_labels(Split split) const = 0;
  /// The labels of a split that exists, without its images; empty if it has none.
  virtual std::vector<std::int32_t> labels(Split split) const = 0;
};

/// The layout of a folder: IDX, CSV, NumPy arrays or image files. Throws Error{kBadData} with the
/// accepted layouts if the folder has none of them.
std::unique_ptr<DataSource> open_folder_source(const std::filesystem::path& folder,
                                               const LoadOptions& options);

/// IDX files in `folder`, under the names of MNIST behind `prefix`. Images of EMNIST, whose
/// prefixes begin with its name, are turned upright.
std::unique_ptr<DataSource> open_idx_source(const std::filesystem::path& folder,
                                            const std::string& prefix = "");

/// The arrays of an NPZ file: see npz.h.
std::unique_ptr<DataSource> open_npz_source(ByteStream& stream);

/// The .npy and .npz files of a folder; null if it has none.
std::unique_ptr<DataSource> open_npy_folder_source(const std::filesystem::path& folder);

/// The split that a word in a name stands for: "mnist_train", "trainImages", "valid-2". Nothing if
/// there is none.
std::optional<Split> split_in_name(std::string_view name);

}  // namespace digitry
