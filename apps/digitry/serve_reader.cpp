#include "apps/digitry/serve_reader.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/digitry/digit_judge.h"
#include "apps/digitry/reading_json.h"
#include "digitry/base/base64.h"
#include "digitry/vision/decode.h"

namespace digitry::app {
namespace {

// A camera's picture; the page sends smaller ones. Others would keep a thread for seconds.
constexpr std::int64_t kMaxServedPixels = std::int64_t{1} << 24;

// What browsers and cameras make; each decoder more is one more that strangers' bytes reach.
constexpr std::array kServedFormats = {PictureFormat::kPng, PictureFormat::kJpeg,
                                       PictureFormat::kWebp};

void check_format(std::string_view picture) {
  if (!looks_like_picture(picture)) return;  // The decoder says what is wrong.
  const std::optional<PictureFormat> format = picture_format(picture);
  if (!format || std::ranges::find(kServedFormats, *format) == kServedFormats.end())
    throw serving::UnsupportedPicture(
        ErrorCode::kBadData,
        "the picture: expected PNG, JPEG or WebP, got another format; convert it first");
}

}  // namespace

std::string read_served_picture(const std::shared_ptr<const serving::ServedModel>& model,
                                std::string_view picture, serving::ReadEffort effort) {
  check_format(picture);
  const Picture decoded = decode_picture(picture, "the picture", kMaxServedPixels, kServedFormats);
  const DigitJudge judge =
      make_digit_judge(std::shared_ptr<const Classifier>(model, &model->classifier()));
  const bool full = effort == serving::ReadEffort::kFull;
  const Reading reading = read_digits(
      decoded, judge,
      {.find_skew = full, .remove_rules = full, .split_touching = full, .on_stage = {}});
  auto json = reading_json(decoded.width, decoded.height, reading, model->model().class_names);
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    const ReadDigit& digit = reading.digits[i];
    json["digits"][i]["probabilities"] = digit.verdict.probabilities;
    json["digits"][i]["image"] =
        base64({reinterpret_cast<const char*>(digit.image.data()), digit.image.size()});
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace digitry::app
