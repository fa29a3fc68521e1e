// Event files as TensorBoard reads them: records of protocol buffers, framed as TFRecord does.
//   https://www.tensorflow.org/tutorials/load_data/tfrecord   (framing, masked CRC-32C)
//   tensorflow/core/util/event.proto, summary.proto           (Event 1, 2, 3, 5; Value 1, 2)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nescio::io {

/// The record that an event file begins with. Times are seconds since 1970.
std::string event_file_start(double wall_time);

/// One number: a point of the curve `tag`, "train/loss" say.
std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, float value);

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

}  // namespace nescio::io
