#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace digitry::protobuf {

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as ONNX
// and TensorBoard use it: a message is a sequence of fields, each a number, a wire type and a
// value.

/// Appends fields to a message.
class Writer {
 public:
  void integer(std::uint32_t field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void number(std::uint32_t field, float value) {
    key(field, 5);
    fixed(std::bit_cast<std::uint32_t>(value));
  }
  void number(std::uint32_t field, double value) {
    key(field, 1);
    fixed(std::bit_cast<std::uint64_t>(value));
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
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <typename Bits>
  void fixed(Bits bits) {
    for (std::size_t i = 0; i < sizeof bits; ++i) bytes_ += static_cast<char>(bits >> (8 * i));
  }

  std::string bytes_;
};

}  // namespace digitry::protobuf
