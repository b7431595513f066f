#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace digitry {

/// What kind of rule was broken. The command maps each code to an exit status.
enum class ErrorCode {
  kInvalidArgument,  ///< A value passed by the caller is out of its documented range.
  kShapeMismatch,    ///< Shapes that do not fit together.
  kBadData,          ///< Bytes from outside (data set, model, recipe, image) break their format.
  kIo,               ///< The operating system refused: disk full, read-only folder, ...
  kUnavailable,      ///< Something needed is not there: network, a program, a CPU feature.
  kDiverged,         ///< Training reached a loss that is not finite.
  kInterrupted,      ///< The user asked to stop.
};

/// The field's name of a code, e.g. "bad data".
std::string_view to_string(ErrorCode code);

/// The one exception type of the library. The message says where, which rule, what was found and
/// what to do next; it is fit to be shown to a user as it is.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  template <typename... Args>
  Error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args)
      : Error(code, fmt::format(format, std::forward<Args>(args)...)) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace digitry
