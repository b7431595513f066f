#include "digitry/data/class_names.h"

#include <algorithm>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxClassNameBytes = std::uint64_t{1} << 20;

}  // namespace

std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

std::int64_t count_classes(std::span<const std::int32_t> labels) {
  return labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
}

std::vector<std::string> read_class_names(const fs::path& folder) {
  const fs::path file = folder / "class_names.txt";
  std::vector<std::string> names;
  if (!path_exists(file)) return names;
  std::string text(without_byte_order_mark(read_file(file, kMaxClassNameBytes)));
  text.erase(text.find_last_not_of("\r\n") + 1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (name.ends_with('\r')) name.pop_back();
    if (name.empty() || std::ranges::find(names, name) != names.end())
      throw Error(ErrorCode::kBadData,
                  "{}: line {}: expected a distinct name for each class, found {}", file.string(),
                  names.size() + 1, name.empty() ? "a blank line" : name + " again");
    names.push_back(std::move(name));
    begin = end + 1;
  }
  if (names.empty() || names.size() > static_cast<std::size_t>(kMaxClasses))
    throw Error(ErrorCode::kBadData, "{}: expected 1 to {} class names, one per line, found {}",
                file.string(), kMaxClasses, names.size());
  return names;
}

}  // namespace digitry
