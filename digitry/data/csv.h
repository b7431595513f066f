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

/// The meaning of the columns of a table of images.
struct CsvLayout {
  static constexpr std::size_t kNoColumn = SIZE_MAX;

  bool has_heading = false;
  std::size_t num_columns = 0;
  std::size_t label_column = kNoColumn;
  bool has_id = false;  ///< Column 0 is an id.
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool labelled() const { return label_column != kNoColumn; }
};

/// Determines the layout from the first line, which is a heading or a row. Without a heading, the
/// first column is a label unless the number of columns is a square. Throws Error{kBadData}, whose
/// message begins with `name`, if the columns cannot be those of an image.
CsvLayout find_csv_layout(const std::string& name, std::string_view first_line);

/// Images read from rows of numbers.
struct CsvImages {
  Tensor images;                     ///< uint8 [N,1,H,W].
  std::vector<std::int32_t> labels;  ///< N, or empty if the file has no label column.
};

/// Reads images, one per row, as in Kaggle's "Digit Recognizer": `label,pixel0,pixel1,...`, with or
/// without the label column (its test file has none) and with or without the heading.
///
/// Columns: an `id` (first, ignored), a `label` or `class` (first or last), and the pixels row by
/// row as whole numbers in [0, 255]. Images are H×W if the pixel columns are named 1x1 ... HxW,
/// else square. Without a heading, the first column is a label unless the number of columns is a
/// square. Throws Error{kBadData} that names the stream, the line, the column, the rule and what
/// was found; and what `ByteStream::read` throws.
CsvImages read_csv(ByteStream& stream);

/// Reads only the labels, which takes little more time than finding the lines. Empty if the file
/// has no label column. Throws as `read_csv` does.
std::vector<std::int32_t> read_csv_labels(ByteStream& stream);

/// Whether a file that begins with `start` can be a CSV file: it has no binary characters.
bool looks_like_csv(std::string_view start);

/// Finds `train.csv` or `test.csv` (or .csv.gz) in a folder in Kaggle's layout. Nothing if there is
/// no such file. Throws Error{kIo} if the folder cannot be read.
std::optional<std::filesystem::path> find_csv_file(const std::filesystem::path& folder,
                                                   Split split);

}  // namespace digitry
