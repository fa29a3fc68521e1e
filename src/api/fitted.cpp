#include "api/fitted.h"

#include <algorithm>
#include <cstring>

#include "api/array_rows.h"
#include "api/call.h"
#include "detectors/saved_detector.h"

namespace nescio::api {
namespace {

Array copy_of(const Array& array) {
  auto bytes = std::make_shared<std::vector<std::byte>>(array.bytes());
  if (!bytes->empty()) std::memcpy(bytes->data(), array.data(), bytes->size());
  const void* data = bytes->data();
  return {array.dtype(), array.shape(), std::move(bytes), data};
}

// Any rows will do, for they are only compared with themselves.
const bank::BankView& self_test_split(const bank::BankViews& views,
                                      const detectors::FitSplits& splits) {
  for (const std::string& split : {splits.train, splits.val}) {
    if (!split.empty()) return views.at(split);
  }
  if (views.begin() == views.end()) {
    fail(
        "there are no rows; also a detector that learns nothing is fitted on some, to know their "
        "width");
  }
  return views.begin()->second;
}

std::optional<Head> given_head(const nescio_fit_data& data) {
  if (data.head_weight == nullptr && data.head_bias == nullptr) return std::nullopt;
  const Head lent = head_of(data.head_weight, data.head_bias, data.classes, data.features);
  return Head{copy_of(lent.weight), copy_of(lent.bias)};
}

/// The caller's splits, and the memory that their arrays borrow.
struct Borrowed {
  std::vector<bank::BankView> views;
  detectors::FitSplits splits;

  explicit Borrowed(const nescio_fit_data& data) {
    const std::optional<Head> head = given_head(data);
    std::vector<std::string> names;
    for (std::size_t c = 0; c < data.class_name_count; ++c) {
      names.emplace_back(given(given(data.class_names, "class_names")[c], "a class name"));
    }
    const auto add = [&](const std::string& name, const nescio_rows& rows) {
      views.push_back(split_of(name, rows, head));
      views.back().class_names = names;
      return name;
    };
    if (data.train.array_count > 0) splits.train = add("train", data.train);
    if (data.val.array_count > 0) splits.val = add("val", data.val);
    for (std::size_t i = 0; i < data.ood_val_count; ++i) {
      splits.ood_val.push_back(add(text("ood_val ", i), given(data.ood_val, "ood_val")[i]));
    }
    check_widths();
  }

  bool lends(const Array& array) const {
    const auto at = reinterpret_cast<std::uintptr_t>(array.data());
    return std::ranges::any_of(views, [&](const bank::BankView& view) {
      return std::ranges::any_of(view.arrays, [&](const auto& entry) {
        const Array lent = entry.second.read();
        const auto first = reinterpret_cast<std::uintptr_t>(lent.data());
        return at >= first && at < first + std::max<std::size_t>(lent.bytes(), 1);
      });
    });
  }

 private:
  // A bank on disk has this checked when it is written.
  void check_widths() const {
    std::map<std::string, std::pair<std::string, std::size_t>> seen;
    for (const bank::BankView& view : views) {
      for (const auto& [name, array] : view.arrays) {
        if (!array.is_matrix()) continue;
        const auto& [where, width] =
            seen.try_emplace(name, std::pair{view.name, array.shape[1]}).first->second;
        if (width == array.shape[1]) continue;
        fail(view.name, ": ", name, ": expected [N, ", width, "] as ", where, " has, found ",
             to_string(array.shape));
      }
    }
  }
};

}  // namespace

Fitted fit(const std::string& spec, const bank::BankViews& views,
           const detectors::FitSplits& splits) {
  const bank::BankView& tested = self_test_split(views, splits);
  auto detector =
      std::make_shared<detectors::FittedDetector>(detectors::fit_detector(views, spec, splits));
  Fitted out;
  out.notices = detector->chain.notices();
  const auto names =
      detectors::arrays_for(detector->chain.needs(), detectors::logits_from(views, {tested.name}));
  for (const auto& [name, array] : detectors::read_arrays(tested, names)) {
    out.self_test.emplace(name, copy_of(array.slice(0, std::min<std::size_t>(array.rows(), 16))));
  }
  out.detector = std::move(detector);
  return out;
}

Fitted fit(const std::string& spec, const nescio_fit_data& data) {
  const Borrowed borrowed(data);
  Fitted out = fit(spec, bank::BankViews(borrowed.views), borrowed.splits);
  // Detectors share what they keep of the rows.
  std::map<std::string, Array> learned;
  for (const auto& [name, array] : out.detector->chain.learned()) {
    learned.emplace(name, borrowed.lends(array) ? copy_of(array) : array);
  }
  detectors::Chain chain(spec);
  chain.load(learned);
  const detectors::FittedDetector& fitted = *out.detector;
  out.detector = std::make_shared<const detectors::FittedDetector>(
      detectors::FittedDetector{.chain = std::move(chain),
                                .classes = fitted.classes,
                                .feature_width = fitted.feature_width,
                                .arrays = fitted.arrays,
                                .head = fitted.head,
                                .origin = fitted.origin});
  return out;
}

Fitted load(const std::filesystem::path& folder) {
  Fitted out;
  out.detector =
      std::make_shared<const detectors::FittedDetector>(detectors::load_detector(folder));
  out.calibrations = detectors::load_calibrations(folder);
  out.self_test = detectors::read_self_test(folder, *out.detector).arrays;
  return out;
}

void save(const Fitted& fitted, const std::filesystem::path& folder) {
  detectors::save_detector(*fitted.detector, detectors::to_batch(fitted.self_test), folder);
  if (!fitted.calibrations.all.empty()) {
    detectors::save_calibrations(fitted.calibrations, folder);
  }
}

}  // namespace nescio::api
