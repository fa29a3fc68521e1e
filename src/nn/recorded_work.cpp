#include "nn/recorded_work.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#ifdef NESCIO_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#endif

namespace nescio::nn {

#ifdef NESCIO_CUDA_GRAPHS

struct RecordedWork::Graph {
  at::cuda::CUDAGraph graph;
};

std::string RecordedWork::fault(const torch::Device& device) {
  return device.is_cuda() ? "" : "the device is " + device.str();
}

RecordedWork::RecordedWork(const std::function<void()>& f) : graph_(std::make_unique<Graph>()) {
  at::cuda::CUDAGraph& graph = graph_->graph;
  // Other threads, which bring pictures, may go on as they like.
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  try {
    f();
  } catch (...) {
    try {
      graph.capture_end();
    } catch (const c10::Error&) {  // which says less than the one that is on its way
    }
    throw;
  }
  graph.capture_end();
}

void RecordedWork::play() const { graph_->graph.replay(); }

#else

struct RecordedWork::Graph {};

std::string RecordedWork::fault(const torch::Device& device) {
  if (!device.is_cuda()) return "the device is " + device.str();
  return "CUDA's headers were not found when this program was built";
}

RecordedWork::RecordedWork(const std::function<void()>&) { TORCH_CHECK(false, fault({"cuda"})); }

void RecordedWork::play() const {}

#endif

RecordedWork::~RecordedWork() = default;

struct OwnStream::Guard {
  Guard(c10::Stream own, c10::Stream before) : before(before), guard(own) {}
  c10::Stream before;
  c10::StreamGuard guard;
};

namespace {

/// What is asked of `later` from now on waits for what was asked of `earlier`.
void wait_for(const c10::Stream& earlier, const c10::Stream& later) {
  c10::Event event(earlier.device_type());
  event.record(earlier);
  event.block(later);
}

}  // namespace

OwnStream::OwnStream(const torch::Device& device) {
  if (!device.is_cuda()) return;
  const c10::impl::VirtualGuardImpl cuda(device.type());
  const c10::Stream before = cuda.getStream(device);
  const c10::Stream own = cuda.getStreamFromGlobalPool(device);
  wait_for(before, own);
  guard_ = std::make_unique<Guard>(own, before);
}

OwnStream::~OwnStream() {
  if (guard_) wait_for(guard_->guard.current_stream(), guard_->before);
}

}  // namespace nescio::nn
