#include "cli/answers.h"

#include <algorithm>

#include "base/error.h"
#include "base/numbers.h"
#include "base/text.h"
#include "io/json_file.h"

namespace nescio::cli {
namespace {

using report::TextTable;

std::string yes_or_no(const std::optional<bool>& value) {
  return !value ? "" : *value ? "true" : "false";
}

template <class Print>
std::string printed(const std::optional<double>& value, Print print) {
  return value ? print(*value) : "";
}

}  // namespace

AnswerWriter::AnswerWriter(std::ostream& out, AnswerFormat format, Judge judge,
                           std::vector<std::string> class_names)
    : out_(out), format_(format), judge_(judge), class_names_(std::move(class_names)) {
  if (judge_.fdr && !judge_.calibration) {
    fail("fdr= judges by p-values, and the detector is not calibrated; `nescio calibrate` does it");
  }
  if (format_ == AnswerFormat::json) return;
  table_.columns = {{"picture"}, {"class", true}, {"class_name"}, {"score", true}};
  if (!judge_.calibration && !judge_.threshold) return;
  for (const char* name : {"threshold", "is_ood", "p_value"}) {
    table_.columns.push_back({name, std::string_view(name) != "is_ood"});
  }
}

AnswerWriter::Judged AnswerWriter::judged(const ScoredRow& row) const {
  Judged out{.row = row, .threshold = judge_.threshold, .is_ood = {}, .p_value = {}};
  if (judge_.calibration) {
    const auto answer = judge_.calibration->answer(row.score, row.predicted);
    out.p_value = answer.p_value;
    if (!judge_.fdr && !out.threshold) out.threshold = answer.threshold;
  }
  if (out.threshold) out.is_ood = row.score > *out.threshold;
  return out;
}

void AnswerWriter::add(const ScoredRow& row) {
  const Judged answer = judged(row);
  if (judge_.fdr || format_ == AnswerFormat::table) {
    waiting_.push_back(answer);
  } else {
    write(answer);
  }
}

std::string AnswerWriter::class_name(const Judged& answer) const {
  const auto& predicted = answer.row.predicted;
  return predicted && *predicted < class_names_.size() ? class_names_[*predicted] : "";
}

void AnswerWriter::write(const Judged& answer) {
  flagged_ += answer.is_ood.value_or(false);
  const auto& predicted = answer.row.predicted;
  const std::string name = class_name(answer);
  if (format_ == AnswerFormat::json) {
    nlohmann::ordered_json line = {{"picture", answer.row.name}};
    if (predicted) line["class"] = *predicted;
    if (!name.empty()) line["class_name"] = name;
    line["score"] = answer.row.score;
    if (answer.threshold) line["threshold"] = *answer.threshold;
    if (answer.is_ood) line["is_ood"] = *answer.is_ood;
    if (answer.p_value) line["p_value"] = *answer.p_value;
    out_ << io::json_line(line) << '\n';
    return;
  }
  const bool people = format_ == AnswerFormat::table;
  const auto number = [&](double value) {
    return people ? short_number(value) : format_number(value);
  };
  std::vector<std::string> cells = {answer.row.name, predicted ? text(*predicted) : "",
                                    people && name.empty() ? "-" : name, number(answer.row.score)};
  if (table_.columns.size() > cells.size()) {
    cells.push_back(printed(answer.threshold, number));
    cells.push_back(yes_or_no(answer.is_ood));
    cells.push_back(printed(answer.p_value, number));
  }
  table_.rows.push_back(std::move(cells));
  if (people) return;
  const std::string csv = to_csv(table_);  // its head once
  out_ << (written_++ == 0 ? csv : csv.substr(csv.find('\n') + 1));
  table_.rows.clear();
}

// One picture is a question, and a question has an answer.
void AnswerWriter::write_sentence(const Judged& answer) {
  flagged_ += *answer.is_ood;
  const std::string name = class_name(answer);
  std::string seen = answer.row.predicted ? text("class ", *answer.row.predicted) : "no class";
  if (!name.empty()) seen = name;
  out_ << answer.row.name << ": "
       << (*answer.is_ood ? "I do not know (the network says " + seen + ")" : seen) << "; score "
       << short_number(answer.row.score);
  if (answer.threshold) {
    out_ << (*answer.is_ood ? " above" : " not above") << " the threshold "
         << short_number(*answer.threshold);
  }
  if (answer.p_value) out_ << ", p-value " << short_number(*answer.p_value);
  out_ << '\n';
}

std::size_t AnswerWriter::finish() {
  if (judge_.fdr) {
    std::vector<double> p_values;
    for (const Judged& answer : waiting_) p_values.push_back(*answer.p_value);
    const auto rejected = calibration::false_discovery_rate(p_values, *judge_.fdr);
    for (std::size_t i = 0; i < waiting_.size(); ++i) waiting_[i].is_ood = rejected[i];
  }
  if (format_ == AnswerFormat::table && waiting_.size() == 1 && waiting_[0].is_ood) {
    write_sentence(waiting_[0]);
    return flagged_;
  }
  for (const Judged& answer : waiting_) write(answer);
  waiting_.clear();
  if (format_ == AnswerFormat::table) out_ << report::to_text(table_);
  return flagged_;
}

}  // namespace nescio::cli
