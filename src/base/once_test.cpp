#include "base/once.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace nescio {
namespace {

TEST(Once, IsDoneByOneOfSeveralThreads) {
  Once once;
  int done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      once([&] { ++done; });
      EXPECT_EQ(done, 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Once, IsTriedAgainAfterAnError) {
  Once once;
  int tried = 0;
  const auto fails = [&] {
    ++tried;
    throw std::runtime_error("broken");
  };
  EXPECT_THROW(once(fails), std::runtime_error);
  EXPECT_THROW(once(fails), std::runtime_error);
  once([&] { ++tried; });
  once(fails);
  EXPECT_EQ(tried, 3);
}

}  // namespace
}  // namespace nescio
