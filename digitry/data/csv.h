#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/data/dataset.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What each column of a table of images is.
struct CsvLayout {
  static constexpr std::size_t kNoColumn = SIZE_MAX;

  bool has_heading = false;
  std::size_t num_columns = 0;
  std::size_t label_column = kNoColumn;
  bool has_id = false;  ///< In column 0.
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool labelled() const { return label_column != kNoColumn; }
};

/// The layout as the first line tells it, a heading or a row. Without a heading, a number of
/// columns that is no square has the label in front of a square number of pixels. Throws
/// Error{kBadData}, beginning with `name`, where it cannot be one of images.
CsvLayout find_csv_layout(const std::string& name, std::string_view first_line);

/// Images that came as rows of numbers.
struct CsvImages {
  Tensor images;                     ///< uint8 [N,1,H,W].
  std::vector<std::int32_t> labels;  ///< N, or none where the file has no label column.
};

/// Reads images of one row each, as in Kaggle's "Digit Recognizer": `label,pixel0,pixel1,...`, or
/// without the label column (its test file), or without the heading line.
///
/// Columns: an `id` (first, ignored), a `label` or `class` (first or last), pixels row by row,
/// whole numbers 0-255. Images are H×W where the pixels are called 1x1 ... HxW, square otherwise.
/// Without a heading, the first column is the label if that leaves a square number of pixels.
/// Throws Error{kBadData} with the line and the column.
CsvImages read_csv(ByteStream& stream);

/// The labels alone, at the speed of finding lines; none where the file has no label column.
std::vector<std::int32_t> read_csv_labels(ByteStream& stream);

/// Whether text that starts so can be such a file (and not some binary format).
bool looks_like_csv(std::string_view start);

/// `train.csv` or `test.csv` (or .csv.gz) of a folder in Kaggle's layout, where it is there.
/// Throws Error{kIo} where the folder cannot be looked into.
std::optional<std::filesystem::path> find_csv_file(const std::filesystem::path& folder,
                                                   Split split);

}  // namespace digitry
