#include "io/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(File, MapsContentAndEmptyFiles) {
  const TestFolder folder;
  EXPECT_EQ(map_file(folder.file("a", "hello")).text(), "hello");
  EXPECT_EQ(map_file(folder.file("b", "")).size(), 0u);
}

TEST(File, MappingOutlivesTheFileName) {
  const TestFolder folder;
  const SharedBytes bytes = map_file(folder.file("a", "old"));
  folder.file("a", "new content");
  EXPECT_EQ(bytes.text(), "old");
}

TEST(File, MissingFilesAndFoldersAreNamed) {
  const TestFolder folder;
  EXPECT_THAT(error_of([&] { map_file(folder / "none"); }),
              HasSubstr((folder / "none").string() + ": cannot be read: No such file"));
  EXPECT_THAT(error_of([&] { map_file(folder.path()); }), HasSubstr("found a folder"));
  EXPECT_THAT(error_of([&] { read_text(folder.path()); }), HasSubstr("found a folder"));
  EXPECT_THAT(error_of([&] { map_file("/dev/zero"); }), HasSubstr("device"));
}

TEST(File, TextHasALimit) {
  const TestFolder folder;
  const auto path = folder.file("a", "12345");
  EXPECT_EQ(read_text(path, 5), "12345");
  EXPECT_THAT(error_of([&] { read_text(path, 4); }), HasSubstr("at most 4 bytes"));
  EXPECT_THROW(read_text("/dev/zero", 1000), Error);
}

TEST(AtomicFile, AppearsOnlyWhenComplete) {
  const TestFolder folder;
  const auto path = folder.file("a", "old");
  {
    AtomicFile file(path);
    file.write("new");
    EXPECT_EQ(read_text(path), "old");
    file.commit();
  }
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TestFolder folder;
  {
    AtomicFile file(folder / "a");
    file.write("half");
  }
  EXPECT_EQ(entries(folder.path()), 0u);
}

TEST(AtomicFile, LeavesWhatAnotherMachineMayBeWriting) {
  const TestFolder folder;
  const AtomicFile first(folder / "a");
  const std::string name = fs::directory_iterator(folder.path())->path().filename().string();
  // Were names counted, the next one would be this.
  const auto dash = name.rfind('-');
  if (dash == std::string::npos) return;
  const int count = std::stoi(name.substr(dash + 1));
  const auto other = folder.file(text(name.substr(0, dash + 1), count + 2, ".tmp"), "another's");
  const AtomicFile second(folder / "a");
  EXPECT_EQ(read_text(other), "another's");
}

TEST(AtomicFile, MakesFoldersAndFollowsLinks) {
  const TestFolder folder;
  write_text(folder / "x/y/a", "deep");
  EXPECT_EQ(read_text(folder / "x/y/a"), "deep");
  fs::create_symlink(folder / "x/y/a", folder / "link");
  write_text(folder / "link", "through");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text(folder / "x/y/a"), "through");
}

TEST(AtomicFile, FolderAsTargetIsRefused) {
  const TestFolder folder;
  EXPECT_THAT(error_of([&] { AtomicFile file(folder.path()); }), HasSubstr("found a folder"));
  const auto file = folder.file("a", "");
  EXPECT_THAT(error_of([&] { AtomicFile below(file / "b"); }), HasSubstr(file.string()));
}

TEST(AtomicFile, FullDiskIsAnErrorWithThePath) {
  const std::string message = error_of([] { write_text("/dev/full", "12345"); });
  EXPECT_THAT(message, HasSubstr("/dev/full: 5 of 5 bytes could not be written: No space left"));
}

TEST(File, WritesAtAnOffset) {
  const TestFolder folder;
  const auto path = folder.file("a", "aaaaaa");
  const std::uint8_t bytes[] = {'b', 'c'};
  write_all(FileDescriptor(path, O_WRONLY), path, bytes, 2);
  EXPECT_EQ(read_text(path), "aabcaa");
}

TEST(FolderLock, ExcludesASecondHolder) {
  const TestFolder folder;
  {
    const FolderLock lock(folder.path(), false);
    EXPECT_THAT(error_of([&] { const FolderLock second(folder.path(), false); }),
                HasSubstr("another process"));
  }
  EXPECT_EQ(error_of([&] { const FolderLock again(folder.path(), false); }), "");
}

TEST(ReplaceFolder, SwapsOldAndNew) {
  const TestFolder folder;
  write_text(folder / "new/a", "new");
  replace_folder(folder / "new", folder / "place/x");
  EXPECT_EQ(read_text(folder / "place/x/a"), "new");
  EXPECT_FALSE(fs::exists(folder / "new"));

  write_text(folder / "new/a", "newer");
  replace_folder(folder / "new", folder / "place/x");
  EXPECT_EQ(read_text(folder / "place/x/a"), "newer");
  EXPECT_EQ(read_text(folder / "new/a"), "new");
}

TEST(ReplaceFolder, SwapsByRenamingToo) {
  const TestFolder folder;
  write_text(folder / "new/a", "new");
  write_text(folder / "place/a", "old");
  replace_folder_by_renaming(folder / "new", folder / "place");
  EXPECT_EQ(read_text(folder / "place/a"), "new");
  EXPECT_EQ(read_text(folder / "new/a"), "old");
  EXPECT_EQ(entries(folder.path()), 2u);
}

TEST(ReplaceFolder, GoesOnAfterACrashBehindTheSecondRename) {
  const TestFolder folder;
  write_text(folder / "new.old/a", "set aside by the crashed one");
  write_text(folder / "place/a", "put in place by the crashed one");
  write_text(folder / "new/a", "next");
  replace_folder_by_renaming(folder / "new", folder / "place");
  EXPECT_EQ(read_text(folder / "place/a"), "next");
  EXPECT_EQ(read_text(folder / "new/a"), "put in place by the crashed one");
  EXPECT_EQ(entries(folder.path()), 2u);
}

TEST(ReplaceFolder, RestoresWhatACrashSetAside) {
  const TestFolder folder;
  write_text(folder / "new.old/a", "set aside");
  restore_folder(folder / "new", folder / "place");
  EXPECT_EQ(read_text(folder / "place/a"), "set aside");
  write_text(folder / "new.old/a", "not needed");
  restore_folder(folder / "new", folder / "place");
  EXPECT_EQ(read_text(folder / "place/a"), "set aside");
}

TEST(ReadingFiles, PipesDevicesAndFoldersAreRefusedAtOnce) {
  const TestFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const fs::path& path : {fs::path(pipe), fs::path("/dev/zero"), fs::path(folder / "")}) {
    EXPECT_NE(error_of([&] { map_file(path); }).find("expected a file, found a"),
              std::string::npos);
    EXPECT_NE(error_of([&] { read_text(path); }).find("expected a file, found a"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace nescio::io
