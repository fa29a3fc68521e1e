// The batches of a run: its pictures, what goes with them, and the outliers of methods that learn from
// some.
#pragma once

#include <memory>
#include <vector>

#include "image/augmentations/augmentation.h"
#include "image/loading/loader.h"
#include "train/settings.h"
#include "train/training_data.h"

namespace nescio::train {

/// What a step learns from.
struct StepData {
  image::ImageBatch images;
  image::ImageBatch outliers = {};
  TeacherRows teacher = {};         // about the first view of each; empty unless there is one
  std::vector<float> weights = {};  // [count]; empty: all 1
};

/// What a run asks of its streams.
struct StreamOptions {
  std::int64_t per_epoch = 1;  // steps in an epoch of data.train
  std::int64_t first = 0;      // step
  std::int64_t steps = 0;      // to stop before
  std::int64_t views = 1;      // of each picture; of outliers there is one
  std::size_t workers = 2;
  bool bytes = false;  // as LoaderOptions
  /// As LoaderOptions::read, of pictures and outliers where all batches are full; empty: all.
  std::vector<image::Places> read = {}, outliers_read = {};
};

/// All streams depend on the settings and the data only, so they can begin at any step. A teacher who
/// has seen some views of each picture has the student see the same ones in turn. Outliers go
/// through the same preprocessing and random changes as the pictures; when they end, they begin anew.
class TrainingStreams {
 public:
  /// `data` must outlive the streams and have as many outliers as a batch of them.
  TrainingStreams(const TrainSettings& settings, const TrainingData& data,
                  const image::Preprocessing& preprocessing,
                  const image::Augmentation& augmentation, const StreamOptions& options);

  /// The data of the next step, whose memory is used again.
  void next(StepData& step);

 private:
  const TrainingData& data_;
  image::LoaderOptions options_;  // of the pictures
  std::unique_ptr<image::Loader> pictures_, outliers_;
};

/// Pictures in a batch of outliers: outlier_batch, or else batch.
std::int64_t outlier_batch(const TrainSettings& settings);

}  // namespace nescio::train
