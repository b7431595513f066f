#include <gtest/gtest.h>

#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/safetensors_bytes.h"

// Invalid headers. Each is rejected with the rule that it breaks, before memory is allocated for
// it.

namespace digitry {
namespace {

using test::safetensors_bytes;

void refuse(const std::vector<std::string>& parts, const std::string& bytes) {
  std::vector<std::string> with_source{"m.safetensors: "};
  with_source.insert(with_source.end(), parts.begin(), parts.end());
  test::expect_error(ErrorCode::kBadData, with_source,
                     [&] { parse_safetensors(bytes, "m.safetensors"); });
}

// One tensor 't', whose entry is `fields`, before eight bytes of data.
void refuse_entry(const std::vector<std::string>& parts, const std::string& fields) {
  refuse(parts, safetensors_bytes("{\"t\":{" + fields + "}}", "01234567"));
}

TEST(HostileSafetensors, HeaderLength) {
  refuse({"found 0 bytes"}, "");
  refuse({"found 7 bytes"}, "1234567");
  refuse({"header: expected 3 bytes", "the file has 10"}, safetensors_bytes("{}", "", 3));
  refuse({"found a length of 18446744073709551615 bytes"}, safetensors_bytes("{}", "", UINT64_MAX));
  refuse({"found a length of 100000001 bytes", "at most 100000000"},
         safetensors_bytes(std::string(std::size_t{100'000'001}, ' ')));
  refuse({"expected '{'"}, safetensors_bytes(""));
  refuse({"expected '{'"}, safetensors_bytes(" {}"));
  refuse({"may not be a safetensors file"}, "PK\x03\x04 this is another kind of file");
}

TEST(HostileSafetensors, Json) {
  refuse({"header", "parse error"}, safetensors_bytes("{"));
  refuse({"header", "parse error"}, safetensors_bytes("{\"a\":}"));
  refuse({"header", "parse error"}, safetensors_bytes("{} {}"));
  refuse({"expected '{'"}, safetensors_bytes("[]"));
  refuse({"header", "found a zero byte"}, safetensors_bytes(std::string("{}\0\0", 4)));
  refuse({"header", "found a zero byte"}, safetensors_bytes(std::string("{}\0{\"a\":1}", 10)));
  refuse({"only spaces after the JSON"}, safetensors_bytes("{}\n"));
  refuse({"header", "UTF-8"}, safetensors_bytes("{\"\xFF\":1}"));
  refuse({"header"}, safetensors_bytes(std::string("{\"a\0\":1}", 8)));
  refuse({"header: duplicate key 't'"},
         safetensors_bytes(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                           R"("t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                           "x"));
  refuse({"duplicate key 'shape'"}, safetensors_bytes(R"({"t":{"shape":[1],"shape":[2]}})"));
  refuse({"duplicate key 'k'"}, safetensors_bytes(R"({"__metadata__":{"k":"1","k":"2"}})"));
}

TEST(HostileSafetensors, DeepNestingDoesNotOverflowTheStack) {
  constexpr std::size_t kDepth = 1'000'000;
  refuse({"at most 16 levels of nesting"}, safetensors_bytes("{\"a\":" + std::string(kDepth, '[')));
  std::string opening;
  for (std::size_t i = 0; i < kDepth; ++i) opening += "{\"a\":";
  refuse({"at most 16 levels of nesting"}, safetensors_bytes(opening));
}

TEST(HostileSafetensors, ManyKeysDoNotTakeForEver) {
  std::string header = "{\"__metadata__\":{\"k\":\"\"";
  for (int i = 0; i < 100'000; ++i) header += ",\"" + std::to_string(i) + "\":\"\"";
  refuse({"at most 20000 keys in one object"}, safetensors_bytes(header + "}}"));
}

TEST(HostileSafetensors, Metadata) {
  refuse({"__metadata__: expected an object"}, safetensors_bytes(R"({"__metadata__":[]})"));
  refuse({"__metadata__ 'k': expected a string"}, safetensors_bytes(R"({"__metadata__":{"k":1}})"));
}

TEST(HostileSafetensors, EntryFields) {
  refuse({"tensor 't'", "expected exactly"}, safetensors_bytes(R"({"t":1})"));
  refuse_entry({"expected exactly"}, "");
  refuse_entry({"expected exactly"}, R"("dtype":"U8","shape":[8])");
  refuse_entry({"expected exactly"}, R"("dtype":"U8","shape":[8],"data_offsets":[0,8],"more":1)");
  refuse_entry({"expected exactly"}, R"("dtype":"U8","shape":[8],"offsets":[0,8])");
}

TEST(HostileSafetensors, Dtype) {
  refuse_entry({"expected dtype F32 or U8, found \"F64\""},
               R"("dtype":"F64","shape":[1],"data_offsets":[0,8])");
  refuse_entry({"expected dtype"}, R"("dtype":"f32","shape":[2],"data_offsets":[0,8])");
  refuse_entry({"expected dtype", "found 1"}, R"("dtype":1,"shape":[2],"data_offsets":[0,8])");
}

TEST(HostileSafetensors, ShapesAreWholeNumbersOfReasonableSize) {
  refuse_entry({"shape", "list"}, R"("dtype":"U8","shape":8,"data_offsets":[0,8])");
  refuse_entry({"shape", "at least 0"}, R"("dtype":"U8","shape":[-8],"data_offsets":[0,8])");
  refuse_entry({"shape", "whole"}, R"("dtype":"U8","shape":[8.0],"data_offsets":[0,8])");
  refuse_entry({"shape", "whole"}, R"("dtype":"U8","shape":["8"],"data_offsets":[0,8])");
  refuse_entry({"at most 8"}, R"("dtype":"U8","shape":[8,1,1,1,1,1,1,1,1],"data_offsets":[0,8])");
  refuse_entry({"extent 4294967296 is too large"},
               R"("dtype":"U8","shape":[4294967296],"data_offsets":[0,8])");
  refuse_entry({"2^63 - 1 elements"},
               R"("dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,8])");
  // 2^62 elements of 4 bytes: the product overflows to 0.
  refuse_entry({"do not have the size of F32"},
               R"("dtype":"F32","shape":[1073741824,1073741824,4],"data_offsets":[0,0])");
}

TEST(HostileSafetensors, OffsetsFitTheShape) {
  refuse_entry({"two data_offsets"}, R"("dtype":"U8","shape":[8],"data_offsets":[8])");
  refuse_entry({"two data_offsets"}, R"("dtype":"U8","shape":[8],"data_offsets":{"a":0,"b":8})");
  refuse_entry({"data_offsets", "at least 0"}, R"("dtype":"U8","shape":[8],"data_offsets":[-1,7])");
  refuse_entry({"[8,0] do not have the size of"},
               R"("dtype":"U8","shape":[8],"data_offsets":[8,0])");
  refuse_entry({"[0,7] do not have the size of U8 [8]"},
               R"("dtype":"U8","shape":[8],"data_offsets":[0,7])");
  refuse_entry({"[0,8] do not have the size of F32 [8]"},
               R"("dtype":"F32","shape":[8],"data_offsets":[0,8])");
  refuse_entry({"whole numbers"},
               R"("dtype":"U8","shape":[8],"data_offsets":[0,18446744073709551616])");
}

std::string two_entries(const std::string& a, const std::string& b) {
  return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
}

TEST(HostileSafetensors, DataAreCoveredExactly) {
  refuse({"tensor 'b': found at byte 2", "expected 4"},
         safetensors_bytes(two_entries("[0,4]", "[2,6]"), "012345"));
  refuse({"tensor 'b': found at byte 0", "expected 4"},
         safetensors_bytes(two_entries("[0,4]", "[0,4]"), "0123"));
  refuse({"tensor 'b': found at byte 5", "expected 4"},
         safetensors_bytes(two_entries("[0,4]", "[5,9]"), "012345678"));
  refuse({"tensor 'a': found at byte 1", "expected 0"},
         safetensors_bytes(two_entries("[1,5]", "[5,9]"), "012345678"));
  refuse({"expected 8 bytes of tensor data, found 9"},
         safetensors_bytes(two_entries("[0,4]", "[4,8]"), "012345678"));
  refuse({"expected 8 bytes of tensor data, found 7"},
         safetensors_bytes(two_entries("[0,4]", "[4,8]"), "0123456"));
  refuse({"expected 0 bytes of tensor data, found 1"}, safetensors_bytes("{}", "x"));
}

TEST(HostileSafetensors, HugeTensorsAllocateNothing) {
  // 2 GB of weights that are missing in the file.
  refuse({"expected 2147483644 bytes of tensor data, found 0"},
         safetensors_bytes(
             R"({"t":{"dtype":"F32","shape":[536870911],"data_offsets":[0,2147483644]}})"));
}

}  // namespace
}  // namespace digitry
