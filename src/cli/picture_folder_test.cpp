#include "cli/picture_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::cli {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

std::vector<std::string> names_in(PictureFolder& folder, std::chrono::milliseconds settled = 0ms) {
  std::vector<std::string> out;
  for (const FoundPicture& picture : folder.look(settled)) {
    out.push_back(picture.name);
    folder.done(picture);
  }
  return out;
}

TEST(PictureFolder, HandsOutEachPictureOnce) {
  const io::TestFolder root;
  PictureFolder folder(root.path(), {});
  EXPECT_THAT(names_in(folder), ElementsAre());
  root.file("b.jpg", "");
  io::make_folders(root / "below");
  root.file("below/a.PNG", "");
  root.file("notes.txt", "");
  root.file(".hidden.jpg", "");
  EXPECT_THAT(names_in(folder), ElementsAre("b.jpg", "below/a.PNG"));
  EXPECT_THAT(names_in(folder), ElementsAre());
  root.file("a.jpg", "");
  EXPECT_THAT(names_in(folder), ElementsAre("a.jpg"));

  // Another run goes on, whose files were in part removed.
  std::filesystem::remove(root / "b.jpg");
  PictureFolder next(root.path(), folder.seen());
  EXPECT_THAT(names_in(next), ElementsAre());
  EXPECT_EQ(next.seen().size(), 2U);
  root.file("b.jpg", "new");
  EXPECT_THAT(names_in(next), ElementsAre("b.jpg"));
}

TEST(PictureFolder, WaitsUntilAFileIsWritten) {
  const io::TestFolder root;
  PictureFolder folder(root.path(), {});
  root.file("a.jpg", "");
  EXPECT_THAT(names_in(folder, 1h), ElementsAre());
  std::filesystem::last_write_time(root / "a.jpg",
                                   std::filesystem::file_time_type::clock::now() - 2h);
  EXPECT_THAT(names_in(folder, 1h), ElementsAre("a.jpg"));
}

TEST(PictureFolder, RefusesWhatIsNoFolder) {
  const io::TestFolder root;
  EXPECT_NE(io::error_of([&] { PictureFolder(root.file("a.jpg", ""), {}); }), "");
  EXPECT_NE(io::error_of([&] { PictureFolder(root / "none", {}); }), "");
}

}  // namespace
}  // namespace nescio::cli
