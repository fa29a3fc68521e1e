#include "nn/device_sums.h"

#include <gtest/gtest.h>

#include "base/test_communicator.h"
#include "nn/network.h"
#include "nn/test_device.h"

namespace nescio::nn {
namespace {

// Where each has a GPU of its own no test runs: there is none with two.
TEST(DeviceSums, AreNotForThoseWhoShareADevice) {
  PlayedProcesses::run(2, [](Communicator& processes) {
    EXPECT_EQ(DeviceSums::over(processes, find_device(test_device())), nullptr);
    // All have talked about it alike, so what they sum next fits together.
    std::vector<float> one = {1};
    processes.sum(std::span(one));
    EXPECT_EQ(one[0], 2);
  });
  EXPECT_EQ(DeviceSums::over(alone(), torch::kCPU), nullptr);
}

}  // namespace
}  // namespace nescio::nn
