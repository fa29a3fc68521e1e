#include "cli/picture_scores.h"

#include <algorithm>
#include <cmath>

#include "base/interrupt.h"
#include "base/row_argmax.h"
#include "base/shares.h"
#include "base/within.h"
#include "image/formats/decode.h"
#include "image/loading/loader.h"
#include "runtime/other_tensors.h"

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
  std::vector<const char*> facts = {"weights_sha256", "preprocessing"};
  if (runtime::other_tensors(theirs, ours)) facts.push_back("tensors");
  for (const char* fact : facts) {
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

PictureScorer::PictureScorer(const detectors::FittedDetector& detector,
                             const runtime::Backbone& network)
    : detector_(detector), network_(network), preprocessor_(network.preprocessing()) {
  for (const auto& [array, width] : detector.arrays) {
    fail("[", detector.chain.spec(), "] reads the array '", array,
         "', which a picture alone does not have; extract the pictures with probes=", array,
         " and score them with bank= and sets=");
  }
  program_ = detector.compile();
}

void PictureScorer::score(const image::Dataset& pictures,
                          const std::function<void(const PictureScore&)>& take,
                          const Progress& progress, Communicator& processes) const {
  const Share own = share_of_rows(processes, pictures.size(), batch_rows);
  if (processes.size() == 1) {
    return score_some(
        pictures, own, [&](const PictureScore& answer, std::int64_t) { take(answer); }, progress);
  }
  // Class, score, and the row, which a picture without a name is called by.
  constexpr std::size_t width = 3;
  std::vector<double> found(width * pictures.size());
  std::size_t at = width * own.first;
  const auto keep = [&](const PictureScore& answer, std::int64_t row) {
    found[at++] = static_cast<double>(answer.predicted);
    found[at++] = answer.score;
    found[at++] = static_cast<double>(row);
  };
  score_some(pictures, own, keep, progress);
  gather(processes, found, {width * own.first, width * own.count});
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const double* answer = &found[width * i];
    const std::string name = pictures.name(i);
    take({name.empty() ? text(static_cast<std::int64_t>(answer[2])) : name,
          static_cast<std::size_t>(answer[0]), answer[1]});
  }
}

void PictureScorer::score_some(
    const image::Dataset& pictures, Share own,
    const std::function<void(const PictureScore& answer, std::int64_t row)>& take,
    const Progress& progress) const {
  if (own.count == 0) return;
  image::Loader loader(pictures, network_.preprocessing(),
                       {.batch = std::min(batch_rows, pictures.size()), .first = own.first});
  std::size_t done = 0;
  for (image::ImageBatch batch; done < own.count && loader.next(batch);) {
    check_interrupt();
    std::size_t i = 0;
    const auto name = [&](std::size_t of) {
      const std::string given = pictures.name(own.first + done + of);
      return given.empty() ? text(batch.index[of]) : given;
    };
    score(batch.images, batch.count, name,
          [&](const PictureScore& answer) { take(answer, batch.index[i++]); });
    done += batch.count;
    if (progress) progress("scoring", done, own.count);
  }
}

PictureScore PictureScorer::score(const io::SharedBytes& file, const std::string& name) const {
  const image::Image picture = image::decode_image(file, name);
  std::vector<float> pixels(preprocessor_.size());
  within(name + ": ", [&] { preprocessor_.apply(picture, pixels); });
  PictureScore out;
  score(
      pixels, 1, [&](std::size_t) { return name; }, [&](const PictureScore& p) { out = p; });
  return out;
}

void PictureScorer::score(std::span<const float> images, std::size_t count,
                          const std::function<std::string(std::size_t)>& name,
                          const std::function<void(const PictureScore&)>& take) const {
  const runtime::BackboneOutputs said = network_.forward(images);
  const MatrixView logits = said.logits.matrix().slice(0, count);
  const MatrixView features = said.features.matrix().slice(0, count);
  const Array seen = row_argmax(said.logits);
  std::vector<double> scores(count);
  program_->run({{"logits", logits}, {"features", features}}, {scores.data()});
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(scores[i])) {
      fail("[", detector_.chain.spec(), "] ", name(i), ": the score is ", format_number(scores[i]));
    }
    take({name(i), static_cast<std::size_t>(seen.as<std::int64_t>()[i]), scores[i]});
  }
}

}  // namespace nescio::cli
