#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <string>

#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/idx.h"
#include "digitry/evaluation/history.h"
#include "digitry/image/png.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/model_io/model.h"
#include "digitry/model_io/safetensors.h"
#include "digitry/training/recipe.h"
#include "digitry/vision/decode.h"
#include "tests/data/array_files.h"
#include "tests/support/models.h"
#include "tests/vision/encoders.h"

// Valid inputs from which the fuzzers start: FOLDER/<target>/<name>.

namespace {

namespace fs = std::filesystem;
using namespace digitry;

void write(const fs::path& path, std::string_view bytes) {
  make_folder(path.parent_path());
  write_file_atomically(path, bytes);
}

Tensor some_images(const Shape& shape) {
  Tensor images(shape, DType::kU8);
  std::uint8_t value = 0;
  for (std::uint8_t& pixel : images.as<std::uint8_t>())
    pixel = value = static_cast<std::uint8_t>(value * 5 + 1);
  return images;
}

void write_idx_corpus(const fs::path& root) {
  const fs::path folder = root / "fuzz_idx";
  make_folder(folder);
  write_idx_images(folder / "images", some_images({2, 1, 3, 4}));
  write_idx_images(folder / "channels", some_images({2, 3, 2, 2}));
  write_idx_labels(folder / "labels", std::vector<std::int32_t>{1, 0, 9});
  for (const char* name : {"images", "channels", "labels"})
    write(root / "fuzz_gzip_idx" / name, deflate_gzip(read_file(folder / name, 1 << 20)));
  write(root / "fuzz_gzip_idx" / "two_members", deflate_gzip("a") + deflate_gzip("b"));
}

void write_csv_corpus(const fs::path& root) {
  const fs::path folder = root / "fuzz_csv";
  write(folder / "kaggle_train", "label,pixel0,pixel1,pixel2,pixel3\n7,0,1,2,255\n0,9,8,7,6\n");
  write(folder / "kaggle_test", "pixel0,pixel1,pixel2,pixel3\r\n1,2,3,4\r\n");
  write(folder / "bare", "3,1,2,3,4\n");
  write(folder / "named_size", "id,1x1,1x2,1x3,2x1,2x2,2x3,class\n1,1,2,3,4,5,6,1\n");
}

void write_array_corpus(const fs::path& root) {
  const std::string images = test::npy_of("|u1", "(2, 2, 2)", "abcdefgh");
  const std::string labels =
      test::npy_of("<f8", "(2, 2)", test::packed<double>({0, 1, 1, 0}), true);
  write(root / "fuzz_npy" / "images", images);
  write(root / "fuzz_npy" / "floats",
        test::npy_of(">f4", "(1, 2, 2, 1)", test::packed<float>({0, 0.5, 1, 0}, true), false, 2));
  write(root / "fuzz_npy" / "one_hot", labels);
  write(root / "fuzz_zip" / "npz", test::npz_of({{"images", images}, {"labels", labels}}));
  write(root / "fuzz_zip" / "mixed",
        test::zip_of({test::zip_entry("stored", "abc", test::ZipStyle::kStored),
                      test::zip_entry("folder/", ""), test::zip_entry("deflated", "aaaaaa")},
                     true));
}

void write_text_corpus(const fs::path& root) {
  write(root / "fuzz_base64" / "text", base64("Digitry"));
  write(root / "fuzz_base64" / "padded", base64("a"));
  History history;
  history.epochs = {{.epoch = 1, .learning_rate = 0.001, .loss = 0.3, .accuracy = 0.9},
                    {.epoch = 2,
                     .learning_rate = 1e-4,
                     .loss = 0.1,
                     .accuracy = 0.95,
                     .val_loss = 0.2,
                     .val_accuracy = 0.94,
                     .images_per_second = 1e5,
                     .elapsed_seconds = 2.5}};
  write(root / "fuzz_history" / "history", to_csv(history));
  write(root / "fuzz_history" / "keras", "loss,epoch,accuracy,other\r\n0.5,1,0.25,x\r\n");
}

void write_png_corpus(const fs::path& root) {
  write(root / "fuzz_png" / "grey", encode_png({3, 4, 1, std::vector<std::uint8_t>(12, 100)}));
  write(root / "fuzz_png" / "larger", encode_png({28, 28, 1, std::vector<std::uint8_t>(784, 9)}));
}

// A ring and a bar of ink, in every format.
void write_picture_corpus(const fs::path& root) {
  Image picture{48, 64, 3, std::vector<std::uint8_t>(std::size_t{48} * 64 * 3, 230)};
  for (std::int64_t y = 8; y < 40; ++y)
    for (std::int64_t x = 4; x < 60; ++x) {
      const std::int64_t away = (x - 20) * (x - 20) + (y - 24) * (y - 24);
      if ((away > 90 && away < 200) || (x > 45 && x < 50))
        std::fill_n(picture.pixels.begin() + (y * 64 + x) * 3, 3, std::uint8_t{20});
    }
  const fs::path folder = root / "fuzz_picture";
  const std::string jpeg = test::encode_jpeg(picture);
  write(folder / "png", test::png_with_exif(encode_png(picture), test::exif_block(6)));
  write(folder / "jpeg", test::jpeg_with_exif(jpeg, test::exif_block(3)));
  write(folder / "progressive", test::encode_jpeg(picture, true));
  write(folder / "webp", test::encode_webp(picture));
  write(folder / "tiff", test::encode_tiff(picture, 8));
  write(folder / "bmp", test::encode_bmp(picture));
}

void write_tar_corpus(const fs::path& root) {
  std::string block(512, '\0');
  block.replace(0, 1, "a");
  block.replace(124, 11, "00000000003");
  block[156] = '0';
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  block.replace(148, 6, fmt::format("{:06o}", sum));
  write(root / "fuzz_tar" / "one_file",
        block + "abc" + std::string(509, '\0') + std::string(1024, '\0'));
}

void write_safetensors_corpus(const fs::path& root) {
  const fs::path folder = root / "fuzz_safetensors";
  write(folder / "model", model_to_bytes(test::small_model()));
  write(root / "fuzz_onnx" / "model", model_to_onnx(test::small_model()));
  const Tensor pixels = some_images({2, 3});
  write(folder / "bytes", to_safetensors({{"k", "v"}}, {{"pixels", &pixels}}));
  write(folder / "empty", to_safetensors({}, {}));
}

void write_recipe_corpus(const fs::path& root) {
  for (const std::string& name : recipe_names())
    write(root / "fuzz_recipe" / name, to_toml(find_recipe(name)));
  write(root / "fuzz_recipe" / "augmentation",
        "[augmentation]\nrotation = 10\nelastic = 0.8\n[[layers]]\ntype = 'relu'\n");
  write(root / "fuzz_recipe" / "sgd",
        "data = 3\n[optimizer]\ntype = \"sgd\"\nmomentum = 0.5\n[[layers]]\ntype = 'relu'\n");
}

void write_serving_corpus(const fs::path& root) {
  const std::string json =
      R"({"id":"1","inputs":[{"name":"pixels","datatype":"UINT8","shape":[1,4],"data":[0,1,2,255]}]})";
  const std::string floats =
      R"({"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,1,2,2],"data":[[[[0,1.5],[2,3e1]]]]}],)"
      R"("outputs":[{"name":"class","parameters":{"binary_data":true}}]})";
  const std::string binary =
      R"({"inputs":[{"name":"pixels","datatype":"UINT8","shape":[1,4],)"
      R"("parameters":{"binary_data_size":4}}],"parameters":{"binary_data_output":true}})";
  const auto sized = [](const std::string& text, const std::string& behind) {
    return std::string{static_cast<char>(text.size() % 256), static_cast<char>(text.size() / 256)} +
           text + behind;
  };
  const fs::path requests = root / "fuzz_inference_request";
  write(requests / "json", sized(json, ""));
  write(requests / "floats", sized(floats, ""));
  write(requests / "binary", sized(binary, "abcd"));

  const fs::path session = root / "fuzz_session";
  write(session / "token",
        "\n\n"
        R"({"token":"0123456789abcdef"})");
  write(session / "cookie", "a=b; digitry_session=" + std::string(64, '0') +
                                "; c\nlocalhost:8080\n"
                                R"({"token":"wrong","more":[{}]})");

  const fs::path http = root / "fuzz_http";
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  const auto post = [&](const std::string& headers, const std::string& body) {
    return "POST /v2/models/small/infer" + host + headers +
           fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  };
  std::string sixteen = json;
  sixteen.replace(sixteen.find("[1,4]"), 5, "[1,16]");
  sixteen.replace(sixteen.find("[0,1"), 11, "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,255]");
  write(http / "get", "GET /v2" + host + "\r\nGET /v2/models/small" + host + "\r\n");
  write(http / "others", "HEAD /v2/health/ready" + host + "\r\nGET /metrics" + host +
                             "\r\nDELETE /openapi.json" + host + "\r\n");
  write(http / "infer", post("Content-Type: application/json\r\n", sixteen));
  write(http / "chunked", "POST /v2/models/small/infer" + host +
                              "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");
  write(http / "binary", post(fmt::format("Inference-Header-Content-Length: {}\r\n", binary.size()),
                              binary + "abcd"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: make_fuzz_corpus FOLDER\n");
    return 2;
  }
  try {
    write_idx_corpus(argv[1]);
    write_csv_corpus(argv[1]);
    write_array_corpus(argv[1]);
    write_text_corpus(argv[1]);
    write_png_corpus(argv[1]);
    write_picture_corpus(argv[1]);
    write_tar_corpus(argv[1]);
    write_safetensors_corpus(argv[1]);
    write_recipe_corpus(argv[1]);
    write_serving_corpus(argv[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "make_fuzz_corpus: {}\n", error.what());
    return 1;
  }
  return 0;
}
