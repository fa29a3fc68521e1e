// Pictures whose pixels are independent of each other, the simplest OOD sets of the literature.
//   Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, ICLR 2019,
//   arXiv:1812.04606, appendix A.
#include <algorithm>
#include <cmath>

#include "base/find_entry.h"
#include "base/rng.h"
#include "base/usage.h"
#include "image/datasets/dataset.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

constexpr int noise_version = 1;  // of the formulas: part of the hash

struct Distribution {
  const char* name;
  const char* summary;
  double (*draw)(Rng& rng);  // a pixel; what lies outside of [0, 1] is clipped
};

constexpr Distribution distributions[] = {
    {"gaussian", "normal with mean 0.5 and standard deviation 0.5, clipped to [0, 1]",
     [](Rng& rng) { return 0.5 + 0.5 * rng.normal(); }},
    {"bernoulli", "0 or 1, each as often", [](Rng& rng) { return double(rng.below(2)); }},
    {"uniform", "uniform in [0, 1]", [](Rng& rng) { return rng.uniform(); }},
};

const Distribution& find_distribution(const std::string& name) {
  return as_usage([&]() -> auto& { return find_entry(distributions, name, "noise"); });
}

class NoisePictures final : public Dataset {
 public:
  NoisePictures(const Distribution& distribution, std::size_t count, std::size_t side,
                std::size_t channels, std::int64_t seed)
      : distribution_(distribution),
        count_(count),
        side_(side),
        channels_(channels),
        seed_(static_cast<std::uint64_t>(seed)) {}

  std::size_t size() const override { return count_; }
  Sample load(std::size_t i) const override {
    Image image{side_, side_, channels_, std::vector<std::uint8_t>(side_ * side_ * channels_)};
    Rng rng(seed_, i);
    for (std::uint8_t& value : image.pixels) {
      const double drawn = std::clamp(distribution_.draw(rng), 0.0, 1.0);
      value = static_cast<std::uint8_t>(std::lround(255 * drawn));
    }
    return {.image = std::move(image), .index = static_cast<std::int64_t>(i)};
  }
  std::int64_t label(std::size_t) const override { return -1; }
  std::string hash() const override {
    return io::sha256(text("noise ", noise_version, ' ', distribution_.name, ' ', count_, ' ',
                           side_, ' ', channels_, ' ', seed_));
  }

 private:
  const Distribution& distribution_;
  std::size_t count_, side_, channels_;
  std::uint64_t seed_;
};

class Noise final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    return std::make_unique<NoisePictures>(
        find_distribution(path.string()), static_cast<std::size_t>(count),
        static_cast<std::size_t>(side), channels == "grey" ? 1 : 3, seed);
  }

  std::int64_t side = 32;
  std::string channels = "rgb";
  std::int64_t count = 1000;
  std::int64_t seed = 0;
};

std::string noise_names() {
  std::vector<std::string> names;
  for (const Distribution& distribution : distributions) {
    names.push_back(text(distribution.name, " (", distribution.summary, ")"));
  }
  return join(names);
}

}  // namespace

namespace datasets {
DatasetInfo noise() {
  return describe_dataset<Noise>(
      {.name = "noise",
       .summary = "pictures of independent random values in steps of 1 / 255, as many as wanted",
       .path = noise_names(),
       .options = {
           dataset_option(&Noise::side, {.name = "side",
                                         .doc = "height and width",
                                         .unit = "pixels",
                                         .min = 1,
                                         .max = 8192}),
           dataset_option(&Noise::channels, {.name = "channels",
                                             .doc = "three independent values a pixel, or one",
                                             .choices = {"rgb", "grey"}}),
           dataset_option(&Noise::count,
                          {.name = "count",
                           .doc = "pictures; the first ones do not depend on how many there are",
                           .min = 1,
                           .max = 1e8}),
           dataset_option(&Noise::seed,
                          {.name = "seed", .doc = "another seed, other pictures", .min = 0})}});
}
}  // namespace datasets
}  // namespace nescio::image
