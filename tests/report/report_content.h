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

/// A made-up report: image i is of class i modulo the classes, a diagonal stroke with a mark that
/// tells the images apart.
ReportContent make_content(const ContentOptions& options);
inline ReportContent make_content() { return make_content({}); }

/// The same with the first three of its mistakes explained, two training images near each, and a
/// map of all images. What spoke for the answer is at the upper left, for the true class at the
/// lower right.
ReportContent explained_content(const ContentOptions& options = {});

/// How often `part` occurs in `text`.
std::size_t count_of(const std::string& text, const std::string& part);

}  // namespace digitry::test
