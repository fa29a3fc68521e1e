#include "train/gradient_sums.h"

#include <algorithm>
#include <utility>

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace nescio::train {
namespace {

// So small that the first sums start early, so large that what a sum costs whatever its length does not count.
constexpr std::int64_t least = std::int64_t{1} << 15,
                       most = std::int64_t{25} << 18;  // values of a bucket
constexpr std::int64_t wanted_buckets = 8;

}  // namespace

std::vector<std::vector<std::size_t>> buckets_of(std::span<const std::int64_t> sizes,
                                                 std::int64_t values) {
  std::vector<std::vector<std::size_t>> buckets;
  std::int64_t held = values;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (held >= values) {
      buckets.emplace_back();
      held = 0;
    }
    buckets.back().push_back(i);
    held += sizes[i];
  }
  return buckets;
}

/// Of one parameter; its owner takes it away before it ends.
class GradientSums::Hook final : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientSums& sums, std::size_t parameter) : sums_(sums), parameter_(parameter) {}
  void operator()(const torch::autograd::Variable&) override {
    if (!sums_.listening_) return;
    sums_.take(parameter_);
    sums_.launch_complete();
  }

 private:
  GradientSums& sums_;
  std::size_t parameter_;
};

GradientSums::GradientSums(Communicator& processes, std::vector<torch::Tensor> parameters)
    : processes_(processes), parameters_(std::move(parameters)), places_(parameters_.size()) {
  if (processes_.size() == 1) return;
  const torch::Device device = parameters_.empty() ? torch::kCPU : parameters_[0].device();
  on_device_ = nn::DeviceSums::over(processes_, device);
  std::vector<std::int64_t> sizes;
  std::int64_t all = 0;
  for (const torch::Tensor& parameter : parameters_) {
    sizes.push_back(parameter.numel());
    all += parameter.numel();
  }
  for (auto& of_bucket : buckets_of(sizes, std::clamp(all / wanted_buckets, least, most))) {
    std::int64_t size = 0;
    for (const std::size_t p : of_bucket) {
      places_[p] = {.bucket = buckets_.size(), .first = size};
      size += sizes[p];
    }
    buckets_.push_back({.parameters = std::move(of_bucket),
                        .values = torch::empty({size}, on_device_ ? device : torch::kCPU),
                        .missing = 0});
    buckets_.back().missing = buckets_.back().parameters.size();
  }
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[p],
                                                   std::make_unique<Hook>(*this, p));
  }
  if (!on_device_) thread_ = std::thread([this] { work(); });
}

GradientSums::~GradientSums() {
  if (processes_.size() == 1) return;
  for (const torch::Tensor& parameter : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  }
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GradientSums::begin() {
  listening_ = on_device_ ||
               std::ranges::all_of(parameters_, [](const torch::Tensor& p) { return p.is_cpu(); });
}

void GradientSums::finish() {
  listening_ = false;
  if (processes_.size() == 1) return;
  const torch::NoGradGuard no_gradients;
  for (const Bucket& bucket : buckets_) {
    for (const std::size_t p : bucket.parameters) take(p);
    launch_complete();
  }
  wait();
  launched_ = 0;
  for (Bucket& bucket : buckets_) {
    for (const std::size_t p : bucket.parameters) {
      torch::Tensor grad = parameters_[p].grad();
      grad.copy_(part_of(p, grad));
      places_[p].taken = false;
    }
    bucket.missing = bucket.parameters.size();
  }
}

void GradientSums::wait() {
  if (on_device_) return on_device_->wait();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return summed_ == wanted_ || error_; });
  if (error_) std::rethrow_exception(error_);
  wanted_ = summed_ = 0;
}

torch::Tensor GradientSums::part_of(std::size_t parameter, const torch::Tensor& grad) const {
  const Place& place = places_[parameter];
  return buckets_[place.bucket]
      .values.slice(0, place.first, place.first + grad.numel())
      .view(grad.sizes());
}

void GradientSums::take(std::size_t parameter) {
  Place& place = places_[parameter];
  if (std::exchange(place.taken, true)) return;
  const torch::NoGradGuard no_gradients;
  torch::Tensor& grad = parameters_[parameter].mutable_grad();
  if (!grad.defined()) grad = torch::zeros_like(parameters_[parameter]);
  part_of(parameter, grad).copy_(grad);
  --buckets_[place.bucket].missing;
}

void GradientSums::launch_complete() {
  std::size_t complete = launched_;
  while (complete < buckets_.size() && buckets_[complete].missing == 0) ++complete;
  if (complete == launched_) return;
  if (on_device_) {
    for (; launched_ < complete; ++launched_) on_device_->sum(buckets_[launched_].values);
    return;
  }
  launched_ = complete;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = launched_;
  }
  changed_.notify_all();
}

void GradientSums::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || (summed_ < wanted_ && !error_); });
    if (stop_) return;
    const torch::Tensor& values = buckets_[summed_].values;
    lock.unlock();
    std::exception_ptr error;
    try {
      processes_.sum(std::span(values.data_ptr<float>(), static_cast<std::size_t>(values.numel())));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    if (!error) ++summed_;
    changed_.notify_all();
  }
}

}  // namespace nescio::train
