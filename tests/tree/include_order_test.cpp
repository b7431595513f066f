#include "tests/tree/include_order.h"

#include <gmock/gmock.h>

#include "digitry/base/file.h"

namespace digitry::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> check_library(std::vector<std::string> (*check)(const std::string&,
                                                                         const std::string&)) {
  std::vector<std::string> problems;
  const std::filesystem::path root = DIGITRY_SOURCE_DIR;
  for (const std::string& path : source_files(root, "digitry")) {
    const std::vector<std::string> found = check(path, read_file(root / path, 1 << 20));
    problems.insert(problems.end(), found.begin(), found.end());
  }
  return problems;
}

TEST(IncludeOrder, TheLibraryKeepsIt) {
  EXPECT_THAT(source_files(DIGITRY_SOURCE_DIR, "digitry"), ::testing::SizeIs(::testing::Gt(10U)));
  EXPECT_THAT(check_library(check_includes), IsEmpty());
}

TEST(IncludeOrder, ABackEdgeIsCaught) {
  EXPECT_THAT(check_includes("digitry/base/x.h", "#pragma once\n#include \"digitry/nn/dense.h\"\n"),
              ElementsAre("digitry/base/x.h:2: base may not include digitry/nn/dense.h"));
  EXPECT_THAT(check_includes("digitry/data/x.cpp", "#  include <digitry/training/loop.h>\n"),
              ElementsAre(HasSubstr("data may not include")));
}

TEST(IncludeOrder, AFolderMissingFromTheTableIsCaught) {
  EXPECT_THAT(check_includes("digitry/novelty/x.h", ""),
              ElementsAre(HasSubstr("not in the table")));
}

TEST(IncludeOrder, APathThatIsNotFromTheRootIsCaught) {
  EXPECT_THAT(check_includes("digitry/nn/x.h", "#include \"dense.h\"\n"),
              ElementsAre(HasSubstr("expected the path from the tree's root")));
  EXPECT_THAT(check_includes("digitry/nn/x.h", "#include \"apps/digitry/run.h\"\n"),
              ElementsAre(HasSubstr("expected the path from the tree's root")));
}

TEST(IncludeOrder, AllowedEdgesPass) {
  EXPECT_THAT(check_includes("digitry/nn/x.cpp",
                             "#include \"digitry/nn/x.h\"\n#include <vector>\n"
                             "#include \"digitry/kernels/onednn/matmul.h\"\n"
                             "#include \"digitry_embedded/page.h\"\n"
                             "// like #include \"digitry/training/loop.h\"\n"),
              IsEmpty());
}

TEST(Silence, TheLibraryNeverPrintsExitsOrAborts) {
  EXPECT_THAT(check_library(check_silence), IsEmpty());
}

TEST(Silence, PrintingIsCaught) {
  EXPECT_THAT(check_silence("digitry/nn/x.cpp", "int a;\n  std::cout << a;\n"),
              ElementsAre("digitry/nn/x.cpp:2: the library does not call std::cout"));
  EXPECT_THAT(check_silence("x", "std::exit(1);"), ::testing::SizeIs(1));
  EXPECT_THAT(check_silence("x", "std::snprintf(b, 2, \"\"); // printf(\"\")"), IsEmpty());
}

}  // namespace
}  // namespace digitry::test
