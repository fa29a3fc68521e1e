// Pictures that are made, not read: for the demo, for tests, and for whoever has no data at hand.
#include "base/find_entry.h"
#include "base/rng.h"
#include "base/usage.h"
#include "image/datasets/dataset.h"
#include "image/procedural/painting.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

constexpr int painting_version = 1;  // of the formulas: part of the hash

const procedural::Painter& find_painter(const std::string& name) {
  return as_usage([&]() -> auto& { return find_entry(procedural::painters(), name, "pictures"); });
}

class PaintedPictures final : public Dataset {
 public:
  PaintedPictures(const procedural::Painter& painter, const std::string& split, std::size_t count,
                  std::int64_t seed)
      : painter_(painter), count_(count) {
    identity_ = text("procedural ", painting_version, " ", painter.name, " ", split, " ", seed);
    key_ = static_cast<std::uint64_t>(seed);
    for (const char c : painter.name + "/" + split) {
      key_ = mix(key_, static_cast<unsigned char>(c));
    }
  }

  std::size_t size() const override { return count_; }

  Sample load(std::size_t i) const override {
    Rng rng(key_, i);
    const std::int64_t drawn = label(i);
    return {.image = painter_.paint(drawn < 0 ? 0 : static_cast<std::size_t>(drawn), rng),
            .label = drawn,
            .index = static_cast<std::int64_t>(i)};
  }
  std::int64_t label(std::size_t i) const override {
    const std::size_t classes = painter_.classes.size();
    return classes == 0 ? -1 : static_cast<std::int64_t>(i % classes);
  }

  std::string hash() const override { return io::sha256(text(identity_, " ", count_)); }
  std::vector<std::string> class_names() const override { return painter_.classes; }

 private:
  const procedural::Painter& painter_;
  std::size_t count_;
  std::string identity_;
  std::uint64_t key_ = 0;
};

class Procedural final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    return std::make_unique<PaintedPictures>(find_painter(path.string()), split,
                                             static_cast<std::size_t>(count), seed);
  }

  std::string split = "test";
  std::int64_t count = 1000;
  std::int64_t seed = 0;
};

std::string pattern_names() {
  std::vector<std::string> names;
  for (const auto& painter : procedural::painters()) {
    names.push_back(text(painter.name, " (", painter.summary, ")"));
  }
  return join(names);
}

}  // namespace

namespace datasets {
DatasetInfo procedural() {
  return describe_dataset<Procedural>(
      {.name = "procedural",
       .summary = "32 x 32 colour pictures painted by formulas, as many as wanted",
       .path = pattern_names(),
       .options = {
           dataset_option(&Procedural::split,
                          {.name = "split",
                           .doc = "pictures of different splits have nothing in common",
                           .choices = {"train", "val", "test"}}),
           dataset_option(&Procedural::count,
                          {.name = "count",
                           .doc = "pictures; the first ones do not depend on how many there are",
                           .min = 1,
                           .max = 1e8}),
           dataset_option(&Procedural::seed,
                          {.name = "seed", .doc = "another seed, other pictures", .min = 0})}});
}
}  // namespace datasets
}  // namespace nescio::image
