// Pictures without what is known about their classes.
#pragma once

#include <memory>

#include "image/datasets/dataset.h"

namespace nescio::image {

/// The same pictures with label -1 and without class names: nobody compares them with what a network answers, so
/// it may be one of other classes.
std::unique_ptr<Dataset> unlabelled(std::unique_ptr<Dataset> source);

}  // namespace nescio::image
