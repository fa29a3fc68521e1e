#include "image/resize_passes.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "image/resize_passes.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace nescio::image {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Sums = hn::ScalableTag<std::int32_t>;
using Sum = hn::Vec<Sums>;

constexpr int half = 1 << (weight_bits - 1);

/// Calls `work` with the beginnings of pieces that cover 0 .. size - 1; the last one overlaps the
/// one before where they do not fit. size >= piece.
template <class Work>
HWY_INLINE void cover(std::size_t size, std::size_t piece, const Work& work) {
  for (std::size_t i = 0; i + piece <= size; i += piece) work(i);
  if (size % piece != 0) work(size - piece);
}

/// `Vectors` vectors of sums over rows at a distance of `stride`.
template <std::size_t Vectors>
HWY_INLINE void blend_piece(const std::uint8_t* rows, std::size_t stride, const int* weights,
                            std::size_t count, std::uint8_t* out) {
  const Sums d;
  const hn::Rebind<std::uint8_t, Sums> pixels;
  const std::size_t lanes = hn::Lanes(d);
  Sum sums[Vectors];
  for (Sum& sum : sums) sum = hn::Set(d, half);
  for (std::size_t k = 0; k < count; ++k, rows += stride) {
    const Sum weight = hn::Set(d, weights[k]);
    for (std::size_t v = 0; v < Vectors; ++v) {
      const Sum pixel = hn::PromoteTo(d, hn::LoadU(pixels, rows + v * lanes));
      sums[v] = hn::Add(sums[v], hn::Mul(pixel, weight));
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v) {
    const auto pixel = hn::DemoteTo(pixels, hn::ShiftRight<weight_bits>(sums[v]));  // saturates
    hn::StoreU(pixel, pixels, out + v * lanes);
  }
}

/// out[i] = sum over k of weights[k] rows[k stride + i], i < size, rounded and clamped.
HWY_INLINE void blend(const std::uint8_t* rows, std::size_t stride, const int* weights,
                      std::size_t count, std::uint8_t* out, std::size_t size) {
  const std::size_t lanes = hn::Lanes(Sums());
  if (size >= 4 * lanes) {
    cover(size, 4 * lanes, [&](std::size_t i) HWY_ATTR {
      blend_piece<4>(rows + i, stride, weights, count, out + i);
    });
  } else if (size >= lanes) {
    cover(size, lanes, [&](std::size_t i) HWY_ATTR {
      blend_piece<1>(rows + i, stride, weights, count, out + i);
    });
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      int sum = half;
      for (std::size_t k = 0; k < count; ++k) sum += weights[k] * rows[k * stride + i];
      out[i] = static_cast<std::uint8_t>(std::clamp(sum >> weight_bits, 0, 255));
    }
  }
}

constexpr std::size_t side = 16;  // of a square that is transposed in registers

HWY_INLINE void transpose_square(const std::uint8_t* in, std::size_t in_stride, std::uint8_t* out,
                                 std::size_t out_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) out[x * out_stride + y] = in[y * in_stride + x];
  }
#else
  const hn::Full128<std::uint8_t> d;
  using Row = hn::Vec<decltype(d)>;
  Row rows[side];
  for (std::size_t i = 0; i < side; ++i) rows[i] = hn::LoadU(d, in + i * in_stride);
  // Four times over, rows i and i + 8 are zipped; then the four bits of a row's number have changed
  // places with those of the column's.
  for (int round = 0; round < 4; ++round) {
    Row zipped[side];
    for (std::size_t i = 0; i < side / 2; ++i) {
      zipped[2 * i] = hn::InterleaveLower(d, rows[i], rows[i + side / 2]);
      zipped[2 * i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + side / 2]);
    }
    for (std::size_t i = 0; i < side; ++i) rows[i] = zipped[i];
  }
  for (std::size_t i = 0; i < side; ++i) hn::StoreU(rows[i], d, out + i * out_stride);
#endif
}

/// `in` [height, width] -> `out` [width, height].
void transpose(const std::uint8_t* in, std::size_t height, std::size_t width, std::size_t in_stride,
               std::uint8_t* out, std::size_t out_stride) {
  if (height >= side && width >= side) {
    cover(height, side, [&](std::size_t y) HWY_ATTR {
      cover(width, side, [&](std::size_t x) HWY_ATTR {
        transpose_square(in + y * in_stride + x, in_stride, out + x * out_stride + y, out_stride);
      });
    });
    return;
  }
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) out[x * out_stride + y] = in[y * in_stride + x];
  }
}

void along_columns(const std::uint8_t* in, std::size_t row, const Taps& taps, std::uint8_t* out) {
  for (std::size_t y = 0; y < taps.size(); ++y) {
    blend(in + taps.first[y] * row, row, &taps.weights[y * taps.most], taps.count[y], out + y * row,
          row);
  }
}

/// Strip by strip of rows: transposed, so that a vector holds pixels of one column, resized along
/// the columns, and turned back.
void along_rows(const std::uint8_t* in, std::size_t height, std::size_t width, std::size_t channels,
                const Taps& taps, std::uint8_t* out) {
  constexpr std::size_t most = 4 * side;  // a strip of usual pictures stays in the L2 cache
  const std::size_t strip = height < side ? height : std::min(most, height / side * side);
  const std::size_t in_row = width * channels;
  const std::size_t out_row = taps.size() * channels;
  std::vector<std::uint8_t> columns(in_row * strip);
  std::vector<std::uint8_t> resized(out_row * strip);
  cover(height, strip, [&](std::size_t y) HWY_ATTR {
    transpose(in + y * in_row, strip, in_row, in_row, columns.data(), strip);
    for (std::size_t x = 0; x < taps.size(); ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        blend(&columns[(taps.first[x] * channels + c) * strip], channels * strip,
              &taps.weights[x * taps.most], taps.count[x], &resized[(x * channels + c) * strip],
              strip);
      }
    }
    transpose(resized.data(), out_row, strip, strip, out + y * out_row, out_row);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::image {

HWY_EXPORT(along_rows);
HWY_EXPORT(along_columns);

void resize_along_rows(const std::uint8_t* in, std::size_t height, std::size_t width,
                       std::size_t channels, const Taps& taps, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(along_rows)(in, height, width, channels, taps, out);
}

void resize_along_columns(const std::uint8_t* in, std::size_t row, const Taps& taps,
                          std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(along_columns)(in, row, taps, out);
}

}  // namespace nescio::image
#endif
