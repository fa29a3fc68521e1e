#include "image/augmentations/augmentation.h"

#include "base/arguments.h"
#include "base/find_entry.h"
#include "base/usage.h"

namespace nescio::image {
namespace {

const AugmentInfo& find_augmentation(std::string_view name) {
  return as_usage([&]() -> auto& {
    return find_entry(augmentations::catalogue(), name, "augmentation", {"none"});
  });
}

}  // namespace

Augmentation::Augmentation(std::string_view specs) {
  if (trim(specs) == "none") return;
  for (const std::string& piece : as_usage([&] { return split_top_level(specs); })) {
    if (piece == "none") {
      fail_usage("augmentation 'none' stands alone, found '", specs,
                 "'; leave it or the others out");
    }
    const Spec spec = as_usage([&] { return parse_spec(piece); });
    if (spec.terms.size() != 1) {
      fail_usage("augmentation '", piece, "': expected one name; several are joined with ','");
    }
    const AugmentInfo& info = find_augmentation(spec.terms[0].name);
    std::unique_ptr<Augment> step = info.make();
    as_usage([&] { set_arguments(*step, info.parameters, "[" + info.name + "]", spec.terms[0]); });
    if (!step->does_something()) {
      fail_usage("[", info.name, "] changes nothing: give one of its parameters a value above 0");
    }
    steps_.push_back(std::move(step));
  }
}

bool Augmentation::takes_whole_pictures() const {
  return !steps_.empty() && steps_.front()->takes_whole_pictures();
}

void Augmentation::apply(Image& image, Size network, std::uint64_t seed, std::size_t view,
                         std::size_t item) const {
  Rng rng(seed, view, item);
  for (const auto& step : steps_) step->apply(image, network, rng);
}

}  // namespace nescio::image
