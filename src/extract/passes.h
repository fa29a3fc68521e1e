// The pictures of a data set on their way through a network, several batches at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "extract/probe.h"
#include "image/datasets/dataset.h"
#include "image/loading/loader.h"

namespace nescio::extract {

struct PassOptions {
  /// Pictures per pass; the last one is filled up, so that what a picture gives does not depend on
  /// how many there are. None: default_batch().
  std::optional<std::size_t> batch = {};
  /// Threads that prepare pictures; none: as many as it takes.
  std::optional<std::size_t> workers = {};
  /// The picture to begin with, and the one to end before; none: all that follow.
  std::size_t first = 0;
  std::optional<std::size_t> end = {};
  /// What is asked for of the values between layers.
  std::vector<std::string> taps = {};
  /// Changes of the pictures: those of view number `view`, as training sees it with this seed.
  image::Augmentation augmentation = {};
  std::uint64_t seed = 0;
  std::size_t view = 0;
  Progress progress = {};
  std::string doing = {};  // what the progress is of
};

/// 128, or fewer on a CPU where pictures are large: the values between two layers then stay near
/// the processor, and memory flat.
std::size_t default_batch(const runtime::Backbone& network);

/// What is made of a batch; its rows beyond batch.count are filled up.
using Look = std::function<std::vector<Array>(Pass& pass, const image::ImageBatch& batch)>;
/// Takes it.
using Take = std::function<void(const std::vector<Array>& found, const image::ImageBatch& batch)>;

/// look() is called by several threads at once, take() batch by batch in the order of the pictures.
/// Interrupted, thrown between two batches, if Ctrl-C is pressed. Memory: a few batches per thread.
void run_passes(const runtime::Backbone& network, const image::Dataset& dataset,
                const PassOptions& options, const Look& look, const Take& take);

}  // namespace nescio::extract
