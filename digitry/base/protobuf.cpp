#include "digitry/base/protobuf.h"

#include <cstring>

#include "digitry/base/error.h"

namespace digitry::protobuf {

void Reader::fail(const char* problem) const {
  throw Error(ErrorCode::kBadData, "{}: expected Protocol Buffers, found {}; is the file complete?",
              *source_, problem);
}

std::string_view Reader::take(std::uint64_t count) {
  if (count > rest_.size()) fail("a field that is longer than the rest of the bytes");
  const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
  rest_.remove_prefix(taken.size());
  return taken;
}

std::int64_t Reader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(take(1).front());
    if (shift < 64) value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return static_cast<std::int64_t>(value);
  }
  fail("an integer of more than 10 bytes");
}

std::optional<Field> Reader::next() {
  if (rest_.empty()) return std::nullopt;
  const auto key = static_cast<std::uint64_t>(varint());
  if (key >> 3 == 0 || key >> 32 != 0) fail("a field number out of range");
  Field field;
  field.number_ = static_cast<std::uint32_t>(key >> 3);
  field.wire_type_ = static_cast<std::uint32_t>(key & 7);
  field.source_ = source_;
  switch (field.wire_type_) {
    case 0:
      field.integer_ = varint();
      break;
    case 1:
      std::memcpy(&field.integer_, take(8).data(), 8);
      break;
    case 2:
      field.bytes_ = take(static_cast<std::uint64_t>(varint()));
      break;
    case 5:
      std::memcpy(&field.integer_, take(4).data(), 4);
      break;
    default:
      fail("a field of an unknown type");
  }
  return field;
}

void Field::fail() const {
  throw Error(ErrorCode::kBadData,
              "{}: expected Protocol Buffers, found a field {} of another type", *source_, number_);
}

std::int64_t Field::integer() const {
  if (wire_type_ > 1) fail();
  return integer_;
}

float Field::number() const {
  if (wire_type_ != 5) fail();
  float value = 0;
  std::memcpy(&value, &integer_, sizeof value);
  return value;
}

std::string_view Field::bytes() const {
  if (wire_type_ != 2) fail();
  return bytes_;
}

}  // namespace digitry::protobuf
