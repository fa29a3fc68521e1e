// What a network said about each row of a split, for students that learn from it: of each of several
// views of a picture all logits, or the most probable classes alone.
//
//   logits(view=V) [N, C] float32 or float16, or else
//   top_classes(view=V) [N, k] and top_log_p(view=V) [N, k]     the most probable first
//   tail_log_p(view=V) [N]        log of the probability of all other classes together
//   label_log_p(view=V) [N]       log of the probability of the row's label
//
// A split with the array `logits` alone answers for the pictures as they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bank/feature_bank.h"

namespace nescio::bank {

/// "logits(view=2)"
std::string view_array(std::string_view name, std::size_t view);

/// How the pictures were changed for a view, and what of the answers was kept. Recorded with each
/// array: member "answers" of its inputs.
struct AnswersMade {
  std::string augment = "none";
  std::uint64_t seed = 0;   // of the changes
  std::size_t classes = 0;  // of the network
  std::size_t top = 0;      // 0: all logits
  std::string dtype = "float32";

  bool operator==(const AnswersMade&) const = default;
};
nlohmann::json to_json(const AnswersMade& made);
/// None where the inputs of an array say nothing.
std::optional<AnswersMade> answers_made(const nlohmann::json& inputs);

/// Mapped, not read: memory does not grow with the rows.
class Answers {
 public:
  /// Error if the split has no answers, or if those of its views do not go together.
  Answers(const FeatureBank& bank, const std::string& split);

  std::size_t rows() const { return rows_; }
  std::size_t classes() const { return classes_; }
  /// Those that a row holds: all of them where whole().
  std::size_t kept() const { return kept_; }
  bool whole() const { return kept_ == classes_; }
  /// Different views of each picture; 0: the pictures as they are.
  std::size_t views() const { return made_ && made_->augment == "none" ? 0 : views_; }
  const std::optional<AnswersMade>& made() const { return made_; }
  /// What made the first of its arrays.
  const nlohmann::json& inputs() const { return inputs_; }
  /// What tells these answers from others: of the hashes of the arrays.
  const std::string& sha256() const { return sha256_; }

  /// Those of one row, kept() of them: logits of all classes in order where whole(), otherwise natural
  /// logarithms of the probabilities of classes().
  void values(std::size_t row, std::size_t view, std::span<float> out) const;
  /// The classes that they are of, kept() of them.
  void top_classes(std::size_t row, std::size_t view, std::span<std::int64_t> out) const;
  /// log of the probability of all other classes together; -infinity where whole().
  float tail(std::size_t row, std::size_t view) const;
  /// log of the probability that the label of the picture had; none where it was not kept.
  std::optional<float> label(std::size_t row, std::size_t view) const;

 private:
  struct View {
    Array values, classes, tail, label;  // label is empty where it was not kept
  };

  const View& of(std::size_t view) const { return of_.at(views() == 0 ? 0 : view); }

  std::size_t rows_ = 0, classes_ = 0, kept_ = 0, views_ = 0;
  std::vector<View> of_;  // one, or one for each view
  std::optional<AnswersMade> made_;
  nlohmann::json inputs_;
  std::string sha256_;
};

inline constexpr std::size_t entropy_bins = 10;

/// Of all rows and views of answers, against the labels of the rows. A mean over nothing is NaN.
struct AnswerFacts {
  std::size_t labelled = 0;  // rows with a label: the next two means are over these
  double accuracy = 0;       // share whose most probable class (of equals the first) is the label
  double mean_label_p = 0;   // probability of the label
  double mean_mass = 0;      // m: what the classes that are kept have together
  double mean_lambda = 0;    // of 1 / (1 + m): the label's weight beside these classes
  double mean_entropy = 0;   // in nats
  std::array<std::size_t, entropy_bins> entropies = {};  // answers by equal parts of 0 .. log C
};

/// At a temperature that divides the logits. One pass; O(kept) for each answer.
///
/// What is not kept is taken as spread evenly, here as in probabilities(): the entropy is that of the
/// classes that are kept, -sum p log p, and of r = 1 - m over the C - k others, -r log(r / (C - k)), the
/// largest that the answer may have. A label that is not among those kept has the probability that was
/// kept of it, and where none was, an even share of r.
/// Error for a row that holds NaN or nothing finite, for a label beyond the classes, and unless each
/// row has a label (-1: none).
AnswerFacts facts_of(const Answers& answers, std::span<const std::int64_t> labels,
                     double temperature = 1);

/// The probabilities of a row at a temperature, kept() of them, and what is left for the others, which
/// share it equally: p_j^(1/T) / Z.
double probabilities(const Answers& answers, std::span<const float> values, float tail,
                     double temperature, std::span<double> out);

}  // namespace nescio::bank
