// What a teacher has said about the training pictures, stored as a split of a bank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bank/answers.h"
#include "image/datasets/dataset.h"
#include "image/preprocessing.h"

namespace nescio::train {

/// Of some pictures, row by row: all logits, or log-probabilities of the most probable classes.
struct TeacherRows {
  std::size_t width = 0;
  std::vector<float> values = {};          // [n, width]
  std::vector<std::int64_t> classes = {};  // [n, width]; empty where the values are all logits
  std::vector<float> tail = {};            // [n], log of what all other classes have; empty alike

  void clear();
};
/// Adds what answers say about a view of row `row`.
void add_row(const bank::Answers& answers, std::size_t row, std::size_t view, TeacherRows& rows);

class Teacher {
 public:
  /// "BANK#SET/SPLIT" with what bank/answers.h describes. Row i is picture i of `data`. Error if the
  /// split is of other pictures, as far as the bank knows, has another number of them, other classes or
  /// other names for them.
  Teacher(const std::string& spec, const image::Dataset& data, std::int64_t classes);

  const bank::Answers& answers() const { return answers_; }
  /// How many different views of a picture it has seen; 0: the pictures as they are, whatever the view.
  std::size_t views() const { return answers_.views(); }
  /// Error unless a student who sees pictures prepared and changed so sees what the teacher saw. A
  /// teacher of pictures as they are goes with shifted and mirrored ones.
  void check_student(const std::string& augment, const image::Preprocessing& preprocessing) const;
  /// Adds what it said about a view of picture `item`.
  void add(std::size_t item, std::size_t view, TeacherRows& rows) const {
    add_row(answers_, item, view, rows);
  }
  /// What tells its answers from others: of the hashes of the arrays.
  const std::string& sha256() const { return answers_.sha256(); }

 private:
  std::string where_;
  bank::Answers answers_;
};

}  // namespace nescio::train
