// Labels as somebody else numbers the classes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/notice.h"
#include "image/datasets/dataset.h"

namespace nescio::image {

/// The pictures with label l as number_of[l], and these names; a label that has no number stays what it is.
std::unique_ptr<Dataset> renumbered(std::unique_ptr<Dataset> source,
                                    std::vector<std::int64_t> number_of,
                                    std::vector<std::string> names);

/// What the labels of pictures are for.
enum class LabelUse {
  answers,  // the right classes: every one must be known
  unknown,  // the right classes or, of OOD pictures, nothing
  nothing,  // of OOD pictures
};

/// The pictures with labels as `expected`, the classes of `whose` ("the weights", "data"), numbers
/// them, matched by name; they are left alone where one side has no names. `notice` gets what was
/// renumbered, and what else somebody should know who takes labels for classes of `whose`.
/// Error, beginning with `where`, for answers of a class that is not expected, and where nobody
/// knows what the labels are for and some of the classes are expected and others not.
std::unique_ptr<Dataset> in_classes_of(const std::vector<std::string>& expected,
                                       std::string_view whose, std::unique_ptr<Dataset> pictures,
                                       LabelUse use, std::string_view where, const Notice& notice);

}  // namespace nescio::image
