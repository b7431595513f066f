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

/// Images read from rows of numbers.
struct CsvImages {
  Tensor images;                     ///< uint8 [N,1,H,W].
  std::vector<std::int32_t> labels;  ///< N, or empty if the file has no label column.
};

/// Reads images, one per row, as in Kaggle's "Digit Recognizer": `label,pixel0,pixel1,...`, with or
/// without the label column (its test file has none) and with or without the heading.
///
/// Cells are separated by commas, semicolons, tabs or spaces, whichever the first line has most of;
/// they may be quoted and have spaces around them. Columns: an `id` (first, ignored), a label
/// (first or last; named label, class, target, digit or y), and the pixels: numbers in [0, 255] or,
/// if they are written with a decimal point and none is above 1, in [0, 1]. Pixels are row by
/// row, unless all have numbers in their names (pixel0, ... or 1x1, ..., HxW), which then give
/// their places. Images are H×W if the names say so, else square.
///
/// Without a heading, a square number of columns is pixels alone. Else the label is the first or
/// the last column: the only one of whole numbers that vary, or the only one whose values are all
/// of 0, 1, 2, ... If both can be, the file is rejected.
///
/// Throws Error{kBadData} that names the stream, the line, the column, the rule and what was found;
/// and what `ByteStream::read` throws.
CsvImages read_csv(ByteStream& stream);

/// Reads only the labels, which takes little more time than finding the lines. Empty if the file
/// has no label column. Throws as `read_csv` does.
std::vector<std::int32_t> read_csv_labels(ByteStream& stream);

/// Whether a file that begins with `start` can be a CSV file: it has no binary characters.
bool looks_like_csv(std::string_view start);

/// Finds the CSV file of a split: `train.csv` or `test.csv`, else the one whose name has such a
/// word in it (`mnist_train.csv`, `validation-data.csv.gz`). Nothing if there is none. Throws
/// Error{kBadData} if there are several, Error{kIo} if the folder cannot be read.
std::optional<std::filesystem::path> find_csv_file(const std::filesystem::path& folder,
                                                   Split split);

}  // namespace digitry
