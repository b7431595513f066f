#include "tests/tree/light_headers.h"

#include <regex>

#include "digitry/base/file.h"

namespace digitry::test {
namespace {

// Headers of the standard library have neither a folder nor an extension. <unistd.h> belongs to the
// system too (POSIX).
bool is_foreign(const std::string& header) {
  return header != "unistd.h" && header.find_first_of("./") != std::string::npos;
}

void collect(const std::filesystem::path& root, const std::string& header,
             std::set<std::string>& visited, std::set<std::string>& foreign) {
  static const std::regex include(R"re((?:^|\n)\s*#\s*include\s*["<]([^">]*)[">])re");
  if (!visited.insert(header).second) return;
  const std::string text = read_file(root / header, 1 << 20);
  for (auto match = std::sregex_iterator(text.begin(), text.end(), include);
       match != std::sregex_iterator(); ++match) {
    const std::string file = (*match)[1];
    if (file.starts_with("digitry/"))
      collect(root, file, visited, foreign);
    else if (is_foreign(file))
      foreign.insert(file);
  }
}

}  // namespace

std::set<std::string> foreign_headers(const std::filesystem::path& root,
                                      const std::string& header) {
  std::set<std::string> visited;
  std::set<std::string> foreign;
  collect(root, header, visited, foreign);
  return foreign;
}

std::set<std::string> included_headers(const std::filesystem::path& root,
                                       const std::string& header) {
  std::set<std::string> visited;
  std::set<std::string> foreign;
  collect(root, header, visited, foreign);
  return visited;
}

}  // namespace digitry::test
