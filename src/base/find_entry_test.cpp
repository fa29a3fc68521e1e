#include "base/find_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio {
namespace {

struct Entry {
  const char* name;
  int value;
};
constexpr Entry entries[] = {{"energy", 1}, {"knn", 2}};

TEST(FindEntry, GivesTheEntryItself) {
  EXPECT_EQ(&find_entry(entries, "knn", "detector"), &entries[1]);
}

TEST(FindEntry, SaysWhatIsThere) {
  try {
    find_entry(entries, "enrgy", "detector", {"all"});
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    const std::string said = e.what();
    EXPECT_THAT(said, testing::StartsWith("unknown detector 'enrgy'."));
    EXPECT_THAT(said, testing::HasSubstr("'energy'"));
    EXPECT_THAT(said, testing::HasSubstr("all, energy, knn"));
  }
}

}  // namespace
}  // namespace nescio
