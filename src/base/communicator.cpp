#include "base/communicator.h"

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
  const auto rank = static_cast<std::size_t>(processes.rank());
  const auto size = static_cast<std::size_t>(processes.size());
  const std::size_t first = count * rank / size;
  return {first, count * (rank + 1) / size - first};
}

}  // namespace nescio
