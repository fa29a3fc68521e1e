#include "fuzz_target.h"
#include "monitoring/saved_monitor.h"

// The state is one of this calibration and these settings. What a monitor was given it can go on from.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  static const calibration::Calibration calibration({.promise = {.share = 0.6}}, {{1, 3, 2, 5, 4}});
  monitoring::Monitor monitor(calibration, {.window = 4, .every = 2});
  monitoring::parse_monitor(monitor, io::parse_safetensors(bytes, "state"), "state");
  for (int row = 0; row < 6; ++row) monitor.add(row);
  monitor.record();
}
