// Scores of pictures that are in no bank: network and detector, one small batch after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

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

/// Hands out the answer to each picture, in order. Error for a score that is not finite; Interrupted between
/// batches.
void score_pictures(const detectors::FittedDetector& detector, const runtime::Backbone& network,
                    const image::Dataset& pictures,
                    const std::function<void(const PictureScore&)>& take,
                    const Progress& progress = {});

}  // namespace nescio::cli
