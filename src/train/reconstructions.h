// Pictures of what a method makes of pictures, for people.
#pragma once

#include <vector>

#include "image/image.h"
#include "image/preprocessing.h"

namespace nescio::train {

/// A picture as the network reads it, what the method sees of it, and what it makes of that.
struct ReconstructedPicture {
  image::Image picture, shown, made;
};

}  // namespace nescio::train
