#include "bank/join.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"

namespace nescio::bank {
namespace {

constexpr std::size_t copied_at_once = 16384;  // rows

std::string place_of(const Source& source) {
  return text(source.bank.path().string(), "#", source.split);
}

bool says_what_rows_are(const std::string& array) { return array == "labels" || array == "index"; }

void check_same_pictures(const Source& first, const Source& other) {
  const auto differs = [&](auto&&... what) {
    fail(place_of(other), ": not of the same pictures as ", place_of(first), ": ", what...,
         "; extract the same data= with each network");
  };
  const std::size_t rows = first.bank.rows(first.split), found = other.bank.rows(other.split);
  if (rows != found) differs(found, " rows instead of ", rows);
  const auto data = [](const Source& s) {
    const nlohmann::json inputs = s.bank.manifest(s.split).value("inputs", nlohmann::json());
    return inputs.is_object() ? inputs.value("data_sha256", "") : "";
  };
  if (!data(first).empty() && !data(other).empty() && data(first) != data(other)) {
    differs("the SHA-256 of their data differs");
  }
  for (const std::string array : {"labels", "index"}) {
    if (!first.bank.has(first.split, array) || !other.bank.has(other.split, array)) continue;
    if (!same_bits(first.bank.array(first.split, array), other.bank.array(other.split, array))) {
      differs("their ", array, " differ");
    }
  }
}

/// What made an array: what the sources agree on, and all that they say.
nlohmann::json inputs_of(const std::vector<Source>& sources, const std::string& array) {
  nlohmann::json common = sources[0].bank.inputs(sources[0].split, array);
  nlohmann::json all = nlohmann::json::array();
  for (const Source& s : sources) {
    const nlohmann::json inputs = s.bank.inputs(s.split, array);
    all.push_back(inputs);
    for (auto it = common.begin(); it != common.end();) {
      const auto found = inputs.find(it.key());
      if (found != inputs.end() && *found == *it) {
        ++it;
      } else if (it.key() == "answers") {
        fail(place_of(s), ": ", array, " was made as ", found == inputs.end() ? "?" : found->dump(),
             ", that of ", place_of(sources[0]), " as ", it->dump(),
             "; extract all with the same views=, augment=, seed=, top= and dtype=");
      } else {
        it = common.erase(it);
      }
    }
  }
  if (!says_what_rows_are(array)) common["joined"] = std::move(all);
  return common;
}

/// Of all sources the array `name`; of one that says what the rows are, the first one's alone.
std::vector<Array> arrays_called(const std::vector<Source>& sources, const std::string& name) {
  std::vector<Array> out;
  for (const Source& s : sources) {
    out.push_back(s.bank.array(s.split, name));
    const Array& array = out.back();
    if (array.dtype() == out[0].dtype() && array.shape() == out[0].shape()) continue;
    fail(place_of(s), ": ", name, " is ", name_of(array.dtype()), " ", to_string(array.shape()),
         ", that of ", place_of(sources[0]), " is ", name_of(out[0].dtype()), " ",
         to_string(out[0].shape()));
  }
  return out;
}

Array picked(const std::vector<Array>& of, std::span<const std::int64_t> from, std::size_t first) {
  const std::size_t row = of[0].bytes() / of[0].rows();
  auto bytes = std::make_shared<std::vector<std::byte>>(from.size() * row);
  for (std::size_t r = 0; r < from.size(); ++r) {
    const Array& source = of[static_cast<std::size_t>(from[r])];
    std::memcpy(bytes->data() + r * row,
                static_cast<const std::byte*>(source.data()) + (first + r) * row, row);
  }
  Shape shape = of[0].shape();
  shape[0] = from.size();
  const void* data = bytes->data();
  return {of[0].dtype(), std::move(shape), std::move(bytes), data};
}

}  // namespace

std::vector<std::int64_t> in_turn(std::size_t rows, std::size_t sources) {
  std::vector<std::int64_t> from(rows);
  for (std::size_t r = 0; r < rows; ++r) from[r] = static_cast<std::int64_t>(r % sources);
  return from;
}

std::vector<std::string> join_splits(const std::vector<Source>& sources,
                                     std::span<const std::int64_t> from, FeatureBank& target,
                                     const std::string& as,
                                     const std::function<void(std::size_t)>& progress) {
  if (sources.size() < 2) fail("expected two or more splits to join, found ", sources.size());
  const Source& one = sources[0];
  for (const Source& s : sources) check_same_pictures(one, s);
  const std::size_t rows = one.bank.rows(one.split);
  if (from.size() != rows)
    fail("from: expected a split for each of ", rows, " rows, found ", from.size());
  for (std::size_t r = 0; r < rows; ++r) {
    if (from[r] >= 0 && static_cast<std::size_t>(from[r]) < sources.size()) continue;
    fail("from: row ", r, " is to come from split ", from[r], ", expected 0 .. ",
         sources.size() - 1);
  }

  std::vector<ArrayPlan> plans;
  std::vector<std::vector<Array>> arrays;
  std::vector<std::string> left_out;
  for (const Source& s : sources) {
    for (const std::string& name : s.bank.arrays(s.split)) {
      const auto has = [&](const Source& other) { return other.bank.has(other.split, name); };
      if (!std::ranges::all_of(sources, has)) {
        if (std::ranges::find(left_out, name) == left_out.end()) left_out.push_back(name);
      } else if (&s == &one) {
        arrays.push_back(arrays_called(sources, name));
        const Array& array = arrays.back()[0];
        plans.push_back({name, array.dtype(), Shape(array.shape().begin() + 1, array.shape().end()),
                         inputs_of(sources, name)});
      }
    }
  }
  if (plans.empty()) fail("the splits have no array that is in all of them");

  SplitWriter writer(target, as, rows, plans, one.bank.manifest(one.split).at("inputs"));
  while (writer.done() < rows) {
    check_interrupt();
    if (progress) progress(writer.done());
    const std::size_t first = writer.done(), count = std::min(copied_at_once, rows - first);
    for (std::size_t a = 0; a < plans.size(); ++a) {
      writer.write(plans[a].name, picked(arrays[a], from.subspan(first, count), first));
    }
    writer.commit(count);
  }
  if (auto paths = one.bank.paths(one.split); !paths.empty()) writer.set_paths(std::move(paths));
  writer.finish();
  return left_out;
}

}  // namespace nescio::bank
