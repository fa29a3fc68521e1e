#include "cli/picture_scores.h"

#include <algorithm>
#include <cmath>

#include "base/interrupt.h"
#include "base/row_argmax.h"
#include "image/loading/loader.h"

namespace nescio::cli {
namespace {

// One picture must not wait for a network that works on many.
constexpr std::size_t batch_rows = 16;

}  // namespace

bool check_network(const detectors::FittedDetector& detector, const nlohmann::json& ours,
                   std::size_t classes) {
  const nlohmann::json theirs = detector.origin.value("model", nlohmann::json::object());
  const auto known = [](const nlohmann::json& model) {
    return model.is_object() && model.contains("weights_sha256");
  };
  if (!known(theirs) || !known(ours)) {
    if (detector.classes != 0 && classes != 0 && detector.classes != classes) {
      fail("[", detector.chain.spec(), "] was fitted on a network of ", detector.classes,
           " classes, this one has ", classes);
    }
    return false;
  }
  for (const char* fact : {"weights_sha256", "preprocessing"}) {
    const nlohmann::json expected = theirs.value(fact, nlohmann::json());
    const nlohmann::json found = ours.value(fact, nlohmann::json());
    if (expected == found) continue;
    fail("[", detector.chain.spec(), "] was fitted on a network with ", fact, " ", expected.dump(),
         ", found ", found.dump(), "; give the model= or bank= of that network, or fit it again");
  }
  return true;
}

std::vector<std::string> class_names(const detectors::FittedDetector& detector) {
  std::vector<std::string> out;
  const auto names = detector.origin.find("class_names");
  if (names == detector.origin.end()) return out;
  for (const nlohmann::json& name : *names) out.push_back(name.is_string() ? name : "");
  return out;
}

void score_pictures(const detectors::FittedDetector& detector, const runtime::Backbone& network,
                    const image::Dataset& pictures,
                    const std::function<void(const PictureScore&)>& take,
                    const Progress& progress) {
  for (const auto& [array, width] : detector.arrays) {
    fail("[", detector.chain.spec(), "] reads the array '", array,
         "', which a picture alone does not have; extract the pictures with probes=", array,
         " and score them with bank= and sets=");
  }
  const auto program = detector.compile();
  const std::size_t total = pictures.size();
  image::Loader loader(pictures, network.preprocessing(), {.batch = std::min(batch_rows, total)});
  std::size_t done = 0;
  std::vector<double> scores(batch_rows);
  for (image::ImageBatch batch; loader.next(batch);) {
    check_interrupt();
    const runtime::BackboneOutputs said = network.forward(batch.images);
    const MatrixView logits = said.logits.matrix().slice(0, batch.count);
    const Array seen = row_argmax(said.logits);
    const MatrixView features = said.features.matrix().slice(0, batch.count);
    program->run({{"logits", logits}, {"features", features}}, {scores.data()});
    for (std::size_t i = 0; i < batch.count; ++i) {
      const std::string given = pictures.name(done);
      const std::string name = given.empty() ? text(batch.index[i]) : given;
      if (!std::isfinite(scores[i])) {
        fail("[", detector.chain.spec(), "] ", name, ": the score is ", format_number(scores[i]));
      }
      take({name, static_cast<std::size_t>(seen.as<std::int64_t>()[i]), scores[i]});
      ++done;
    }
    if (progress) progress("scoring", done, total);
  }
}

}  // namespace nescio::cli
