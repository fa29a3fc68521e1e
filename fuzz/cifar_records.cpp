#include "image/cifar_records.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  for (const std::size_t label_bytes : {1u, 2u}) {
    if (bytes.size() % (label_bytes + 3072) != 0) continue;
    const auto records = image::parse_cifar_records(bytes, {.bytes = label_bytes}, "cifar");
    for (std::size_t i = 0; i < records.size(); ++i) {
      records.image(i);
      records.label(i);
    }
  }
  image::parse_cifar_records(bytes, {}, "cifar");
}
