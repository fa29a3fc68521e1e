// Scores of pictures that are in no bank: network and detector.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/communicator.h"
#include "base/progress.h"
#include "detectors/saved_detector.h"
#include "image/datasets/dataset.h"
#include "runtime/backbone.h"

namespace nescio::cli {

struct PictureScore {
  std::string name;           // of the picture, or its row in the source data
  std::size_t predicted = 0;  // the class of the largest logit
  double score = 0;           // higher = more OOD
};

/// Error, with both hashes, if the detector was fitted on another network or other preprocessing than
/// `network` says, an identity() or what a bank records of its network, with so many classes.
/// Returns false where one side does not know, because its bank was imported.
bool check_network(const detectors::FittedDetector& detector, const nlohmann::json& network,
                   std::size_t classes);

/// What the classes are called, where the detector's training rows came with names; else empty.
std::vector<std::string> class_names(const detectors::FittedDetector& detector);

/// A network and a detector, made ready once. Several threads may ask it.
class PictureScorer {
 public:
  /// Both must outlive it. Error for a detector that reads what a picture alone does not have.
  PictureScorer(const detectors::FittedDetector& detector, const runtime::Backbone& network);

  /// Hands out the answer to each picture, in order, one small batch after the other. Error for a score that is not
  /// finite; Interrupted between batches. Of several processes each computes whole batches, and all get all answers when
  /// the last one is there, with the bits of one process.
  void score(const image::Dataset& pictures, const std::function<void(const PictureScore&)>& take,
             const Progress& progress = {}, Communicator& processes = alone()) const;
  /// Of one picture. Error as decode_image(), and for a score that is not finite.
  PictureScore score(const io::SharedBytes& file, const std::string& name) const;

 private:
  /// Of those in `own`, which begins where a batch does; `row` is the picture's in the source data.
  void score_some(const image::Dataset& pictures, Share own,
                  const std::function<void(const PictureScore& answer, std::int64_t row)>& take,
                  const Progress& progress) const;
  /// Of the first `count` of a batch, whose names are asked for.
  void score(std::span<const float> images, std::size_t count,
             const std::function<std::string(std::size_t)>& name,
             const std::function<void(const PictureScore&)>& take) const;

  const detectors::FittedDetector& detector_;
  const runtime::Backbone& network_;
  image::Preprocessor preprocessor_;
  std::unique_ptr<expr::Program> program_;
};

}  // namespace nescio::cli
