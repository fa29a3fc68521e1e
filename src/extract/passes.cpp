#include "extract/passes.h"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

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
  // Batches have numbers in the order of the pictures. Who has looked at one waits until those before it are
  // taken, while the others go on looking.
  std::mutex reading, taking;
  std::condition_variable turn;
  std::size_t read = done, begun = 0, taken = 0;
  std::size_t failed =
      std::numeric_limits<std::size_t>::max();  // those before it are taken all the same
  const auto next = [&](image::ImageBatch& batch) -> std::optional<std::size_t> {
    const std::lock_guard lock(reading);
    const std::size_t from =
        std::exchange(read, end);  // nobody goes on behind a picture that is broken
    if (from >= end || !loader.next(batch)) return std::nullopt;
    shorten(batch, end - from);
    read = from + batch.count;
    return begun++;
  };
  parallel_for(lanes, [&](std::size_t) {
    image::ImageBatch batch;
    while (const auto number = next(batch)) {
      try {
        Pass pass(network, batch.images, options.taps);
        const std::vector<Array> found = look(pass, batch);
        std::unique_lock lock(taking);
        turn.wait(lock, [&] { return taken == *number || failed < *number; });
        if (failed < *number) return;
        check_interrupt();
        take(found, batch);
        done += batch.count;
        report();
        ++taken;
      } catch (...) {
        {
          const std::scoped_lock lock(reading, taking);
          read = end;
          failed = std::min(failed, *number);
        }
        turn.notify_all();
        throw;
      }
      turn.notify_all();
    }
  });
}

}  // namespace nescio::extract
