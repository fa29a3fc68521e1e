// One step of training: what is drawn for it, its pictures, and its parts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/communicator.h"
#include "nn/network.h"

namespace nescio::train {

/// What the rows of a tensor belong to. Pair i is picture i with outlier i, as far as there are both.
enum class Rows { none, images, outliers, pairs };

/// How many rows a batch has.
struct RowCounts {
  std::int64_t images = 0, outliers = 0;

  std::int64_t of(Rows rows) const;
};

/// A tensor that goes with a step: of rows [n, ...], or the same for all parts (none).
struct Drawn {
  torch::Tensor values;
  Rows rows = Rows::none;
};
using Draws = std::map<std::string, Drawn>;

/// What is known of a step before its pictures are on the device.
struct StepFacts {
  std::int64_t number = 0;     // 0, 1, ... over the whole run
  std::int64_t per_epoch = 1;  // steps
  RowCounts rows = {};
  torch::Tensor labels = {};  // [B] int64 on the host; undefined where none are read
  std::int64_t classes = 0;
  std::int64_t height = 0, width = 0;  // of the pictures
};

/// Row i became share_i of itself and the rest of row order_i.
struct Mixture {
  torch::Tensor order;  // [B] int64
  torch::Tensor share;  // a scalar or [B]
};

/// A step as its method sees it, all of it or a part, and what the method says about it.
struct TrainingStep {
  std::int64_t number = 0;     // 0, 1, ... over the whole run
  std::int64_t per_epoch = 1;  // steps
  std::int64_t classes = 0;
  nn::Network& network;
  torch::Tensor images;       // [B, planes, height, width], normalised
  torch::Tensor labels = {};  // [B] int64; undefined where none are read
  /// [Bo, planes, height, width]; undefined unless the method needs some.
  torch::Tensor outliers = {};
  /// Of the same pictures, as `images` in number, order and shape; as many as the method needs, less one.
  std::vector<torch::Tensor> further_views = {};
  /// [B, C]: logits of a stored teacher for `images`; undefined unless the method needs them. Where
  /// `teacher_classes` [B, k] are defined, log-probabilities of these, and `teacher_tail` [B] is that
  /// of all other classes together.
  torch::Tensor teacher = {}, teacher_classes = {}, teacher_tail = {};
  /// [B]: by which the pictures' parts of the loss are multiplied; undefined where all are 1.
  torch::Tensor weights = {};
  /// [B, C], probabilities in the place of the labels, where a method has mixed them.
  torch::Tensor targets = {};
  /// How a method has mixed the rows of the whole step, one after the other.
  std::vector<Mixture> mixtures = {};
  Draws draws = {};       // by METHOD.NAME
  bool bfloat16 = false;  // the network computes in it; what it says is float32 all the same

  /// Of the whole step's rows: what a part says is its share of the means over all.
  double image_share = 1, outlier_share = 1, pair_share = 1;

  /// Of `images` and `outliers`, [., C] and [., D]; the accuracy comes from the first. Undefined
  /// where the method says nothing about them.
  torch::Tensor logits = {}, features = {}, outlier_logits = {};
  /// Parts of the loss with their weights, and what else is worth a curve: scalars by name, logged
  /// beside the loss. Those of the parts of a step are added up.
  std::vector<std::pair<std::string, torch::Tensor>> terms = {};
  /// Pictures that went through the network.
  std::int64_t rows = 0;

  std::int64_t pairs() const;
  /// The first rows of something that all images or outliers have: those of the pairs.
  torch::Tensor paired(const torch::Tensor& of_rows) const;
  /// What the method called `method` has drawn.
  const torch::Tensor& drawn(const std::string& method, const std::string& name) const;

  /// What the network says about some pictures; every method comes through here.
  nn::NetworkOutputs forward(const torch::Tensor& pictures) { return forward(pictures, network); }
  /// The same of a network that is made of it.
  nn::NetworkOutputs forward(const torch::Tensor& pictures, nn::Network& made_of_it);
  /// The same of several groups of pictures that go through the network as one batch, so that batch
  /// normalisation sees them together.
  std::vector<nn::NetworkOutputs> joint_forward(const std::vector<torch::Tensor>& groups);
  /// [B, C]: the targets, or labels as such.
  torch::Tensor probabilities() const;
  /// The part's share of mean_b [-w_b sum_c q_bc log softmax(z_b)_c] for logits z of the images, their
  /// labels or targets, smoothed: q = (1 - s) q + s / C, and their weights w.
  torch::Tensor cross_entropy(const torch::Tensor& logits, double label_smoothing = 0) const;
  /// Adds to `terms` and gives the value back.
  torch::Tensor term(const std::string& name, const torch::Tensor& value);

  /// What a mean over this part's images, outliers or pairs adds to that over the whole step's.
  torch::Tensor of_images(const torch::Tensor& mean) const { return scaled(mean, image_share); }
  torch::Tensor of_outliers(const torch::Tensor& mean) const { return scaled(mean, outlier_share); }
  torch::Tensor of_pairs(const torch::Tensor& mean) const { return scaled(mean, pair_share); }

 private:
  static torch::Tensor scaled(const torch::Tensor& mean, double share) {
    return share == 1 ? mean : mean * share;
  }
};

/// Which rows of a step a part of it has. Pairs stay together: a part has some of them, then some of
/// the rows that have no partner.
class Part {
 public:
  /// Part `number` of `parts` of as equal size as can be.
  Part(const RowCounts& whole, std::int64_t number, std::int64_t parts);
  /// At most `wanted`, and so few that each has an image and, if there are some, an outlier.
  static std::int64_t parts_of(const RowCounts& whole, std::int64_t wanted);
  /// Those that one of several processes computes, at most `each` and as many as every other: none
  /// where there are fewer rows than processes.
  static std::vector<Part> own(const RowCounts& whole, std::int64_t each,
                               const Communicator& processes);

  struct Range {
    std::int64_t first = 0, count = 0;
  };
  /// Where its rows stand among those of the step.
  std::vector<Range> ranges(Rows rows) const;
  std::int64_t number() const { return number_; }

  double share(Rows rows) const;
  torch::Tensor of(const torch::Tensor& values, Rows rows) const;
  std::vector<std::int64_t> of(const std::vector<std::int64_t>& values, Rows rows) const;
  /// Nothing is said about it yet; terms of the whole step go with the first part, and are 0 in others.
  TrainingStep of(const TrainingStep& whole) const;

 private:
  RowCounts whole_;
  std::int64_t number_;
  Range pairs_, images_, outliers_;  // of the pairs, of the others
};

/// All of them at `device`, in one copy for which nobody waits.
void move_to(Draws& draws, const torch::Device& device);

}  // namespace nescio::train
