#include "train/training_streams.h"

#include "base/rng.h"

namespace nescio::train {
namespace {

constexpr std::uint64_t outlier_stream = 4;                 // of the random numbers of outliers
constexpr std::size_t cache_budget = std::size_t{1} << 30;  // bytes, for cache=auto

/// What both streams have in common: batches `first` to `last` - 1 of a stream that has `per_epoch`
/// in each of its epochs.
image::LoaderOptions options_of(const TrainSettings& settings, const image::Dataset& dataset,
                                const image::Preprocessing& p,
                                const image::Augmentation& augmentation, std::int64_t batch,
                                std::int64_t per_epoch, const StreamOptions& options) {
  const std::int64_t first = options.first, last = options.steps;
  const bool fits = dataset.size() <= cache_budget / (3 * p.height * p.width);
  return {.batch = static_cast<std::size_t>(batch),
          .first = static_cast<std::size_t>(first % per_epoch * batch),
          .workers = options.workers,
          .first_epoch = static_cast<std::size_t>(first / per_epoch),
          .epochs = static_cast<std::size_t>((last - 1) / per_epoch - first / per_epoch + 1),
          .seed = static_cast<std::uint64_t>(settings.seed),
          .order = image::Order::shuffled,
          .keep = settings.cache == "true" || (settings.cache == "auto" && fits),
          .augmentation = augmentation,
          .bytes = options.bytes};
}

}  // namespace

std::int64_t outlier_batch(const TrainSettings& settings) {
  return settings.outlier_batch.value_or(settings.batch);
}

TrainingStreams::TrainingStreams(const TrainSettings& settings, const TrainingData& data,
                                 const image::Preprocessing& preprocessing,
                                 const image::Augmentation& augmentation,
                                 const StreamOptions& asked)
    : data_(data),
      options_(options_of(settings, *data.train, preprocessing, augmentation, settings.batch,
                          asked.per_epoch, asked)) {
  options_.drop_last = settings.drop_last;
  options_.read = asked.read;
  options_.views = static_cast<std::size_t>(asked.views);
  if (data.teacher && data.teacher->views() > 0) {
    options_.distinct_views = data.teacher->views();
    if (const auto& made = data.teacher->answers().made()) options_.view_seed = made->seed;
  }
  pictures_ = std::make_unique<image::Loader>(*data.train, preprocessing, options_);
  if (!data.outliers) return;

  const std::int64_t batch = outlier_batch(settings);
  const bool shuffled = settings.outlier_order == "shuffled";
  const std::int64_t per_pass =
      shuffled ? static_cast<std::int64_t>(data.outliers->size()) / batch : asked.per_epoch;
  image::LoaderOptions options =
      options_of(settings, *data.outliers, preprocessing, augmentation, batch, per_pass, asked);
  options.seed = mix(options.seed, outlier_stream);
  options.drop_last = true;
  options.read = asked.outliers_read;
  if (!shuffled) {
    options.order = image::Order::from_offset;
    options.epoch_batches = static_cast<std::size_t>(asked.per_epoch);
  }
  outliers_ = std::make_unique<image::Loader>(*data.outliers, preprocessing, options);
}

void TrainingStreams::next(StepData& step) {
  pictures_->next(step.images);
  if (outliers_) outliers_->next(step.outliers);
  step.teacher.clear();
  step.weights.clear();
  for (const std::int64_t item : step.images.items) {
    const auto i = static_cast<std::size_t>(item);
    if (data_.teacher) {
      data_.teacher->add(i, options_.view(step.images.epoch, 0), step.teacher);
    }
    if (!data_.weights.empty()) step.weights.push_back(data_.weights[i]);
  }
}

}  // namespace nescio::train
