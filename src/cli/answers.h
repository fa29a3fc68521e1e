// What a detector says of rows, one line each: as a table, CSV or lines of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "calibration/calibration.h"
#include "report/table.h"

namespace nescio::cli {

enum class AnswerFormat { table, csv, json };

/// How rows are judged.
struct Judge {
  const calibration::Calibration* calibration = nullptr;  // none: no p-values
  std::optional<double> threshold = {};                   // in place of the calibration's
  std::optional<double> fdr = {};  // flags rows by their p-values, all of them together
};

struct ScoredRow {
  std::string name;                             // of the picture or row
  std::optional<std::uint32_t> predicted = {};  // the class that the network sees
  double score = 0;                             // higher = more OOD
};

/// Writes answers as rows come; a table, and rows that are judged together, when all have come.
class AnswerWriter {
 public:
  /// Class names by number, as far as they are known. Error for fdr without a calibration.
  AnswerWriter(std::ostream& out, AnswerFormat format, Judge judge,
               std::vector<std::string> class_names);

  /// Error if classes have their own thresholds and the row's is not known.
  void add(const ScoredRow& row);
  /// Writes what is left; how many rows are flagged.
  std::size_t finish();

 private:
  struct Judged {
    ScoredRow row;
    std::optional<double> threshold;
    std::optional<bool> is_ood;
    std::optional<double> p_value;
  };

  Judged judged(const ScoredRow& row) const;
  std::string class_name(const Judged& answer) const;
  void write(const Judged& answer);
  void write_sentence(const Judged& answer);

  std::ostream& out_;
  AnswerFormat format_;
  Judge judge_;
  std::vector<std::string> class_names_;
  std::vector<Judged> waiting_;
  report::TextTable table_;
  std::size_t written_ = 0, flagged_ = 0;
};

}  // namespace nescio::cli
