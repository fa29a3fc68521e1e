// A step of training under a mask against one of all weights, the same network and batch.
//   nescio_mask_bench [THREADS]
#include <cstdio>
#include <memory>

#include "measure.h"
#include "train/learner.h"

namespace nescio::bench {
namespace {

constexpr std::size_t pictures = 64, steps = 3, rounds = 7;

/// Steps of one method, one after the other, on the same made-up pictures.
class Steps {
 public:
  Steps(const std::string& network, const std::string& method) {
    settings_.model = network + ":made_up";
    settings_.method = method;
    settings_.device = "cpu";
    settings_.lr = 1e-6;
    source_ = nn::read_model_source(network);
    const image::Preprocessing& p = source_.preprocessing;
    data_.images.images.resize(pictures * p.planes() * p.height * p.width);
    for (std::size_t i = 0; i < data_.images.images.size(); ++i) {
      data_.images.images[i] = static_cast<float>(i % 17) / 8 - 1;
    }
    for (std::size_t i = 0; i < pictures; ++i) {
      data_.images.labels.push_back(static_cast<std::int64_t>(i % 10));
      data_.images.index.push_back(static_cast<std::int64_t>(i));
    }
    data_.images.count = pictures;
    learner_ = std::make_unique<train::Learner>(settings_, source_, 10, train::make_method(method));
    learner_->begin(any_pictures_.get());
  }
  void run() {
    for (std::size_t i = 0; i < steps; ++i) {
      learner_->step(number_++, 1 << 20, 1e-6, data_, means_);
      means_.read();
    }
  }

 private:
  train::TrainSettings settings_;
  nn::ModelSource source_;
  train::StepData data_;
  std::unique_ptr<image::Dataset> any_pictures_ = image::open_dataset("procedural:shapes?count=10");
  std::unique_ptr<train::Learner> learner_;
  train::StepMeans means_;
  std::int64_t number_ = 0;
};

void compare(const std::string& network) {
  Steps dense(network, "cross_entropy"), learned(network, "umap(b=0.1)"),
      global(network, "umap(b=0.1,scope=global)"), fixed(network, "magnitude_pruning(keep=0.8)");
  const auto times = alternate(
      {[&] { dense.run(); }, [&] { learned.run(); }, [&] { global.run(); }, [&] { fixed.run(); }},
      rounds);
  std::printf("\n%s\n", network.c_str());
  print_row("umap / all weights", {print(times[1] / times[0])});
  print_row("umap(scope=global) / all weights", {print(times[2] / times[0])});
  print_row("magnitude_pruning / all weights", {print(times[3] / times[0])});
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  nescio::set_thread_count(argc > 1 ? std::atoi(argv[1]) : nescio::thread_count());
  std::printf("%d threads, steps of %zu pictures; median (min .. max)\n", nescio::thread_count(),
              nescio::bench::pictures);
  nescio::nn::use_our_threads();
  for (const char* network : {"resnet20", "wrn_40_2"}) nescio::bench::compare(network);
}
