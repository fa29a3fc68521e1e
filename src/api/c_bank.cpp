// Feature banks, the catalogue and metrics from C.
#include <nescio/nescio.h>

#include <cstring>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include "api/array_rows.h"
#include "api/call.h"
#include "api/handles.h"
#include "bank/write_split.h"
#include "base/threads.h"
#include "base/version.h"
#include "detectors/facts.h"
#include "io/json_file.h"
#include "metrics/measure.h"

using namespace nescio;  // NOLINT: this file is the other side of nescio.h
using api::call;
using api::given;

namespace {

char* copied(const std::string& text) {
  char* out = new char[text.size() + 1];
  std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

/// Those named, or those that are always measured.
metrics::ChosenMetrics chosen(const char* names) {
  if (names == nullptr) return metrics::standard_metrics();
  metrics::ChosenMetrics out;
  for (const std::string& name : split_top_level(names)) {
    out.push_back(&metrics::find_metric(name));
    if (!out.back()->of_ranking || out.back()->needs_answers) {
      fail(name, " also needs the network's answers to the ID rows; `nescio evaluate` has them");
    }
  }
  if (out.empty()) fail("metrics: expected names separated by commas, found none");
  return out;
}

std::string source() { return text("libnescio ", version()); }

Array scores_of(const float* scores, std::size_t rows, const char* what) {
  if (rows > 0) given(scores, what);
  return {DType::float32, {rows}, nullptr, scores};
}

}  // namespace

const char* nescio_version(void) noexcept { return version().data(); }

nescio_status nescio_set_threads(int threads, nescio_error* error) noexcept {
  return call(error, [&] { set_thread_count(threads); });
}

size_t nescio_detector_name_count(void) noexcept { return detectors::catalogue().size(); }

const char* nescio_detector_name(size_t index) noexcept {
  const auto& all = detectors::catalogue();
  return index < all.size() ? all[index].name.c_str() : nullptr;
}

nescio_status nescio_describe(const char* name, char** json, nescio_error* error) noexcept {
  return call(error, [&] {
    given(json, "json");
    const auto& info = detectors::find(given(name, "name"));
    *json = copied(io::json_text(detectors::describe_as_json(info)));
  });
}

void nescio_text_free(char* text) noexcept { delete[] text; }

nescio_status nescio_bank_open(const char* folder, nescio_bank** bank,
                               nescio_error* error) noexcept {
  return call(error, [&] {
    given(bank, "bank");
    *bank = new nescio_bank(bank::FeatureBank::open(given(folder, "folder")));
  });
}

nescio_status nescio_bank_create(const char* folder, nescio_bank** bank,
                                 nescio_error* error) noexcept {
  return call(error, [&] {
    given(bank, "bank");
    *bank = new nescio_bank(bank::FeatureBank::open_or_create(given(folder, "folder")));
  });
}

void nescio_bank_free(nescio_bank* bank) noexcept { delete bank; }

size_t nescio_bank_split_count(const nescio_bank* bank) noexcept {
  return bank == nullptr ? 0 : bank->splits.size();
}

const char* nescio_bank_split(const nescio_bank* bank, size_t index) noexcept {
  return index < nescio_bank_split_count(bank) ? bank->splits[index]->c_str() : nullptr;
}

nescio_status nescio_bank_add(nescio_bank* bank, const char* split, const nescio_rows* rows,
                              nescio_error* error) noexcept {
  return call(error, [&] {
    given(bank, "bank");
    const bank::BankView view = api::split_of(given(split, "split"), *given(rows, "rows"), {});
    bank::write_split(bank->bank, view, source());
    std::erase_if(bank->arrays, [&](const auto& kept) { return kept.first.first == view.name; });
    bank->look_again();
  });
}

nescio_status nescio_bank_set_head(nescio_bank* bank, const float* weight, const float* bias,
                                   size_t classes, size_t features, nescio_error* error) noexcept {
  return call(error, [&] {
    given(bank, "bank");
    const Head head = api::head_of(given(weight, "weight"), given(bias, "bias"), classes, features);
    bank->bank.set_head(head, {{"source", source()}});
    bank->look_again();
  });
}

nescio_status nescio_bank_array(const nescio_bank* bank, const char* split, const char* name,
                                nescio_array* array, nescio_error* error) noexcept {
  return call(error, [&] {
    given(array, "array");
    given(bank, "bank");
    const std::pair<std::string, std::string> key{given(split, "split"), given(name, "name")};
    const std::lock_guard lock(bank->mutex);
    auto kept = bank->arrays.find(key);
    if (kept == bank->arrays.end()) {
      const Array read = bank->views.at(key.first).array(key.second);
      if (read.dtype() != DType::float32 || read.shape().size() != 2) {
        fail(key.first, ": ", key.second, ": expected a float32 matrix, found ",
             name_of(read.dtype()), " ", to_string(read.shape()));
      }
      kept = bank->arrays.emplace(key, read).first;
    }
    const MatrixView view = kept->second.matrix();
    *array = {kept->first.second.c_str(), view.data, view.rows, view.cols, view.stride};
  });
}

nescio_status nescio_evaluate(const float* id_scores, size_t id_rows, const float* ood_scores,
                              size_t ood_rows, const char* names, size_t resamples,
                              nescio_metric* found, size_t capacity, size_t* count,
                              nescio_error* error) noexcept {
  return call(error, [&] {
    if (capacity > 0) given(found, "found");
    const auto measured =
        metrics::measure(metrics::rank_rows(scores_of(id_scores, id_rows, "id_scores"),
                                            scores_of(ood_scores, ood_rows, "ood_scores")),
                         {.resamples = resamples}, chosen(names));
    const double none = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 0; i < std::min(capacity, measured.size()); ++i) {
      const auto& [metric, value, bounds] = measured[i];
      found[i] = {metric->name.c_str(), value, bounds ? bounds->lower : none,
                  bounds ? bounds->upper : none};
    }
    if (count != nullptr) *count = measured.size();
  });
}
