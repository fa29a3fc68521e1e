// Pictures per second of an extraction, and of the loader alone, against the bare network on
// pictures that are in memory.
//   nescio_extract_bench resnet20:PATH.th 'cifar10:DIR?split=test' [THREADS]
// Extraction reads, normalises, runs the network, and writes, hashes and syncs a bank.
#include <cstdio>
#include <numeric>

#include "extract/extract.h"
#include "image/loading/loader.h"
#include "io/npy.h"
#include "measure.h"
#include "nn/model.h"
#include "temporary_folder.h"

namespace nescio::bench {
namespace {

constexpr std::size_t most_pictures = 10 * 128;
constexpr std::size_t rounds = 5;

void compare(const std::string& model_spec, const std::string& data_spec) {
  const TemporaryFolder folder;
  const std::size_t pictures = std::min(most_pictures, image::open_dataset(data_spec)->size());
  std::vector<std::int64_t> rows(pictures);
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  io::write_npy(folder.path() / "index.npy", Array({pictures}, std::move(rows)));
  const std::string spec = data_spec + (data_spec.find('?') == std::string::npos ? "?" : "&") +
                           "index=" + (folder.path() / "index.npy").string();
  const nn::Model model = nn::Model::load(model_spec);
  const auto dataset = image::open_dataset(spec);

  extract::ExtractOptions options;
  options.workers = static_cast<std::size_t>(thread_count());
  // Several batches even of few pictures.
  const std::size_t batch = std::min(extract::default_batch(model), (pictures + 3) / 4);
  options.batch = batch;
  const image::Preprocessing& preprocessing = model.preprocessing();
  const std::vector<float> images(batch * 3 * preprocessing.height * preprocessing.width, 0.5f);
  std::size_t calls = 0;
  const auto times = alternate(
      {[&] {
         for (std::size_t i = 0; i < pictures; i += batch) model.forward(images);
       },
       [&] {
         bank::FeatureBank bank =
             bank::FeatureBank::open_or_create(folder.path() / ("bank" + std::to_string(calls++)));
         extract::extract(model, *dataset, spec, bank, "bench/rows", options);
       },
       [&] {
         image::LoaderOptions loading;
         loading.batch = batch;
         loading.workers = *options.workers;
         image::Loader loader(*dataset, preprocessing, loading);
         image::ImageBatch made;
         while (loader.next(made)) continue;
       }},
      rounds);
  const auto per_second = [&](const Times& seconds) {
    return Times(rounds, static_cast<double>(pictures)) / seconds;
  };
  print_row("extraction / bare network", {print(times[0] / times[1])});
  print_row("loader alone / bare network", {print(times[0] / times[2])});
  print_row("pictures a second, extraction", {print(per_second(times[1]))});
  print_row("pictures a second, bare network", {print(per_second(times[0]))});
  print_row("pictures a second, loader alone", {print(per_second(times[2]))});
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL:WEIGHTS DATA [THREADS]\n", argv[0]);
    return 2;
  }
  try {
    nescio::set_thread_count(argc > 3 ? std::atoi(argv[3]) : nescio::thread_count());
    std::printf("%d threads, %s; median (min .. max)\n", nescio::thread_count(), argv[1]);
    nescio::bench::compare(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "extract_bench: %s\n", error.what());
    return 1;
  }
}
