#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "digitry/base/file.h"
#include "digitry/base/protobuf.h"

namespace digitry {

/// CRC-32C (Castagnoli) of `bytes`. Source: RFC 3720, appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

/// `payload` as one record of a TFRecord file: its length (8 bytes) with checksum, and the payload
/// with checksum, all little-endian. A checksum c is stored as (c >> 15 | c << 17) + 0xa282ead8.
/// Source: tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details".
std::string tf_record(std::string_view payload);

/// A new file of events, TensorBoard's log: TFRecords of the message tensorflow.Event. Events are
/// in the file as soon as `write` returns, so that TensorBoard can show a training while it runs.
/// Source: tensorflow/core/util/event.proto.
class EventFile {
 public:
  /// Creates `folder`, if it is missing, and a file events.out.tfevents.* in it with a name of its
  /// own. Throws Error{kIo} if it cannot be created or written.
  explicit EventFile(const std::filesystem::path& folder);

  /// Writes an event: `content` has the fields of tensorflow.Event besides the time and the step.
  /// Throws Error{kIo}, e.g. if the disk is full.
  void write(std::int64_t step, const protobuf::Writer& content);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

}  // namespace digitry
