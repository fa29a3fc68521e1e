#include "train/teacher.h"

#include <algorithm>
#include <set>

#include "bank/split_place.h"
#include "base/class_names.h"
#include "base/spec.h"

namespace nescio::train {
namespace {

std::string where_of(const std::string& spec) { return text("targets ", spec, ": "); }

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

bank::Answers checked_answers(const std::string& spec, const image::Dataset& data,
                              std::int64_t classes) {
  const bank::SplitPlace place = bank::parse_split_place(spec, "targets");
  const std::string where = where_of(spec);
  const bank::FeatureBank bank = bank::FeatureBank::open(place.bank);
  check_pictures(bank, place.split, data, where);
  bank::Answers answers(bank, place.split);
  check_classes(bank, place.split, data, classes, answers.classes(), where);
  return answers;
}

/// Whether changes leave what is to be seen in a picture, so that an answer to it goes with them all.
bool only_shifts(const std::string& augment) {
  static const std::set<std::string> shifts = {"crop", "flip"};
  const auto pieces = split_top_level(augment);
  return std::ranges::all_of(pieces, [](const std::string& piece) {
    return shifts.contains(parse_spec(piece).terms[0].name);
  });
}

/// What decides which pixels a network sees, without how their values are scaled.
nlohmann::json geometry(nlohmann::json preprocessing) {
  preprocessing.erase("mean");
  preprocessing.erase("std");
  preprocessing.erase("channels");
  return preprocessing;
}

}  // namespace

void TeacherRows::clear() {
  values.clear();
  classes.clear();
  tail.clear();
}

Teacher::Teacher(const std::string& spec, const image::Dataset& data, std::int64_t classes)
    : where_(where_of(spec)), answers_(checked_answers(spec, data, classes)) {}

void Teacher::check_student(const std::string& augment,
                            const image::Preprocessing& preprocessing) const {
  const auto& made = answers_.made();
  if (views() == 0) {
    if (augment == "none" || only_shifts(augment)) return;
    fail(where_, "the teacher saw the pictures as they are, and augment=", augment,
         " shows the student others; take crop and flip alone, or extract the teacher's answers ",
         "with views= and this augment=");
  }
  if (!made) return;  // imported: nothing is known of its views
  if (made->augment != augment) {
    fail(where_, "the teacher saw views changed by augment=", made->augment,
         ", and the student is to see ", augment, "; give both the same");
  }
  const nlohmann::json theirs = answers_.inputs().value("preprocessing", nlohmann::json());
  if (!theirs.is_object() || geometry(theirs) == geometry(image::to_json(preprocessing))) return;
  fail(where_, "the teacher saw pictures prepared as ", theirs.dump(), ", the student is to see ",
       image::to_json(preprocessing).dump(),
       "; the views are the same in the same size only (?size= of the model)");
}

void Teacher::add(std::size_t item, std::size_t view, TeacherRows& rows) const {
  rows.width = answers_.kept();
  const std::size_t at = rows.values.size();
  rows.values.resize(at + rows.width);
  answers_.values(item, view, std::span(rows.values).subspan(at));
  if (answers_.whole()) return;
  rows.classes.resize(at + rows.width);
  answers_.top_classes(item, view, std::span(rows.classes).subspan(at));
  rows.tail.push_back(answers_.tail(item, view));
}

}  // namespace nescio::train
