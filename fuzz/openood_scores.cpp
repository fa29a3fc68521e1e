#include "io/openood_scores.h"

#include "fuzz_target.h"
#include "io/file_format.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  if (identify(bytes.span()) == FileFormat::zip) {
    touch(parse_openood_npz(bytes, "scores").confidences);
    return;
  }
  for (const SavedConfidences& saved : parse_openood_pickle(bytes, "scores")) {
    touch(saved.confidences);
    touch(saved.predictions);
    touch(saved.labels);
  }
}
