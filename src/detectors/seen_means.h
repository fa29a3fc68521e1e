// Mean features of what the network takes for each class: what CARef and CADRef compare with.
#pragma once

#include "detectors/detector.h"

namespace nescio::detectors {

/// The mean of the rows in which the network sees class c, whatever their labels; [C, D]. Of a
/// class that it sees nowhere the mean of all rows, which `notices` says.
Matrix seen_means(const Inputs& in, statistics::Statistics& statistics, Notices& notices);

}  // namespace nescio::detectors
