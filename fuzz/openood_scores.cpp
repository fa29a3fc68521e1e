#include "io/openood_scores.h"

#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  for (const SavedConfidences& saved : parse_openood_pickle(bytes, "scores")) {
    touch(saved.confidences);
    touch(saved.predictions);
    touch(saved.labels);
  }
}
