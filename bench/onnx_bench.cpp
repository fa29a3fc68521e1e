// What a detector in somebody's ONNX model costs, and what our extraction adds to the bare session.
//   nescio_onnx_bench MODEL.onnx [key=value&...] [THREADS] [KNN_ROWS]
// The options are those behind '?' of model=onnx:MODEL. Detectors are fitted on what the network says of pictures of
// noise, as many as KNN_ROWS (1,000; at least two of each class); the model and the models with each detector then answer one picture in turn.
// Pictures a second: ours through a bank, and the session's own of batches that are in memory.
#include <cstdio>
#include <numeric>

#include "base/rng.h"
#include "calibration/calibration.h"
#include "detectors/fitting.h"
#include "extract/extract.h"
#include "image/datasets/dataset.h"
#include "io/npy.h"
#include "measure.h"
#include "onnx/export.h"
#include "onnx/onnx_backbone.h"
#include "runtime/onnx_session.h"
#include "temporary_folder.h"

namespace nescio::bench {
namespace {

constexpr std::size_t rounds = 15, calls = 20;

/// Weights beside the model are looked for where `path` is.
runtime::OnnxSession session_of(const onnx::Model& model, const std::filesystem::path& path) {
  const std::string bytes = model.bytes();
  return {std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), "bench",
          std::filesystem::absolute(path).parent_path()};
}

/// The session's input and what it is called.
std::map<std::string, Array> pictures(const runtime::Backbone& network, const onnx::Model& model,
                                      std::size_t count) {
  const image::Preprocessing& p = network.preprocessing();
  std::vector<float> values(count * p.planes() * p.height * p.width);
  Rng rng(2);
  for (float& value : values) value = static_cast<float>(rng.normal());
  return {{model.inputs().front(), Array({count, p.planes(), p.height, p.width}, values)}};
}

void head_costs(const std::string& path, const runtime::Backbone& network, std::size_t rows) {
  const image::Preprocessing& p = network.preprocessing();
  const std::size_t each = p.planes() * p.height * p.width;
  Rng rng(1);
  std::vector<float> features, logits;
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<float> picture(each);
    const double level = rng.normal();
    for (float& value : picture) value = static_cast<float>(level + rng.normal());
    const auto said = network.forward(picture);
    const auto h = said.features.as<float>(), z = said.logits.as<float>();
    features.insert(features.end(), h.begin(), h.end());
    logits.insert(logits.end(), z.begin(), z.end());
  }
  std::vector<std::int64_t> labels(rows);
  for (std::size_t r = 0; r < rows; ++r)
    labels[r] = static_cast<std::int64_t>(r % network.classes());
  const bank::BankViews views = bank::BankViews().with(
      bank::view_of("a/train",
                    {{"features", Array({rows, network.feature_width()}, features)},
                     {"logits", Array({rows, network.classes()}, logits)},
                     {"labels", Array({rows}, labels)}},
                    network.head()));
  const onnx::Model plain{std::filesystem::path(path)};
  const auto input = pictures(network, plain, 1);
  const auto answers = plain.outputs();
  const auto bare = session_of(plain, path);
  for (const std::string spec :
       {"energy", "react(fit_on=train)+energy", "mahalanobis", "knn(k=50)"}) {
    if (spec.starts_with("react") && !network.head()) continue;
    const auto fitted = detectors::fit_detector(views, spec, {"a/train", "a/train", {"a/train"}});
    calibration::ScoredRows id;
    for (std::size_t r = 0; r < 1000; ++r) id.scores.push_back(static_cast<float>(rng.normal()));
    const calibration::Calibration made({}, id);
    onnx::Model with{std::filesystem::path(path)};
    onnx::add_detector(with, fitted, &made, {});
    auto all = answers;
    all.insert(all.end(), {"ood_score", "is_ood", "ood_p_value"});
    const auto session = session_of(with, path);
    const auto times = alternate({[&] {
                                    for (std::size_t i = 0; i < calls; ++i)
                                      bare.run(input, answers);
                                  },
                                  [&] {
                                    for (std::size_t i = 0; i < calls; ++i) session.run(input, all);
                                  }},
                                 rounds);
    print_row(spec + ": with / without", {print(times[1] / times[0])});
    print_row(spec + ": ms without",
              {print(times[0] / Times(rounds, static_cast<double>(calls) / 1000))});
  }
}

void extraction(const std::string& path, const runtime::Backbone& network) {
  const TemporaryFolder folder;
  const image::Preprocessing& p = network.preprocessing();
  constexpr std::size_t count = 96;
  // Pictures of the network's own size: what is compared is the way, not decoding.
  std::vector<std::uint8_t> bytes(count * p.height * p.width * 3);
  Rng rng(3);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
  io::write_npy(folder.path() / "x.npy", Array({count, p.height, p.width, 3}, std::move(bytes)));
  const std::string spec = "npy:" + (folder.path() / "x.npy").string();
  const auto dataset = image::open_dataset(spec);
  extract::ExtractOptions options;
  const onnx::Model model{std::filesystem::path(path)};
  onnx::Model both{std::filesystem::path(path)};
  const auto found = both.find({});
  both.expose(found.logits);
  const std::string features = both.side_by_side(found.features);
  both.expose(features);
  const auto bare = session_of(both, path);
  const std::int64_t fixed = bare.inputs().front().shape.front();
  options.batch = fixed > 0 ? static_cast<std::size_t>(fixed)
                            : std::min(extract::default_batch(network), count / 4);
  const auto input = pictures(network, model, *options.batch);
  std::size_t number = 0;
  const auto times = alternate(
      {[&] {
         for (std::size_t i = 0; i < count; i += *options.batch)
           bare.run(input, {found.logits, features});
       },
       [&] {
         auto bank = bank::FeatureBank::open_or_create(folder.path() / text("bank", number++));
         extract::extract(network, *dataset, spec, bank, "bench/rows", options);
       }},
      rounds);
  print_row("extraction / bare session", {print(times[0] / times[1])});
  print_row("pictures a second, extraction",
            {print(Times(rounds, static_cast<double>(count)) / times[1])});
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  using namespace nescio;
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s MODEL.onnx [key=value&...] [THREADS] [KNN_ROWS]\n", argv[0]);
    return 2;
  }
  try {
    const std::string path = argv[1], options = argc > 2 ? argv[2] : "";
    set_thread_count(argc > 3 ? std::atoi(argv[3]) : thread_count());
    const auto network =
        onnx::load_onnx_backbone("onnx:" + path + (options.empty() ? "" : "?" + options));
    std::printf("%d threads, %s, ONNX Runtime %s; median (min .. max)\n", thread_count(),
                path.c_str(), runtime::onnx_runtime()->version.c_str());
    const std::size_t rows = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1000;
    bench::head_costs(path, *network, std::max(rows, 2 * network->classes()));
    bench::extraction(path, *network);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "onnx_bench: %s\n", error.what());
    return 1;
  }
}
