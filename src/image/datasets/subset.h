// Some pictures of a data set: what the options index, except, classes and broken mean.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "image/datasets/dataset.h"

namespace nescio::image {

/// The rows that `list` names, in its order: a .npy file of whole numbers [N], or numbers and ranges
/// with both ends, "0-99,205", or of every fifth, "0-99:5". Error, beginning with `what`, for a row outside 0 .. size - 1 and for
/// one that a written list names twice.
std::vector<std::int64_t> parse_rows(std::string_view list, std::size_t size,
                                     std::string_view what);

/// `count` of the labels 0 .. classes - 1 drawn at random, ascending: the first ones of NumPy's
/// RandomState(seed).permutation(classes), which is how MixOE's splits are drawn (MT19937,
/// Fisher-Yates from the end, masked draws). Error if there are fewer classes.
std::vector<std::int64_t> draw_classes(std::int64_t classes, std::int64_t count,
                                       std::uint32_t seed);

/// The labels that `list` names, in its order. An entry is a name of `class_names` or else a label or
/// range of labels, drawn(COUNT,SEED) as draw_classes() gives them, not_drawn(COUNT,SEED), all
/// others, or not(LIST), all but those of another list. Error for a class that is unknown or above `largest`, and for one named twice.
std::vector<std::int64_t> parse_classes(std::string_view list,
                                        const std::vector<std::string>& class_names,
                                        std::int64_t largest);

/// The pictures that `choice` keeps: the rows of index (all if empty) without those of except; of
/// these the ones whose label is in classes, which are labelled 0, 1, ... in the order of that list;
/// of these the ones that can be decoded if skip_broken; of these per_class of each class, in their order: the
/// first ones of NumPy's RandomState(seed).permutation of the class's pictures. Rows count the pictures of `source`, and
/// Sample::index stays what it is there. The source itself where nothing is chosen.
/// Error for a class of fewer pictures, and for one without a label.
/// Cost: skip_broken decodes every picture once, on all threads.
std::unique_ptr<Dataset> select_pictures(std::unique_ptr<Dataset> source,
                                         const DatasetType& choice);

/// So many pictures of a data set that somebody else owns and that outlives it, evenly spread over all of
/// them; all if there are no more.
class SomePictures final : public Dataset {
 public:
  SomePictures(const Dataset& source, std::size_t count)
      : source_(source), count_(std::min(count, source.size())) {}
  std::size_t size() const override { return count_; }
  Sample load(std::size_t i) const override { return source_.load(row(i)); }
  std::int64_t label(std::size_t i) const override { return source_.label(row(i)); }
  std::string hash() const override;
  std::vector<std::string> class_names() const override { return source_.class_names(); }
  std::string name(std::size_t i) const override { return source_.name(row(i)); }

 private:
  std::size_t row(std::size_t i) const { return i * source_.size() / count_; }

  const Dataset& source_;
  std::size_t count_;
};

/// So many pictures, evenly spread over all of them, in their order; all if there are no more.
std::unique_ptr<Dataset> evenly_spread(std::unique_ptr<Dataset> source, std::size_t count);

}  // namespace nescio::image
