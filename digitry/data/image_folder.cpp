#include "digitry/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <exception>
#include <mutex>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/data/dataset.h"
#include "digitry/image/image.h"
#include "digitry/image/png.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kGrain = 64;
constexpr const char* kRunsFolder = "runs";
constexpr const char* kRunFile = "config.toml";

bool is_png_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" && !path.filename().string().starts_with('.');
}

std::vector<std::string> list_png_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::path& path : list_folder(folder))
    if (is_png_name(path) && !is_folder(path)) files.push_back(path.string());
  return files;
}

Image read_png(const std::string& file) {
  return decode_grey_png(read_file(file, kMaxPngBytes), file);
}

// Decodes on all threads. If several files are invalid, reports the first, as one thread would.
Tensor read_all(const std::vector<std::string>& files) {
  const Image first = read_png(files.front());
  const ImageSize size{first.height, first.width};
  const auto count = static_cast<std::int64_t>(files.size());
  check_image_total(fs::path(files.front()).parent_path().string(), count,
                    size.height * size.width);
  Tensor images({count, 1, size.height, size.width}, DType::kU8);
  const auto pixels = static_cast<std::size_t>(size.height * size.width);

  std::mutex mutex;
  std::int64_t first_failed = count;
  std::exception_ptr failure;
  parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      try {
        const std::string& file = files[static_cast<std::size_t>(i)];
        const Image image = read_png(file);
        if (ImageSize{image.height, image.width} != size)
          throw Error(ErrorCode::kBadData, "{}: expected {}x{} pixels, as in {}, found {}x{}", file,
                      size.width, size.height, files.front(), image.width, image.height);
        std::memcpy(images.data() + static_cast<std::size_t>(i) * pixels, image.pixels.data(),
                    pixels);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < first_failed) {
          first_failed = i;
          failure = std::current_exception();
        }
        return;
      }
    }
  });
  if (failure) std::rethrow_exception(failure);
  return images;
}

// Whether `folder` was made by `digitry train` inside the folder of images: a run, or runs/.
bool holds_runs(const fs::path& folder) {
  if (path_exists(folder / kRunFile)) return true;
  return folder.filename() == kRunsFolder &&
         std::ranges::any_of(list_folder(folder),
                             [](const fs::path& path) { return path_exists(path / kRunFile); });
}

}  // namespace

bool holds_png_files(const fs::path& folder) {
  return std::ranges::any_of(list_folder(folder), is_png_name);
}

std::vector<std::string> list_classes(const fs::path& root) {
  std::vector<std::string> names;
  for (const fs::path& path : list_folder(root)) {
    std::string name = path.filename().string();
    if (is_folder(path) && !name.starts_with('.') && !holds_runs(path))
      names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  if (names.size() > static_cast<std::size_t>(kMaxClasses))
    throw Error(ErrorCode::kBadData, "{}: expected at most {} classes (folders), found {}",
                root.string(), kMaxClasses, names.size());
  return names;
}

ImageFiles read_image_folder(const fs::path& root, std::vector<std::string> class_names) {
  ImageFiles result;
  result.class_names = std::move(class_names);
  for (const std::string& name : list_classes(root)) {
    const auto place = std::ranges::find(result.class_names, name);
    if (place == result.class_names.end())
      throw Error(ErrorCode::kBadData, "{}: expected only the classes {}, found the folder {}",
                  root.string(), fmt::format("{}", fmt::join(result.class_names, ", ")), name);
    std::vector<std::string> files = list_png_files(root / name);
    if (files.empty())
      throw Error(ErrorCode::kBadData, "{}: expected PNG images of the class {}, found none",
                  (root / name).string(), name);
    result.labels.insert(result.labels.end(), files.size(),
                         static_cast<std::int32_t>(place - result.class_names.begin()));
    std::ranges::move(files, std::back_inserter(result.files));
  }
  if (result.files.empty())
    throw Error(ErrorCode::kBadData,
                "{}: expected folders of PNG images, one per class, found none", root.string());
  result.images = read_all(result.files);
  return result;
}

ImageFiles read_unlabelled_images(const fs::path& folder) {
  ImageFiles result;
  result.files = list_png_files(folder);
  if (result.files.empty())
    throw Error(ErrorCode::kBadData, "{}: expected PNG images, found none", folder.string());
  result.images = read_all(result.files);
  return result;
}

}  // namespace digitry
