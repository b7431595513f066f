#include "apps/digitry/sheet.h"

#include <utility>

#include "digitry/base/file.h"
#include "digitry/data/png.h"
#include "digitry/report/contact_sheet.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kSheetZoom = 3;
constexpr std::uint8_t kSheetGap = 60;

}  // namespace

void write_sheet(const std::string& path, const Tensor& images, std::int64_t per_row) {
  Thumbnail sheet =
      make_contact_sheet(images, {.per_row = per_row, .zoom = kSheetZoom, .gap_ink = kSheetGap});
  for (std::uint8_t& ink : sheet.ink) ink = static_cast<std::uint8_t>(255 - ink);
  write_file_atomically(path, encode_png({{sheet.height, sheet.width}, std::move(sheet.ink)}));
}

}  // namespace digitry::app
