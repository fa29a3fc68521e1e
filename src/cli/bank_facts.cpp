#include <cmath>

#include "bank/answers.h"
#include "bank/feature_bank.h"
#include "base/error.h"
#include "cli/inspection.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A text among the members of an object; empty where there is none.
std::string word(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// What made an array, in a few words: the rest stands in its inputs.
std::string made_by(const Json& inputs) {
  if (inputs.is_object() && inputs.contains("import")) {
    return "import of " + word(inputs["import"], "from");
  }
  if (const std::string head = word(inputs, "weight"); !head.empty()) return "import of " + head;
  std::string words = word(inputs, "network");
  if (const std::string hash = word(inputs, "weights_sha256"); !hash.empty()) {
    words += " " + hash.substr(0, 12);
  }
  if (const auto made = bank::answers_made(inputs)) words += ", views by " + made->augment;
  if (const std::string program = word(inputs, "program"); !program.empty()) {
    words += (words.empty() ? "program " : ", program ") + program;
  }
  if (inputs.is_object() && inputs.contains("joined")) {
    words += text(", joined from ", inputs["joined"].size(), " splits");
  }
  return words;
}

/// The arrays of an entry of the manifest as rows of a table; `of` says what they belong to, in a column
/// `column`.
void add_arrays(Facts& rows, const char* column, const std::string& of, const Json& entry) {
  for (const auto& [name, array] : entry.at("arrays").items()) {
    Facts row;
    if (!of.empty()) row[column] = of;
    row["array"] = name;
    row["dtype"] = array.at("dtype");
    row["shape"] = array.at("shape");
    row["sha256"] = array.at("sha256");
    const Json inputs = array.value("inputs", entry.value("origin", Json::object()));
    row["made_by"] = made_by(inputs);
    row["inputs"] = inputs;
    rows.push_back(std::move(row));
  }
}

/// What the rows of a split are.
Facts rows_facts(const bank::FeatureBank& bank, const std::string& split) {
  const Json inputs = bank.manifest(split).value("inputs", Json::object());
  return {{"rows", bank.rows(split)},
          {"data", word(inputs, "data")},
          {"data_sha256", word(inputs, "data_sha256")}};
}

/// Sentences about arrays that cannot be read.
std::vector<std::string> damaged_in(const bank::FeatureBank& bank, const std::string& split) {
  std::vector<std::string> sentences;
  const auto look = [&](const auto& read) {
    try {
      read();
    } catch (const Error& e) {
      sentences.emplace_back(e.what());
    }
  };
  for (const std::string& name : bank.arrays(split)) look([&] { bank.array(split, name); });
  look([&] { bank.paths(split); });
  return sentences;
}

void add_damaged(Facts& facts, const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    facts["damaged"].push_back({{"what", sentence}});
  }
}

struct Labels {
  std::vector<std::int64_t> of_rows;  // -1: none
  std::size_t foreign = 0;            // rows whose label is no class of the network, -1 above
};

Labels labels_of(const bank::FeatureBank& bank, const std::string& split, std::size_t classes) {
  Labels out{.of_rows = std::vector<std::int64_t>(bank.rows(split), -1)};
  if (!bank.has(split, "labels")) return out;
  const Array labels = bank.array(split, "labels").to_int64();
  if (labels.size() != out.of_rows.size()) {
    fail("labels: expected [", out.of_rows.size(), "], found ", to_string(labels.shape()));
  }
  const auto values = labels.as<std::int64_t>();
  for (std::size_t r = 0; r < out.of_rows.size(); ++r) {
    const bool is_class = values[r] >= 0 && static_cast<std::size_t>(values[r]) < classes;
    if (is_class) out.of_rows[r] = values[r];
    out.foreign += !is_class && values[r] >= 0;
  }
  return out;
}

bool has_answers(const bank::FeatureBank& bank, const std::string& split) {
  return bank.has(split, "logits") || bank.has(split, bank::view_array("logits", 0)) ||
         bank.has(split, bank::view_array("top_classes", 0));
}

/// What a student learns from: bank/answers.h has the definitions.
void add_answers(Facts& facts, const bank::FeatureBank& bank, const std::string& split) {
  const bank::Answers answers(bank, split);
  const Labels labels = labels_of(bank, split, answers.classes());
  const bank::AnswerFacts found = bank::facts_of(answers, labels.of_rows);
  facts["answers"] = {{"classes", answers.classes()},
                      {"kept", answers.kept()},
                      {"views", answers.views()},
                      {"augment", answers.made() ? answers.made()->augment : ""},
                      {"rows_with_label", found.labelled},
                      {"rows_of_foreign_label", labels.foreign},
                      {"accuracy", found.accuracy},
                      {"disagreement", 1 - found.accuracy},
                      {"mean_label_p", found.mean_label_p},
                      {"mean_mass", found.mean_mass},
                      {"mean_lambda", found.mean_lambda},
                      {"mean_entropy", found.mean_entropy}};
  const double part = std::log(static_cast<double>(answers.classes())) / bank::entropy_bins;
  for (std::size_t b = 0; b < bank::entropy_bins; ++b) {
    facts["entropies"].push_back({{"from", part * static_cast<double>(b)},
                                  {"to", part * static_cast<double>(b + 1)},
                                  {"answers", found.entropies[b]}});
  }
}

}  // namespace

Facts bank_facts(const fs::path& folder) {
  const auto bank = bank::FeatureBank::open(folder);
  Facts facts = {{"kind", "feature bank"},
                 {"path", folder.string()},
                 {"model", bank.model()},
                 {"classes", bank.classes()},
                 {"feature_width", bank.feature_width()}};
  Facts arrays = Facts::array();
  for (const std::string& split : bank.splits()) {
    Facts row = {{"split", split}};
    row.update(rows_facts(bank, split));
    if (const auto names = bank.class_names(split); !names.empty()) row["classes"] = names.size();
    row["arrays"] = bank.arrays(split);
    facts["splits"].push_back(std::move(row));
    add_arrays(arrays, "split", split, bank.manifest(split));
    add_damaged(facts, damaged_in(bank, split));
  }
  if (!bank.head_manifest().empty()) add_arrays(arrays, "split", "head", bank.head_manifest());
  facts["arrays"] = std::move(arrays);
  for (const auto& [probe, entry] : bank.probes_manifest().items()) {
    facts["probes"].push_back({{"probe", probe}, {"origin", entry.at("origin")}});
    const Json from = entry.at("origin").value("learned_from", Json::object());
    facts["probes"].back()["learned_from"] = word(from, "data");
    add_arrays(facts["learned"], "probe", probe, entry);
  }
  return facts;
}

Facts split_facts(const fs::path& folder, const std::string& split) {
  const auto bank = bank::FeatureBank::open(folder);
  Facts facts = {{"kind", "split of a feature bank"}, {"path", folder.string()}, {"split", split}};
  facts.update(rows_facts(bank, split));
  facts["class_names"] = bank.class_names(split);
  std::vector<std::string> damaged = damaged_in(bank, split);
  if (damaged.empty() && has_answers(bank, split)) {
    try {
      add_answers(facts, bank, split);
    } catch (const Error& e) {
      damaged.emplace_back(e.what());
    }
  }
  add_arrays(facts["arrays"], "split", "", bank.manifest(split));
  add_damaged(facts, damaged);
  return facts;
}

}  // namespace nescio::cli
