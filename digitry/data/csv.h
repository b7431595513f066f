#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "digitry/data/byte_stream.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

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

}  // namespace digitry
