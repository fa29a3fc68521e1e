#include "base/given_alike.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/test_communicator.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using Given = std::vector<std::pair<std::string, std::string>>;

/// What each of three processes says where the last one was given something else; one line for all of them.
std::string said_of(const Given& usual, const Given& of_last) {
  std::vector<std::string> said(3);
  PlayedProcesses::run(3, [&](Communicator& processes) {
    try {
      require_alike(processes, processes.rank() == 2 ? of_last : usual);
    } catch (const Error& e) {
      said[static_cast<std::size_t>(processes.rank())] = e.what();
    }
  });
  EXPECT_EQ(said[1], said[0]);
  EXPECT_EQ(said[2], said[0]);
  return said[0];
}

TEST(RequireAlike, SaysNothingOfTheSame) {
  EXPECT_EQ(said_of({}, {}), "");
  EXPECT_EQ(said_of({{"lr", "0.1"}, {"data", "\xff"}}, {{"lr", "0.1"}, {"data", "\xff"}}), "");
  EXPECT_NO_THROW(require_alike(alone(), {{"lr", "0.1"}}));
}

TEST(RequireAlike, NamesWhatDiffers) {
  EXPECT_THAT(said_of({{"seed", "1"}, {"lr", "0.1"}}, {{"seed", "1"}, {"lr", "0.2"}}),
              HasSubstr("process 2 of 3: lr is '0.2', that of the first one is '0.1'; all"));
  EXPECT_THAT(said_of({{"lr", "0.1"}}, {{"beta1", "0.9"}, {"lr", "0.1"}}),
              HasSubstr("it was given beta1 '0.9', the first one lr '0.1'"));
  EXPECT_THAT(said_of({{"lr", "0.1"}, {"val", "v"}}, {{"lr", "0.1"}}),
              HasSubstr("the first one alone was given val 'v'"));
  EXPECT_THAT(said_of({}, {{"val", "\n"}}), HasSubstr("it alone was given val '\\n'"));
  EXPECT_THAT(said_of({{"data", std::string(1000, 'a')}}, {{"data", "b"}}), HasSubstr("a ... a"));
}

}  // namespace
}  // namespace nescio
