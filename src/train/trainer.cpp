#include "train/trainer.h"

#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "base/spec.h"
#include "io/safetensors.h"
#include "nn/model.h"
#include "train/checkpoint.h"
#include "train/conditions.h"
#include "train/method.h"
#include "train/optimiser.h"
#include "train/progress_text.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/schedule.h"
#include "train/start.h"
#include "train/step_means.h"
#include "train/training_streams.h"
#include "train/validation.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Warn = std::function<void(const std::string&)>;

constexpr std::uint64_t step_stream = 3;  // of the random numbers within a step

void forget_gradients(const TrainedParameters& parameters) {
  for (const auto& [name, p] : parameters) p.tensor.mutable_grad().reset();
}

}  // namespace

struct Trainer::State {
  explicit State(const TrainSettings& s)
      : settings(s),
        source(read_model_source(s.model)),
        data(open_training_data(s.data, s.val, s.outliers)),
        method(make_method(s.method)),
        augmentation(s.augment),
        device(find_device(s.device)) {}

  TrainSettings settings;
  ModelSource source;
  TrainingData data;
  std::shared_ptr<TrainingMethod> method;
  Augmentation augmentation;
  torch::Device device;
  std::int64_t per_epoch = 0;  // steps
  std::int64_t steps = 0;

  std::shared_ptr<Network> network;
  TrainedParameters parameters;
  std::unique_ptr<Optimiser> optimiser;

  // Where the run is; all of it is in a checkpoint.
  std::int64_t done = 0;       // steps
  bool epoch_is_open = false;  // the last step ended an epoch that is not validated yet
  StepMeans means;             // since the last row of the metrics
  std::optional<double> val_accuracy, best;

  TrainResult run(const TrainOptions& options);
  void check_outliers() const;
  void prepare();
  void place();
  void restore(const Checkpoint& checkpoint, const Warn& warn);
  std::map<std::string, torch::Tensor> tensors() const;
  Checkpoint checkpoint() const;
  nlohmann::ordered_json config(const nlohmann::ordered_json& origin) const;
  void take_step(const ImageBatch& batch, const ImageBatch& outliers, double lr,
                 const RunFolder& folder);
  void end_epoch(RunLog& log, const RunFolder& folder, const Progress& progress);
  MetricsRow train_row(double lr) const;
  void write_weights(const fs::path& path) const;
  TrainProgress progress(std::int64_t steps_before, Clock::time_point start) const;
  [[noreturn]] void refuse_loss(double loss, const ImageBatch& batch, const ImageBatch& outliers,
                                const RunFolder& folder) const;
  std::int64_t epoch() const { return done / per_epoch; }
  std::string where() const { return "[" + settings.method + "]"; }
};

void Trainer::State::check_outliers() const {
  const MethodInfo& info = find_method(parse_spec(settings.method).terms.front().name);
  if (info.needs.outliers && !data.outliers) {
    fail(where(), " learns from outliers: expected outliers=TYPE:PATH, pictures of no class");
  }
  if (!info.needs.outliers && data.outliers) {
    fail(where(), " does not read outliers; leave outliers= out");
  }
  if (data.outliers && data.outliers->size() < static_cast<std::size_t>(outlier_batch(settings))) {
    fail("outliers: expected at least the ", outlier_batch(settings),
         " pictures of a batch, found ", data.outliers->size(),
         "; choose a smaller outlier_batch=");
  }
}

void Trainer::State::prepare() {
  check_outliers();
  const auto pictures = data.train->size();
  per_epoch = static_cast<std::int64_t>(Loader::batches_per_epoch(
      pictures, static_cast<std::size_t>(settings.batch), settings.drop_last));
  if (per_epoch == 0) {
    fail("batch=", settings.batch, ": data has only ", pictures,
         " pictures; choose a smaller batch or drop_last=false");
  }
  steps = settings.steps ? *settings.steps : *settings.epochs * per_epoch;
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings.seed)));
  network = source.info->make(data.classes);
  const auto weights = network->named_parameters();
  method->on_make({weights[source.info->head + ".weight"], weights[source.info->head + ".bias"]});
}

void Trainer::State::place() {
  move_to(*network, device);
  move_to(*method, device);
  parameters = trained_parameters(settings, *network, source.info->head, *method);
  optimiser = make_optimiser(settings, parameters);
}

std::map<std::string, torch::Tensor> Trainer::State::tensors() const {
  std::map<std::string, torch::Tensor> all;
  for (const auto& [name, tensor] : tensors_of(*network)) all.emplace("network." + name, tensor);
  for (const auto& [name, tensor] : tensors_of(*method)) all.emplace("method." + name, tensor);
  for (const auto& [name, tensor] : optimiser->state()) all.emplace("optimiser." + name, tensor);
  return all;
}

Checkpoint Trainer::State::checkpoint() const {
  Checkpoint out{.step = done,
                 .state = {{"epoch_is_open", epoch_is_open},
                           {"means", means.to_json()},
                           {"conditions", conditions_of_this_run(device.str())}},
                 .tensors = {}};
  if (val_accuracy) out.state["val_accuracy"] = *val_accuracy;
  if (best) out.state["best"] = *best;
  for (const auto& [name, tensor] : tensors()) out.tensors.emplace(name, to_array(tensor));
  return out;
}

void Trainer::State::restore(const Checkpoint& checkpoint, const Warn& warn) {
  copy_weights(checkpoint.tensors, tensors(), text("checkpoint of step ", checkpoint.step));
  const nlohmann::json& state = checkpoint.state;
  done = checkpoint.step;
  epoch_is_open = state.at("epoch_is_open");
  means = StepMeans(state.at("means"));
  if (state.contains("val_accuracy")) val_accuracy = state["val_accuracy"];
  if (state.contains("best")) best = state["best"];
  for (const auto& [name, now] : conditions_of_this_run(device.str())) {
    const std::string was = state.at("conditions").value(name, "unknown");
    if (was != now) {
      warn(text(name, " was '", was, "' and is '", now, "', so the result may differ in its bits ",
                "from that of an uninterrupted run"));
    }
  }
}

nlohmann::ordered_json Trainer::State::config(const nlohmann::ordered_json& origin) const {
  nlohmann::ordered_json out;
  for (const auto& [key, value] : print_settings(settings)) out["settings"][key] = value;
  out["steps"] = steps;
  out["steps_per_epoch"] = per_epoch;
  out["pictures"] = data.train->size();
  out["data_sha256"] = data.train->hash();
  if (data.outliers) {
    out["outliers"] = data.outliers->size();
    out["outliers_sha256"] = data.outliers->hash();
  }
  out["classes"] = data.classes;
  if (!data.class_names.empty()) out["class_names"] = data.class_names;
  out["preprocessing"] = to_json(source.preprocessing);
  out["conditions"] = conditions_of_this_run(device.str());
  if (!origin.empty()) out.update(origin);
  return out;
}

void Trainer::State::take_step(const ImageBatch& batch, const ImageBatch& outliers, double lr,
                               const RunFolder& folder) {
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings.seed), step_stream,
                         static_cast<std::uint64_t>(done)));
  TrainingStep step{.number = done,
                    .per_epoch = per_epoch,
                    .network = *network,
                    .images = to_tensor(batch, source.preprocessing, device),
                    .labels = torch::tensor(batch.labels).to(device)};
  if (data.outliers) step.outliers = to_tensor(outliers, source.preprocessing, device);
  forget_gradients(parameters);
  const torch::Tensor loss = method->loss(step);
  const auto value = loss.item<double>();
  if (!std::isfinite(value)) refuse_loss(value, batch, outliers, folder);
  loss.backward();
  if (settings.clip > 0) clip_gradient(parameters, settings.clip);
  optimiser->step(lr);
  means.add(step, value);
  ++done;
  method->on_step_end(step);
  epoch_is_open = done % per_epoch == 0 || done == steps;
}

void Trainer::State::refuse_loss(double loss, const ImageBatch& batch, const ImageBatch& outliers,
                                 const RunFolder& folder) const {
  const auto rows = [](const ImageBatch& some) {
    std::string out;
    for (const std::int64_t row : some.index) out += text(out.empty() ? "" : " ", row);
    return out;
  };
  const auto last = CheckpointFolder(folder.path() / "checkpoints").newest_path();
  fail(where(), " step ", done, ": the loss is ", loss, " for the pictures ", rows(batch),
       data.outliers ? " and the outliers " + rows(outliers) : std::string(),
       "; the last good checkpoint is ", last ? last->string() : "that of the start (none written)",
       "; a smaller lr=, a longer warmup= or clip=1 may help");
}

void Trainer::State::end_epoch(RunLog& log, const RunFolder& folder, const Progress& progress) {
  if (data.val) {
    const Validation found = validate(*network, *data.val, source.preprocessing, device,
                                      {.batch = static_cast<std::size_t>(settings.batch),
                                       .workers = static_cast<std::size_t>(settings.workers)},
                                      progress);
    val_accuracy = found.accuracy;
    if (!best || *val_accuracy > *best) {
      best = val_accuracy;
      write_weights(folder.path() / "best.safetensors");
    }
    log.write({done,
               (done - 1) / per_epoch,
               "val",
               {{"loss", found.loss}, {"accuracy", found.accuracy}}});
  }
  method->on_epoch_end(*network, (done - 1) / per_epoch);
  epoch_is_open = false;
}

MetricsRow Trainer::State::train_row(double lr) const {
  MetricsRow row{done, (done - 1) / per_epoch, "train", {{"lr", lr}}};
  for (const auto& value : means.values()) row.values.push_back(value);
  return row;
}

void Trainer::State::write_weights(const fs::path& path) const {
  std::map<std::string, Array> weights;
  for (const auto& [name, tensor] : tensors_of(*network)) weights.emplace(name, to_array(tensor));
  std::map<std::string, std::string> facts = {
      {"nescio.network", source.info->name},
      {"nescio.preprocessing", to_json(source.preprocessing).dump()},
      {"nescio.step", std::to_string(done)},
      {"nescio.epoch", std::to_string((done - 1) / per_epoch)}};
  if (!data.class_names.empty()) {
    facts["nescio.class_names"] = nlohmann::json(data.class_names).dump();
  }
  write_safetensors(path, weights, facts);
}

TrainProgress Trainer::State::progress(std::int64_t steps_before, Clock::time_point start) const {
  const std::chrono::duration<double> seconds = Clock::now() - start;
  const double each = seconds.count() / static_cast<double>(done - steps_before);
  return {.images_per_second = static_cast<double>(settings.batch) / each,
          .seconds_left = each * static_cast<double>(steps - done),
          .loss = means.last_loss(),
          .accuracy = means.accuracy()};
}

TrainResult Trainer::State::run(const TrainOptions& options) {
  use_our_threads();
  const Warn warn = options.warn ? options.warn : [](const std::string&) {};
  const CheckpointFolder checkpoints(options.out / "checkpoints");
  for (const std::string& warning : data.warnings) warn(warning);
  const auto last = options.resume ? checkpoints.newest(warn) : std::nullopt;
  // Whatever may be wrong is found before the folder is touched.
  if (!last) load_start_weights(*network, source, data.classes, settings.new_head);
  const RunFolder folder(options.out, config(options.origin), options.resume);
  place();
  if (last) restore(*last, warn);
  const Schedule schedule(settings, steps);
  RunLog log(folder.path(), done);
  TrainResult result{.steps = steps, .steps_before = done, .classes = data.classes};
  network->train();
  method->train();
  method->on_start(*network);
  const auto start = Clock::now();
  try {
    TrainingStreams streams(settings, data, source.preprocessing, augmentation, per_epoch, done,
                            steps);
    ImageBatch batch, outliers;
    for (;;) {
      if (epoch_is_open) {
        end_epoch(log, folder, options.progress);
        checkpoints.save(checkpoint());
      }
      if (done == steps) break;
      check_interrupt();
      streams.next(batch, outliers);
      const double lr = schedule.at(done);
      take_step(batch, outliers, lr, folder);
      const TrainProgress now = progress(result.steps_before, start);  // before means begin anew
      if (means.steps() == settings.log_every || epoch_is_open) {
        log.write(train_row(lr));
        result.loss = means.loss();
        result.accuracy = means.accuracy();
        means = {};
      }
      if (done % settings.checkpoint_every == 0 && !epoch_is_open) checkpoints.save(checkpoint());
      if (options.progress) {
        options.progress(progress_text(now), static_cast<std::size_t>(done),
                         static_cast<std::size_t>(steps));
      }
    }
  } catch (const Interrupted&) {
    checkpoints.save(checkpoint());
    throw Interrupted(text("interrupted after step ", done, " of ", steps,
                           "; the same command with resume=true goes on from there"));
  }
  method->on_finish(*network);
  write_weights(folder.path() / "last.safetensors");
  result.val_accuracy = val_accuracy;
  result.best_val_accuracy = best;
  return result;
}

Trainer::Trainer(const TrainSettings& settings) {
  check_settings(settings);
  state_ = std::make_unique<State>(settings);
  state_->prepare();
}
Trainer::~Trainer() = default;

const TrainingData& Trainer::data() const { return state_->data; }

TrainResult Trainer::run(const TrainOptions& options) { return state_->run(options); }

}  // namespace nescio
