#include "train/progress_text.h"

#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace nescio::train {
namespace {

std::string two_digits(long long n) { return text(n < 10 ? "0" : "", n); }

/// "1:05", "2:01:09"
std::string clock_text(double seconds) {
  const long long whole = std::llround(seconds);
  const long long hours = whole / 3600;
  const std::string rest = ":" + two_digits(whole % 60);
  if (hours == 0) return text(whole / 60, rest);
  return text(hours, ':', two_digits(whole / 60 % 60), rest);
}

std::string three_digits(double value) {
  char digits[64];
  std::snprintf(digits, sizeof(digits), "%.3f", value);
  return digits;
}

}  // namespace

std::string progress_text(const TrainProgress& p) {
  std::string out = text(std::llround(p.images_per_second), " images/s  ",
                         clock_text(p.seconds_left), " left  loss ", three_digits(p.loss));
  if (p.accuracy) out += "  accuracy " + three_digits(*p.accuracy);
  for (const auto& [name, value] : p.terms) out += text("  ", name, ' ', three_digits(value));
  return out;
}

}  // namespace nescio::train
