#include "extract/passes.h"

#include <algorithm>

#include "base/interrupt.h"
#include "base/threads.h"

namespace nescio::extract {
namespace {

bool on_cpu(const runtime::Backbone& network) { return network.device() == "cpu"; }

/// A picture takes a small part of the network's time for it, but a GPU has none to wait.
std::size_t default_workers(const runtime::Backbone& network) {
  const auto threads = static_cast<std::size_t>(thread_count());
  return std::max<std::size_t>(2, on_cpu(network) ? threads / 2 : threads);
}

/// What lies behind the first `count` pictures of a batch only fills it up from here on.
void shorten(image::ImageBatch& batch, std::size_t count) {
  if (count >= batch.count) return;
  batch.count = count;
  batch.labels.resize(count);
  batch.index.resize(count);
  batch.items.resize(count);
}

}  // namespace

std::size_t default_batch(const runtime::Backbone& network) {
  const image::Preprocessing& p = network.preprocessing();
  return on_cpu(network) && p.height * p.width > 64 * 64 ? 8 : 128;
}

void run_passes(const runtime::Backbone& network, const image::Dataset& dataset,
                const PassOptions& options, const Look& look, const Take& take) {
  // On the CPU each thread takes a batch of its own: no thread waits for another within a layer, and
  // the bits cannot depend on how many there are. A GPU has enough to do with one.
  const std::size_t lanes =
      on_cpu(network) ? static_cast<std::size_t>(thread_count()) : std::size_t{1};
  std::vector<image::ImageBatch> batches(lanes);
  std::vector<std::vector<Array>> found(lanes);
  image::Loader loader(dataset, network.preprocessing(),
                       {.batch = options.batch.value_or(default_batch(network)),
                        .first = options.first,
                        .workers = options.workers.value_or(default_workers(network)),
                        .ahead = lanes + 1,
                        .first_epoch = options.view,
                        .view_seed = options.seed,
                        .augmentation = options.augmentation});
  std::size_t done = options.first;
  const std::size_t end = std::min(options.end.value_or(dataset.size()), dataset.size());
  const auto report = [&] {
    if (options.progress) options.progress(options.doing, done, end);
  };
  report();
  std::size_t read = done;
  while (done < end) {
    std::size_t count = 0;
    while (count < lanes && read < end && loader.next(batches[count])) {
      shorten(batches[count], end - read);
      read += batches[count++].count;
    }
    parallel_for(count, [&](std::size_t i) {
      Pass pass(network, batches[i].images, options.taps);
      found[i] = look(pass, batches[i]);
    });
    for (std::size_t i = 0; i < count; ++i) {
      check_interrupt();
      take(found[i], batches[i]);
      done += batches[i].count;
      report();
    }
  }
}

}  // namespace nescio::extract
