#include "detectors/saved_detector.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/version.h"
#include "base/within.h"
#include "detectors/saved_calibration.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/own_folder.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace nescio::detectors {
namespace {

constexpr const char* manifest_file = "detector.json";
constexpr const char* arrays_file = "learned.safetensors";
constexpr int format_version = 1;
constexpr std::size_t most_self_test_rows = 16;
constexpr double self_test_tolerance = 1e-4;  // of the range of the stored scores

bool lacks_logits(const Chain& chain, const Batch& batch) {
  return chain.needs().logits && !batch.contains("logits");
}

// The arrays that are read of these rows: features stand for logits that are not there.
std::vector<std::string> read_of(const Chain& chain, const Batch& batch) {
  Needs needs = chain.needs();
  if (lacks_logits(chain, batch)) needs.features = true;
  return needs.inputs();
}

std::vector<double> score_rows(const FittedDetector& detector, const Batch& batch,
                               const Executor& executor = Executor::cpu) {
  const std::size_t rows = batch.empty() ? 0 : batch.begin()->second.rows;
  std::vector<double> scores(rows);
  const LogitsFrom logits =
      lacks_logits(detector.chain, batch) ? LogitsFrom::head : LogitsFrom::network;
  detector.compile(executor, logits)->run(batch, {scores.data()});
  return scores;
}

SelfTest self_test_of(const FittedDetector& detector, const std::map<std::string, Array>& tensors) {
  SelfTest out;
  const auto take = [&](const std::string& name) {
    const auto found = tensors.find("self_test." + name);
    if (found != tensors.end()) out.arrays.emplace(name, found->second);
  };
  take("logits");
  take("features");
  for (const auto& [name, width] : detector.arrays) take(name);
  const auto scores = tensors.find("self_test.scores");
  if (scores == tensors.end()) return out;
  const auto values = scores->second.as<double>();
  out.scores.assign(values.begin(), values.end());
  return out;
}

void replay(const FittedDetector& detector, const std::map<std::string, Array>& tensors,
            const Executor& executor) {
  if (!tensors.contains("self_test.scores")) return;
  const auto [arrays, stored] = self_test_of(detector, tensors);
  const Batch batch = to_batch(arrays);
  const auto scores = score_rows(detector, batch, executor);
  if (scores.size() != stored.size()) {
    fail(stored.size(), " self-test scores for ", scores.size(), " rows");
  }
  if (stored.empty()) return;
  const auto [low, high] = std::ranges::minmax_element(stored);
  const double range = std::max(*high - *low, 1e-3 * std::max(std::abs(*high), 1e-3));
  for (std::size_t r = 0; r < stored.size(); ++r) {
    if (!(std::abs(scores[r] - stored[r]) <= self_test_tolerance * range)) {
      fail("self-test row ", r, " scores ", format_number(scores[r]), " here and ",
           format_number(stored[r]), " where the detector was saved; fit it again");
    }
  }
}

const nlohmann::json& field(const nlohmann::json& json, const char* name,
                            const std::filesystem::path& path) {
  if (!json.is_object() || !json.contains(name)) fail(path.string(), ": '", name, "' is missing");
  return json.at(name);
}

// Until arrays of probes were called as the probe with its parameters, they had its name alone.
template <class Value>
void rename_arrays(std::map<std::string, Value>& values, const std::string& before,
                   const Chain& chain) {
  for (const std::string& name : chain.needs().arrays) {
    auto old = values.extract(before + name.substr(0, name.find('(')));
    if (!old) continue;
    old.key() = before + name;
    values.insert(std::move(old));
  }
}

// Older files have no "arrays".
Widths read_widths(const nlohmann::json& json) {
  Widths out;
  if (!json.contains("arrays")) return out;
  for (const auto& [name, width] : json.at("arrays").items()) {
    if (!width.is_number_unsigned()) fail("arrays: ", name, " is no width");
    out.emplace(name, width.get<std::size_t>());
  }
  return out;
}

std::vector<std::string> own_files() { return {manifest_file, arrays_file, calibration_file}; }

/// Where a detector is written before it takes its place.
std::filesystem::path partial_of(const std::filesystem::path& folder) {
  return folder.string() + ".partial";
}

/// Unless another process writes there by now.
void remove_replaced(const std::filesystem::path& partial) {
  std::error_code ignored;
  if (!std::filesystem::exists(partial, ignored)) return;
  try {
    const io::FolderLock lock(partial, false);
    std::filesystem::remove_all(partial, ignored);
  } catch (const Error&) {
  }
}

}  // namespace

void check_detector_folder(const std::filesystem::path& folder) {
  io::check_replaceable(folder, "saved detector", std::filesystem::exists(folder / manifest_file),
                        own_files());
}

void save_detector(const FittedDetector& detector, const Batch& rows,
                   const std::filesystem::path& folder) {
  std::map<std::string, Array> tensors;
  for (const auto& [name, array] : detector.chain.learned()) {
    tensors.emplace("learned." + name, array);
  }
  if (detector.head) {
    tensors.emplace("head.weight", detector.head->weight);
    tensors.emplace("head.bias", detector.head->bias);
  }
  Batch kept;
  for (const std::string& name : read_of(detector.chain, rows)) {
    const auto found = rows.find(name);
    if (found == rows.end()) continue;
    const MatrixView& view = found->second;
    const std::size_t count = std::min(view.rows, most_self_test_rows);
    std::vector<float> values;
    for (std::size_t r = 0; r < count; ++r) {
      values.insert(values.end(), view.row(r), view.row(r) + view.cols);
    }
    kept.emplace(name, view.slice(0, count));
    tensors.emplace("self_test." + name, Array({count, view.cols}, std::move(values)));
  }
  auto scores = score_rows(detector, kept);
  const auto broken = std::ranges::find_if(scores, [](double s) { return !std::isfinite(s); });
  if (broken != scores.end()) {
    fail("[", detector.chain.spec(), "] row ", broken - scores.begin(), " of its bank scores ",
         format_number(*broken),
         ": its parameters are beyond what these logits and features allow");
  }
  if (!scores.empty()) {
    const Shape shape{scores.size()};
    tensors.emplace("self_test.scores", Array(shape, std::move(scores)));
  }

  const std::filesystem::path partial = partial_of(folder);
  check_detector_folder(folder);
  io::FolderLock writing = io::make_and_lock(partial);
  // After a crash it may be the one that was replaced.
  io::check_replaceable(partial, "half of a saved detector", true, own_files());
  std::error_code ignored;
  for (const auto& rest : std::filesystem::directory_iterator(partial)) {
    std::filesystem::remove(rest.path());
  }
  try {
    io::write_safetensors(partial / arrays_file, tensors);
    io::write_json(partial / manifest_file,
                   {{"format", format_version},
                    {"program", version()},
                    {"spec", detector.chain.spec()},
                    {"classes", detector.classes},
                    {"feature_width", detector.feature_width},
                    {"arrays", detector.arrays},
                    {"learned_sha256", io::sha256_file(partial / arrays_file)},
                    {"origin", detector.origin}});
  } catch (...) {
    std::filesystem::remove_all(partial, ignored);
    throw;
  }
  {
    io::FolderLock calibrating;  // nobody, then
    if (std::filesystem::exists(folder)) calibrating = io::FolderLock(folder, true);
    io::replace_folder(partial, folder);
  }
  writing = {};  // it is in its place
  remove_replaced(partial);
}

namespace {

nlohmann::json read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / manifest_file;
  if (!std::filesystem::exists(path)) {
    fail(folder.string(), ": no detector.json; expected a folder written by `nescio fit ... out=`");
  }
  nlohmann::json json = io::read_json(path);
  const auto& format = field(json, "format", path);
  if (!format.is_number_integer() || format.get<int>() != format_version) {
    fail(path.string(), ": format ", format.dump(), "; this program reads ", format_version,
         "; use the one that wrote it, or fit it again");
  }
  return json;
}

}  // namespace

FittedDetector load_detector(const std::filesystem::path& folder, const Executor& executor,
                             Held held) {
  io::restore_folder(partial_of(folder), folder);
  const nlohmann::json json = read_manifest(folder);
  const auto file = folder / arrays_file;
  const io::SharedBytes bytes = held == Held::copied ? io::read_bytes(file) : io::map_file(file);
  if (field(json, "learned_sha256", folder / manifest_file) != io::sha256(bytes.span())) {
    fail(file.string(), ": damaged, its SHA-256 is not the one in detector.json; fit it again");
  }
  return parse_detector(json, io::parse_safetensors(bytes, file.string()), folder, executor);
}

SelfTest read_self_test(const std::filesystem::path& folder, const FittedDetector& detector) {
  auto tensors = io::read_safetensors(folder / arrays_file).tensors;
  rename_arrays(tensors, "self_test.", detector.chain);
  return self_test_of(detector, tensors);
}

std::string learned_sha256(const std::filesystem::path& folder) {
  const nlohmann::json json = read_manifest(folder);
  const auto& hash = field(json, "learned_sha256", folder / manifest_file);
  if (!hash.is_string()) {
    fail((folder / manifest_file).string(), ": learned_sha256 is ", hash.dump());
  }
  return hash.get<std::string>();
}

FittedDetector parse_detector(const nlohmann::json& manifest, const io::Safetensors& arrays,
                              const std::filesystem::path& folder, const Executor& executor) {
  const auto path = folder / manifest_file;
  const auto& spec = field(manifest, "spec", path);
  const auto& classes = field(manifest, "classes", path);
  const auto& width = field(manifest, "feature_width", path);
  const auto& origin = field(manifest, "origin", path);
  if (!spec.is_string() || !classes.is_number_unsigned() || !width.is_number_unsigned() ||
      !origin.is_object()) {
    fail(path.string(), ": spec, classes, feature_width or origin is of the wrong type");
  }
  const std::string where = folder.string() + ": ";  // a newer program knows other specs
  FittedDetector out{.chain = within(where, [&] { return Chain(spec.get<std::string>()); }),
                     .classes = classes.get<std::size_t>(),
                     .feature_width = width.get<std::size_t>(),
                     .arrays = within(path.string() + ": ", [&] { return read_widths(manifest); }),
                     .head = std::nullopt,
                     .origin = origin};
  std::map<std::string, Array> tensors = arrays.tensors;
  rename_arrays(out.arrays, "", out.chain);
  rename_arrays(tensors, "self_test.", out.chain);
  std::map<std::string, Array> learned;
  for (const auto& [name, array] : tensors) {
    if (name.starts_with("learned.")) learned.emplace(name.substr(8), array);
  }
  within(where, [&] { out.chain.load(learned); });
  if (tensors.contains("head.weight") && tensors.contains("head.bias")) {
    out.head = Head{tensors.at("head.weight"), tensors.at("head.bias")};
  }
  within(where, [&] { replay(out, tensors, executor); });
  return out;
}

}  // namespace nescio::detectors
