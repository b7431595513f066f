#include "digitry/serving/page/corrections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
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

constexpr std::size_t kMaxNameBytes = 255;  // That file systems take.
constexpr std::size_t kHashDigits = 16;

// Whether a class can have a folder that `load_dataset` finds again.
bool is_folder_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' &&
         std::ranges::none_of(name, [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < ' ' || c == 0x7F;
         });
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
                              const std::vector<std::string>& class_names) {
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
  const std::string bytes(pixels.begin(), pixels.end());
  const std::string file = sha256(bytes).substr(0, kHashDigits) + ".png";
  std::string saved = label + "/" + file;

  const std::lock_guard lock(mutex_);
  if (num_images_ >= max_images_ && !path_exists(folder_ / saved))
    throw Error(ErrorCode::kUnavailable, "{} holds {} images already: no more are kept",
                folder_.string(), num_images_);
  check_classes(class_names);
  make_folder(folder_ / label);
  if (!path_exists(folder_ / saved)) ++num_images_;
  write_file_atomically(folder_ / saved, encode_png({.height = shape[2],
                                                     .width = shape[3],
                                                     .channels = 1,
                                                     .pixels = {pixels.begin(), pixels.end()}}));
  for (const std::string& other : class_names)
    if (other != label && is_folder_name(other)) remove(other, file);
  return saved;
}

void Corrections::check_classes(const std::vector<std::string>& class_names) const {
  for (const std::string& other : list_classes(folder_))
    if (std::ranges::find(class_names, other) == class_names.end())
      throw Error(ErrorCode::kUnavailable, "{} has a class \"{}\" that is none of the model's: {}",
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
