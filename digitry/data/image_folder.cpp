#include "digitry/data/image_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/image/channels.h"
#include "digitry/image/decoder.h"
#include "digitry/image/fit.h"
#include "digitry/image/image.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kGrain = 64;
constexpr std::uint64_t kMaxImageFileBytes = kMaxPngBytes;
constexpr ImageSize kSizeOfMixed{28, 28};
constexpr const char* kRunsFolder = "runs";
constexpr const char* kRunFile = "config.toml";
constexpr std::array<std::string_view, 7> kImageExtensions = {".png", ".jpg",  ".jpeg", ".bmp",
                                                              ".tif", ".tiff", ".webp"};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Files that operating systems leave in folders: .DS_Store, ._a.png, Thumbs.db, desktop.ini,
// __MACOSX.
bool is_litter(const fs::path& path) {
  const std::string name = lower_case(path.filename().string());
  return name.starts_with('.') || name == "thumbs.db" || name == "desktop.ini" ||
         name == "__macosx";
}

std::string size_text(ImageSize size) { return fmt::format("{}x{}", size.width, size.height); }

// The files that were not read, by their extension.
class LeftOut {
 public:
  void add(const fs::path& path) {
    std::string extension = lower_case(path.extension().string());
    ++counts_[extension.empty() ? "no extension" : clean_utf8(extension)];
    if (first_.empty()) first_ = path.string();
    ++total_;
  }

  void note(std::vector<std::string>& notes) const {
    if (total_ == 0) return;
    std::vector<std::string> parts;
    for (const auto& [extension, count] : counts_)
      parts.push_back(fmt::format("{} ({})", extension, count));
    notes.push_back(
        fmt::format("left out {} {}: {}; the first is {}", grouped(total_),
                    total_ == 1 ? "file that is not an image" : "files that are not images",
                    fmt::join(parts, ", "), clean_utf8(first_)));
  }

 private:
  std::map<std::string, std::int64_t> counts_;
  std::string first_;
  std::int64_t total_ = 0;
};

std::vector<std::string> list_images(const fs::path& folder, LeftOut& left_out) {
  std::vector<std::string> files;
  for (const fs::path& path : list_folder(folder)) {
    if (is_litter(path) || is_folder(path)) continue;
    if (is_image_name(path))
      files.push_back(path.string());
    else
      left_out.add(path);
  }
  return files;
}

// The image files in `folder`, at least one, in natural order; not read yet.
ImageFiles files_in(const fs::path& folder) {
  ImageFiles result;
  LeftOut left_out;
  result.files = list_images(folder, left_out);
  if (result.files.empty())
    throw Error(ErrorCode::kBadData, "{}: expected image files, found none", folder.string());
  std::ranges::sort(result.files, natural_less);
  left_out.note(result.notes);
  return result;
}

// The number of folders inside a class folder: their images are not read.
std::int64_t count_folders(const fs::path& folder) {
  return std::ranges::count_if(list_folder(folder), [](const fs::path& path) {
    return !is_litter(path) && is_folder(path);
  });
}

Image read_image(const std::string& file, Channels channels) {
  return with_channels(decode_image(read_file(file, kMaxImageFileBytes), file), channels);
}

// Decodes files on all threads.
class FileReader {
 public:
  FileReader(const std::vector<std::string>& files, Channels channels)
      : files_(files), channels_(channels) {}

  // All images brought to `size`. If `exact`, returns nothing as soon as one has another size.
  // If several files are invalid, throws the error of the first, as one thread would.
  std::optional<Tensor> read(ImageSize size, bool exact) {
    const auto count = static_cast<std::int64_t>(files_.size());
    check_image_total(fs::path(files_.front()).parent_path().string(), count,
                      count_of(channels_) * size.height * size.width);
    Tensor images({count, count_of(channels_), size.height, size.width}, DType::kU8);
    first_failed_ = count;
    failure_ = nullptr;
    std::atomic<bool> differs = false;
    parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end && !differs; ++i) {
        try {
          const Image image = read_image(files_[static_cast<std::size_t>(i)], channels_);
          if (exact && ImageSize{image.height, image.width} != size) {
            differs = true;
            return;
          }
          const std::vector<std::uint8_t> pixels = planes_of(fit_image(image, size));
          std::memcpy(images.data() + static_cast<std::size_t>(i) * pixels.size(), pixels.data(),
                      pixels.size());
        } catch (...) {
          const std::lock_guard lock(mutex_);
          if (i >= first_failed_) return;
          first_failed_ = i;
          failure_ = std::current_exception();
          return;
        }
      }
    });
    if (differs) return std::nullopt;
    if (failure_) std::rethrow_exception(failure_);
    return images;
  }

 private:
  const std::vector<std::string>& files_;
  Channels channels_;
  std::mutex mutex_;
  std::int64_t first_failed_ = 0;
  std::exception_ptr failure_;
};

void read_all(const LoadOptions& options, ImageFiles& result) {
  const Image first = read_image(result.files.front(), options.channels);
  const ImageSize found{first.height, first.width};
  FileReader reader(result.files, options.channels);
  if (options.image_size != ImageSize{}) {
    result.images = *reader.read(options.image_size, /*exact=*/false);
    if (found != options.image_size)
      result.notes.push_back(fmt::format("brought the images to {} pixels ({} has {})",
                                         size_text(options.image_size),
                                         clean_utf8(result.files.front()), size_text(found)));
    return;
  }
  if (found.height > kMaxImageSide || found.width > kMaxImageSide)
    throw Error(ErrorCode::kBadData,
                "{}: expected images of at most {} pixels per side, found {}; set an image size "
                "(--image-size 28)",
                result.files.front(), kMaxImageSide, size_text(found));
  if (auto images = reader.read(found, /*exact=*/true)) {
    result.images = *std::move(images);
    return;
  }
  result.images = *reader.read(kSizeOfMixed, /*exact=*/false);
  result.notes.push_back(
      fmt::format("the images have different sizes; brought them to {} pixels (--image-size sets "
                  "another size)",
                  size_text(kSizeOfMixed)));
}

// Whether `folder` was made by `digitry train` inside the folder of images: a run, or runs/.
bool holds_runs(const fs::path& folder) {
  if (path_exists(folder / kRunFile)) return true;
  return folder.filename() == kRunsFolder &&
         std::ranges::any_of(list_folder(folder),
                             [](const fs::path& path) { return path_exists(path / kRunFile); });
}

std::int32_t label_of(const std::string& name, const std::vector<std::string>& class_names,
                      const std::string& where, std::string_view what) {
  const auto place = std::ranges::find(class_names, name);
  if (place == class_names.end())
    throw Error(ErrorCode::kBadData, "{}: expected only the classes {}, found {}{}", where,
                fmt::format("{}", fmt::join(class_names, ", ")), what, name);
  return static_cast<std::int32_t>(place - class_names.begin());
}

std::string class_in_name(const std::string& file) {
  const std::string name = fs::path(file).stem().string();
  const std::size_t end = name.find_first_of("_- .");
  if (end == 0 || end == std::string::npos)
    throw Error(ErrorCode::kBadData,
                "{}: expected a class at the start of the file's name, as in 5_a.png, found none",
                file);
  return name.substr(0, end);
}

}  // namespace

bool is_image_name(const fs::path& path) {
  const std::string extension = lower_case(path.extension().string());
  return !is_litter(path) &&
         std::ranges::find(kImageExtensions, extension) != kImageExtensions.end();
}

bool holds_images(const fs::path& folder) {
  return std::ranges::any_of(list_folder(folder), is_image_name);
}

std::vector<std::string> list_classes(const fs::path& root) {
  std::vector<std::string> names;
  for (const fs::path& path : list_folder(root))
    if (!is_litter(path) && is_folder(path) && !holds_runs(path))
      names.push_back(path.filename().string());
  std::ranges::sort(names);
  if (names.size() > static_cast<std::size_t>(kMaxClasses))
    throw Error(ErrorCode::kBadData, "{}: expected at most {} classes (folders), found {}",
                root.string(), kMaxClasses, names.size());
  return names;
}

std::optional<fs::path> find_split_folder(const fs::path& root, Split split) {
  const std::vector<std::string> words =
      split == Split::kTrain        ? std::vector<std::string>{"train", "training"}
      : split == Split::kValidation ? std::vector<std::string>{"validation", "val", "valid", "dev"}
                                    : std::vector<std::string>{"test", "testing"};
  std::optional<fs::path> found;
  for (const fs::path& path : list_folder(root)) {
    if (std::ranges::find(words, lower_case(path.filename().string())) == words.end() ||
        !is_folder(path))
      continue;
    if (found)
      throw Error(ErrorCode::kBadData, "{}: expected one folder of {} images, found {} and {}",
                  root.string(), to_string(split), found->filename().string(),
                  path.filename().string());
    found = path;
  }
  return found;
}

ImageFiles read_image_folder(const fs::path& root, std::vector<std::string> class_names,
                             const LoadOptions& options) {
  ImageFiles result;
  result.class_names = std::move(class_names);
  LeftOut left_out;
  std::int64_t num_folders = 0;
  for (const std::string& name : list_classes(root)) {
    const std::int32_t label = label_of(name, result.class_names, root.string(), "the folder ");
    std::vector<std::string> files = list_images(root / name, left_out);
    num_folders += count_folders(root / name);
    if (files.empty())
      throw Error(ErrorCode::kBadData, "{}: expected images of the class {}, found none",
                  (root / name).string(), name);
    result.labels.insert(result.labels.end(), files.size(), label);
    std::ranges::move(files, std::back_inserter(result.files));
  }
  if (result.files.empty())
    throw Error(ErrorCode::kBadData, "{}: expected folders of images, one per class, found none",
                root.string());
  left_out.note(result.notes);
  if (num_folders > 0)
    result.notes.push_back(fmt::format("left out {} folder{} inside the folders of the classes",
                                       grouped(num_folders), num_folders == 1 ? "" : "s"));
  read_all(options, result);
  return result;
}

ImageFiles read_unlabelled_images(const fs::path& folder, const LoadOptions& options) {
  ImageFiles result = files_in(folder);
  read_all(options, result);
  return result;
}

std::vector<std::string> list_named_classes(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& path : list_folder(folder))
    if (is_image_name(path) && !is_folder(path)) names.push_back(class_in_name(path.string()));
  std::ranges::sort(names, natural_less);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > static_cast<std::size_t>(kMaxClasses))
    throw Error(ErrorCode::kBadData, "{}: expected at most {} classes, found {}", folder.string(),
                kMaxClasses, names.size());
  return names;
}

ImageFiles read_named_images(const fs::path& folder, std::vector<std::string> class_names,
                             const LoadOptions& options) {
  ImageFiles result = files_in(folder);
  for (const std::string& file : result.files)
    result.labels.push_back(label_of(class_in_name(file), class_names, file, ""));
  result.class_names = std::move(class_names);
  read_all(options, result);
  return result;
}

}  // namespace digitry
