#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace digitry::protobuf {

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding): a message is a
// sequence of fields, each a number, a wire type and a value.

/// Appends fields to a message.
class Writer {
 public:
  void integer(std::uint32_t field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void number(std::uint32_t field, float value) {
    key(field, 5);
    little_endian(std::bit_cast<std::uint32_t>(value));
  }
  /// A number of 8 bytes.
  void double_number(std::uint32_t field, double value) {
    key(field, 1);
    little_endian(std::bit_cast<std::uint64_t>(value));
  }
  /// A text, bytes or an embedded message.
  void bytes(std::uint32_t field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
  }
  void message(std::uint32_t field, const Writer& value) { bytes(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }
  std::string take() && { return std::move(bytes_); }

 private:
  void key(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3 | wire_type); }
  template <typename Bits>
  void little_endian(Bits bits) {
    for (std::size_t i = 0; i < sizeof bits; ++i) bytes_ += static_cast<char>(bits >> (8 * i));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

class Field;

/// Reads a message field by field. Checks every length. All functions throw Error{kBadData}, whose
/// message begins with `source`, if the bytes are cut short or malformed.
class Reader {
 public:
  /// Keeps references to both.
  Reader(std::string_view bytes, const std::string& source) : rest_(bytes), source_(&source) {}

  bool at_end() const { return rest_.empty(); }
  /// The next field; nothing at the end.
  std::optional<Field> next();
  std::int64_t varint();

 private:
  friend class Field;

  [[noreturn]] void fail(const char* problem) const;
  std::string_view take(std::uint64_t count);

  std::string_view rest_;
  const std::string* source_;
};

/// A field of a message that a Reader has read. The accessors throw Error{kBadData} if the field
/// has another wire type.
class Field {
 public:
  std::uint32_t number_of() const { return number_; }
  std::uint32_t wire_type() const { return wire_type_; }
  bool is_bytes() const { return wire_type_ == 2; }

  /// A variable-length integer, or the bits of 8 bytes.
  std::int64_t integer() const;
  /// A float.
  float number() const;
  /// A text, bytes or an embedded message.
  std::string_view bytes() const;
  Reader message() const { return {bytes(), *source_}; }
  /// The elements of a packed repeated field.
  Reader packed() const { return message(); }

 private:
  friend class Reader;
  [[noreturn]] void fail() const;

  std::uint32_t number_ = 0;
  std::uint32_t wire_type_ = 0;
  std::int64_t integer_ = 0;
  std::string_view bytes_;
  const std::string* source_ = nullptr;
};

}  // namespace digitry::protobuf
