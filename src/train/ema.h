// The running mean of the weights.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nn/network.h"

namespace nescio::train {

/// With w the parameters after a step:  a <- d a + (1 - d) w,  and a = w after the first one.
/// So are the statistics of normalisation averaged: those of the newest weights do not fit the mean.
/// Polyak, Juditsky, SIAM J. Control Optim. 1992; in the form of torch.optim.swa_utils.
class Ema {
 public:
  Ema() = default;  // none: the weights are the network's own
  /// `decay` is d in [0, 1); 0: none.
  Ema(double decay, const nn::Network& network);

  /// After step `number`, counted from 0.
  void update(std::int64_t number);

  /// By name; shares memory, so that a checkpoint is read into it.
  std::map<std::string, torch::Tensor> state() const;
  /// Those of them that are means of buffers, in which processes differ.
  std::vector<torch::Tensor> buffers() const;

  /// As long as it lives the network has the mean in the place of its own.
  class InPlace {
   public:
    explicit InPlace(Ema& ema) : ema_(ema) { ema_.exchange(); }
    ~InPlace() { ema_.exchange(); }
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;

   private:
    Ema& ema_;
  };

 private:
  void exchange();

  double decay_ = 0;
  std::vector<std::string> names_;          // all empty without
  std::vector<torch::Tensor> own_, means_;  // parameters first, then buffers
  std::size_t parameters_ = 0;              // how many of them
};

}  // namespace nescio::train
