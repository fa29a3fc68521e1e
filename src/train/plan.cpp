#include "train/plan.h"

#include "base/error.h"
#include "base/usage.h"
#include "image/loading/loader.h"
#include "train/schedule.h"
#include "train/training_streams.h"

namespace nescio::train {
namespace {

void check_outliers(const TrainSettings& settings, const TrainingData& data, bool needed) {
  if (needed && !data.outliers) {
    fail_usage("[", settings.method,
               "] learns from outliers: expected outliers=TYPE:PATH, pictures of no class");
  }
  if (!needed && data.outliers) {
    fail_usage("[", settings.method, "] does not read outliers; leave outliers= out");
  }
  if (data.outliers && data.outliers->size() < static_cast<std::size_t>(outlier_batch(settings))) {
    fail("outliers: expected at least the ", outlier_batch(settings),
         " pictures of a batch, found ", data.outliers->size(),
         "; choose a smaller outlier_batch=");
  }
}

void check_teacher(const TrainSettings& settings, const TrainingData& data,
                   const MethodNeeds& needs) {
  if (needs.teacher && !data.teacher) {
    fail_usage(
        "[", settings.method,
        "] learns from a teacher: expected targets=BANK#SET/SPLIT, what `nescio extract` wrote "
        "of the same pictures");
  }
  if (!needs.teacher && data.teacher) {
    fail_usage("[", settings.method, "] does not read targets; leave targets= out");
  }
  if (needs.whole_answers && !data.teacher->answers().whole()) {
    fail("[", settings.method, "] reads what the teacher says of all classes, and ",
         settings.targets, " keeps the ", data.teacher->answers().kept(),
         " most probable; extract it without top=");
  }
  if (!needs.weighs && !data.weights.empty()) {
    fail_usage("[", settings.method, "] does not weigh pictures; leave weights= out");
  }
}

}  // namespace

Plan make_plan(const TrainSettings& settings, const TrainingData& data, const MethodNeeds& needs) {
  check_outliers(settings, data, needs.outliers);
  check_teacher(settings, data, needs);
  const std::size_t pictures = data.train->size();
  Plan plan;
  plan.per_epoch = static_cast<std::int64_t>(image::Loader::batches_per_epoch(
      pictures, static_cast<std::size_t>(settings.batch), settings.drop_last));
  if (plan.per_epoch == 0) {
    fail("batch=", settings.batch, ": data has only ", pictures,
         " pictures; choose a smaller batch or drop_last=false");
  }
  plan.steps = settings.steps ? *settings.steps : *settings.epochs * plan.per_epoch;
  if (settings.warmup > 0 && settings.warmup >= plan.steps) {
    fail_usage("warmup=", settings.warmup, ": expected fewer steps than the ", plan.steps,
               " of the run, or the learning rate never reaches lr=", format_number(settings.lr));
  }
  std::vector<std::string> beyond;
  const Schedule schedule(settings, plan.steps);
  for (const std::int64_t step : schedule.milestones()) {
    if (step >= plan.steps) beyond.push_back(text(step));
  }
  if (!beyond.empty()) {
    plan.warnings.push_back(text("milestones: the run ends after ", plan.steps,
                                 " steps, so nothing falls at ", join(beyond)));
  }
  return plan;
}

}  // namespace nescio::train
