#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "digitry/serving/http.h"

// Internal to serving: who may ask. A browser cannot add a token to what it asks for by itself, so
// that the page exchanges it for a cookie.

namespace digitry::serving {

/// A longer body is no token.
inline constexpr std::uint64_t kMaxSessionRequestBytes = 4096;

/// Whether the request bears the token, in its header "Authorization: Bearer TOKEN" or as the
/// cookie of a session.
bool bears_token(const Request& request, std::string_view token);

/// The answer to `{"token": "..."}`: with the right one the cookie of a session, which goes over
/// TLS alone if `secure`, else 401.
/// Throws Error{kBadData} if the body is something else.
Response begin_session(const Request& request, std::string_view token, bool secure);

}  // namespace digitry::serving
