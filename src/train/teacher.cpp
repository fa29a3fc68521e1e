#include "train/teacher.h"

#include "bank/feature_bank.h"
#include "base/class_names.h"
#include "base/usage.h"
#include "io/sha256.h"

namespace nescio::train {
namespace {

std::string view_array(std::size_t view) { return text("logits(view=", view, ")"); }

/// Its arrays, by view.
std::vector<std::string> arrays_of(const bank::FeatureBank& bank, const std::string& split) {
  std::vector<std::string> names;
  while (bank.has(split, view_array(names.size()))) names.push_back(view_array(names.size()));
  if (names.empty()) names.emplace_back("logits");
  return names;
}

void check_pictures(const bank::FeatureBank& bank, const std::string& split,
                    const image::Dataset& data, const std::string& where) {
  const nlohmann::json inputs = bank.manifest(split).value("inputs", nlohmann::json::object());
  const std::string theirs = inputs.is_object() ? inputs.value("data_sha256", "") : "";
  const bool others = theirs.empty() ? bank.rows(split) != data.size() : theirs != data.hash();
  if (!others) return;
  fail(where, "its ", bank.rows(split), " rows are not the ", data.size(), " pictures of data",
       theirs.empty() ? "" : " (their SHA-256 differs)",
       "; extract the same data= with the teacher");
}

void check_classes(const bank::FeatureBank& bank, const std::string& split,
                   const image::Dataset& data, std::int64_t classes, std::size_t found,
                   const std::string& where) {
  if (found != static_cast<std::size_t>(classes)) {
    fail(where, "the teacher tells ", found, " classes apart, the data has ", classes);
  }
  const auto match = match_class_names(data.class_names(), bank.class_names(split), where);
  if (match.how == Classes::unknown || match.how == Classes::same) return;
  fail(where, "its classes are called otherwise than those of data, or stand in another order: ",
       first_names(bank.class_names(split)), " instead of ", first_names(data.class_names()));
}

}  // namespace

Teacher::Teacher(const std::string& spec, const image::Dataset& data, std::int64_t classes) {
  const std::size_t hash = spec.rfind('#');
  if (hash == std::string::npos) {
    fail_usage("targets: expected BANK#SET/SPLIT, found '", spec, "'");
  }
  const std::string split = spec.substr(hash + 1);
  const std::string where = text("targets ", spec, ": ");
  const bank::FeatureBank bank = bank::FeatureBank::open(spec.substr(0, hash));
  check_pictures(bank, split, data, where);
  const auto names = arrays_of(bank, split);
  std::string hashes;
  for (const std::string& name : names) {
    answers_.push_back(bank.array(split, name).to_float32());
    hashes += bank.manifest(split).at("arrays").at(name).value("sha256", "");
  }
  views_ = names[0] == "logits" ? 0 : names.size();
  check_classes(bank, split, data, classes, answers_[0].cols(), where);
  sha256_ = io::sha256(hashes);
}

std::span<const float> Teacher::logits(std::size_t item, std::size_t view) const {
  const Array& answers = views_ == 0 ? answers_[0] : answers_.at(view);
  return answers.as<float>().subspan(item * answers.cols(), answers.cols());
}

}  // namespace nescio::train
