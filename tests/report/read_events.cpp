#include "tests/report/read_events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "digitry/base/file.h"
#include "digitry/base/protobuf.h"
#include "digitry/report/event_file.h"

namespace digitry::test {
namespace {

using protobuf::Field;
using protobuf::Reader;

void read_value(Reader value, Event& event) {
  std::string tag;
  while (const auto field = value.next()) {
    if (field->number_of() == 1) tag = field->bytes();
    if (field->number_of() == 2) event.scalars[tag] = field->number();
    if (field->number_of() == 4) {
      Reader image = field->message();
      while (const auto part = image.next())
        if (part->number_of() == 4) event.png[tag] = part->bytes();
    }
    if (field->number_of() == 8) {
      Reader tensor = field->message();
      while (const auto part = tensor.next())
        if (part->number_of() == 8) event.text[tag] = part->bytes();
    }
    if (field->number_of() == 9) {
      Reader metadata = field->message();
      while (const auto plugin = metadata.next()) {
        Reader data = plugin->message();
        while (const auto part = data.next())
          if (part->number_of() == 2) event.plugin_data[tag] = part->bytes();
      }
    }
  }
}

Event parse_event(std::string_view bytes) {
  static const std::string source = "event";
  Event event;
  Reader message(bytes, source);
  while (const auto field = message.next()) {
    if (field->number_of() == 1) event.wall_time = std::bit_cast<double>(field->integer());
    if (field->number_of() == 2) event.step = field->integer();
    if (field->number_of() == 3) event.file_version = field->bytes();
    if (field->number_of() == 5) {
      Reader summary = field->message();
      while (const auto value = summary.next()) read_value(value->message(), event);
    }
    if (field->number_of() == 7) {
      Reader session = field->message();
      while (const auto status = session.next()) event.session_status = status->integer();
    }
  }
  return event;
}

}  // namespace

std::vector<Event> read_events(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, 1 << 26);
  std::vector<Event> events;
  for (std::string_view rest = bytes; !rest.empty();) {
    std::uint64_t length = 0;
    std::memcpy(&length, rest.data(), sizeof length);
    const std::string_view payload = rest.substr(12, length);
    const std::string frame = tf_record(payload);
    EXPECT_EQ(rest.substr(0, frame.size()), frame);
    rest.remove_prefix(std::min(frame.size(), rest.size()));
    events.push_back(parse_event(payload));
  }
  return events;
}

std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : list_folder(folder))
    if (path.filename().string().starts_with("events.out.tfevents.")) files.push_back(path);
  return files;
}

}  // namespace digitry::test
