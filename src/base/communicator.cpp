#include "base/communicator.h"

#include "base/shares.h"

namespace nescio {
namespace {

class Alone final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<float>) override {}
  void sum(std::span<double>) override {}
  void wait_for_all() override {}
};

}  // namespace

Communicator& alone() {
  static Alone process;
  return process;
}

Share share_of(const Communicator& processes, std::size_t count) {
  return share_of(processes, count, processes.rank());
}

}  // namespace nescio
