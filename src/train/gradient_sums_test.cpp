#include "train/gradient_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "base/test_communicator.h"
#include "nn/network.h"
#include "nn/test_device.h"

namespace nescio::train {
namespace {

using Numbers = std::vector<std::size_t>;

TEST(GradientSums, LastParametersShareTheFirstBuckets) {
  EXPECT_THAT(buckets_of(std::vector<std::int64_t>{5, 1, 1, 9, 2}, 4),
              testing::ElementsAre(Numbers{4, 3}, Numbers{2, 1, 0}));
  EXPECT_THAT(buckets_of(std::vector<std::int64_t>{4, 4}, 4),
              testing::ElementsAre(Numbers{1}, Numbers{0}));
  EXPECT_TRUE(buckets_of({}, 4).empty());
}

/// Three layers, of which each fills a bucket, and a parameter that nothing reads.
struct Net {
  std::vector<torch::Tensor> parameters;

  explicit Net(const torch::Device& device = torch::kCPU) {
    torch::manual_seed(5);
    for (int layer = 0; layer < 3; ++layer) parameters.push_back(torch::randn({200, 200}) / 10);
    parameters.push_back(torch::randn({7}));
    for (torch::Tensor& parameter : parameters) parameter = parameter.to(device).requires_grad_();
  }
  /// Of some rows, its share of the sum over all.
  torch::Tensor loss(const torch::Tensor& x) const {
    torch::Tensor h = x;
    for (std::size_t layer = 0; layer < 3; ++layer) h = h.mm(parameters[layer]).tanh();
    return h.square().sum();
  }
  std::vector<torch::Tensor> gradients() const {
    std::vector<torch::Tensor> out;
    for (const torch::Tensor& parameter : parameters) out.push_back(parameter.grad());
    return out;
  }
  void forget() {
    for (torch::Tensor& parameter : parameters) parameter.mutable_grad().reset();
  }
};

torch::Tensor rows_of(int step) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + step));
  return torch::randn({6, 200});
}

TEST(GradientSums, AreThoseOfOneProcess) {
  const torch::Device device = nn::find_device(nn::test_device());
  for (const bool overlapped : {true, false}) {
    for (const int size : {1, 2, 3}) {
      std::vector<std::vector<torch::Tensor>> found(static_cast<std::size_t>(size));
      PlayedProcesses::run(size, [&](Communicator& processes) {
        Net net(device);
        GradientSums sums(processes, net.parameters);
        for (int step = 0; step < 3; ++step) {
          net.forget();
          const Share own = share_of(processes, 6);
          const auto first = static_cast<std::int64_t>(own.first);
          const torch::Tensor x = rows_of(step)
                                      .slice(0, first, first + static_cast<std::int64_t>(own.count))
                                      .to(device);
          // Two parts of a process, of which the first one's gradients are not whole.
          net.loss(x.slice(0, 0, 1)).backward();
          if (overlapped) sums.begin();
          net.loss(x.slice(0, 1)).backward();
          sums.finish();
        }
        found[static_cast<std::size_t>(processes.rank())] = net.gradients();
      });
      Net one(device);
      one.loss(rows_of(2).to(device)).backward();
      for (const auto& of_rank : found) {
        for (std::size_t p = 0; p < 3; ++p) {
          EXPECT_TRUE(torch::allclose(of_rank[p], one.parameters[p].grad(), 1e-4, 1e-5)) << p;
          EXPECT_TRUE(torch::equal(of_rank[p], found[0][p])) << p;
        }
        if (size > 1) {
          EXPECT_TRUE(torch::equal(of_rank[3].cpu(), torch::zeros(7)));
        }
      }
    }
  }
}

/// Says when it is asked for a sum, or that it is of no use.
class Asked final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void sum(std::span<float>) override {
    {
      const std::lock_guard lock(mutex_);
      ++sums_;
    }
    changed_.notify_all();
    if (broken) fail("process 1 is gone");
  }
  void sum(std::span<double>) override {}
  void wait_for_all() override {}

  /// False if there is none for a long time.
  bool has_summed() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sums_ > 0; });
  }
  int sums() {
    const std::lock_guard lock(mutex_);
    return sums_;
  }

  bool broken = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int sums_ = 0;
};

TEST(GradientSums, BeginBeforeThePassBackHasEnded) {
  Asked processes;
  Net net;
  GradientSums sums(processes, net.parameters);
  net.loss(rows_of(0)).backward();
  EXPECT_EQ(processes.sums(), 0) << "nobody has called begin()";
  net.forget();
  // The last bucket's gradient is still to come, and waits for the sum of the first one.
  const torch::Tensor h = rows_of(0).mm(net.parameters[0]);
  bool overlapped = false;
  h.register_hook([&](const torch::Tensor&) { overlapped = processes.has_summed(); });
  sums.begin();
  (h.tanh().mm(net.parameters[1]).mm(net.parameters[2]).sum() + net.parameters[3].sum()).backward();
  sums.finish();
  EXPECT_TRUE(overlapped);
  EXPECT_EQ(processes.sums(), 3);
}

TEST(GradientSums, SayWhatWentWrong) {
  Asked processes;
  processes.broken = true;
  Net net;
  GradientSums sums(processes, net.parameters);
  sums.begin();
  net.loss(rows_of(0)).backward();
  try {
    sums.finish();
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("is gone"));
  }
}

TEST(GradientSums, LeaveParametersAsTheyWere) {
  Asked processes;
  Net net;
  { const GradientSums sums(processes, net.parameters); }
  net.loss(rows_of(0)).backward();
  EXPECT_TRUE(net.parameters[0].grad().defined());
  EXPECT_EQ(processes.sums(), 0);
}

}  // namespace
}  // namespace nescio::train
