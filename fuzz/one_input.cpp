// The entry that libFuzzer and the replay call.
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "base/error.h"
#include "fuzz_target.h"

namespace nescio {

void touch(const Array& array) {
  const auto* bytes = static_cast<const std::uint8_t*>(array.data());
  static volatile unsigned sink = 0;
  sink = std::accumulate(bytes, bytes + array.bytes(), sink + 0u);
}

}  // namespace nescio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    nescio::read_untrusted({nullptr, {data, size}});
  } catch (const nescio::Error&) {
    // refused with a sentence
  }
  return 0;
}
