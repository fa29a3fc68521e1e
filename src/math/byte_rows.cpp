// Kernels are written for each instruction set: the Highway of Debian 12 has no products of four bytes, nor tiles.
#include "math/byte_rows.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#define NESCIO_HAS_TILES 1
#endif

// Sums are in registers only where the loops over them are unrolled.
#if defined(__clang__)
#define NESCIO_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NESCIO_UNROLL _Pragma("GCC unroll 16")
#endif

namespace nescio::math {
namespace {

constexpr std::size_t group = ByteRows::group;
/// Bytes of a point that a tile takes at once.
constexpr std::size_t tile_bytes = 64;

constexpr std::size_t padded(std::size_t width, std::size_t to) {
  return (width + to - 1) / to * to;
}

constexpr std::size_t point_width_of(std::size_t width) { return padded(width, tile_bytes); }

/// The first byte that row r of a group has at column c.
constexpr std::size_t place(std::size_t r, std::size_t c) { return c / 4 * 4 * group + r * 4; }

void multiply_plain(const std::uint8_t* points, std::size_t count, const std::int8_t* rows,
                    std::size_t width, std::size_t groups, std::int32_t* products,
                    std::size_t stride) {
  for (std::size_t p = 0; p < count; ++p) {
    const std::uint8_t* point = points + p * point_width_of(width);
    for (std::size_t g = 0; g < groups; ++g) {
      std::array<std::int32_t, group> sums = {};
      for (std::size_t c = 0; c < width; c += 4) {
        const std::int8_t* four = rows + g * group * width + place(0, c);
        for (std::size_t r = 0; r < group; ++r) {
          for (std::size_t i = 0; i < 4; ++i) sums[r] += point[c + i] * four[4 * r + i];
        }
      }
      std::memcpy(products + p * stride + g * group, sums.data(), sizeof(sums));
    }
  }
}

#if defined(__x86_64__)

std::int32_t four_bytes(const std::uint8_t* at) {
  std::int32_t out;
  std::memcpy(&out, at, sizeof(out));
  return out;
}

/// `points` points with one group of rows. Two products of numbers up to 127 fit in 16 bits.
template <std::size_t points>
__attribute__((target("avx2"))) void block_avx2(const std::uint8_t* x, const std::int8_t* rows,
                                                std::size_t width, std::int32_t* products,
                                                std::size_t stride) {
  const std::size_t apart = point_width_of(width);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i low[points], high[points];
  NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
    low[p] = high[p] = _mm256_setzero_si256();
  }
  for (std::size_t c = 0; c < width; c += 4) {
    const auto* four = reinterpret_cast<const __m256i*>(rows + place(0, c));
    const __m256i first = _mm256_loadu_si256(four), second = _mm256_loadu_si256(four + 1);
    NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
      const __m256i own = _mm256_set1_epi32(four_bytes(x + p * apart + c));
      low[p] = _mm256_add_epi32(low[p], _mm256_madd_epi16(_mm256_maddubs_epi16(own, first), ones));
      high[p] =
          _mm256_add_epi32(high[p], _mm256_madd_epi16(_mm256_maddubs_epi16(own, second), ones));
    }
  }
  NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
    auto* out = reinterpret_cast<__m256i*>(products + p * stride);
    _mm256_storeu_si256(out, low[p]);
    _mm256_storeu_si256(out + 1, high[p]);
  }
}

void multiply_avx2(const std::uint8_t* points, std::size_t count, const std::int8_t* rows,
                   std::size_t width, std::size_t groups, std::int32_t* products,
                   std::size_t stride) {
  for (std::size_t p = 0; p < count;) {
    const std::uint8_t* x = points + p * point_width_of(width);
    const std::size_t some = count - p >= 4 ? 4 : count - p >= 2 ? 2 : 1;
    const auto block = some == 4 ? block_avx2<4> : some == 2 ? block_avx2<2> : block_avx2<1>;
    for (std::size_t g = 0; g < groups; ++g) {
      block(x, rows + g * group * width, width, products + p * stride + g * group, stride);
    }
    p += some;
  }
}

/// `points` points with `groups` groups of rows.
template <std::size_t points, std::size_t groups>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void block_vnni(const std::uint8_t* x,
                                                                       const std::int8_t* rows,
                                                                       std::size_t width,
                                                                       std::int32_t* products,
                                                                       std::size_t stride) {
  const std::size_t apart = point_width_of(width);
  __m512i sums[points][groups], four[groups];
  NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
    NESCIO_UNROLL for (std::size_t g = 0; g < groups; ++g) sums[p][g] = _mm512_setzero_si512();
  }
  for (std::size_t c = 0; c < width; c += 4) {
    NESCIO_UNROLL for (std::size_t g = 0; g < groups; ++g) {
      four[g] = _mm512_loadu_si512(rows + g * group * width + place(0, c));
    }
    NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
      const __m512i own = _mm512_set1_epi32(four_bytes(x + p * apart + c));
      NESCIO_UNROLL for (std::size_t g = 0; g < groups; ++g) {
        sums[p][g] = _mm512_dpbusd_epi32(sums[p][g], own, four[g]);
      }
    }
  }
  NESCIO_UNROLL for (std::size_t p = 0; p < points; ++p) {
    NESCIO_UNROLL for (std::size_t g = 0; g < groups; ++g) {
      _mm512_storeu_si512(products + p * stride + g * group, sums[p][g]);
    }
  }
}

template <std::size_t groups>
auto block_vnni_of(std::size_t points) {
  return points == 8   ? block_vnni<8, groups>
         : points == 4 ? block_vnni<4, groups>
         : points == 2 ? block_vnni<2, groups>
                       : block_vnni<1, groups>;
}

void multiply_vnni(const std::uint8_t* points, std::size_t count, const std::int8_t* rows,
                   std::size_t width, std::size_t groups, std::int32_t* products,
                   std::size_t stride) {
  for (std::size_t p = 0; p < count;) {
    const std::uint8_t* x = points + p * point_width_of(width);
    std::size_t some = 8;
    while (some > count - p) some /= 2;
    const auto two = block_vnni_of<2>(some), one = block_vnni_of<1>(some);
    for (std::size_t g = 0; g < groups; g += 2) {
      (g + 1 < groups ? two : one)(x, rows + g * group * width, width,
                                   products + p * stride + g * group, stride);
    }
    p += some;
  }
}

bool runs_avx2() { return __builtin_cpu_supports("avx2") != 0; }
bool runs_vnni() {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
}

#endif  // __x86_64__
#if NESCIO_HAS_TILES

/// What a thread says of its eight tiles before it uses them: 16 rows of 64 bytes.
struct TileShapes {
  std::uint8_t palette = 1, start = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileShapes) == 64);
constexpr std::size_t tile_points = 32;

/// 32 points with two groups of rows. What a tile takes beyond a row meets the zeros behind the points.
__attribute__((target("amx-tile,amx-int8"))) void block_tiles(const std::uint8_t* x,
                                                              const std::int8_t* rows,
                                                              std::size_t width,
                                                              std::int32_t* products,
                                                              std::size_t stride) {
  const std::size_t apart = point_width_of(width);
  const std::size_t bytes = stride * sizeof(*products);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::size_t c = 0; c < width; c += tile_bytes) {
    _tile_loadd(4, x + c, apart);
    _tile_loadd(5, x + 16 * apart + c, apart);
    _tile_loadd(6, rows + place(0, c), tile_bytes);
    _tile_loadd(7, rows + group * width + place(0, c), tile_bytes);
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_stored(0, products, bytes);
  _tile_stored(1, products + group, bytes);
  _tile_stored(2, products + 16 * stride, bytes);
  _tile_stored(3, products + 16 * stride + group, bytes);
}

__attribute__((target("amx-tile,amx-int8"))) void multiply_tiles(
    const std::uint8_t* points, std::size_t count, const std::int8_t* rows, std::size_t width,
    std::size_t groups, std::int32_t* products, std::size_t stride) {
  constexpr std::size_t least_width = 96;  // narrower products cost less than storing tiles
  if (count < tile_points || groups < 2 || width < least_width) {
    return multiply_vnni(points, count, rows, width, groups, products, stride);
  }
  static constexpr TileShapes shapes;
  _tile_loadconfig(&shapes);
  // The last blocks reach back over what is done.
  for (std::size_t p = 0; p < count; p += tile_points) {
    const std::size_t from = std::min(p, count - tile_points);
    for (std::size_t g = 0; g < groups; g += 2) {
      const std::size_t of = std::min(g, groups - 2);
      block_tiles(points + from * point_width_of(width), rows + of * group * width, width,
                  products + from * stride + of * group, stride);
    }
  }
  _tile_release();
}

/// The system lets a process use tiles when it asks.
bool runs_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned tiles_and_their_bytes = 3U << 24;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & tiles_and_their_bytes) != tiles_and_their_bytes || !runs_vnni()) return false;
  constexpr long ask_for = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, ask_for, tile_data) == 0;
}

#endif  // NESCIO_HAS_TILES

std::vector<ByteKernel> kernels_here() {
  std::vector<ByteKernel> out;
#if NESCIO_HAS_TILES
  if (runs_tiles()) out.push_back({"tiles", 0.1, 255, multiply_tiles});
#endif
#if defined(__x86_64__)
  if (runs_vnni()) out.push_back({"AVX-512 VNNI", 0.25, 255, multiply_vnni});
  if (runs_avx2()) out.push_back({"AVX2", 0.45, 127, multiply_avx2});
#endif
  out.push_back({"plain", 5, 255, multiply_plain});
  return out;
}

}  // namespace

std::span<const ByteKernel> byte_kernels() {
  static const std::vector<ByteKernel> kernels = kernels_here();
  return kernels;
}

ByteRows::ByteRows(std::size_t rows, std::size_t width) : width_(width), depth_(padded(width, 4)) {
  constexpr std::size_t widest = std::size_t{1} << 16;
  if (width > widest) {
    fail("[byte_rows] expected rows of at most ", widest,
         " bytes, whose products fit in 32 bits, found ", width);
  }
  // A tile reads beyond the last row.
  bytes_.resize(padded(rows, group) * depth_ + group * tile_bytes);
}

void ByteRows::set(std::size_t row, const std::int8_t* codes) {
  std::int8_t* own = bytes_.data() + row / group * group * depth_;
  for (std::size_t c = 0; c < width_; c += 4) {
    std::memcpy(own + place(row % group, c), codes + c, std::min<std::size_t>(4, width_ - c));
  }
}

std::size_t ByteRows::point_width() const { return point_width_of(width_); }

void ByteRows::multiply(const std::uint8_t* points, std::size_t count, std::size_t first,
                        std::size_t rows, std::int32_t* products, std::size_t stride,
                        const ByteKernel& kernel) const {
  kernel.multiply(points, count, bytes_.data() + first * depth_, depth_, (rows + group - 1) / group,
                  products, stride);
}

}  // namespace nescio::math
