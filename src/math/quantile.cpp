#include "math/quantile.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/threads.h"

namespace nescio::math {
namespace {

constexpr int kDigitBits = 16;
constexpr std::size_t kBins = std::size_t{1} << kDigitBits;
/// Below this, a chunk is not worth a thread.
constexpr std::size_t kSlice = std::size_t{1} << 16;
/// So many values are sorted.
constexpr std::size_t kFew = std::size_t{1} << 14;

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Bits that sort as the numbers do; -0 becomes +0.
template <class T>
BitsOf<T> key_of(T value) {
  using Bits = BitsOf<T>;
  const auto bits = std::bit_cast<Bits>(value + T{0});
  constexpr Bits sign = Bits{1} << (sizeof(T) * 8 - 1);
  return (bits & sign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | sign);
}

template <class T>
T value_of(BitsOf<T> key) {
  using Bits = BitsOf<T>;
  constexpr Bits sign = Bits{1} << (sizeof(T) * 8 - 1);
  return std::bit_cast<T>((key & sign) != 0 ? static_cast<Bits>(key ^ sign)
                                            : static_cast<Bits>(~key));
}

[[noreturn]] void refuse_nan() {
  fail("[quantile] expected numbers, found NaN; remove or repair the rows that hold it");
}
[[noreturn]] void refuse_nothing() { fail("[quantile] expected at least one number, found none"); }

using Histogram = std::vector<std::uint64_t>;

/// The keys that begin with `prefix`, of which one bin holds a rank that is looked for.
template <class Bits>
struct Group {
  Bits prefix;
  Histogram counts;
};

/// Counts the next digit of every key by the prefix it begins with.
template <class T>
class Pass {
 public:
  using Bits = BitsOf<T>;

  /// `digits` are known already; prefixes ascending.
  Pass(int digits, const std::vector<Bits>& prefixes)
      : shift_(static_cast<int>(sizeof(T)) * 8 - kDigitBits * (digits + 1)), digits_(digits) {
    for (const Bits prefix : prefixes) groups_.push_back({prefix, Histogram(kBins)});
  }

  /// Large chunks are counted by all threads, each into histograms of its own.
  void add(std::span<const T> values) {
    const std::size_t slices = (values.size() + kSlice - 1) / kSlice;
    if (slices < 2 || thread_count() == 1) return count(values, groups_);
    std::vector<std::vector<Group<Bits>>> own(static_cast<std::size_t>(thread_count()));
    parallel_for_threads(slices, [&](std::size_t slice, int thread) {
      auto& groups = own[static_cast<std::size_t>(thread)];
      if (groups.empty()) {
        for (const auto& group : groups_) groups.push_back({group.prefix, Histogram(kBins)});
      }
      const std::size_t first = slice * kSlice;
      count(values.subspan(first, std::min(kSlice, values.size() - first)), groups);
    });
    for (const auto& groups : own) {
      for (std::size_t g = 0; g < groups.size(); ++g) {
        for (std::size_t b = 0; b < kBins; ++b) groups_[g].counts[b] += groups[g].counts[b];
      }
    }
  }

  /// With what the others have counted; numbers below 2^53 are exact as doubles.
  void add_up(Communicator& processes) {
    if (processes.size() == 1) return;
    std::vector<double> counts(kBins);
    for (auto& group : groups_) {
      std::ranges::transform(group.counts, counts.begin(),
                             [](std::uint64_t count) { return static_cast<double>(count); });
      processes.sum(counts);
      std::ranges::transform(counts, group.counts.begin(),
                             [](double count) { return static_cast<std::uint64_t>(count); });
    }
  }

  const std::vector<Group<Bits>>& groups() const { return groups_; }

 private:
  void count(std::span<const T> values, std::vector<Group<Bits>>& groups) const {
    if (digits_ == 0) return count_first(values, groups.front().counts);
    // Most keys begin with no prefix at all: a table of first digits turns them away.
    std::vector<bool> wanted(kBins);
    constexpr int top = static_cast<int>(sizeof(T)) * 8 - kDigitBits;
    const int known = shift_ + kDigitBits;
    for (const auto& group : groups) {
      wanted[static_cast<std::size_t>(group.prefix >> (top - known))] = true;
    }
    for (const T value : values) {
      const Bits key = key_of(value);
      if (!wanted[static_cast<std::size_t>(key >> top)]) continue;
      const Bits prefix = static_cast<Bits>(key >> known);
      const auto group = std::lower_bound(
          groups.begin(), groups.end(), prefix,
          [](const Group<Bits>& g, Bits wanted_prefix) { return g.prefix < wanted_prefix; });
      if (group == groups.end() || group->prefix != prefix) continue;
      ++group->counts[static_cast<std::size_t>(key >> shift_) & (kBins - 1)];
    }
  }

  void count_first(std::span<const T> values, Histogram& counts) const {
    bool has_nan = false;
    for (const T value : values) {
      has_nan |= value != value;
      ++counts[static_cast<std::size_t>(key_of(value) >> shift_)];
    }
    if (has_nan) refuse_nan();
  }

  int shift_;
  int digits_;
  std::vector<Group<Bits>> groups_;
};

/// A position in the sorted data, narrowed down digit by digit.
template <class Bits>
struct Rank {
  std::uint64_t within;  // position among the keys that begin with prefix
  Bits prefix = 0;
};

template <class Bits>
void narrow(Rank<Bits>& rank, const std::vector<Group<Bits>>& groups) {
  for (const auto& group : groups) {
    if (group.prefix != rank.prefix) continue;
    std::size_t bin = 0;
    while (rank.within >= group.counts[bin]) {
      rank.within -= group.counts[bin++];
      if (bin == kBins) fail("[quantile] the data changed between two passes over it");
    }
    rank.prefix =
        static_cast<Bits>(sizeof(Bits) * 8 == kDigitBits ? bin : (rank.prefix << kDigitBits) | bin);
    return;
  }
  fail("[quantile] the data changed between two passes over it");
}

/// numpy's interpolation, digit for digit.
double interpolate(double a, double b, double t) {
  if (a == b || t == 0) return a;  // also where infinities have no difference
  const double difference = b - a;
  return t >= 0.5 ? b - difference * (1 - t) : a + difference * t;
}

void check_fractions(std::span<const double> q) {
  for (const double p : q) {
    if (!(p >= 0 && p <= 1)) fail("[quantile] q: expected a fraction in [0, 1], found ", p);
  }
}

/// value(rank) at q * (total - 1), or between its two neighbours.
template <class Value>
double at_fraction(double q, std::uint64_t total, const Value& value) {
  const double position = q * static_cast<double>(total - 1);
  const auto below = static_cast<std::uint64_t>(std::floor(position));
  return interpolate(value(below), value(std::min(below + 1, total - 1)),
                     position - std::floor(position));
}

template <class T>
std::vector<double> of_few(std::vector<T> values, std::span<const double> q) {
  if (values.empty()) refuse_nothing();
  for (const T value : values) {
    if (value != value) refuse_nan();
  }
  std::ranges::sort(values);
  std::vector<double> out;
  for (const double p : q) {
    out.push_back(at_fraction(p, values.size(), [&](std::uint64_t rank) {
      return static_cast<double>(values[rank]) + 0.0;  // -0 is 0
    }));
  }
  return out;
}

template <class T, class Chunks>
std::vector<double> select(const Chunks& chunks, std::span<const double> q,
                           Communicator& processes) {
  using Bits = BitsOf<T>;
  check_fractions(q);
  if (q.empty()) return {};

  std::map<std::uint64_t, Rank<Bits>> ranks;
  std::uint64_t total = 0;
  constexpr int passes = static_cast<int>(sizeof(T)) * 8 / kDigitBits;
  for (int digits = 0; digits < passes; ++digits) {
    std::vector<Bits> prefixes;
    for (const auto& [position, rank] : ranks) prefixes.push_back(rank.prefix);
    if (digits == 0) prefixes.push_back(0);
    std::sort(prefixes.begin(), prefixes.end());
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    std::optional<Pass<T>> pass;
    if (digits > 0 || processes.size() > 1) pass.emplace(digits, prefixes);
    std::vector<T> few;  // not worth a table of counts
    chunks([&](std::span<const T> values) {
      if (!pass && few.size() + values.size() <= kFew) {
        few.insert(few.end(), values.begin(), values.end());
        return;
      }
      if (!pass) {
        pass.emplace(digits, prefixes);
        pass->add(few);
      }
      pass->add(values);
    });
    if (!pass) return of_few(std::move(few), q);
    pass->add_up(processes);
    if (digits == 0) {
      for (const std::uint64_t count : pass->groups().front().counts) total += count;
      if (total == 0) refuse_nothing();
      for (const double p : q) {
        const auto below =
            static_cast<std::uint64_t>(std::floor(p * static_cast<double>(total - 1)));
        for (const std::uint64_t position : {below, std::min(below + 1, total - 1)}) {
          ranks[position] = {position};
        }
      }
    }
    for (auto& [position, rank] : ranks) narrow(rank, pass->groups());
  }

  std::vector<double> result;
  for (const double p : q) {
    result.push_back(at_fraction(p, total, [&](std::uint64_t rank) {
      return static_cast<double>(value_of<T>(ranks.at(rank).prefix));
    }));
  }
  return result;
}

/// Brackets of one interval each, filled by all threads.
class BracketPass {
 public:
  explicit BracketPass(std::span<const Interval> intervals) {
    constexpr std::size_t kept = std::size_t{1} << 22;
    for (const Interval& interval : intervals) {
      brackets_.push_back({.interval = interval, .most = kept});
    }
    own_.assign(static_cast<std::size_t>(thread_count()), brackets_);
  }

  void add(std::span<const float> values) {
    total_ += values.size();
    const std::size_t slices = (values.size() + kSlice - 1) / kSlice;
    std::atomic<bool> numbers = true;
    parallel_for_threads(slices, [&](std::size_t slice, int thread) {
      const std::size_t first = slice * kSlice;
      const auto part = values.subspan(first, std::min(kSlice, values.size() - first));
      for (Bracket& bracket : own_[static_cast<std::size_t>(thread)]) {
        if (!bracket.add(part)) numbers = false;
      }
    });
    if (!numbers) refuse_nan();
  }

  /// Nothing where an interval did not hold its ranks.
  std::optional<std::vector<double>> quantiles(std::span<const double> q) {
    if (total_ == 0) return std::nullopt;
    std::vector<double> out;
    for (std::size_t i = 0; i < q.size(); ++i) {
      Bracket& bracket = brackets_[i];
      for (const auto& own : own_) bracket.add(own[i]);
      bool held = true;
      out.push_back(at_fraction(q[i], total_, [&](std::uint64_t rank) {
        held = held && bracket.has(rank);
        return held ? static_cast<double>(bracket.value(rank)) + 0.0 : 0.0;  // -0 is 0
      }));
      if (!held) return std::nullopt;
    }
    return out;
  }

 private:
  std::uint64_t total_ = 0;
  std::vector<Bracket> brackets_;
  std::vector<std::vector<Bracket>> own_;  // of each thread
};

}  // namespace

std::vector<double> quantiles(const FloatChunks& chunks, std::span<const double> q,
                              Communicator& processes) {
  return select<float>(chunks, q, processes);
}

std::vector<double> quantiles(const DoubleChunks& chunks, std::span<const double> q,
                              Communicator& processes) {
  return select<double>(chunks, q, processes);
}

std::vector<double> quantiles(const FloatChunks& chunks, std::span<const double> q,
                              std::span<const Interval> guesses) {
  check_fractions(q);
  if (guesses.size() != q.size()) {
    fail("[quantile] expected a guess for each of ", q.size(), " fractions, found ",
         guesses.size());
  }
  if (q.empty()) return {};
  BracketPass pass(guesses);
  chunks([&](std::span<const float> values) { pass.add(values); });
  const auto found = pass.quantiles(q);
  return found ? *found : select<float>(chunks, q, alone());
}

}  // namespace nescio::math
