#include "image/datasets/picture_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "image/formats/decode.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A PNG of one grey pixel of value 7.
constexpr std::string_view grey7(
    "\211PNG\015\012\032\012\000\000\000\015IHDR\000\000\000\001\000\000\000\001\010\000"
    "\000\000\000:~\233U\000\000\000\012IDATx\332c`\007\000\000\011\000\010\215\253\271"
    "\001\000\000\000\000IEND\256B`\202",
    67);

class Pictures : public testing::Test {
 protected:
  void add(std::string_view name, std::string_view content = grey7) const {
    folder_.file(name, content);
  }
  std::string spec(std::string_view type, std::string_view rest = "") const {
    return text(type, folder_.path().string(), rest);
  }
  static std::vector<std::string> names(const Dataset& dataset) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < dataset.size(); ++i) out.push_back(dataset.name(i));
    return out;
  }
  static std::vector<std::int64_t> labels(const Dataset& dataset) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < dataset.size(); ++i) out.push_back(dataset.label(i));
    return out;
  }
  static std::string fault(const std::string& spec) {
    return io::error_of([&] { open_dataset(spec); });
  }

  io::TestFolder folder_;
};

TEST_F(Pictures, FolderNumbersItsClassesByNameAndSortsAsTorchvisionDoes) {
  for (const char* name : {"dog/b.PNG", "dog/B.png", "dog/a/z.jpeg", "dog/a b/x.JPG", "dog/z.png",
                           "Cat/1.png", "Cat/.hidden.png", ".git/x.png"}) {
    add(name);
  }
  add("dog/notes.txt", "text");
  const auto dataset = open_dataset(spec("folder:"));
  EXPECT_THAT(dataset->class_names(), ElementsAre("Cat", "dog"));
  EXPECT_THAT(names(*dataset), ElementsAre("Cat/1.png", "dog/B.png", "dog/b.PNG", "dog/z.png",
                                           "dog/a/z.jpeg", "dog/a b/x.JPG"));
  EXPECT_THAT(labels(*dataset), ElementsAre(0, 1, 1, 1, 1, 1));
  const Sample sample = dataset->load(1);
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(sample.index, 1);
  EXPECT_THAT(sample.image.pixels, ElementsAre(7));
}

TEST_F(Pictures, FolderOfPicturesAloneHasNoLabels) {
  add("b.png");
  add("a.png");
  const auto dataset = open_dataset(spec("folder:"));
  EXPECT_THAT(names(*dataset), ElementsAre("a.png", "b.png"));
  EXPECT_THAT(labels(*dataset), ElementsAre(-1, -1));
  EXPECT_TRUE(dataset->class_names().empty());
}

TEST_F(Pictures, FolderRefusesPicturesBesideItsClasses) {
  add("dog/a.png");
  add("list.txt", "x");
  EXPECT_EQ(open_dataset(spec("folder:"))->size(), 1U);
  add("stray.png");
  EXPECT_THAT(fault(spec("folder:")), HasSubstr("stray.png"));
}

TEST_F(Pictures, PathsWithoutTypeAreFiles) {
  add("x/b.png");
  add("a.jpg");  // the content counts
  EXPECT_THAT(names(*open_dataset(spec(""))), ElementsAre("a.jpg", "x/b.png"));
  const auto one = open_dataset((folder_ / "a.jpg").string());
  EXPECT_THAT(names(*one), ElementsAre("a.jpg"));
  EXPECT_EQ(one->load(0).label, -1);
  EXPECT_EQ(open_dataset(spec("", "?broken=skip"))->size(), 2U);
  EXPECT_THAT(fault("no/such.jpg"), HasSubstr("the path of a picture or folder that is there"));
  EXPECT_THAT(fault("files:no/such.jpg"), HasSubstr("such.jpg"));
}

TEST_F(Pictures, SaysWhatItFoundInsteadOfPictures) {
  EXPECT_THAT(fault(spec("files:")), HasSubstr("found no files"));
  add("x/1.heic", "unknown");
  add("x/2.HEIF", "");
  add("x/readme", "text");
  const auto expected = HasSubstr("no pictures that can be read (" + readable_formats() +
                                  "); found 1 without extension, 2 HEIC");
  EXPECT_THAT(fault(spec("files:")), expected);
  EXPECT_THAT(fault(spec("folder:")), expected);
  EXPECT_THAT(fault(spec("folder:", "/nowhere")), HasSubstr("nowhere: No such file"));
}

TEST_F(Pictures, NamesEveryMissingFileOfAListOnce) {
  std::string list = "a.png 3\n";
  for (int i = 0; i < 12; ++i) list += text("gone", i, ".png -1\n");
  add("a.png");
  add("list.txt", list);
  const std::string message = fault(spec("imglist:", "/list.txt"));
  EXPECT_THAT(message, HasSubstr("12 of 13 files are missing"));
  EXPECT_THAT(message, HasSubstr("gone0.png, gone1.png"));
  EXPECT_THAT(message, HasSubstr("gone9.png, ..."));
}

TEST_F(Pictures, ListsBeginAtTheirRoot) {
  add("data/x/a.png");
  add("lists/test.txt", "x/a.png 3\nx/a.png {'label': 7}\n");
  const auto dataset =
      open_dataset(spec("imglist:", "/lists/test.txt?root=" + (folder_ / "data").string()));
  EXPECT_THAT(labels(*dataset), ElementsAre(3, 7));
  EXPECT_THAT(names(*dataset), ElementsAre("x/a.png", "x/a.png"));
  EXPECT_EQ(dataset->load(1).image.width, 1U);
}

TEST_F(Pictures, BrokenOnesAreErrorsOrLeftOut) {
  add("a.png");
  add("b.png", grey7.substr(0, 50));
  add("c.jpg");
  const auto all = open_dataset(spec("files:"));
  EXPECT_THAT(io::error_of([&] { all->load(1); }),
              AllOf(HasSubstr("b.png"), HasSubstr("; broken=skip leaves such pictures out")));
  const auto whole = open_dataset(spec("files:", "?broken=skip"));
  EXPECT_THAT(names(*whole), ElementsAre("a.png", "c.jpg"));
  EXPECT_EQ(whole->load(1).index, 2);  // the place in the full list
  ASSERT_EQ(whole->skipped().size(), 1U);
  EXPECT_THAT(whole->skipped()[0], AllOf(HasSubstr("b.png: "), Not(HasSubstr("broken="))));
  EXPECT_NE(whole->hash(), all->hash());
  EXPECT_THAT(fault(spec("files:", "?broken=skip&index=1")),
              HasSubstr("all 1 pictures are broken"));
}

TEST_F(Pictures, HashSeesNamesLabelsAndContent) {
  add("list.txt", "a.png 1\nb.png 2\n");
  add("a.png");
  add("b.png");
  const auto hash = [&] { return open_dataset(spec("imglist:", "/list.txt"))->hash(); };
  const std::string before = hash();
  EXPECT_EQ(hash(), before);
  add("list.txt", "a.png 1\nb.png 3\n");
  const std::string other_label = hash();
  add("list.txt", "b.png 1\na.png 2\n");
  const std::string other_order = hash();
  add("list.txt", "a.png 1\nb.png 2\n");
  add("b.png", text(grey7, "x"));
  EXPECT_EQ((std::set{before, other_label, other_order, hash()}).size(), 4U);
}

TEST_F(Pictures, NoteTheOrientationThatIsLeftAsItIs) {
  add("a.jpg", io::read_text(std::filesystem::path(NESCIO_TEST_PICTURES) / "turned.jpg"));
  EXPECT_THAT(open_dataset(spec("files:"))->notices(), ElementsAre(HasSubstr("1 picture asks in")));
  add("a.jpg", io::read_text(std::filesystem::path(NESCIO_TEST_PICTURES) / "grey.jpg"));
  EXPECT_TRUE(open_dataset(spec("files:"))->notices().empty());
}

TEST_F(Pictures, FoldersWithoutPicturesAreNoClassesAndNamed) {
  add("cat/1.png");
  add("eel/1.png");
  const auto clean = open_dataset(spec("folder:"));
  EXPECT_THAT(clean->notices(), ElementsAre());
  const std::string hash = clean->hash();
  add("__MACOSX/cat/._1.png");
  add("dog/notes.txt", "x");
  std::filesystem::create_directory(folder_ / "ant");
  const auto dataset = open_dataset(spec("folder:"));
  EXPECT_THAT(dataset->class_names(), ElementsAre("cat", "eel"));
  EXPECT_THAT(labels(*dataset), ElementsAre(0, 1));
  EXPECT_EQ(dataset->hash(), hash);
  EXPECT_THAT(dataset->notices(), ElementsAre(HasSubstr("no class for __MACOSX, ant, dog")));
  EXPECT_THAT(open_dataset(spec("folder:", "?index=1&negative=true"))->notices(),
              ElementsAre(HasSubstr("no class for __MACOSX, ant, dog")));
}

TEST_F(Pictures, BytesSayWhatIsReadAndTheRestIsCounted) {
  const std::string_view avif(
      "\0\0\0\x1c"
      "ftypavif",
      12);
  for (const char* name : {"a/1.png", "a/2", "a/3.jfif", "a/4.JPE", "a/5.heic", "a/6.png_large"}) {
    add(name);
  }
  add("a/7.avif", avif);
  add("a/8.photo", avif);
  add("a/9.HEIC", "unknown bytes");
  add("a/10.psd", "8BPS");
  add("b/11.qoi", "qoif");
  add("a/readme.txt", "text");
  add("a/empty", "");
  for (const char* type : {"folder:", "files:"}) {
    const auto dataset = open_dataset(spec(type));
    EXPECT_THAT(names(*dataset),
                ElementsAre("a/1.png", "a/2", "a/3.jfif", "a/4.JPE", "a/5.heic", "a/6.png_large"));
    EXPECT_EQ(dataset->load(1).image.width, 1U);
    ASSERT_FALSE(dataset->notices().empty());
    EXPECT_THAT(dataset->notices()[0],
                HasSubstr("left out 5 pictures of formats that are not read: "
                          "2 AVIF, 1 HEIC, 1 Photoshop, 1 QOI"));
  }
  EXPECT_THAT(open_dataset(spec("folder:"))->class_names(), ElementsAre("a"));
}

TEST_F(Pictures, FoldersOfFoldersAreSaid) {
  add("train/cat/1.png");
  add("val/dog/1.png");
  const auto dataset = open_dataset(spec("folder:"));
  EXPECT_THAT(dataset->class_names(), ElementsAre("train", "val"));
  EXPECT_THAT(dataset->notices(),
              ElementsAre(HasSubstr("/train has the folders in it as classes")));
  add("val/2.png");
  EXPECT_THAT(open_dataset(spec("folder:"))->notices(), ElementsAre());
}

TEST_F(Pictures, ClassesAreOrderedBeforeTheFoldersInThem) {
  for (const char* name : {"dog/a/1.png", "dog!x/1.png", "dog/2.png"}) add(name);
  const auto dataset = open_dataset(spec("folder:"));
  EXPECT_THAT(names(*dataset), ElementsAre("dog/2.png", "dog/a/1.png", "dog!x/1.png"));
  EXPECT_THAT(labels(*dataset), ElementsAre(0, 0, 1));
}

TEST_F(Pictures, PathsMayHoldQuestionMarks) {
  add("what?/a.png");
  add("a?b=c/a.png");
  EXPECT_EQ(open_dataset(spec("folder:", "/what?"))->size(), 1U);
  EXPECT_EQ(open_dataset(spec("folder:", "/what??broken=skip"))->size(), 1U);
  EXPECT_EQ(open_dataset(spec("folder:", "/a?b=c"))->size(), 1U);
  EXPECT_EQ(open_dataset(spec("", "/a?b=c?index=0"))->size(), 1U);
  EXPECT_THAT(fault(spec("files:", "/what??index=0&index=0")), HasSubstr("'index' is given twice"));
}

TEST_F(Pictures, ListsOfWindowsFindTheirFiles) {
  add("x/a.png");
  add("y\\b.png");
  add("list.txt", "x\\a.png 3\r\ny\\b.png 1\r\n");
  const auto dataset = open_dataset(spec("imglist:", "/list.txt"));
  EXPECT_THAT(names(*dataset), ElementsAre("x/a.png", "y\\b.png"));
  EXPECT_THAT(dataset->notices(), ElementsAre(HasSubstr("'\\' in 1 path was read as '/'")));
}

TEST_F(Pictures, FollowLinksButNotInCircles) {
  add("real/a.png");
  std::filesystem::create_directory(folder_ / "set");
  std::filesystem::create_directory_symlink(folder_ / "real", folder_ / "set" / "cat");
  std::filesystem::create_directory_symlink(folder_ / "real", folder_ / "set" / "dog");
  EXPECT_EQ(open_dataset(spec("folder:", "/set"))->size(), 2U);
  std::filesystem::create_directory_symlink(folder_ / "set", folder_ / "set" / "eel");
  EXPECT_THAT(fault(spec("folder:", "/set")), HasSubstr("link to a folder above itself"));
  EXPECT_THAT(fault(spec("files:", "/set")), HasSubstr("link to a folder above itself"));
}

TEST_F(Pictures, NamesThatAreNoTextStillOpen) {
  add("\xe4\n.png");
  const auto dataset = open_dataset(spec("files:"));
  EXPECT_EQ(dataset->name(0), printable("\xe4\n.png"));
  EXPECT_EQ(dataset->load(0).image.height, 1U);
}

TEST_F(Pictures, UnreadableFoldersAreNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  add("locked/a.png");
  std::filesystem::permissions(folder_ / "locked", std::filesystem::perms::none);
  EXPECT_THAT(fault(spec("files:")), HasSubstr("locked: Permission denied"));
  std::filesystem::permissions(folder_ / "locked", std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace nescio::image
