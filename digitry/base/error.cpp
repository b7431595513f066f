#include "digitry/base/error.h"

#include <fmt/args.h>
#include <fmt/format.h>

namespace digitry {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kShapeMismatch:
      return "shape mismatch";
    case ErrorCode::kBadData:
      return "bad data";
    case ErrorCode::kIo:
      return "input/output error";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDiverged:
      return "diverged";
    case ErrorCode::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

std::string format_message(std::string_view format,
                           std::initializer_list<MessageArgument> arguments) {
  using Kind = MessageArgument::Kind;
  fmt::dynamic_format_arg_store<fmt::format_context> store;
  for (const MessageArgument& argument : arguments) {
    switch (argument.kind()) {
      case Kind::kBool:
        store.push_back(argument.as_signed() != 0);
        break;
      case Kind::kChar:
        store.push_back(static_cast<char>(argument.as_signed()));
        break;
      case Kind::kSigned:
        store.push_back(argument.as_signed());
        break;
      case Kind::kUnsigned:
        store.push_back(argument.as_unsigned());
        break;
      case Kind::kDouble:
        store.push_back(argument.as_double());
        break;
      case Kind::kText:
        store.push_back(argument.as_text());
        break;
    }
  }
  try {
    return fmt::vformat(fmt::string_view(format.data(), format.size()), store);
  } catch (const fmt::format_error&) {
    // An error is already being reported: report it unformatted rather than throw another one.
    return std::string(format);
  }
}

}  // namespace digitry
