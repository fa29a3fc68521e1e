// The batches of a run: its pictures and, beside them, the outliers of methods that learn from some.
#pragma once

#include <memory>

#include "image/augmentation.h"
#include "image/loader.h"
#include "train/settings.h"
#include "train/training_data.h"

namespace nescio::train {

/// Both streams depend on the settings and the data only, so they can begin at any step. Outliers go
/// through the same preprocessing and random changes as the pictures; when they end, they begin anew.
class TrainingStreams {
 public:
  /// From step `first` to step `steps` - 1, `per_epoch` steps in an epoch of data.train. `data` must
  /// outlive the streams and have as many outliers as a batch of them.
  TrainingStreams(const TrainSettings& settings, const TrainingData& data,
                  const image::Preprocessing& preprocessing,
                  const image::Augmentation& augmentation, std::int64_t per_epoch,
                  std::int64_t first, std::int64_t steps);

  /// The batches of the next step; without outliers theirs stays as it is.
  void next(image::ImageBatch& batch, image::ImageBatch& outliers);

 private:
  std::unique_ptr<image::Loader> pictures_, outliers_;
};

/// Pictures in a batch of outliers: outlier_batch, or else batch.
std::int64_t outlier_batch(const TrainSettings& settings);

}  // namespace nescio::train
