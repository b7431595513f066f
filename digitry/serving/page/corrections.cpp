#include "digitry/serving/page/corrections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/sha256.h"
#include "digitry/data/image_folder.h"
#include "digitry/image/png.h"

namespace digitry::serving {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxNameBytes = 255;  // Of common file systems.
constexpr std::size_t kHashDigits = 16;
constexpr std::string_view kExtension = ".png";

// Whether a class can have a folder that `load_dataset` reads.
bool is_folder_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' &&
         std::ranges::none_of(name, [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < ' ' || c == 0x7F;
         });
}

// The name of the file for an image of these pixels.
std::string file_name(const std::string& pixels) {
  return sha256(pixels).substr(0, kHashDigits) + std::string(kExtension);
}

// A path that Corrections::save returned, split at its slash.
struct SavedPath {
  std::string label;
  std::string file;
};

SavedPath parse_saved(const std::string& path, const std::vector<std::string>& class_names) {
  const std::size_t slash = std::min(path.rfind('/'), path.size());
  SavedPath saved{path.substr(0, slash), path.substr(std::min(slash + 1, path.size()))};
  const std::string_view file = saved.file;
  const bool is_saved =
      std::ranges::find(class_names, saved.label) != class_names.end() &&
      is_folder_name(saved.label) && file.size() == kHashDigits + kExtension.size() &&
      file.ends_with(kExtension) && file.find_first_not_of("0123456789abcdef") == kHashDigits;
  if (!is_saved)
    throw Error(ErrorCode::kBadData,
                "replaces: expected the path of a correction, as \"saved\" returns it, got \"{}\"",
                path);
  return saved;
}

std::size_t count_images(const fs::path& folder) {
  std::size_t count = 0;
  for (const fs::path& path : list_folder(folder))
    if (is_folder(path)) count += list_folder(path).size();
  return count;
}

}  // namespace

Corrections::Corrections(fs::path folder, std::size_t max_images)
    : folder_(std::move(folder)), max_images_(max_images) {
  make_folder(folder_);
  num_images_ = count_images(folder_);
}

std::string Corrections::save(const Tensor& image, const std::string& label,
                              const std::vector<std::string>& class_names,
                              const std::string& replaces) {
  const Shape& shape = image.shape();
  if (shape.rank() != 4 || shape[0] != 1 || shape[1] != 1)
    throw Error(ErrorCode::kShapeMismatch, "corrections: expected a grey image [1,1,H,W], got {}",
                shape.to_string());
  if (std::ranges::find(class_names, label) == class_names.end())
    throw Error(ErrorCode::kBadData, "label: expected one of {}, got \"{}\"",
                fmt::format("{}", fmt::join(class_names, ", ")), label);
  if (!is_folder_name(label))
    throw Error(ErrorCode::kBadData, "label: \"{}\" cannot be the name of a folder", label);
  const auto pixels = image.as<std::uint8_t>();
  const std::string file = file_name(std::string(pixels.begin(), pixels.end()));
  std::string saved = label + "/" + file;
  std::optional<SavedPath> replaced;
  if (!replaces.empty()) replaced = parse_saved(replaces, class_names);

  const std::lock_guard lock(mutex_);
  const bool replaces_one = replaced && path_exists(folder_ / replaces);
  if (num_images_ >= max_images_ && !replaces_one && !path_exists(folder_ / saved))
    throw Error(ErrorCode::kUnavailable, "{} is full: it holds {} images", folder_.string(),
                num_images_);
  check_classes(class_names);
  make_folder(folder_ / label);
  if (!path_exists(folder_ / saved)) ++num_images_;
  write_file_atomically(folder_ / saved, encode_png({.height = shape[2],
                                                     .width = shape[3],
                                                     .channels = 1,
                                                     .pixels = {pixels.begin(), pixels.end()}}));
  for (const std::string& other : class_names)
    if (other != label && is_folder_name(other)) remove(other, file);
  // The new image is written first, so that a failure loses neither.
  if (replaced && replaces != saved) remove(replaced->label, replaced->file);
  return saved;
}

void Corrections::check_classes(const std::vector<std::string>& class_names) const {
  for (const std::string& other : list_classes(folder_))
    if (std::ranges::find(class_names, other) == class_names.end())
      throw Error(ErrorCode::kUnavailable,
                  "{} has a class \"{}\", which the model does not have; the model has {}",
                  folder_.string(), other, fmt::format("{}", fmt::join(class_names, ", ")));
}

void Corrections::remove(const std::string& label, const std::string& file) {
  const fs::path folder = folder_ / label;
  if (!path_exists(folder / file)) return;
  remove_file(folder / file);
  --num_images_;
  std::error_code not_empty;
  fs::remove(folder, not_empty);
}

}  // namespace digitry::serving
