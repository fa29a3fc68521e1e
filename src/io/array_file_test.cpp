#include "io/array_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ArrayFile : public ::testing::Test {
 protected:
  ArrayFile() {
    write_npy(folder_ / "a.npy", array_);
    write_safetensors(folder_ / "a.safetensors", {{"x", array_}, {"y", array_}});
    const std::string npy = read_text(folder_ / "a.npy");
    folder_.file("a.npz",
                 test_zip({{.name = "x.npy", .content = npy}, {.name = "y.npy", .content = npy}}));
    using namespace test_pickle;
    const std::string body = dict({{"x", tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})}});
    folder_.file("a.pth", zip_file(body, {{"0", npy.substr(128)}}));
  }
  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  std::string error(std::string_view name) const {
    return error_of([&] { read_array(path(name)); });
  }

  Array array_{{2}, std::vector<float>{1, 2}};
  TestFolder folder_;
};

TEST_F(ArrayFile, EveryKindOfFile) {
  for (const char* name : {"a.npy", "a.npz#x", "a.npz#y", "a.safetensors#x", "a.pth#x"}) {
    EXPECT_THAT(read_array(path(name)).as<float>(), ElementsAre(1, 2)) << name;
  }
}

TEST_F(ArrayFile, HashInThePath) {
  write_npy(folder_ / "run#3.npy", array_);
  EXPECT_EQ(read_array(path("run#3.npy")).size(), 2u);
  write_safetensors(folder_ / "run#4.safetensors", {{"a#b", array_}, {"b", array_}});
  EXPECT_EQ(read_array(path("run#4.safetensors#a#b")).size(), 2u);
}

TEST_F(ArrayFile, PlacesAreFileAndMember) {
  const auto place = [&](std::string_view name) { return array_place(path(name)); };
  EXPECT_EQ(place("a.npy").file, path("a.npy"));
  EXPECT_FALSE(place("a.npy").member);
  EXPECT_EQ(place("a.npz#x").file, path("a.npz"));
  EXPECT_EQ(place("a.npz#x").member, "x");
  EXPECT_EQ(place("none.npz#x").file, path("none.npz"));
  EXPECT_EQ(place("none#y.npz#x").member, "x");
  EXPECT_FALSE(place("none.npz").member);
}

TEST_F(ArrayFile, OneArrayNeedsNoName) {
  const std::string npy = read_text(folder_ / "a.npy");
  folder_.file("one.npz", test_zip({{.name = "arr_0.npy", .content = npy}}));
  write_safetensors(folder_ / "one.safetensors", {{"x", array_}});
  for (const char* name : {"one.npz", "one.safetensors", "a.pth"}) {
    EXPECT_THAT(read_array(path(name)).as<float>(), ElementsAre(1, 2)) << name;
  }
  folder_.file("empty.npz", test_zip({{.name = "readme.txt", .content = "x"}}));
  EXPECT_THAT(error("empty.npz"), HasSubstr("holds no array"));
}

TEST_F(ArrayFile, ContainersNeedAName) {
  for (const char* name : {"a.npz", "a.safetensors"}) {
    EXPECT_THAT(error(name), HasSubstr(text(path(name), "#x. Known: x, y.")));
    EXPECT_THAT(error(text(name, "#z")), HasSubstr("there is no array 'z'."));
  }
}

TEST_F(ArrayFile, AllOfAFileInItsGroups) {
  using Names = std::vector<std::string>;
  const std::vector<std::pair<const char*, Names>> files = {
      {"a.npy", {""}}, {"a.npz", {"x", "y"}}, {"a.safetensors", {"x", "y"}}, {"a.pth", {"x"}}};
  for (const auto& [name, expected] : files) {
    const StoredArrays found = read_arrays(path(name));
    ASSERT_EQ(found.groups.size(), 1u) << name;
    Names names;
    for (const auto& [array, values] : found.groups[0].tensors) {
      names.push_back(array);
      EXPECT_THAT(values.as<float>(), ElementsAre(1, 2)) << name;
    }
    EXPECT_EQ(names, expected) << name;
  }
  write_safetensors(folder_ / "m.safetensors", {{"x", array_}}, {{"made", "here"}});
  const StoredArrays found = read_arrays(path("m.safetensors"));
  EXPECT_EQ(found.format, FileFormat::safetensors);
  EXPECT_EQ(found.metadata.at("made"), "here");
}

TEST_F(ArrayFile, WrongFilesAreNamed) {
  EXPECT_THAT(error("none.npy"), HasSubstr(path("none.npy") + ": cannot be read"));
  EXPECT_THAT(error("a.npy#x"), HasSubstr("leave '#x' out"));
  folder_.file("a.json", "{}");
  EXPECT_THAT(error("a.json"), HasSubstr("expected an array as .npy"));
  EXPECT_THAT(error_of([&] { read_arrays(path("a.json")); }), HasSubstr("found JSON"));
}

}  // namespace
}  // namespace nescio::io
