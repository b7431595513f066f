#include "digitry/serving/inference/inference_protocol.h"

#include <gmock/gmock.h>

#include <bit>
#include <cstring>

#include "digitry/base/error.h"
#include "tests/serving/served.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"

namespace digitry::serving::test {
namespace {

using digitry::test::expect_error;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Shape kImage{1, 2, 2};

InferenceRequest parse(const std::string& body) {
  return parse_inference_request(body, body.size(), kImage);
}

// A request for one image of 2×2, with the entries of `input` replaced.
json tiny_request(const json& input = json::object()) {
  json whole{
      {"name", "pixels"}, {"datatype", "UINT8"}, {"shape", {1, 4}}, {"data", {0, 1, 2, 255}}};
  whole.update(input);
  return {{"inputs", json::array({whole})}};
}

template <typename T>
std::vector<T> elements(const Tensor& tensor) {
  return {tensor.as<T>().begin(), tensor.as<T>().end()};
}

TEST(InferenceRequest, ReadsBytesInEveryForm) {
  for (const json& input :
       {json::object(), json{{"shape", {1, 1, 2, 2}}}, json{{"data", {{0, 1, 2, 255}}}},
        json{{"shape", {1, 1, 2, 2}}, {"data", {{{{0, 1}, {2, 255}}}}}}}) {
    const InferenceRequest request = parse(tiny_request(input).dump());
    EXPECT_EQ(request.images.shape(), (Shape{1, 1, 2, 2}));
    EXPECT_THAT(elements<std::uint8_t>(request.images), ElementsAre(0, 1, 2, 255)) << input;
    EXPECT_FALSE(request.id.has_value());
  }
}

TEST(InferenceRequest, ReadsFloatsAndBatches) {
  const InferenceRequest request =
      parse(tiny_request(
                {{"datatype", "FP32"}, {"shape", {2, 4}}, {"data", {0, 1.5, 2, 255, 1e2, 0, 0, 3}}})
                .dump());
  EXPECT_EQ(request.images.shape(), (Shape{2, 1, 2, 2}));
  EXPECT_THAT(elements<float>(request.images), ElementsAre(0, 1.5, 2, 255, 100, 0, 0, 3));
}

TEST(InferenceRequest, ReadsTheIdAndKnowsTheOutputs) {
  json request = tiny_request();
  request["id"] = "täg \"1\"";
  request["parameters"] = {{"unknown", 1}};
  InferenceRequest parsed = parse(request.dump());
  EXPECT_EQ(parsed.id, "täg \"1\"");
  ASSERT_EQ(parsed.outputs.size(), 3U) << "all of them";
  EXPECT_FALSE(parsed.outputs[0].binary);

  request["outputs"] = json::parse(
      R"([{"name": "class"}, {"name": "logits", "parameters": {"binary_data": false}}])");
  request["parameters"]["binary_data_output"] = true;
  parsed = parse(request.dump());
  ASSERT_EQ(parsed.outputs.size(), 2U);
  EXPECT_EQ(parsed.outputs[0].kind, OutputKind::kClass);
  EXPECT_TRUE(parsed.outputs[0].binary);
  EXPECT_EQ(parsed.outputs[1].kind, OutputKind::kLogits);
  EXPECT_FALSE(parsed.outputs[1].binary);
}

TEST(InferenceRequest, ReadsBinaryBehindTheJson) {
  json request = tiny_request({{"parameters", {{"binary_data_size", 4}}}});
  request["inputs"][0].erase("data");
  const std::string text = request.dump();
  const std::string pixels("\x00\x01\x02\xFF", 4);
  const InferenceRequest bytes = parse_inference_request(text + pixels, text.size(), kImage);
  EXPECT_THAT(elements<std::uint8_t>(bytes.images), ElementsAre(0, 1, 2, 255));

  request["inputs"][0].update({{"datatype", "FP32"}, {"parameters", {{"binary_data_size", 16}}}});
  const std::string json_part = request.dump();
  const float values[] = {0, 0.5F, 254.5F, 255};
  std::string body = json_part;
  body.append(reinterpret_cast<const char*>(values), sizeof values);
  const InferenceRequest floats = parse_inference_request(body, json_part.size(), kImage);
  EXPECT_THAT(elements<float>(floats.images), ElementsAre(0, 0.5, 254.5, 255));
}

TEST(InferenceRequest, RefusesBinaryThatDoesNotFit) {
  json request = tiny_request({{"parameters", {{"binary_data_size", 4}}}});
  request["inputs"][0].erase("data");
  const std::string text = request.dump();
  const auto refused = [&](const std::string& behind, const std::string& want) {
    expect_error(ErrorCode::kBadData, {want},
                 [&] { parse_inference_request(text + behind, text.size(), kImage); });
  };
  refused("abc", "3 bytes follow");
  refused("abcde", "expected 4 bytes");
  expect_error(ErrorCode::kBadData, {std::to_string(text.size())},
               [&] { parse_inference_request(text, 100 + text.size(), kImage); });
  const std::string plain = tiny_request().dump();
  expect_error(ErrorCode::kBadData, {"3 bytes follow the JSON"},
               [&] { parse_inference_request(plain + "abc", plain.size(), kImage); });

  request["inputs"][0].update({{"datatype", "FP32"}, {"parameters", {{"binary_data_size", 16}}}});
  const std::string floats = request.dump();
  for (const float bad : {std::nanf(""), HUGE_VALF, -1.0F, 256.0F}) {
    const float values[] = {0, 0, bad, 0};
    std::string body = floats;
    body.append(reinterpret_cast<const char*>(values), sizeof values);
    expect_error(ErrorCode::kBadData, {"element 2"},
                 [&] { parse_inference_request(body, floats.size(), kImage); });
  }
}

struct BadInput {
  json input;  // In place of entries of a sound one.
  std::string message;
};

TEST(InferenceRequest, RefusesInputsThatDoNotFit) {
  for (const BadInput& bad : std::vector<BadInput>{
           {{{"name", "input"}}, "expected the input \"pixels\", got \"input\""},
           {{{"name", 3}}, "expected a string \"name\""},
           {{{"datatype", "INT32"}}, "expected datatype UINT8 or FP32, got INT32"},
           {{{"datatype", nullptr}}, "expected a string \"datatype\""},
           {{{"shape", {1, 5}}}, "expected shape [N,1,2,2] or [N,4], got [1,5]"},
           {{{"shape", {4}}}, "got [4]"},
           {{{"shape", {1, 2, 2}}}, "got [1,2,2]"},
           {{{"shape", {0, 4}}}, "expected 1 to 65536 images, got 0"},
           {{{"shape", {-1, 4}}}, "got -1"},
           {{{"shape", {65537, 4}}}, "got 65537"},
           {{{"shape", {1.5, 4}}}, "integers"},
           {{{"shape", json::array({1, 4, 1, 1, 1, 1, 1, 1, 1})}}, "at most 8"},
           {{{"shape", "[1,4]"}}, "\"shape\": expected a list"},
           {{{"shape", {1000, 4}}}, "more than the body can hold"},
           {{{"data", {1, 2, 3}}}, "expected 4 elements in a list, got 3"},
           {{{"data", {1, 2, 3, 4, 5}}}, "expected 4 elements in a list, got more"},
           {{{"data", json::array()}}, "got 0"},
           {{{"data", {{1, 2}, {3, 4}}}}, "elements in a list"},
           {{{"data", {{{1, 2, 3, 4}}}}}, "element 0 is [1,2,3,4]"},
           {{{"data", {{1, 2, 3, 4}, 5}}}, "got more"},
           {{{"data", {1, 2, 3, 256}}}, "element 3 is 256"},
           {{{"data", {1, -2, 3, 4}}}, "element 1 is -2"},
           {{{"data", {1, 2.5, 3, 4}}}, "element 1 is 2.5"},
           {{{"data", {1, "2", 3, 4}}}, "element 1 is \"2\""},
           {{{"data", {1, nullptr, 3, 4}}}, "element 1 is null"},
           {{{"data", {1, std::string(10'000, 'x'), 3, 4}}}, "xxx..."},
           {{{"data", 7}}, "\"data\": expected a list"},
           {{{"datatype", "FP32"}, {"data", {1, 2, 3, 255.01}}}, "element 3 is 255.01"},
           {{{"datatype", "FP32"}, {"data", {1, 2, 3, 1e300}}}, "element 3 is 1e+300"},
           {{{"datatype", "FP32"}, {"data", {1, 2, 3, true}}}, "element 3 is true"},
           {{{"parameters", {{"binary_data_size", "4"}}}}, "expected a number of bytes"},
           {{{"parameters", 4}}, "\"parameters\": expected an object"},
       })
    expect_error(ErrorCode::kBadData, {bad.message},
                 [&] { parse(tiny_request(bad.input).dump()); });
}

TEST(InferenceRequest, RefusesRequestsThatAreNone) {
  const std::string sound = tiny_request().dump();
  const std::string deep(5000, '[');
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON"},
           {"{", "not JSON"},
           {"nonsense", "not JSON"},
           {sound + "x", "not JSON"},
           {deep, "not JSON"},
           {"{\"id\": \"\xFF\"}", "not JSON"},
           {"{\"inputs\": [NaN]}", "not JSON"},
           {"[1]", "request: expected an object"},
           {"{}", "expected \"inputs\""},
           {R"({"inputs": {}})", "\"inputs\": expected a list"},
           {R"({"inputs": []})", "expected \"inputs\" with exactly one input"},
           {R"({"inputs": [1, 2]})", "expected \"inputs\" with exactly one input"},
           {R"({"inputs": [1]})", "inputs[0]: expected an object"},
           {R"({"inputs": [{}]})", "expected a string \"name\""},
           {R"({"id": 7, "inputs": []})", "expected a string \"id\""},
           {R"({"id": "a", "id": "b", "inputs": []})", "duplicate key \"id\""},
           {R"({"outputs": 1, "inputs": []})", "\"outputs\": expected a list"},
           {R"({"outputs": [{"name": "scores"}]})", "got \"scores\""},
           {R"({"outputs": [{"name": "class"}, {"name": "class"}]})", "duplicate output"},
           {R"({"parameters": {"binary_data_output": 1}})", "expected true or false"},
       })
    expect_error(ErrorCode::kBadData, {message}, [&, &text = text] { parse(text); });
}

TEST(InferenceRequest, HugeNumbersAreNoPixels) {
  std::string text = tiny_request({{"datatype", "FP32"}}).dump();
  const std::size_t at = text.find("255");
  for (const char* number : {"1e999", "99999999999999999999999999", "-0.0001", "1e-400"}) {
    std::string changed = text;
    changed.replace(at, 3, number);
    if (std::string_view(number) == "1e-400")
      EXPECT_NO_THROW(parse(changed)) << "rounds to 0";
    else
      EXPECT_THROW(parse(changed), Error) << number;
  }
}

TEST(InferenceResponse, HasTheOutputsAsAskedFor) {
  const Model model = digitry::test::small_model();
  Tensor logits({2, 3}, DType::kF32);
  const float values[] = {1, 2, 3, 0.1F, -1, -20};
  std::ranges::copy(values, logits.as<float>().begin());
  InferenceRequest request;
  request.id = "\"7\"";
  request.outputs = {{OutputKind::kClass, false}, {OutputKind::kLogits, false}};
  const Response response = inference_response("small", model, request, logits);
  EXPECT_EQ(response.content_type, "application/json");
  const json body = json::parse(response.body);
  EXPECT_EQ(body["model_name"], "small");
  EXPECT_EQ(body["id"], "\"7\"");
  EXPECT_EQ(body["outputs"], json::parse(R"([{"name": "class", "datatype": "BYTES", "shape": [2],
                             "data": ["zwei \u00e4", "zero"]},
                            {"name": "logits", "datatype": "FP32", "shape": [2, 3],
                             "data": [1, 2, 3, 0.1, -1, -20]}])"));
}

TEST(InferenceResponse, ProbabilitiesAreCalibrated) {
  const Model model = digitry::test::small_model();
  Tensor logits({1, 3}, DType::kF32);
  logits.as<float>()[0] = 2.6F;
  InferenceRequest request;
  request.outputs = {{OutputKind::kProbabilities, false}};
  const Response response = inference_response("small", model, request, logits);
  const auto got = output_data<float>(response.body, "probabilities");
  const double e2 = std::exp(2.6 / 1.3);
  const std::vector<float> want{static_cast<float>(e2 / (e2 + 2)), static_cast<float>(1 / (e2 + 2)),
                                static_cast<float>(1 / (e2 + 2))};
  digitry::test::expect_near(got, want, 1e-6, 1e-6);
  EXPECT_FALSE(json::parse(response.body).contains("id"));
}

TEST(InferenceResponse, PutsBinaryOutputsBehindTheJson) {
  const Model model = digitry::test::small_model();
  Tensor logits({1, 3}, DType::kF32);
  const float values[] = {1, 2.5F, -3};
  std::ranges::copy(values, logits.as<float>().begin());
  InferenceRequest request;
  request.outputs = {{OutputKind::kLogits, true}, {OutputKind::kClass, true}};
  const Response response = inference_response("small", model, request, logits);
  EXPECT_EQ(response.content_type, "application/octet-stream");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "Inference-Header-Content-Length");
  const std::size_t size = std::stoul(response.headers[0].second);
  const json body = json::parse(response.body.substr(0, size));
  EXPECT_EQ(body["outputs"][0]["parameters"]["binary_data_size"], 12);
  const std::string& name = model.class_names[1];
  EXPECT_EQ(body["outputs"][1]["parameters"]["binary_data_size"], 4 + name.size());
  std::string want(reinterpret_cast<const char*>(values), sizeof values);
  want += std::string{static_cast<char>(name.size()), 0, 0, 0} + name;
  EXPECT_EQ(response.body.substr(size), want);
}

TEST(InferenceResponse, LogitsThatAreNotFiniteAreAnError) {
  Tensor logits({1, 3}, DType::kF32);
  logits.as<float>()[1] = HUGE_VALF;
  InferenceRequest request;
  request.outputs = {{OutputKind::kLogits, false}};
  expect_error(ErrorCode::kBadData, {"inf"},
               [&] { inference_response("small", digitry::test::small_model(), request, logits); });
}

// One image of 5×4 pixels with a bar of `ink` down the middle of `paper`.
json bar_request(int paper, int ink, const std::string& datatype) {
  std::vector<int> pixels(20, paper);
  for (const std::size_t i : {6U, 10U, 14U}) pixels[i] = ink;
  return {{"inputs", json::array({{{"name", "pixels"},
                                   {"datatype", datatype},
                                   {"shape", {1, 1, 5, 4}},
                                   {"data", pixels}}})}};
}

InferenceRequest normalized(const json& body, const std::string& image_form = "mnist") {
  const std::string text = body.dump();
  InferenceRequest request = parse_inference_request(text, text.size(), Shape{1, 5, 4});
  Model model = digitry::test::small_model();
  model.provenance["image_form"] = image_form;
  normalize_images(request, model);
  return request;
}

TEST(NormalizeRequest, RescalesAndInverts) {
  for (const int paper : {0, 1}) {
    const InferenceRequest request = normalized(bar_request(paper, 1 - paper, "FP32"));
    EXPECT_TRUE(request.rescaled);
    EXPECT_EQ(request.num_inverted, paper > 0 ? 1 : 0);
    EXPECT_EQ(elements<float>(request.images)[0], 0);
    EXPECT_EQ(elements<float>(request.images)[6], 255);
  }
  const InferenceRequest bytes = normalized(bar_request(255, 0, "UINT8"));
  EXPECT_FALSE(bytes.rescaled);
  EXPECT_EQ(bytes.num_inverted, 1);
  EXPECT_EQ(elements<std::uint8_t>(bytes.images)[6], 255);
  const InferenceRequest ready = normalized(bar_request(0, 255, "FP32"));
  EXPECT_FALSE(ready.rescaled || ready.num_inverted > 0);
}

TEST(NormalizeRequest, NamesBlankImagesAndLeavesImagesAsFound) {
  EXPECT_THAT(normalized(bar_request(0, 0, "FP32")).blank_images, ElementsAre(0));
  const InferenceRequest found = normalized(bar_request(1, 0, "FP32"), "as found");
  EXPECT_EQ(elements<float>(found.images)[0], 1);
  EXPECT_FALSE(found.rescaled);
}

TEST(NormalizeRequest, IsReportedInTheParameters) {
  const InferenceRequest request = normalized(bar_request(1, 0, "FP32"));
  Tensor logits({1, 10}, DType::kF32);
  const Response response =
      inference_response("small", digitry::test::small_model(), request, logits);
  const json parameters = json::parse(response.body)["parameters"];
  EXPECT_EQ(parameters["pixels_rescaled"], true);
  EXPECT_EQ(parameters["images_inverted"], 1);
}

}  // namespace
}  // namespace digitry::serving::test
