#include "digitry/report/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // Its bits in reverse order.

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

template <typename Integer>
std::string little_endian(Integer value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian((crc >> 15 | crc << 17) + 0xa282ead8U);
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// TensorBoard reads the files of a folder in the order of their names.
std::filesystem::path new_path(const std::filesystem::path& folder) {
  static std::atomic<int> counter = 0;
  return folder / fmt::format("events.out.tfevents.{:010}.{}.{}.{}",
                              static_cast<std::int64_t>(seconds_since_1970()), host_name(),
                              ::getpid(), counter++);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes)
    crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::string tf_record(std::string_view payload) {
  const std::string length = little_endian(std::uint64_t{payload.size()});
  return fmt::format("{}{}{}{}", length, masked_crc(length), payload, masked_crc(payload));
}

EventFile::EventFile(const std::filesystem::path& folder) : path_(new_path(folder)) {
  make_folder(folder);
  descriptor_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (descriptor_.get() < 0)
    throw Error(ErrorCode::kIo, "cannot create {}: {}", path_.string(), std::strerror(errno));
  protobuf::Writer version;
  version.bytes(3, "brain.Event:2");
  write(0, version);
}

void EventFile::write(std::int64_t step, const protobuf::Writer& content) {
  protobuf::Writer event;
  event.double_number(1, seconds_since_1970());
  event.integer(2, step);
  const std::string record = tf_record(event.bytes() + content.bytes());
  for (std::string_view rest = record; !rest.empty();) {
    const ssize_t written = ::write(descriptor_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      throw Error(ErrorCode::kIo, "cannot write {}: {}", path_.string(), std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace digitry
