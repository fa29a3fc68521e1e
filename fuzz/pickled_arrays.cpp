#include "io/pickled_arrays.h"

#include "fuzz_target.h"
#include "image/cifar_records.h"

// Any pickle of arrays, then as CIFAR's Python version.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  for (const auto& [name, array] : io::parse_pickled_arrays(bytes, "pickle").arrays) touch(array);
  const io::SharedBytes records =
      image::records_of_pickle(bytes, {"coarse_labels", "fine_labels"}, "pickle");
  image::parse_cifar_records(records, {.bytes = 2}, "records");
}
