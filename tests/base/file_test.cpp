#include "digitry/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace {
int umask_calls = 0;
}

// Replaces the function of the C library and counts its calls.
mode_t umask(mode_t mask) noexcept {
  ++umask_calls;
  return static_cast<mode_t>(::syscall(SYS_umask, mask));
}

namespace digitry {
namespace {

using test::expect_error;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kLimit = 1 << 24;

TEST(ReadFile, GivesEveryByte) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0U, 1U, 4096U, 3000000U}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
    write_file_atomically(folder / "file", bytes);
    EXPECT_EQ(read_file(folder / "file", kLimit), bytes);
  }
}

TEST(ReadFile, ReadsFilesThatDoNotTellTheirSize) {
  EXPECT_FALSE(read_file("/proc/self/status", kLimit).empty());
  expect_error(ErrorCode::kBadData, {"/dev/zero", "at most 10 bytes"},
               [] { read_file("/dev/zero", 10); });
}

TEST(ReadFile, RefusesWhatIsMissingAFolderOrTooLong) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::kBadData, {"absent", "No such file"},
               [&] { read_file(folder / "absent", kLimit); });
  expect_error(ErrorCode::kBadData, {"expected a file, found a folder"},
               [&] { read_file(folder.path(), kLimit); });
  write_file_atomically(folder / "long", "0123456789");
  EXPECT_EQ(read_file(folder / "long", 10).size(), 10u);
  expect_error(ErrorCode::kBadData, {"expected at most 9 bytes, found 10"},
               [&] { read_file(folder / "long", 9); });
}

TEST(WriteFileAtomically, ReplacesAndLeavesNothingElse) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "old");
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(read_file(folder / "file", kLimit), "new");
  EXPECT_THAT(folder.names(), ElementsAre("file"));
  struct stat info {};
  ASSERT_EQ(::stat((folder / "file").c_str(), &info), 0);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(info.st_mode & 0777, 0666 & ~mask) << "the mode of a file made by open(2)";
}

// The mask belongs to the whole process: reading it changes it for the other threads.
TEST(WriteFileAtomically, LeavesTheMaskOfOtherThreadsAlone) {
  const TemporaryFolder folder;
  const int before = umask_calls;
  write_file_atomically(folder / "file", "x");
  EXPECT_EQ(umask_calls, before);
}

TEST(WriteFileAtomically, SaysWhereItCannotWrite) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::kIo, {"cannot create", "no/file"},
               [&] { write_file_atomically(folder / "no/file", "x"); });
  make_folder(folder / "taken/inner");
  expect_error(ErrorCode::kIo, {"cannot rename", "taken"},
               [&] { write_file_atomically(folder / "taken", "x"); });
  EXPECT_THAT(folder.names(), ElementsAre("taken"));
}

// A limit on the size of files simulates a full disk. In a child process, because it cannot be
// undone.
TEST(WriteFileAtomically, LeavesTheOldFileAndNoOtherWhereTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "old");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int status = 1;
    try {
      write_file_atomically(folder / "file", std::string(100000, 'x'));
    } catch (const Error& error) {
      const bool named = std::string(error.what()).find("cannot write") != std::string::npos;
      status = error.code() == ErrorCode::kIo && named ? 0 : 2;
    }
    ::_exit(status);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(read_file(folder / "file", kLimit), "old");
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

TEST(AtomicFile, LeavesWhatItsLeftoversAreFoundBy) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "file");
    file.write("half");
    ::_exit(0);  // As if killed: no destructor runs.
  }
  ::waitpid(child, nullptr, 0);
  ASSERT_THAT(folder.names(), ElementsAre(::testing::StartsWith("file.tmp.")));
  for (const char* other :
       {"file", "file.tmp.notes.txt", "other.tmp.0123abcd", "file.tmp.0123ABCD"})
    write_file_atomically(folder / other, "");
  make_folder(folder / "file.tmp.0123abcd");
  remove_leftovers(folder / "file");
  EXPECT_THAT(folder.names(), ElementsAre("file", "file.tmp.0123ABCD", "file.tmp.0123abcd",
                                          "file.tmp.notes.txt", "other.tmp.0123abcd"));
  remove_leftovers(folder / "nowhere/file");
}

TEST(AtomicFile, ShowsNothingBeforeCommit) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "file");
    file.write("ab");
    file.write(std::as_bytes(std::span("cd", 2)));
    EXPECT_FALSE(std::filesystem::exists(folder / "file"));
    file.commit();
    EXPECT_EQ(read_file(folder / "file", kLimit), "abcd");
  }
  { AtomicFile(folder / "other").write("x"); }
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

TEST(Paths, TellWhatIsThere) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "b", "");
  make_folder(folder / "a");
  EXPECT_TRUE(path_exists(folder / "a") && is_folder(folder / "a"));
  EXPECT_TRUE(path_exists(folder / "b") && !is_folder(folder / "b"));
  EXPECT_FALSE(path_exists(folder / "c") || is_folder(folder / "c"));
  EXPECT_FALSE(path_exists(folder / "b/c") || is_folder(folder / "b/c")) << "through a file";
  EXPECT_THAT(list_folder(folder.path()), ElementsAre(folder / "a", folder / "b"));
  remove_file(folder / "b");
  remove_file(folder / "b");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

// The standard library would throw its own exception type.
TEST(Paths, SayWhereTheSystemRefuses) {
  const std::string long_name(300, 'x');
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { path_exists(long_name); });
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { is_folder(long_name); });
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { list_folder(long_name); });
  expect_error(ErrorCode::kIo, {"/nowhere"}, [] { list_folder("/nowhere"); });
  expect_error(ErrorCode::kIo, {"cannot remove", "xxx"}, [&] { remove_file(long_name); });
}

TEST(MakeFolder, MakesParentsAndSaysWhatIsInTheWay) {
  const TemporaryFolder folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/c"));
  write_file_atomically(folder / "file", "");
  expect_error(ErrorCode::kIo, {"cannot create folder", "file/x"},
               [&] { make_folder(folder / "file/x"); });
}

}  // namespace
}  // namespace digitry
