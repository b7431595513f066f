#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/report/report.h"

namespace digitry::test {

struct ContentOptions {
  std::int64_t num_images = 60;
  std::int64_t height = 28;
  std::int64_t width = 28;
  std::vector<std::string> class_names = {"0", "1", "2", "3"};
  std::int64_t mistake_every =
      5;  ///< Every how many-th image is taken for the next class; 0: none.
  std::int64_t num_epochs = 3;
};

/// A synthetic report: image i has class i modulo the number of classes and shows a diagonal stroke
/// with a mark that identifies it.
ReportContent make_content(const ContentOptions& options);
inline ReportContent make_content() { return make_content({}); }

/// The same with explanations of the first three mistakes, two nearest training images each, and a
/// map of all images. The evidence for the predicted class is at the upper left, for the true class
/// at the lower right.
ReportContent explained_content(const ContentOptions& options = {});

/// Number of occurrences of `part` in `text`.
std::size_t count_of(const std::string& text, const std::string& part);

}  // namespace digitry::test
