#include "detectors/saved_calibration.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/text.h"
#include "base/within.h"
#include "detectors/saved_detector.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/sha256.h"

namespace nescio::detectors {
namespace {

using calibration::Calibration;
using calibration::Goal;
using calibration::Request;
using calibration::ScoredRows;
using calibration::Validity;
using Json = nlohmann::json;

constexpr int calibration_version = 1;
constexpr const char* metadata_key = "calibration";

// By their numbers.
constexpr const char* goals[] = {"keep", "catch", "threshold"};
constexpr const char* validities[] = {"marginal", "conditional"};
static_assert(static_cast<int>(Goal::value) == 2 && static_cast<int>(Validity::conditional) == 1);

template <class T>
T named_in(const auto& names, const Json& name, const std::string& where) {
  const auto found = std::ranges::find(names, name);
  if (found == std::end(names)) {
    fail(where, ": expected ", join({std::begin(names), std::end(names)}, " or "), ", found ",
         name.dump());
  }
  return static_cast<T>(found - std::begin(names));
}

Json json_of(const calibration::Rate& rate) {
  return {{"rows", rate.rows.rows},
          {"count", rate.rows.count},
          {"lower", rate.bounds.lower},
          {"upper", rate.bounds.upper}};
}

Json json_of(const SavedCalibration& saved) {
  const Request& request = saved.made.request();
  Json out = {{"goal", goals[static_cast<int>(request.goal)]},
              {"share", request.promise.share},
              {"guarantee", request.promise.guaranteed},
              {"confidence", request.promise.confidence},
              {"threshold", saved.made.threshold().value},
              {"per_class", request.per_class},
              {"class_rows", request.class_rows},
              {"p_values", validities[static_cast<int>(request.validity)]},
              {"kept", json_of(saved.made.kept())},
              {"data", saved.data}};
  if (saved.made.caught()) out["caught"] = json_of(*saved.made.caught());
  return out;
}

template <class T>
T calibration_field(const Json& json, const char* name, const std::string& where) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  if (!json.is_object() || found == json.end()) fail(where, ": '", name, "' is missing");
  try {
    return found->get<T>();
  } catch (const Json::exception&) {
    fail(where, ": '", name, "' is ", found->dump(), ", which is of the wrong type");
  }
}

std::size_t count_in(const Json& json, const char* name, const std::string& where) {
  const Json found = calibration_field<Json>(json, name, where);
  if (!found.is_number_unsigned()) fail(where, ": '", name, "' is ", found.dump(), ", no count");
  return found.get<std::size_t>();
}

Request request_of(const Json& json, const std::string& where) {
  return {
      .goal = named_in<Goal>(goals, calibration_field<Json>(json, "goal", where), where + ": goal"),
      .promise = {.share = calibration_field<double>(json, "share", where),
                  .guaranteed = calibration_field<bool>(json, "guarantee", where),
                  .confidence = calibration_field<double>(json, "confidence", where)},
      .value = calibration_field<double>(json, "threshold", where),
      .per_class = calibration_field<bool>(json, "per_class", where),
      .class_rows = count_in(json, "class_rows", where),
      .validity = named_in<Validity>(validities, calibration_field<Json>(json, "p_values", where),
                                     where + ": p_values")};
}

// In an order of their own, so that equal calibrations have equal hashes.
std::string hash_of(const std::map<std::string, Array>& arrays) {
  io::Sha256 hash;
  for (const auto& [name, array] : arrays) {
    hash.add(name);
    hash.add(std::string_view(reinterpret_cast<const char*>(array.data()), array.bytes()));
  }
  return hash.hex();
}

void add(std::map<std::string, Array>& arrays, const std::string& name, const ScoredRows& rows) {
  const Shape shape{rows.scores.size()};
  arrays.emplace(name, Array(shape, rows.scores));
  if (rows.predicted.empty()) return;
  arrays.emplace(name + ".class", Array(shape, std::vector<std::int64_t>(rows.predicted.begin(),
                                                                         rows.predicted.end())));
}

ScoredRows rows_in(const std::map<std::string, Array>& arrays, const std::string& name,
                   const std::string& where) {
  ScoredRows out;
  const auto scores = arrays.find(name);
  if (scores == arrays.end()) return out;
  if (scores->second.dtype() != DType::float32 || scores->second.shape().size() != 1) {
    fail(where, ": ", name, ": expected float32 [N], found ", to_string(scores->second.shape()));
  }
  const auto values = scores->second.as<float>();
  out.scores.assign(values.begin(), values.end());
  const auto classes = arrays.find(name + ".class");
  if (classes == arrays.end()) return out;
  if (classes->second.dtype() != DType::int64 ||
      classes->second.shape() != scores->second.shape()) {
    fail(where, ": ", name, ".class: expected int64 ", to_string(scores->second.shape()),
         ", found ", to_string(classes->second.shape()));
  }
  for (const std::int64_t c : classes->second.as<std::int64_t>()) {
    if (c < 0 || c >= std::int64_t{1} << 24) fail(where, ": ", name, ".class: ", c, " is no class");
    out.predicted.push_back(static_cast<std::uint32_t>(c));
  }
  return out;
}

Json json_in(const io::Safetensors& file, const std::string& where) {
  const auto found = file.metadata.find(metadata_key);
  if (found == file.metadata.end()) fail(where, ": no calibration in its metadata");
  Json json = io::parse_json(found->second, where);
  const Json format = calibration_field<Json>(json, "format", where);
  if (format != calibration_version) {
    fail(where, ": format ", format.dump(), "; this program reads ", calibration_version);
  }
  return json;
}

Calibrations calibrations_in(const io::Safetensors& file, const Json& json,
                             const std::string& detector_sha256, const std::string& where) {
  if (calibration_field<std::string>(json, "detector_sha256", where) != detector_sha256) {
    fail(where, ": was made for another detector");
  }
  Calibrations out{.active = calibration_field<std::string>(json, "active", where)};
  const Json all = calibration_field<Json>(json, "calibrations", where);
  for (const auto& [name, one] : all.items()) {
    const std::string place = where + ": " + name;
    ScoredRows ood = rows_in(file.tensors, name + ".ood", place);
    const Request request = request_of(one, place);
    ScoredRows id = rows_in(file.tensors, name + ".id", place);
    SavedCalibration saved{
        .made = within(place + ": ", [&] { return Calibration(request, std::move(id), ood); }),
        .ood = std::move(ood),
        .data = one.value("data", Json())};
    if (saved.made.threshold().value != calibration_field<double>(one, "threshold", place)) {
      fail(place, ": its scores give the threshold ", format_number(saved.made.threshold().value),
           ", it states ", one.at("threshold").dump());
    }
    out.all.emplace(name, std::move(saved));
  }
  if (!out.all.contains(out.active)) fail(where, ": '", out.active, "' is active and not there");
  return out;
}

}  // namespace

const SavedCalibration& Calibrations::find(const std::string& name) const {
  if (all.empty()) fail("the detector is not calibrated; `nescio calibrate` does it");
  const auto found = all.find(name.empty() ? active : name);
  if (found != all.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, saved] : all) names.push_back(known);
  fail("there is no calibration '", name, "'.", suggest(name, names));
}

std::string calibration_name(const Request& request, const std::string& given) {
  if (given.empty()) {
    if (request.goal == Goal::value) return "threshold-" + format_number(request.value);
    return text(
        request.goal == Goal::catches ? "catch-" : "keep-", format_number(request.promise.share),
        request.promise.guaranteed ? "-guaranteed" : "", request.per_class ? "-per_class" : "");
  }
  const bool plain = std::ranges::all_of(
      given, [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; });
  if (!plain || given.size() > 64) {
    fail(printable(given), ": expected at most 64 letters, digits, '.', '_' and '-'");
  }
  return given;
}

Calibrations parse_calibrations(const io::Safetensors& file, const std::string& detector_sha256,
                                const std::string& where) {
  return calibrations_in(file, json_in(file, where), detector_sha256, where);
}

Calibrations load_calibrations(const std::filesystem::path& detector) {
  const auto path = detector / calibration_file;
  if (!std::filesystem::exists(path)) return {};
  const std::string where = path.string(), sha256 = learned_sha256(detector);
  // `calibrate` reads it, too, since it keeps what is in it.
  try {
    const io::Safetensors file = io::read_safetensors(path);
    const Json json = json_in(file, where);
    if (calibration_field<std::string>(json, "scores_sha256", where) != hash_of(file.tensors)) {
      fail(where, ": damaged, the SHA-256 of its scores is not the one that it states");
    }
    return calibrations_in(file, json, sha256, where);
  } catch (const Error& e) {
    fail(e.what(), "; remove this file and calibrate again");
  }
}

Calibrations add_calibration(const std::string& name, SavedCalibration calibration, bool active,
                             const std::filesystem::path& detector,
                             const std::string& detector_sha256) {
  const io::FolderLock lock(detector, true);
  if (learned_sha256(detector) != detector_sha256) {
    fail(detector.string(),
         ": another detector has taken the place of the one that was being "
         "calibrated; calibrate again");
  }
  Calibrations known = load_calibrations(detector);
  known.all.insert_or_assign(name, std::move(calibration));
  if (active || known.active.empty()) known.active = name;
  save_calibrations(known, detector);
  return known;
}

void save_calibrations(const Calibrations& calibrations, const std::filesystem::path& detector) {
  std::map<std::string, Array> arrays;
  Json all = Json::object();
  for (const auto& [name, saved] : calibrations.all) {
    add(arrays, name + ".id", saved.made.id());
    if (!saved.ood.scores.empty()) add(arrays, name + ".ood", saved.ood);
    all[name] = json_of(saved);
  }
  const Json json = {{"format", calibration_version},
                     {"active", calibrations.active},
                     {"scores_sha256", hash_of(arrays)},
                     {"detector_sha256", learned_sha256(detector)},
                     {"calibrations", all}};
  io::write_safetensors(detector / calibration_file, arrays,
                        {{metadata_key, io::in_utf8(json).dump()}});
}

}  // namespace nescio::detectors
