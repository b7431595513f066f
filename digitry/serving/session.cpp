#include "digitry/serving/session.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "digitry/data/sha256.h"
#include "digitry/serving/json_texts.h"

namespace digitry::serving {
namespace {

constexpr std::string_view kCookie = "digitry_session";

// In a time that tells nothing of where the texts differ: their digests are compared.
bool same_secret(std::string_view a, std::string_view b) {
  using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
  const auto digest = [](std::string_view text) {
    Digest result{};
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), result.data());
    return result;
  };
  const Digest digest_a = digest(a);
  const Digest digest_b = digest(b);
  return ::CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
}

// What stands for the token in a cookie: any text may be a token, and no cookie tells it.
std::string cookie_value(std::string_view token) {
  return sha256(fmt::format("digitry session\n{}", token));
}

// The value of a cookie in "a=1; b=2"; empty where there is none.
std::string_view cookie_in(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    header.remove_prefix(std::min(header.size(), header.find_first_not_of(" \t")));
    const std::string_view pair = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(header.size(), pair.size() + 1));
    if (pair.substr(0, pair.find('=')) == name)
      return pair.substr(std::min(pair.size(), name.size() + 1));
  }
  return {};
}

bool bears_header(const Request& request, std::string_view token) {
  const std::string* header = request.find_header("Authorization");
  if (header == nullptr) return false;
  // The name of the scheme is in any case (RFC 9110, sec. 11.1).
  std::string_view credentials = *header;
  const std::string_view scheme = credentials.substr(0, credentials.find(' '));
  if (!same_name(scheme, "Bearer")) return false;
  credentials.remove_prefix(std::min(credentials.size(), scheme.size() + 1));
  return same_secret(credentials, token);
}

}  // namespace

bool bears_token(const Request& request, std::string_view token) {
  if (bears_header(request, token)) return true;
  const std::string* cookies = request.find_header("Cookie");
  return cookies != nullptr && same_secret(cookie_in(*cookies, kCookie), cookie_value(token));
}

Response begin_session(const Request& request, std::string_view token, bool secure) {
  static constexpr std::array<std::string_view, 1> kKeys = {"token"};
  const std::string given = json_texts(request.body, kKeys).front();
  if (!token.empty() && !same_secret(given, token)) {
    Response refusal = error_response(401, "this is not the server's token");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  }
  Response response;
  response.body = "{\"session\":true}";
  if (!token.empty())
    response.headers.emplace_back("Set-Cookie",
                                  fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/{}", kCookie,
                                              cookie_value(token), secure ? "; Secure" : ""));
  return response;
}

}  // namespace digitry::serving
