#include <algorithm>
#include <charconv>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/data/npy.h"

// The header of NPY.

namespace digitry {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::uint64_t kMaxNpyHeaderBytes = std::uint64_t{1} << 16;
constexpr std::size_t kMaxNpyRank = 8;

template <typename... Args>
Error bad_header(const ByteStream& stream, MessageFormat<std::type_identity_t<Args>...> format,
                 const Args&... args) {
  return Error(ErrorCode::kBadData, "{}: {}", stream.name(), format_message(format, args...));
}

// Parses the header, a Python dictionary with exactly the keys descr, fortran_order and shape. It
// is not evaluated: anything else, such as a call, is an error.
class HeaderParser {
 public:
  HeaderParser(const ByteStream& stream, std::string_view text) : stream_(stream), left_(text) {}

  NpyHeader parse() {
    expect('{');
    bool seen[3] = {};
    while (!skip('}')) {
      const std::string_view key = quoted();
      expect(':');
      const int place = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (place < 0 || seen[place]) throw unexpected();
      seen[place] = true;
      if (place == 0)
        read_type();
      else if (place == 1)
        header_.fortran_order = boolean();
      else
        read_shape();
      if (!skip(',') && !at('}')) throw unexpected();
    }
    skip_space();
    if (!left_.empty() || !seen[0] || !seen[1] || !seen[2]) throw unexpected();
    return std::move(header_);
  }

 private:
  Error unexpected() const {
    return bad_header(
        stream_, "expected an NPY header with descr, fortran_order and shape, found \"{}\" in it",
        clean_utf8(left_.substr(0, 40)));
  }

  void skip_space() {
    left_.remove_prefix(std::min(left_.find_first_not_of(" \n\t"), left_.size()));
  }
  bool at(char c) {
    skip_space();
    return left_.starts_with(c);
  }
  bool skip(char c) {
    if (!at(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!skip(c)) throw unexpected();
  }

  std::string_view quoted() {
    skip_space();
    const char mark = left_.empty() ? '\0' : left_.front();
    const std::size_t end = left_.find(mark, 1);
    if ((mark != '\'' && mark != '"') || end == std::string_view::npos) throw unexpected();
    const std::string_view text = left_.substr(1, end - 1);
    left_.remove_prefix(end + 1);
    return text;
  }

  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (!left_.starts_with(word)) continue;
      left_.remove_prefix(std::string_view(word).size());
      return value;
    }
    throw unexpected();
  }

  void read_type() {
    if (at('['))
      throw bad_header(stream_,
                       "expected an array of numbers, found one of records (a structured dtype)");
    const std::string_view text = quoted();
    const auto rejected = [&](std::string_view what) {
      return bad_header(stream_, "expected an array of numbers, found {} (dtype {})", what,
                        clean_utf8(text.substr(0, 20)));
    };
    if (text.size() < 2) throw rejected("another type");
    const char order = text[0];
    header_.kind = text[1];
    if (header_.kind == 'O')
      throw rejected(
          "one of Python objects, a pickle, which could run code; save it again as "
          "array.astype('uint8')");
    if (header_.kind == 'U' || header_.kind == 'S') throw rejected("one of texts");
    const std::string_view digits = text.substr(2);
    const bool known = std::string_view("uifb").find(header_.kind) != std::string_view::npos &&
                       std::string_view("<>|=").find(order) != std::string_view::npos &&
                       digits.size() == 1;
    header_.item_bytes = known ? static_cast<std::size_t>(digits[0] - '0') : 0;
    const std::size_t size = header_.item_bytes;
    const bool fits = header_.kind == 'b'   ? size == 1
                      : header_.kind == 'f' ? size == 2 || size == 4 || size == 8
                                            : size == 1 || size == 2 || size == 4 || size == 8;
    if (!known || !fits) throw rejected("another type");
    header_.big_endian = order == '>';
  }

  void read_shape() {
    expect('(');
    while (!skip(')')) {
      skip_space();
      std::int64_t extent = -1;
      const auto [stop, error] = std::from_chars(left_.data(), left_.data() + left_.size(), extent);
      if (error != std::errc() || extent < 0 || header_.shape.size() == kMaxNpyRank)
        throw unexpected();
      left_.remove_prefix(static_cast<std::size_t>(stop - left_.data()));
      skip('L');  // Python 2 wrote long integers so.
      header_.shape.push_back(extent);
      if (!skip(',') && !at(')')) throw unexpected();
    }
  }

  const ByteStream& stream_;
  std::string_view left_;
  NpyHeader header_;
};

}  // namespace

NpyHeader read_npy_header(ByteStream& stream) {
  const std::string_view start = stream.peek(10);
  if (!looks_like_npy(start) || start.size() < 10)
    throw bad_header(stream, "expected an NPY array, found {}",
                     stream.peek(1).empty() ? "an empty file" : "another signature");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3 || start[7] != 0)
    throw bad_header(stream, "expected NPY version 1.0 to 3.0, found {}.{}", version,
                     static_cast<int>(start[7]));
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::string bytes(prefix, '\0');
  stream.read(std::as_writable_bytes(std::span(bytes)));
  std::uint64_t length = 0;
  for (std::size_t i = prefix; i-- > 8;)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > kMaxNpyHeaderBytes)
    throw bad_header(stream, "expected an NPY header of at most {} bytes, found {}",
                     kMaxNpyHeaderBytes, length);
  std::string text(length, '\0');
  if (stream.read(std::as_writable_bytes(std::span(text))) < length)
    throw bad_header(stream, "expected an NPY header of {} bytes, found a file truncated inside it",
                     length);
  return HeaderParser(stream, text).parse();
}

bool looks_like_npy(std::string_view start) { return start.starts_with(kNpyMagic); }

}  // namespace digitry
