#include "train/step.h"

#include "base/error.h"
#include "nn/autocast.h"
#include "train/device.h"
#include "train/losses.h"

namespace nescio::train {
namespace {

constexpr std::int64_t alignment = 64;  // bytes, of a tensor within the copy

std::int64_t size_of(const torch::Tensor& values) {
  return static_cast<std::int64_t>(values.nbytes());
}

}  // namespace

std::int64_t RowCounts::of(Rows rows) const {
  switch (rows) {
    case Rows::images: return images;
    case Rows::outliers: return outliers;
    case Rows::pairs: return std::min(images, outliers);
    case Rows::none: break;
  }
  return 0;
}

std::int64_t TrainingStep::pairs() const {
  return outliers.defined() ? std::min(images.size(0), outliers.size(0)) : 0;
}

torch::Tensor TrainingStep::paired(const torch::Tensor& of_rows) const {
  return of_rows.slice(0, 0, pairs());
}

const torch::Tensor& TrainingStep::drawn(const std::string& method, const std::string& name) const {
  const auto found = draws.find(method + "." + name);
  if (found == draws.end()) fail("[", method, "] nothing was drawn that is called ", name);
  return found->second.values;
}

nn::NetworkOutputs TrainingStep::forward(const torch::Tensor& pictures, nn::Network& made_of_it) {
  rows += pictures.size(0);
  return bfloat16 ? nn::forward_in_bfloat16(made_of_it, pictures) : made_of_it.forward(pictures);
}

std::vector<nn::NetworkOutputs> TrainingStep::joint_forward(
    const std::vector<torch::Tensor>& groups) {
  const nn::NetworkOutputs all = forward(torch::cat(groups));
  std::vector<nn::NetworkOutputs> out;
  std::int64_t first = 0;
  for (const torch::Tensor& group : groups) {
    const std::int64_t last = first + group.size(0);
    out.push_back({all.logits.slice(0, first, last), all.features.slice(0, first, last)});
    first = last;
  }
  return out;
}

torch::Tensor TrainingStep::term(const std::string& name, const torch::Tensor& value) {
  terms.emplace_back(name, value.detach());
  return value;
}

torch::Tensor TrainingStep::probabilities() const {
  return targets.defined() ? targets : torch::one_hot(labels, classes).to(images.scalar_type());
}

torch::Tensor TrainingStep::cross_entropy(const torch::Tensor& z, double label_smoothing) const {
  if (!targets.defined()) {
    const auto reduction = weights.defined() ? at::Reduction::None : at::Reduction::Mean;
    const torch::Tensor loss =
        at::cross_entropy_loss(z, labels, {}, reduction, -100, label_smoothing);
    return of_images(weights.defined() ? (weights * loss).mean() : loss);
  }
  if (label_smoothing == 0) return of_images(soft_cross_entropy(targets, z));
  const double uniform = label_smoothing / static_cast<double>(z.size(1));
  return of_images(soft_cross_entropy((1 - label_smoothing) * targets + uniform, z));
}

Part::Part(const RowCounts& whole, std::int64_t number, std::int64_t parts)
    : whole_(whole), number_(number) {
  const auto cut = [&](std::int64_t first, std::int64_t last) {
    const std::int64_t count = last - first;
    const std::int64_t from = count * number / parts;
    return Range{first + from, count * (number + 1) / parts - from};
  };
  const std::int64_t pairs = whole.of(Rows::pairs);
  pairs_ = cut(0, pairs);
  images_ = cut(pairs, whole.images);
  outliers_ = cut(pairs, whole.outliers);
}

std::int64_t Part::parts_of(const RowCounts& whole, std::int64_t wanted) {
  const std::int64_t fewest = whole.of(whole.outliers > 0 ? Rows::pairs : Rows::images);
  return std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(fewest, 1));
}

std::vector<Part> Part::own(const RowCounts& whole, std::int64_t each,
                            const Communicator& processes) {
  std::int64_t parts = parts_of(whole, each * processes.size());
  parts -= parts % processes.size();
  const Share share = share_of(processes, static_cast<std::size_t>(parts));
  std::vector<Part> own;
  for (std::size_t i = share.first; i < share.first + share.count; ++i) {
    own.emplace_back(whole, static_cast<std::int64_t>(i), parts);
  }
  return own;
}

std::vector<Part::Range> Part::ranges(Rows rows) const {
  std::vector<Range> out = {pairs_};
  if (rows == Rows::images) out.push_back(images_);
  if (rows == Rows::outliers) out.push_back(outliers_);
  std::erase_if(out, [](const Range& range) { return range.count == 0; });
  return out;
}

double Part::share(Rows rows) const {
  std::int64_t count = 0;
  for (const Range& range : ranges(rows)) count += range.count;
  const std::int64_t whole = whole_.of(rows);
  return whole == 0 ? 0 : static_cast<double>(count) / static_cast<double>(whole);
}

torch::Tensor Part::of(const torch::Tensor& values, Rows rows) const {
  if (!values.defined() || rows == Rows::none) return values;
  std::vector<torch::Tensor> found;
  for (const Range& range : ranges(rows)) {
    found.push_back(values.slice(0, range.first, range.first + range.count));
  }
  if (found.empty()) return values.slice(0, 0, 0);
  return found.size() == 1 ? found[0] : torch::cat(found);
}

std::vector<std::int64_t> Part::of(const std::vector<std::int64_t>& values, Rows rows) const {
  std::vector<std::int64_t> found;
  for (const Range& range : ranges(rows)) {
    const auto first = values.begin() + range.first;
    found.insert(found.end(), first, first + range.count);
  }
  return found;
}

TrainingStep Part::of(const TrainingStep& whole) const {
  TrainingStep part{.number = whole.number,
                    .per_epoch = whole.per_epoch,
                    .classes = whole.classes,
                    .network = whole.network,
                    .images = of(whole.images, Rows::images),
                    .labels = of(whole.labels, Rows::images),
                    .outliers = of(whole.outliers, Rows::outliers),
                    .further_views = {},
                    .teacher = of(whole.teacher, Rows::images),
                    .teacher_classes = of(whole.teacher_classes, Rows::images),
                    .teacher_tail = of(whole.teacher_tail, Rows::images),
                    .weights = of(whole.weights, Rows::images),
                    .targets = of(whole.targets, Rows::images),
                    .mixtures = {},
                    .draws = whole.draws,
                    .bfloat16 = whole.bfloat16,
                    .image_share = share(Rows::images),
                    .outlier_share = share(Rows::outliers),
                    .pair_share = share(Rows::pairs),
                    .terms = whole.terms};
  for (const torch::Tensor& view : whole.further_views) {
    part.further_views.push_back(of(view, Rows::images));
  }
  // Those of the whole step are the first part's; every part names them, so that all say the same.
  for (auto& [name, value] : part.terms) {
    if (number_ > 0) value = torch::zeros_like(value);
  }
  for (auto& [name, drawn] : part.draws) drawn.values = of(drawn.values, drawn.rows);
  return part;
}

void move_to(Draws& draws, const torch::Device& device) {
  if (device.is_cpu() || draws.empty()) return;
  std::int64_t bytes = 0;
  const auto place_for = [&bytes](const torch::Tensor& values) {
    const std::int64_t place = bytes;
    bytes += (size_of(values) + alignment - 1) / alignment * alignment;
    return place;
  };
  std::map<std::string, std::int64_t> places;
  for (const auto& [name, drawn] : draws) places[name] = place_for(drawn.values);
  const auto view = [&](const torch::Tensor& of, const std::string& name) {
    const torch::Tensor& like = draws.at(name).values;
    const std::int64_t place = places.at(name);
    return of.slice(0, place, place + size_of(like)).view(like.scalar_type()).view(like.sizes());
  };
  const torch::Tensor packed = torch::empty({bytes}, torch::kUInt8);
  for (const auto& [name, place] : places) view(packed, name).copy_(draws.at(name).values);
  const torch::Tensor there = to_device(packed, device);
  for (const auto& [name, place] : places) draws.at(name).values = view(there, name);
}

}  // namespace nescio::train
