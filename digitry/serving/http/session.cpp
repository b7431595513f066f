#include "digitry/serving/http/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "digitry/base/error.h"

namespace digitry::serving {

bool GuessLimit::is_reached(std::string_view client, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(clients_, [&](const Client& one) {
    return one.name == client && now - one.since < options_.window &&
           one.wrong >= options_.max_wrong;
  });
}

void GuessLimit::add_wrong(std::string_view client, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(clients_, [&](const Client& one) { return now - one.since >= options_.window; });
  auto found = std::ranges::find(clients_, client, &Client::name);
  if (found == clients_.end()) {
    if (clients_.size() >= options_.max_clients) clients_.pop_front();
    clients_.push_back({.name = std::string(client), .since = now, .wrong = 0});
    found = clients_.end() - 1;
  }
  ++found->wrong;
}

namespace {

constexpr std::string_view kCookie = "digitry_session";

// Compares digests in constant time, so that the time does not reveal where the texts differ.
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

std::string hex(std::span<const unsigned char> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

// The inverse of `hex`; nothing if `text` is not lower-case hexadecimal of `Size` bytes.
template <std::size_t Size>
std::optional<std::array<unsigned char, Size>> from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, Size> bytes{};
  if (text.size() != 2 * Size) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    bytes[i / 2] = static_cast<unsigned char>(bytes[i / 2] * 16 + digit);
  }
  return bytes;
}

// The value of a cookie in "a=1; b=2"; empty if there is none.
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

bool has_token_header(const Request& request, std::string_view token) {
  const std::string* header = request.find_header("Authorization");
  if (header == nullptr) return false;
  // The name of the scheme is case-insensitive (RFC 9110, sec. 11.1).
  std::string_view credentials = *header;
  const std::string_view scheme = credentials.substr(0, credentials.find(' '));
  if (!same_name(scheme, "Bearer")) return false;
  credentials.remove_prefix(std::min(credentials.size(), scheme.size() + 1));
  return same_secret(credentials, token);
}

}  // namespace

Sessions::Sessions(SessionOptions options)
    : options_(std::move(options)), guesses_(options_.guesses) {}

bool Sessions::is_authorized(const Request& request, Clock::time_point now) const {
  if (has_token_header(request, options_.token)) return true;
  const std::string* cookies = request.find_header("Cookie");
  return cookies != nullptr && is_session(cookie_in(*cookies, kCookie), now);
}

bool Sessions::is_session(std::string_view cookie, Clock::time_point now) const {
  const std::optional<Id> id = from_hex<sizeof(Id)>(cookie);
  if (!id) return false;
  bool found = false;
  const std::lock_guard lock(mutex_);
  for (const Session& session : sessions_)  // Visits all, in constant time.
    if (::CRYPTO_memcmp(id->data(), session.id.data(), id->size()) == 0) found = now < session.end;
  return found;
}

std::string Sessions::add_session(Clock::time_point now) {
  Session session{.id = {}, .end = now + options_.lifetime};
  if (::RAND_bytes(session.id.data(), static_cast<int>(session.id.size())) != 1)
    throw Error(ErrorCode::kUnavailable,
                "cannot make a session: the system has no random numbers; try again later");
  const std::lock_guard lock(mutex_);
  while (!sessions_.empty() &&
         (now >= sessions_.front().end || sessions_.size() >= options_.max_sessions))
    sessions_.pop_front();
  sessions_.push_back(session);
  return hex(session.id);
}

Response Sessions::begin(const Request& request, Clock::time_point now) {
  static constexpr std::array<std::string_view, 1> kKeys = {"token"};
  if (guesses_.is_reached(request.client, now)) {
    Response refusal = error_response(429, "too many wrong tokens; try again in a minute");
    refusal.headers.emplace_back("Retry-After", std::to_string(guesses_.window().count()));
    return refusal;
  }
  const std::string token = parse_json_texts(request.body, kKeys).front();
  Response response;
  response.body = "{\"session\":true}";
  if (options_.token.empty()) return response;
  if (!same_secret(token, options_.token)) {
    guesses_.add_wrong(request.client, now);
    Response refusal = error_response(401, "wrong token");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  }
  response.headers.emplace_back(
      "Set-Cookie",
      fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}", kCookie,
                  add_session(now), options_.lifetime.count(), options_.secure ? "; Secure" : ""));
  return response;
}

}  // namespace digitry::serving
