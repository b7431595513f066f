#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace digitry::test {

/// An event of TensorBoard's log, as far as Digitry writes it.
struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  std::int64_t session_status = 0;         ///< 1: the session starts again.
  std::map<std::string, float> scalars;    ///< By tag.
  std::map<std::string, std::string> png;  ///< Images by tag.
  std::map<std::string, std::string> text;
  std::map<std::string, std::string> plugin_data;  ///< Of hparams, by tag: its message.
};

/// Reads a file of events and checks its frame: lengths and checksums.
std::vector<Event> read_events(const std::filesystem::path& path);

/// The files of events in a folder, in order.
std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder);

}  // namespace digitry::test
