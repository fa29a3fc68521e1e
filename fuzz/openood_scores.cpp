#include "io/openood_scores.h"

#include "fuzz_target.h"
#include "io/file_format.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  if (io::identify(bytes.span()) == io::FileFormat::zip) {
    touch(io::parse_openood_npz(bytes, "scores").confidences);
    return;
  }
  for (const io::SavedConfidences& saved : io::parse_openood_pickle(bytes, "scores")) {
    touch(saved.confidences);
    touch(saved.predictions);
    touch(saved.labels);
  }
}
