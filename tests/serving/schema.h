#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace digitry::serving::test {

/// Checks documents against the schemas of an OpenAPI document: as much of JSON Schema as
/// openapi.json uses. An unknown keyword is an error, so that none is ignored.
class SchemaChecker {
 public:
  explicit SchemaChecker(const nlohmann::json& openapi) : openapi_(openapi) {}

  /// The violations of `value`, one line each; empty if it is valid.
  std::vector<std::string> check(const nlohmann::json& schema, const nlohmann::json& value) {
    problems_.clear();
    check_at("$", schema, value);
    return problems_;
  }

  /// Resolves a "$ref"; returns other schemas unchanged.
  const nlohmann::json& resolve(const nlohmann::json& object) const {
    if (!object.contains("$ref")) return object;
    const auto reference = object.at("$ref").get<std::string>();
    return openapi_.at(nlohmann::json::json_pointer(reference.substr(1)));
  }

 private:
  void check_at(const std::string& where, const nlohmann::json& reference,
                const nlohmann::json& value) {
    const nlohmann::json& schema = resolve(reference);
    for (const auto& [word, rule] : schema.items()) {
      if (word == "type") {
        require(is_a(rule.get<std::string>(), value), where, "type", value);
      } else if (word == "enum") {
        require(std::find(rule.begin(), rule.end(), value) != rule.end(), where, word, value);
      } else if (word == "required") {
        for (const auto& key : rule)
          require(value.contains(key.get<std::string>()), where, "required " + key.dump(), value);
      } else if (word == "properties") {
        for (const auto& [key, property] : rule.items())
          if (value.contains(key)) check_at(where + "." + key, property, value.at(key));
      } else if (word == "items") {
        for (const auto& item : value) check_at(where + "[]", rule, item);
      } else if (word == "minItems") {
        require(value.size() >= rule.get<std::size_t>(), where, word, value);
      } else if (word == "maxItems") {
        require(value.size() <= rule.get<std::size_t>(), where, word, value);
      } else if (word == "minimum") {
        require(value.get<double>() >= rule.get<double>(), where, word, value);
      } else {
        require(word == "description" || word == "format", where, "unknown word " + word, value);
      }
    }
  }

  static bool is_a(const std::string& type, const nlohmann::json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    return type == "number" && value.is_number();
  }

  void require(bool holds, const std::string& where, const std::string& rule,
               const nlohmann::json& value) {
    if (!holds) problems_.push_back(where + ": " + rule + ": " + value.dump().substr(0, 100));
  }

  const nlohmann::json& openapi_;
  std::vector<std::string> problems_;
};

}  // namespace digitry::serving::test
