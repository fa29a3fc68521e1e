#include "fuzz_target.h"
#include "serving/inference_protocol.h"

// The body of a request to `nescio serve`.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  static const serving::RowScorer scorer([] {
    detectors::FittedDetector detector{
        .chain = detectors::Chain("energy"), .head = {}, .origin = {}};
    detector.classes = 2;
    detector.head = Head{Array({2, 3}, std::vector<float>{1, 0, 0, 0, 1, 1}),
                         Array({2}, std::vector<float>{0, 1})};
    return detector;
  }());
  static const calibration::Calibration calibration({.promise = {.share = 0.6}}, {{1, 3, 2, 5, 4}});
  serving::infer({"model", &scorer, &calibration}, bytes.text(), [](const auto&) {});
}
