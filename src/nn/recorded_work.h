// Work of a CUDA device that is recorded once and played again (CUDA graphs): one launch in the place of hundreds.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "nn/torch.h"

namespace nescio::nn {

/// What f() had a device do when it was recorded. Playing it reads and writes the same memory with the same
/// operations, so what it reads is copied there before, and what it writes is taken from there afterwards. Random
/// numbers are those that libtorch's generator of the device gives when it is played.
class RecordedWork {
 public:
  /// Why nothing can be recorded on the device: it is none of CUDA, or this build has nothing to do it with. Empty
  /// if it can.
  static std::string fault(const torch::Device& device);

  /// Calls f() once, whose work is recorded and not done. Call it on the thread's own stream (OwnStream), after
  /// f() has run there a few times as it is. c10::Error, after which all is as before, if f() does what cannot
  /// be recorded: waits for the device, or reads memory of the host.
  explicit RecordedWork(const std::function<void()>& f);
  ~RecordedWork();
  RecordedWork(const RecordedWork&) = delete;
  RecordedWork& operator=(const RecordedWork&) = delete;

  /// Does the work, without waiting for it.
  void play() const;

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

/// As long as it lives, what this thread asks a CUDA device to do goes to a stream of its own and not to the common
/// one, on which nothing can be recorded. Each waits for what the other has been asked before. Nothing on a CPU.
class OwnStream {
 public:
  explicit OwnStream(const torch::Device& device);
  ~OwnStream();
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

}  // namespace nescio::nn
