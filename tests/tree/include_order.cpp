#include "tests/tree/include_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

namespace digitry::test {
namespace {

// The folders of the library in order of dependency, each with the folders that it may include
// besides itself. Any other edge is an error. Before you add one here, decide about it and document
// it in ARCHITECTURE.md.
const std::map<std::string_view, std::vector<std::string_view>>& allowed_edges() {
  static const std::map<std::string_view, std::vector<std::string_view>> edges = {
      {"base", {}},
      {"tensor", {"base"}},
      {"kernels", {"base", "tensor"}},
      {"image", {"base", "tensor"}},
      {"data", {"base", "tensor", "image"}},
      {"augment", {"base", "tensor", "image"}},
      {"corruption", {"base", "tensor", "image"}},
      {"nn", {"base", "tensor", "kernels"}},
      {"optim", {"base", "tensor", "kernels"}},
      {"model_io", {"base", "tensor", "kernels", "data", "augment", "nn"}},
      {"evaluation",
       {"base", "tensor", "image", "kernels", "data", "augment", "corruption", "nn", "model_io"}},
      {"training",
       {"base", "tensor", "kernels", "data", "augment", "nn", "optim", "model_io", "evaluation"}},
      {"comm", {"base"}},
      {"fetch", {"base", "data"}},
      {"tuning", {"base", "data", "training"}},
      {"serving", {"base", "tensor", "image", "data", "model_io", "evaluation"}},
      {"report", {"base", "tensor", "image", "data", "nn", "model_io", "evaluation", "training"}},
      {"interchange", {"base", "tensor", "kernels", "augment", "nn", "model_io"}},
      {"vision", {"base", "tensor", "image", "model_io", "evaluation"}},
      // digitry/digitry.h: all of the core.
      {"",
       {"base", "tensor", "image", "kernels", "data", "augment", "corruption", "nn", "optim",
        "model_io", "evaluation", "training"}},
  };
  return edges;
}

// "nn" for "digitry/nn/layers/dense.h"; empty if there is no folder.
std::string folder_of(const std::string& path) {
  const std::size_t first = path.find('/');
  const std::size_t second = path.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos) return "";
  return path.substr(first + 1, second - first - 1);
}

}  // namespace

bool may_include(std::string_view folder, std::string_view included) {
  const auto found = allowed_edges().find(folder);
  if (found == allowed_edges().end()) return false;
  return folder == included ||
         std::find(found->second.begin(), found->second.end(), included) != found->second.end();
}

std::vector<std::string> check_includes(const std::string& path, const std::string& text) {
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]*)[">])re");
  const std::string folder = folder_of(path);
  std::vector<std::string> problems;
  if (!may_include(folder, folder))
    problems.push_back(fmt::format("{}: folder \"{}\" is not in the table of edges", path, folder));
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    const std::string file = match[1];
    const bool in_quotes = line.find('"') != std::string::npos;
    if (file.starts_with("digitry/")) {
      if (!may_include(folder, folder_of(file)))
        problems.push_back(fmt::format("{}:{}: {} may not include {}", path, number, folder, file));
    } else if (in_quotes && !file.starts_with("digitry_embedded/")) {
      problems.push_back(
          fmt::format("{}:{}: \"{}\": expected the path from the tree's root, below digitry/", path,
                      number, file));
    }
  }
  return problems;
}

std::vector<std::string> check_silence(const std::string& path, const std::string& text) {
  static const std::regex loud(
      R"re(\b(std::cout|std::cerr|std::clog|fmt::print|printf|puts|std::exit|exit|abort)\b\s*(\(|<<))re");
  std::vector<std::string> problems;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string code = line.substr(0, line.find("//"));
    std::smatch match;
    if (std::regex_search(code, match, loud))
      problems.push_back(
          fmt::format("{}:{}: the library does not call {}", path, number, match[1].str()));
  }
  return problems;
}

std::vector<std::string> source_files(const std::filesystem::path& root,
                                      const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".h" || extension == ".cpp")
      files.push_back(std::filesystem::relative(entry.path(), root).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace digitry::test
