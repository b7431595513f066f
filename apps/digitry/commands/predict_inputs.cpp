#include "apps/digitry/commands/predict_inputs.h"

#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/csv.h"
#include "digitry/data/npy.h"
#include "digitry/data/zip.h"
#include "digitry/image/channels.h"
#include "digitry/image/fit.h"
#include "digitry/image/unread_format.h"
#include "digitry/vision/decode.h"

namespace digitry::app {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kStartBytes = 64;
constexpr std::array<std::string_view, 7> kPictureExtensions = {".png",  ".jpg", ".jpeg", ".bmp",
                                                                ".webp", ".tif", ".tiff"};

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status == GLOB_NOMATCH)
    throw Error(ErrorCode::kBadData, "{}: expected matching files, found none", pattern);
  if (status != 0) throw Error(ErrorCode::kIo, "{}: cannot read the folders", pattern);
  return files;
}

bool named_as_picture(const fs::path& path) {
  return std::ranges::find(kPictureExtensions, extension_of(path)) != kPictureExtensions.end();
}

std::vector<std::string> pictures_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::path& path : list_folder(folder))
    if (!path.filename().string().starts_with('.') && !is_folder(path) && named_as_picture(path))
      files.push_back(path.string());
  std::ranges::sort(files, natural_less);
  return files;
}

}  // namespace

std::vector<std::string> list_inputs(const std::vector<std::string>& inputs, InputKind kind) {
  std::vector<std::string> listed;
  const auto add = [&](const std::vector<std::string>& files) {
    listed.insert(listed.end(), files.begin(), files.end());
  };
  for (const std::string& input : inputs) {
    const bool there = input == "-" || path_exists(input);
    if (!there && input.find_first_of("*?[") != std::string::npos) {
      add(matches(input));
    } else if (there && input != "-" && is_folder(input) && kind != InputKind::kImages) {
      const std::vector<std::string> files = pictures_in(input);
      add(files.empty() ? std::vector{input} : files);
    } else {
      listed.push_back(input);
    }
  }
  return listed;
}

namespace {

PredictInput as_input(Image picture, const std::string& name, InputKind kind,
                      const LoadOptions& options) {
  // Digits are searched for models of such images alone: others get the whole picture, in the form
  // in which the images of their training were read.
  const bool searched = options.channels == Channels::kGrey &&
                        options.image_size == ImageSize{kMnistSide, kMnistSide};
  if (!searched && kind != InputKind::kPicture)
    picture = fit_image(with_channels(picture, options.channels), options.image_size);
  if (kind == InputKind::kImages) return as_images(with_channels(picture, options.channels), name);
  if (kind == InputKind::kAuto && ImageSize{picture.height, picture.width} == options.image_size) {
    ImageForm form = find_image_form(picture);
    return SmallPicture{name, std::move(picture), std::move(form)};
  }
  return NamedPicture{name, std::move(picture)};
}

}  // namespace

void load_input(const std::string& input, InputKind kind, const LoadOptions& options, Pixels pixels,
                const std::function<void(PredictInput)>& use) {
  if (input != "-" && is_folder(input))
    return use(load_inputs(input, Labels::kIgnore, options, pixels));
  const std::unique_ptr<ByteStream> stream = open_stream(input);
  const std::string_view start = stream->peek(kStartBytes);
  if (!looks_like_picture(start)) {
    if (const auto unread = find_unread_format(start))
      throw Error(ErrorCode::kBadData, "{}: expected a picture or images, found {}; {} first",
                  stream->name(), unread->name, unread->advice);
    const bool table = start.empty() || start.starts_with(std::string_view("\0\0", 2)) ||
                       looks_like_npy(start) || looks_like_zip(start) ||
                       (looks_like_csv(start) && !named_as_picture(input));
    if (!table || kind == InputKind::kPicture)
      throw Error(
          ErrorCode::kBadData,
          "{}: expected a picture (PNG, JPEG, BMP, WebP, TIFF){}, found bytes {}", stream->name(),
          kind == InputKind::kPicture ? "" : " or images as IDX, CSV, NPY or NPZ",
          fmt::format("{:02x}", fmt::join(std::as_bytes(std::span(start.substr(0, 4))), " ")));
    return use(load_inputs(*stream, input, Labels::kIgnore, options, pixels));
  }
  const std::string bytes = read_rest(*stream, kMaxPictureBytes);
  const int pages = std::max(1, count_pages(bytes));
  for (int page = 0; page < pages; ++page) {
    const std::string name =
        pages > 1 ? fmt::format("{} page {}", stream->name(), page + 1) : stream->name();
    use(as_input(decode_picture(bytes, name, kMaxImagePixels, kAllPictureFormats, page), name, kind,
                 options));
  }
  if (pages == kMostPages)
    warn(fmt::format("{}: read the first {} pages", stream->name(), kMostPages));
}

Dataset as_images(const Image& image, const std::string& name) {
  Dataset data;
  data.images = Tensor({1, image.channels, image.height, image.width}, DType::kU8);
  std::ranges::copy(planes_of(image), data.images.as<std::uint8_t>().begin());
  data.sources = {name};
  data.name = name;
  return data;
}

}  // namespace digitry::app
