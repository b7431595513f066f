#pragma once

#include <concepts>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace digitry {

/// The kind of rule that was broken. The command maps each code to an exit status.
enum class ErrorCode {
  kInvalidArgument,  ///< A value passed by the caller is outside its documented range.
  kShapeMismatch,    ///< Shapes do not fit together.
  kBadData,          ///< Input (data set, model, recipe, image) breaks the rules of its format.
  kIo,               ///< The operating system reported an error: disk full, read-only folder, ...
  kUnavailable,      ///< A network, a program or a CPU feature that is needed is missing.
  kDiverged,         ///< Training reached a loss that is not finite.
  kInterrupted,      ///< The user asked to stop.
};

/// The name of a code, e.g. "bad data".
std::string_view to_string(ErrorCode code);

/// One argument of a message: a boolean, a number, a character or a text (by reference). It keeps
/// the formatting library out of this header, which every file includes.
class MessageArgument {
 public:
  enum class Kind { kBool, kSigned, kUnsigned, kDouble, kChar, kText };

  // Implicit, so that callers can list arguments in braces.
  // NOLINTBEGIN(google-explicit-constructor)
  MessageArgument(bool value) : kind_(Kind::kBool), signed_(value ? 1 : 0) {}
  MessageArgument(char value) : kind_(Kind::kChar), signed_(value) {}
  template <std::signed_integral T>
  MessageArgument(T value) : kind_(Kind::kSigned), signed_(value) {}
  template <std::unsigned_integral T>
  MessageArgument(T value) : kind_(Kind::kUnsigned), unsigned_(value) {}
  MessageArgument(double value) : kind_(Kind::kDouble), double_(value) {}
  template <typename T>
  requires std::convertible_to<const T&, std::string_view> MessageArgument(const T& text)
      : kind_(Kind::kText), text_(text) {}
  // NOLINTEND(google-explicit-constructor)

  Kind kind() const { return kind_; }
  long long as_signed() const { return signed_; }
  unsigned long long as_unsigned() const { return unsigned_; }
  double as_double() const { return double_; }
  std::string_view as_text() const { return text_; }

 private:
  Kind kind_;
  // `kind_` selects one of these.
  long long signed_ = 0;
  unsigned long long unsigned_ = 0;
  double double_ = 0;
  std::string_view text_ = {};
};

/// A format string as in fmt and std::format ("{}", "{:.2f}", "{{"). The compiler checks that it
/// has as many fields as Args.
template <typename... Args>
class MessageFormat {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): callers pass plain string literals.
  consteval MessageFormat(const char* text) : text_(text) {
    std::size_t fields = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] != '{') continue;
      if (i + 1 < text_.size() && text_[i + 1] == '{')
        ++i;
      else
        ++fields;
    }
    if (fields != sizeof...(Args))
      throw "the number of fields differs from the number of arguments";
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// Formats the message. Returns `format` itself if it does not fit the types of the arguments.
std::string format_message(std::string_view format,
                           std::initializer_list<MessageArgument> arguments);
template <typename... Args>
std::string format_message(MessageFormat<std::type_identity_t<Args>...> format,
                           const Args&... args) {
  return format_message(format.text(), {MessageArgument(args)...});
}

/// The only exception type of the library. The message states the place, the rule, what was found
/// and what to do next; it can be shown to a user as it is.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  template <typename... Args>
  Error(ErrorCode code, MessageFormat<std::type_identity_t<Args>...> format, const Args&... args)
      : Error(code, format_message(format.text(), {MessageArgument(args)...})) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace digitry
