#include "monitoring/saved_monitor.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/within.h"
#include "io/json_file.h"
#include "io/sha256.h"

namespace nescio::monitoring {
namespace {

using Json = nlohmann::json;
using Arrays = std::map<std::string, Array>;

constexpr int format_version = 1;
constexpr const char* metadata_key = "monitor";
constexpr std::size_t report_numbers = 10;
constexpr std::int64_t most_rows = std::int64_t{1} << 40;  // in a gap: their sums stay below 2^64

template <class T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string hash_of(const Arrays& arrays, const Json& json) {
  io::Sha256 hash;
  for (const auto& [name, array] : arrays) {
    hash.add(text(name, to_string(array.shape())));
    hash.add(std::string_view(static_cast<const char*>(array.data()), array.bytes()));
  }
  hash.add(json.dump());
  return hash.hex();
}

/// What must be the same for a state to mean the same.
Json identity_of(const Monitor& monitor) {
  const MonitorSettings& s = monitor.settings();
  return {{"calibration_sha256", calibration_sha256(monitor.calibration())},
          {"window", s.window},
          {"every", s.every},
          {"confidence", s.confidence},
          {"false_alarms", s.false_alarms},
          {"seed", s.seed}};
}

std::vector<double> numbers_of(const std::vector<WindowReport>& history) {
  std::vector<double> out;
  for (const WindowReport& r : history) {
    out.insert(out.end(), {static_cast<double>(r.rows), static_cast<double>(r.flagged.count),
                           static_cast<double>(r.flagged.rows), r.rate.lower, r.rate.upper,
                           r.ks.statistic, r.ks.p_value, r.psi, r.psi_by_chance, r.evidence});
  }
  return out;
}

std::vector<WindowReport> history_of(std::span<const double> numbers) {
  constexpr double largest_count = 0x1p53;
  const auto is_count = [](double v) { return v >= 0 && v <= largest_count && v == std::floor(v); };
  std::vector<WindowReport> out;
  for (std::size_t at = 0; at < numbers.size(); at += report_numbers) {
    const auto r = numbers.subspan(at, report_numbers);
    if (!std::ranges::all_of(r.first(3), is_count)) fail("a report in 'history' has no counts");
    out.push_back({.rows = static_cast<std::uint64_t>(r[0]),
                   .flagged = {.count = static_cast<std::size_t>(r[1]),
                               .rows = static_cast<std::size_t>(r[2])},
                   .rate = {.lower = r[3], .upper = r[4]},
                   .ks = {.statistic = r[5], .p_value = r[6]},
                   .psi = r[7],
                   .psi_by_chance = r[8],
                   .evidence = r[9]});
  }
  return out;
}

/// safetensors and our arrays have signed numbers of 64 bits.
Array as_int64(const std::vector<std::uint64_t>& values) {
  return Array({values.size()}, std::vector<std::int64_t>(values.begin(), values.end()));
}

Json json_in(const io::Safetensors& file) {
  const auto words = file.metadata.find(metadata_key);
  if (words == file.metadata.end()) fail("this is no state of a monitor");
  Json json = io::parse_json(words->second, "its metadata");
  if (!json.is_object() || json.value("format", Json()) != format_version) {
    fail("expected format ", format_version, ", found ",
         json.is_object() ? json.value("format", Json()).dump() : json.dump(),
         "; use the program that wrote it, or remove it to begin anew");
  }
  return json;
}

template <class T>
std::span<const T> values_in(const Arrays& arrays, const std::string& name, std::size_t sides = 1) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) fail("'", name, "' is missing");
  if (found->second.shape().size() != sides) {
    fail("'", name, "' has the shape ", to_string(found->second.shape()));
  }
  return found->second.as<T>();
}

std::uint64_t count_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) fail("'", name, "' is no count");
  return found->get<std::uint64_t>();
}

MonitorState state_in(const Arrays& arrays, const Json& counts) {
  const auto gaps = values_in<std::int64_t>(arrays, "gaps");
  const auto accounts = values_in<double>(arrays, "accounts");
  const auto scores = values_in<float>(arrays, "scores");
  const auto flags = values_in<std::uint8_t>(arrays, "flags");
  const auto history = values_in<double>(arrays, "history", 2);
  if (std::ranges::any_of(gaps, [](std::int64_t g) { return g < 0 || g > most_rows; }) ||
      std::ranges::any_of(flags, [](std::uint8_t f) { return f > 1; }) ||
      arrays.at("history").shape()[1] != report_numbers) {
    fail("its numbers contradict each other");
  }
  const auto largest = counts.find("largest");
  if (largest == counts.end() || !largest->is_number()) fail("'largest' is no number");
  return {.gaps = {gaps.begin(), gaps.end()},
          .accounts = {accounts.begin(), accounts.end()},
          .bets = count_in(counts, "bets"),
          .largest = largest->get<double>(),
          .flagged = count_in(counts, "flagged"),
          .unreadable = count_in(counts, "unreadable"),
          .alarm_row = count_in(counts, "alarm_row"),
          .scores = {scores.begin(), scores.end()},
          .flags = {flags.begin(), flags.end()},
          .history = history_of(history)};
}

SeenNames restore(Monitor& monitor, const io::Safetensors& file, const Json& json) {
  const Json expected = identity_of(monitor), of = json.value("of", Json());
  for (const auto& [name, value] : expected.items()) {
    const Json found = of.is_object() ? of.value(name, Json()) : Json();
    if (found == value) continue;
    fail("is the state of a monitor with ", name, " ", found.dump(), ", not ", value.dump(),
         "; give the same, another file, or remove it to begin anew");
  }
  state_in(file.tensors, json).give_to(monitor);
  const auto seen = values_in<std::int64_t>(file.tensors, "seen");
  return {seen.begin(), seen.end()};
}

}  // namespace

std::string calibration_sha256(const calibration::Calibration& calibration) {
  io::Sha256 hash;
  hash.add(bytes_of<float>(calibration.id().scores));
  hash.add(bytes_of<std::uint32_t>(calibration.id().predicted));
  std::vector<double> thresholds = {calibration.threshold().value};
  for (const auto& of_class : calibration.by_class()) {
    thresholds.push_back(of_class ? 1 : 0);
    thresholds.push_back(of_class ? of_class->value : 0);
  }
  hash.add(bytes_of<double>(thresholds));
  return hash.hex();
}

void save_monitor(const Monitor& monitor, const SeenNames& seen,
                  const std::filesystem::path& path) {
  const MonitorState state = MonitorState::of(monitor);
  Arrays arrays;
  arrays.emplace("gaps", as_int64(state.gaps));
  arrays.emplace("accounts", Array({state.accounts.size()}, state.accounts));
  arrays.emplace("scores", Array({state.scores.size()}, state.scores));
  arrays.emplace("flags", Array({state.flags.size()}, state.flags));
  arrays.emplace("history",
                 Array({state.history.size(), report_numbers}, numbers_of(state.history)));
  arrays.emplace("seen", as_int64(seen));
  Json json = {{"format", format_version},       {"of", identity_of(monitor)},
               {"rows", monitor.rows()},         {"bets", state.bets},
               {"largest", state.largest},       {"flagged", state.flagged},
               {"unreadable", state.unreadable}, {"alarm_row", state.alarm_row}};
  json["sha256"] = hash_of(arrays, json);
  io::write_safetensors(path, arrays, {{metadata_key, json.dump()}});
}

SeenNames parse_monitor(Monitor& monitor, const io::Safetensors& file, const std::string& where) {
  return within(where + ": ", [&] { return restore(monitor, file, json_in(file)); });
}

SeenNames load_monitor(Monitor& monitor, const std::filesystem::path& path) {
  const io::Safetensors file = io::read_safetensors(path);
  return within(path.string() + ": ", [&] {
    Json json = json_in(file);
    const Json stated = json.value("sha256", Json());
    json.erase("sha256");
    if (stated != hash_of(file.tensors, json)) {
      fail("damaged, its SHA-256 is not the one that it states; remove it to begin anew");
    }
    return restore(monitor, file, json);
  });
}

}  // namespace nescio::monitoring
