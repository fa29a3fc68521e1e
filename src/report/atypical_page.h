// A page of training pictures: of each class those that a network knows by heart only, and those that it knows
// best.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/datasets/dataset.h"

namespace nescio::report {

struct AtypicalPicture {
  std::size_t number = 0;  // in the data set
  std::int64_t label = 0;
  std::int64_t seen = 0;  // the class that the whole network sees
  double wrong = 0;       // share of the masks under which it sees another one
  double loss = 0;        // mean over the masks
};

/// `ranked` has all pictures, the most atypical first. Of at most 20 classes twelve pictures of each end
/// are shown; one that cannot be read is passed over.
std::string atypical_page(const image::Dataset& dataset, const std::vector<AtypicalPicture>& ranked,
                          std::int64_t masks, double keep);

}  // namespace nescio::report
