#include "train/plan.h"

#include "base/error.h"
#include "base/spec.h"
#include "image/loader.h"
#include "train/method_info.h"
#include "train/training_streams.h"

namespace nescio {
namespace {

void check_outliers(const TrainSettings& settings, const TrainingData& data) {
  const bool needed = find_method(parse_spec(settings.method).terms.front().name).needs.outliers;
  if (needed && !data.outliers) {
    fail("[", settings.method,
         "] learns from outliers: expected outliers=TYPE:PATH, pictures of no class");
  }
  if (!needed && data.outliers) {
    fail("[", settings.method, "] does not read outliers; leave outliers= out");
  }
  if (data.outliers && data.outliers->size() < static_cast<std::size_t>(outlier_batch(settings))) {
    fail("outliers: expected at least the ", outlier_batch(settings),
         " pictures of a batch, found ", data.outliers->size(),
         "; choose a smaller outlier_batch=");
  }
}

}  // namespace

Plan make_plan(const TrainSettings& settings, const TrainingData& data) {
  check_outliers(settings, data);
  const std::size_t pictures = data.train->size();
  Plan plan;
  plan.per_epoch = static_cast<std::int64_t>(Loader::batches_per_epoch(
      pictures, static_cast<std::size_t>(settings.batch), settings.drop_last));
  if (plan.per_epoch == 0) {
    fail("batch=", settings.batch, ": data has only ", pictures,
         " pictures; choose a smaller batch or drop_last=false");
  }
  plan.steps = settings.steps ? *settings.steps : *settings.epochs * plan.per_epoch;
  return plan;
}

}  // namespace nescio
