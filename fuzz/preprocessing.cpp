#include "image/preprocessing.h"

#include "fuzz_target.h"
#include "io/json_file.h"

// As weights carry it.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  image::preprocessing_from_json(io::parse_json(bytes.text(), "weights"), "weights");
}
