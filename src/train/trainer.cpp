#include "train/trainer.h"

#include <array>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/given_alike.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "io/safetensors.h"
#include "train/checkpoint.h"
#include "train/conditions.h"
#include "train/frozen_features.h"
#include "train/learner.h"
#include "train/plan.h"
#include "train/progress_text.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/run_state.h"
#include "train/schedule.h"
#include "train/start.h"
#include "train/training_streams.h"
#include "train/validation.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string list(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t most = 256;  // that anybody reads
  std::string out;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i) {
    out += text(i == 0 ? "" : " ", numbers[i]);
  }
  return numbers.size() > most ? text(out, " and ", numbers.size() - most, " more") : out;
}

std::vector<std::string> start_classes(const TrainSettings& settings,
                                       const nn::ModelSource& source) {
  return settings.new_head ? std::vector<std::string>() : source.class_names;
}

/// What is left of a run that cannot go on, and how it does: `remedy` completes "go on with".
std::string what_is_left(const CheckpointFolder& checkpoints, const std::string& remedy) {
  const auto path = checkpoints.newest_path();
  if (!path)
    return text("; no checkpoint was written yet, so begin again in another out= with ", remedy);
  return text("; the last good checkpoint is ", path->string(), ": go on from there with ", remedy,
              " and resume=changed");
}

}  // namespace

/// Where the rows of some parts stand in a full batch.
std::vector<image::Places> places_of(const std::vector<Part>& parts, Rows rows) {
  std::vector<image::Places> out;
  for (const Part& part : parts) {
    for (const Part::Range& range : part.ranges(rows)) {
      out.push_back({static_cast<std::size_t>(range.first), static_cast<std::size_t>(range.count)});
    }
  }
  return out;
}

constexpr const char* calmer = "a smaller lr=, a longer warmup= or clip=1";

struct Trainer::State {
  State(const TrainSettings& s, const std::shared_ptr<TrainingMethod>& method,
        Communicator& together)
      : settings(s),
        processes(together),
        source(nn::read_model_source(s.model)),
        data(open_training_data(s, method->needs(), start_classes(s, source))),
        plan(make_plan(s, data, method->needs())),
        schedule(s, plan.steps),
        augmentation(s.augment),
        learner(s, source, data.classes > 0 ? data.classes : source.network.info->classes, method,
                together) {
    if (data.teacher) data.teacher->check_student(s.augment, source.preprocessing);
  }

  TrainSettings settings;
  Communicator& processes;
  nn::ModelSource source;
  TrainingData data;
  Plan plan;
  Schedule schedule;
  image::Augmentation augmentation;
  Learner learner;
  RunState at;

  TrainResult run(const TrainOptions& options);

  // The parts of run().
  nlohmann::ordered_json config(const nlohmann::ordered_json& origin) const;
  void restore(const Checkpoint& checkpoint, const Notice& warn);
  /// Error unless all processes have the same settings, files and checkpoint.
  void require_same_run(const std::optional<Checkpoint>& last) const;
  void read_losses(const CheckpointFolder& checkpoints);
  void require_finite(const Checkpoint& checkpoint, const CheckpointFolder& checkpoints) const;
  /// Calls f(), which reads pictures; where one cannot be read, what was done is kept and the Error
  /// says how to go on without it.
  template <class F>
  void reading(const CheckpointFolder& checkpoints, const F& f);
  /// Calls f(), which writes a file; where that cannot be done the Error says what is left of the run.
  template <class F>
  void writing(const CheckpointFolder& checkpoints, const F& f);
  void save(const CheckpointFolder& checkpoints);
  void validate(RunLog* log, const CheckpointFolder& checkpoints, const TrainOptions& options);
  /// With frozen_every: writes the accuracy of the features to the log, if it is time.
  void look_at_features(RunLog* log, const TrainOptions& options);
  void write_weights(const fs::path& path);
  void write_tensors(const fs::path& path,
                     const std::map<std::string, torch::Tensor>& tensors) const;
  /// Whether the step that was done last is one to validate after.
  bool ends_a_round() const {
    const std::int64_t every =
        settings.validate_every > 0 ? settings.validate_every : plan.per_epoch;
    return at.done % every == 0 || at.done == plan.steps;
  }
  std::map<std::string, std::string> facts() const;
  MetricsRow train_row(double lr) const;
  std::size_t workers() const { return workers_of(settings, !learner.device().is_cpu()); }
  TrainProgress progress(std::int64_t steps_before, Clock::time_point start) const;
  /// What the batches of this process hold: its own parts, unless pictures are mixed with one another.
  StreamOptions streams() const;
  std::int64_t last_epoch() const { return (at.done - 1) / plan.per_epoch; }
};

nlohmann::ordered_json Trainer::State::config(const nlohmann::ordered_json& origin) const {
  nlohmann::ordered_json out;
  for (const auto& [key, value] : print_settings(settings)) out["settings"][key] = value;
  out["steps"] = plan.steps;
  out["steps_per_epoch"] = plan.per_epoch;
  out["pictures"] = data.train->size();
  out["data_sha256"] = data.train->hash();
  if (data.val) out["val_sha256"] = data.val->hash();
  if (data.outliers) {
    out["outliers"] = data.outliers->size();
    out["outliers_sha256"] = data.outliers->hash();
  }
  if (data.teacher) out["targets_sha256"] = data.teacher->sha256();
  if (!data.weights.empty()) out["picture_weights_sha256"] = data.weights_sha256;
  if (processes.size() > 1) out["processes"] = processes.size();
  out["classes"] = learner.classes();
  if (!data.class_names.empty()) out["class_names"] = data.class_names;
  if (!source.path.empty()) out["weights_sha256"] = source.sha256;
  out["preprocessing"] = image::to_json(source.preprocessing);
  out["conditions"] = conditions_of_this_run(learner.device().str());
  if (!origin.empty()) out.update(origin);
  return out;
}

void Trainer::State::restore(const Checkpoint& checkpoint, const Notice& warn) {
  nn::copy_weights(checkpoint.tensors, learner.tensors(),
                   text("checkpoint of step ", checkpoint.step));
  at = RunState(checkpoint.step, checkpoint.state);
  if (at.done > plan.steps) {
    fail("steps: the run has done ", at.done, " already, and is to end after ", plan.steps);
  }
  for (const auto& [name, now] : conditions_of_this_run(learner.device().str())) {
    const std::string was = checkpoint.state.at("conditions").value(name, "unknown");
    if (was != now) {
      warn(text(name, " was '", was, "' and is '", now, "', so the result may differ in its bits ",
                "from that of an uninterrupted run"));
    }
  }
}

void Trainer::State::require_same_run(const std::optional<Checkpoint>& last) const {
  if (processes.size() == 1) return;  // the hashes are a pass over the pictures
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& [name, value] : print_settings(settings)) {
    if (!is_free_on_resume(name)) given.emplace_back(name, value);
  }
  const auto add_hash = [&](const std::string& of, const std::string& hash) {
    given.emplace_back("the SHA-256 of " + of, hash);
  };
  add_hash("data", data.train->hash());
  if (data.val) add_hash("val", data.val->hash());
  if (data.outliers) add_hash("outliers", data.outliers->hash());
  if (data.teacher) add_hash("targets", data.teacher->sha256());
  if (!data.weights.empty()) add_hash("the pictures' weights", data.weights_sha256);
  if (!source.path.empty()) add_hash("the start weights", source.sha256);
  given.emplace_back("the last checkpoint", last ? text("step ", last->step) : "none");
  require_alike(processes, given);
}

void Trainer::State::read_losses(const CheckpointFolder& checkpoints) {
  const auto bad = at.means.read(processes);
  if (!bad) return;
  fail("[", settings.method, "] step ", bad->step, ": the loss is ", bad->loss,
       " at a learning rate of ", short_number(schedule.at(bad->step)), " for the pictures ",
       list(bad->pictures.data),
       bad->pictures.outliers.empty() ? "" : " and the outliers " + list(bad->pictures.outliers),
       what_is_left(checkpoints, calmer));
}

template <class F>
void Trainer::State::writing(const CheckpointFolder& checkpoints, const F& f) {
  try {
    f();
  } catch (const Error& e) {
    const auto last = checkpoints.newest_path();
    fail(e.what(), "; the last good checkpoint is ",
         last ? last->string() + "; resume=true goes on from there"
              : "that of the start (none written)");
  }
}

void Trainer::State::save(const CheckpointFolder& checkpoints) {
  read_losses(checkpoints);
  learner.agree_on_buffers();
  if (!processes.is_first()) return;
  Checkpoint checkpoint{.step = at.done, .state = at.to_json(), .tensors = {}, .facts = facts()};
  checkpoint.state["conditions"] = conditions_of_this_run(learner.device().str());
  for (const auto& [name, tensor] : learner.tensors()) {
    checkpoint.tensors.emplace(name, nn::to_array(tensor));
  }
  require_finite(checkpoint, checkpoints);
  writing(checkpoints, [&] { checkpoints.save(checkpoint); });
}

void Trainer::State::require_finite(const Checkpoint& checkpoint,
                                    const CheckpointFolder& checkpoints) const {
  const auto bad = first_not_finite(checkpoint.tensors);
  if (!bad) return;
  fail("[", settings.method, "] step ", at.done - 1, ": ", *bad,
       " holds NaN or infinity after it, at a learning rate of ",
       short_number(schedule.at(at.done - 1)), what_is_left(checkpoints, calmer));
}

template <class F>
void Trainer::State::reading(const CheckpointFolder& checkpoints, const F& f) {
  try {
    return f();
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& e) {
    if (at.done > 0) save(checkpoints);
    fail("step ", at.done, " of ", plan.steps, ": ", e.what(),
         what_is_left(checkpoints,
                      "the picture mended, or left out by broken=skip behind the '?' of its data "
                      "set, after which every step draws other pictures,"));
  }
}

void Trainer::State::validate(RunLog* log, const CheckpointFolder& checkpoints,
                              const TrainOptions& options) {
  if (!data.val) {
    at.is_open = false;
    return;
  }
  const TrainingMethod& method = learner.method();
  const Criterion criterion = [&](const torch::Tensor& images, const torch::Tensor& labels) {
    return method.measures(learner.network(), images, labels);
  };
  Means found;
  learner.agree_on_buffers();
  reading(checkpoints, [&] {
    const Ema::InPlace averaged(learner.ema());
    found = measure(learner.network(), criterion, *data.val, learner.upload(),
                    {.batch = static_cast<std::size_t>(settings.batch), .workers = workers()},
                    options.progress, processes);
  });
  const Choice choice = method.chosen_by();
  at.val = mean_called(found, choice.measure);
  const bool better =
      !at.best_val || (choice.higher_is_better ? *at.val > *at.best_val : *at.val < *at.best_val);
  if (better) {
    at.best_val = at.val;
    writing(checkpoints, [&] { write_weights(options.out / "best.safetensors"); });
  }
  if (log) log->write({at.done, last_epoch(), "val", found});
  reading(checkpoints, [&] { look_at_features(log, options); });
  at.is_open = false;
}

void Trainer::State::look_at_features(RunLog* log, const TrainOptions& options) {
  const std::int64_t every = settings.frozen_every * plan.per_epoch;
  if (every == 0 || !log) return;
  const std::int64_t round = settings.validate_every > 0 ? settings.validate_every : plan.per_epoch;
  const bool is_due = at.done / every > std::max<std::int64_t>(0, at.done - round) / every;
  if (!is_due && at.done != plan.steps) return;
  constexpr std::size_t most = 10'000;
  const Ema::InPlace averaged(learner.ema());
  const auto of = [&](const image::Dataset& pictures, std::size_t count) {
    return frozen_features(learner.network(), pictures, learner.upload(), count,
                           static_cast<std::size_t>(settings.batch), workers(), options.progress);
  };
  const FrozenAccuracy found = frozen_accuracy(of(*data.train, most), of(*data.val, 0));
  log->write({at.done,
              last_epoch(),
              "frozen",
              {{"knn_accuracy", found.knn}, {"linear_accuracy", found.linear}}});
}

void Trainer::State::write_weights(const fs::path& path) {
  const Ema::InPlace averaged(learner.ema());
  write_tensors(path, learner.method().exported(learner.network()));
}

void Trainer::State::write_tensors(const fs::path& path,
                                   const std::map<std::string, torch::Tensor>& tensors) const {
  if (!processes.is_first()) return;
  std::map<std::string, Array> arrays;
  for (const auto& [name, tensor] : tensors) arrays.emplace(name, nn::to_array(tensor));
  io::write_safetensors(path, arrays, facts());
}

/// What a file of weights says of itself.
std::map<std::string, std::string> Trainer::State::facts() const {
  std::map<std::string, std::string> out = {
      {"nescio.network", source.network.name()},
      {"nescio.preprocessing", image::to_json(source.preprocessing).dump()},
      {"nescio.step", std::to_string(at.done)},
      {"nescio.epoch", std::to_string(last_epoch())}};
  if (!data.class_names.empty()) {
    out["nescio.class_names"] = nlohmann::json(data.class_names).dump();
  }
  return out;
}

MetricsRow Trainer::State::train_row(double lr) const {
  MetricsRow row{at.done, last_epoch(), "train", {{"lr", lr}}};
  for (const auto& value : at.means.values()) row.values.push_back(value);
  return row;
}

TrainProgress Trainer::State::progress(std::int64_t steps_before, Clock::time_point start) const {
  const std::chrono::duration<double> seconds = Clock::now() - start;
  const double each = seconds.count() / static_cast<double>(at.done - steps_before);
  return {.images_per_second = static_cast<double>(settings.batch) / each,
          .seconds_left = each * static_cast<double>(plan.steps - at.done),
          .loss = at.means.loss(),
          .accuracy = at.means.accuracy(),
          .terms = at.means.terms()};
}

StreamOptions Trainer::State::streams() const {
  const MethodNeeds needs = learner.method().needs();
  StreamOptions out{.per_epoch = plan.per_epoch,
                    .first = at.done,
                    .steps = plan.steps,
                    .views = needs.views,
                    .workers = workers(),
                    .bytes = learner.upload().wants_bytes()};
  if (processes.size() == 1 || needs.mixes) return out;
  const RowCounts rows{settings.batch, data.outliers ? outlier_batch(settings) : 0};
  const std::vector<Part> own = Part::own(rows, settings.accumulate, processes);
  out.read = places_of(own, Rows::images);
  // Which outliers go with a batch that is not full is known when it is there.
  if (settings.drop_last) out.outliers_read = places_of(own, Rows::outliers);
  return out;
}

TrainResult Trainer::State::run(const TrainOptions& options) {
  nn::use_our_threads();
  std::optional<nn::OwnStream> stream;
  if (learner.records()) stream.emplace(learner.device());
  const Notice warn = options.warn ? options.warn : [](const std::string&) {};
  for (const std::string& notice : source.notices) warn(notice);
  for (const std::string& warning : data.warnings) warn(warning);
  for (const std::string& warning : plan.warnings) warn(warning);
  for (const std::string& remark : learner.method().remarks(plan.steps, plan.per_epoch)) {
    warn(remark);
  }
  const KeptCheckpoints kept = kept_checkpoints(settings.keep_checkpoints);
  const CheckpointFolder checkpoints(options.out / "checkpoints", kept);
  const auto last = options.resume ? checkpoints.newest(warn) : std::nullopt;
  // Whatever may be wrong is found before the folder is touched.
  if (!last) load_start_weights(learner.network(), source, learner.classes(), settings.new_head);
  require_same_run(last);
  learner.begin(last ? nullptr : data.train.get(), options.progress, data.teacher.get());
  // The first of several processes writes.
  std::optional<RunFolder> folder;
  std::optional<RunLog> written;
  if (processes.is_first()) {
    folder.emplace(options.out, config(options.origin), options.resume, options.changed);
  }
  if (last) restore(*last, warn);
  if (folder) {
    folder->record_changes(at.done);
    written.emplace(options.out, at.done);
  }
  RunLog* const log = written ? &*written : nullptr;
  TrainResult result{.steps = plan.steps, .steps_before = at.done, .classes = learner.classes()};
  const auto start = Clock::now();
  auto last_save = start;
  bool save_is_due = false;
  try {
    TrainingStreams streams(settings, data, source.preprocessing, augmentation, this->streams());
    StepData step;
    for (;;) {
      if (at.is_open) validate(log, checkpoints, options);
      // What one of several processes wants, by its clock or a signal, all do: they sum the same things in step.
      std::array<double, 2> wanted = {interrupted() ? 1.0 : 0.0, save_is_due ? 1.0 : 0.0};
      processes.sum(wanted);
      if (wanted[1] > 0) {
        save(checkpoints);
        save_is_due = false;
        last_save = Clock::now();
      }
      if (at.done == plan.steps) break;
      if (wanted[0] > 0) throw Interrupted("interrupted");

      reading(checkpoints, [&] { streams.next(step); });
      const double lr = schedule.at(at.done);
      learner.step(at.done, plan.per_epoch, lr, step, at.means);
      ++at.done;
      at.is_open = ends_a_round();
      const bool row_is_due = at.means.steps() == settings.log_every || at.is_open;
      // A CPU is not kept from its work by a look at the losses.
      const bool look = row_is_due || learner.device().is_cpu();
      if (look) read_losses(checkpoints);
      const TrainProgress now = progress(result.steps_before, start);
      if (row_is_due) {
        if (log) log->write(train_row(lr));
        result.loss = at.means.loss();
        result.accuracy = at.means.accuracy();
        at.means = {};
      }
      const std::chrono::duration<double> unsaved = Clock::now() - last_save;
      save_is_due =
          at.done % settings.checkpoint_every == 0 || at.done == plan.steps ||
          (kept.every > 0 && at.done % kept.every == 0) ||
          (settings.checkpoint_seconds > 0 && unsaved.count() >= settings.checkpoint_seconds);
      if (look && options.progress) {
        options.progress(progress_text(now), static_cast<std::size_t>(at.done),
                         static_cast<std::size_t>(plan.steps));
      }
    }
  } catch (const Interrupted&) {
    save(checkpoints);
    throw Interrupted(text("interrupted after step ", at.done, " of ", plan.steps,
                           "; the same command with resume=true goes on from there"));
  }
  writing(checkpoints, [&] {
    write_weights(options.out / "last.safetensors");
    for (const auto& [name, tensors] : learner.method().further_files(learner.network())) {
      write_tensors(options.out / (name + ".safetensors"), tensors);
    }
  });
  for (const std::string& remark : learner.closing_remarks()) warn(remark);
  processes.wait_for_all();
  if (data.val) result.measure = learner.method().chosen_by().measure;
  result.val = at.val;
  result.best_val = at.best_val;
  return result;
}

// A mistake in a word comes before data and weights are read, which may take long.
Trainer::Trainer(const TrainSettings& settings, Communicator& processes)
    : Trainer(settings, (check_settings(settings), make_method(settings.method)), processes) {}

Trainer::Trainer(const TrainSettings& settings, std::shared_ptr<TrainingMethod> method,
                 Communicator& processes) {
  check_settings(settings);
  image::Augmentation(settings.augment);
  nn::find_device(settings.device);
  state_ = std::make_unique<State>(settings, method, processes);
}
Trainer::~Trainer() = default;

std::vector<ReconstructedPicture> Trainer::reconstructions(std::size_t count) const {
  const Learner& learner = state_->learner;
  const torch::NoGradGuard no_gradients;
  const EvaluationMode mode(learner.network());
  const image::Dataset& pictures = state_->data.val ? *state_->data.val : *state_->data.train;
  image::Loader loader(pictures, learner.upload().preprocessing(),
                       {.batch = count, .bytes = learner.upload().wants_bytes()});
  image::ImageBatch batch;
  if (!loader.next(batch)) return {};
  const torch::Tensor images =
      learner.upload()(batch).slice(0, 0, static_cast<std::int64_t>(batch.count));
  const auto found = learner.method().reconstruct(learner.network(), images);
  if (!found) return {};
  std::vector<ReconstructedPicture> out;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const auto picture = [&](const torch::Tensor& all) {
      return to_picture(all[i], learner.upload().preprocessing());
    };
    out.push_back({picture(images), picture(found->shown), picture(found->made)});
  }
  return out;
}

const TrainingData& Trainer::data() const { return state_->data; }

TrainResult Trainer::run(const TrainOptions& options) { return state_->run(options); }

}  // namespace nescio::train
