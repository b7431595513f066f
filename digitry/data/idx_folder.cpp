#include "digitry/data/idx_folder.h"

#include <string>
#include <vector>

#include "digitry/base/file.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

void replace_last(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.rfind(from); at != std::string::npos) text.replace(at, from.size(), to);
}

bool is_present(const fs::path& path) { return path_exists(path) && !is_folder(path); }

}  // namespace

std::optional<fs::path> find_idx_file(const fs::path& folder, std::string_view name) {
  std::string dotted(name);
  replace_last(dotted, "-idx", ".idx");
  for (const std::string& spelling : {std::string(name), dotted})
    for (const char* ending : {"", ".gz"})
      if (fs::path path = folder / (spelling + ending); is_present(path)) return path;
  return std::nullopt;
}

IdxFiles find_idx_files(const fs::path& folder, Split split) {
  IdxFiles files;
  const std::vector<std::string> prefixes = split == Split::kTrain
                                                ? std::vector<std::string>{"train"}
                                                : std::vector<std::string>{"t10k", "test"};
  for (const std::string& prefix : prefixes) {
    for (const char* rank : {"3", "4"})
      if (!files.images)
        files.images = find_idx_file(folder, prefix + "-images-idx" + rank + "-ubyte");
    if (!files.labels) files.labels = find_idx_file(folder, prefix + "-labels-idx1-ubyte");
  }
  return files;
}

std::optional<fs::path> find_labels_of(const fs::path& images) {
  std::string name = images.filename().string();
  if (name.find("images") == std::string::npos) return std::nullopt;
  replace_last(name, "images", "labels");
  replace_last(name, "idx3", "idx1");
  replace_last(name, "idx4", "idx1");
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return find_idx_file(images.parent_path(), name);
}

}  // namespace digitry
