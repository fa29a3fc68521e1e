#include "io/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"
#include "io/test_zip.h"

namespace nescio::io {
namespace {

using ::testing::HasSubstr;

ZipArchive open(const std::string& bytes) { return {SharedBytes::copy_of(bytes), "a.zip"}; }
std::string zip_error(const std::string& bytes) {
  return error_of([&] {
    const ZipArchive archive = open(bytes);
    for (const auto& member : archive.members()) archive.read(member);
  });
}
std::string content(const ZipArchive& archive, std::string_view name) {
  const ZipMember* member = archive.find(name);
  return member ? std::string(archive.read(*member).text()) : "(none)";
}

TEST(Zip, StoredAndDeflatedMembers) {
  const std::string many(100000, 'x');
  for (const bool zip64 : {false, true}) {
    const auto archive = open(test_zip({{.name = "a", .content = "hello", .zip64 = zip64},
                                        {.name = "b", .content = many, .deflated = true},
                                        {.name = "c", .deflated = true}},
                                       zip64));
    EXPECT_EQ(archive.members().size(), 3u);
    EXPECT_EQ(content(archive, "a"), "hello");
    EXPECT_EQ(content(archive, "b"), many);
    EXPECT_EQ(content(archive, "c"), "");
    EXPECT_EQ(archive.find("d"), nullptr);
  }
}

TEST(Zip, EmptyArchiveAndComment) {
  EXPECT_TRUE(open(test_zip({})).members().empty());
  std::string file = test_zip({{.name = "a", .content = "hello"}});
  file[file.size() - 2] = 3;
  EXPECT_EQ(content(open(file + "abc"), "a"), "hello");
}

TEST(Zip, StoredMembersAreNotCopied) {
  const auto bytes = SharedBytes::copy_of(test_zip({{.name = "a", .content = "hello"}}));
  const ZipArchive archive(bytes, "a.zip");
  EXPECT_EQ(archive.read(*archive.find("a")).data(), bytes.data() + 31);
}

TEST(Zip, OtherFilesAndTruncatedOnesAreRefused) {
  EXPECT_THAT(zip_error(""), HasSubstr("found something else"));
  EXPECT_THAT(zip_error("no zip at all, but long enough for one"),
              HasSubstr("found something else"));
  const std::string good = test_zip({{.name = "a", .content = "hello", .zip64 = true}}, true);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(zip_error(good.substr(0, size)), "") << size;
  }
}

TEST(Zip, DamageIsNoticed) {
  EXPECT_THAT(zip_error(test_zip({{.name = "a", .content = "hello", .wrong_checksum = true}})),
              HasSubstr("checksum"));
  std::string file = test_zip({{.name = "a", .content = std::string(1000, 'x'), .deflated = true}});
  file[33] = static_cast<char>(file[33] ^ 0x55);
  EXPECT_THAT(zip_error(file), HasSubstr("damaged"));
}

TEST(Zip, LiesAboutSizesAreRefused) {
  const auto lie = [](std::int64_t size, bool deflated) {
    return zip_error(test_zip({{.name = "a",
                                .content = std::string(1000, 'x'),
                                .deflated = deflated,
                                .claimed_size = size}}));
  };
  EXPECT_THAT(lie(999, true), HasSubstr("more than the expected 999 bytes"));
  EXPECT_THAT(lie(1001, true), HasSubstr("less than the expected 1001 bytes"));
  EXPECT_THAT(lie(4000000000, true), HasSubstr("cannot hold"));
  EXPECT_THAT(lie(1001, false), HasSubstr("cannot hold"));
}

TEST(Zip, MembersMayNotOverlapOrRepeat) {
  EXPECT_THAT(zip_error(test_zip({{.name = "a", .content = "hello"},
                                  {.name = "b", .content = "hello", .claimed_offset = 0}})),
              HasSubstr("overlap"));
  EXPECT_THAT(zip_error(test_zip({{.name = "a", .content = "x"}, {.name = "a", .content = "y"}})),
              HasSubstr("two members called 'a'"));
  EXPECT_THAT(zip_error(test_zip({{.name = "a", .content = "x", .claimed_offset = 1000}})),
              HasSubstr("is not where"));
}

TEST(Zip, EncryptionIsRefused) {
  EXPECT_THAT(zip_error(test_zip({{.name = "a", .content = "x", .flags = 1}})),
              HasSubstr("encrypted"));
}

}  // namespace
}  // namespace nescio::io
