#include "extract/learning.h"

#include <algorithm>

#include "base/usage.h"

namespace nescio::extract {
namespace {

/// Of the bank, unless it is damaged and can be learned again.
std::optional<bank::Learned> known(const bank::FeatureBank& bank, const std::string& probe,
                                   const FitPictures& pictures) {
  try {
    return bank.learned(probe);
  } catch (const Error&) {
    if (!pictures.dataset) throw;
    return std::nullopt;
  }
}

/// One pass for all of them.
void fit(const std::vector<const NamedProbe*>& probes, const runtime::Backbone& network,
         const image::Dataset& pictures, PassOptions options) {
  std::vector<const Probe*> looking;
  for (const NamedProbe* named : probes) {
    named->learning()->begin_fit(network);
    looking.push_back(named->probe.get());
  }
  options.taps = taps_of(looking, network);
  options.first = 0;
  options.doing = "learning";
  const Look look = [&](Pass& pass, const image::ImageBatch&) {
    std::vector<Array> all;
    for (const NamedProbe* named : probes) {
      for (Array& array : named->learning()->observe(pass)) all.push_back(std::move(array));
      all.emplace_back();  // the end of its own
    }
    return all;
  };
  const Take take = [&](const std::vector<Array>& found, const image::ImageBatch& batch) {
    auto next = found.begin();
    for (const NamedProbe* named : probes) {
      const auto end = std::find_if(next, found.end(), [](const Array& a) { return a.empty(); });
      named->learning()->add({next, end}, batch.labels);
      next = end + 1;
    }
  };
  run_passes(network, pictures, options, look, take);
  for (const NamedProbe* named : probes) named->learning()->finish_fit();
}

}  // namespace

std::map<std::string, nlohmann::json> learn(const std::vector<NamedProbe>& probes,
                                            const runtime::Backbone& network,
                                            const nlohmann::json& made_by,
                                            const FitPictures& pictures, bank::FeatureBank& bank,
                                            PassOptions options) {
  std::map<std::string, nlohmann::json> learned_from;
  std::vector<const NamedProbe*> unlearned;
  nlohmann::json given;
  const auto learns = [](const NamedProbe& named) { return named.learning() != nullptr; };
  // The hash is a pass over the files: not for extractions of which nothing learns.
  if (pictures.dataset && std::ranges::any_of(probes, learns)) {
    given = {{"data", printable(pictures.spec)}, {"data_sha256", pictures.dataset->hash()}};
  }
  for (const NamedProbe& named : probes) {
    if (!named.learning()) continue;
    const auto there = known(bank, named.name, pictures);
    const auto agree = [&](const nlohmann::json& origin) {
      const nlohmann::json from = origin.value("learned_from", nlohmann::json());
      return origin.value("made_by", nlohmann::json()) == made_by && from.is_object() &&
             (given.is_null() ||
              from.value("data_sha256", nlohmann::json()) == given["data_sha256"]);
    };
    if (there && agree(there->origin)) {
      named.learning()->restore(there->arrays, network);
      learned_from[named.name] = there->origin["learned_from"];
    } else if (pictures.dataset) {
      unlearned.push_back(&named);
      learned_from[named.name] = given;
    } else {
      fail_usage("the probe ", named.name, " learns from training pictures",
                 there ? ", and has learned with another network or program in this bank" : "",
                 "; name them with fit=TYPE:PATH");
    }
  }
  if (unlearned.empty()) return learned_from;
  fit(unlearned, network, *pictures.dataset, std::move(options));
  for (const NamedProbe* named : unlearned) {
    bank.set_learned(named->name, {.arrays = named->learning()->learned(),
                                   .origin = {{"made_by", made_by}, {"learned_from", given}}});
  }
  return learned_from;
}

}  // namespace nescio::extract
