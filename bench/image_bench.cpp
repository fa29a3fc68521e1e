// Pictures to what networks read: resize + centre cut + normalise, and the same with JPEG decode
// before, against Pillow and numpy on the same pictures; then the loader alone, with and without
// augmentation.
//   NESCIO_PYTHON=/path/to/python nescio_image_bench FOLDER_OF_JPEG [WORKERS]
// The comparisons run on one thread, the loader on WORKERS. Python also writes the JPEG files.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "image/formats/decode.h"
#include "image/loading/loader.h"
#include "io/file.h"
#include "io/npy.h"
#include "measure.h"
#include "python_yardstick.h"
#include "temporary_folder.h"

namespace nescio::bench {
namespace {

using Files = std::vector<std::filesystem::path>;

constexpr std::size_t rounds = 5;

Files jpegs(const std::filesystem::path& folder) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  }
  if (files.empty()) fail("no *.jpg in ", folder.string());
  std::ranges::sort(files);
  return files;
}

/// The pictures of files, decoded when asked for, over and over until there are `size`.
class JpegFiles final : public image::Dataset {
 public:
  JpegFiles(Files files, std::size_t size) : files_(std::move(files)), size_(size) {}
  std::size_t size() const override { return size_; }
  image::Sample load(std::size_t i) const override {
    const auto& file = files_[i % files_.size()];
    return {image::decode_image(io::map_file(file), file.string())};
  }
  std::string hash() const override { return {}; }

 private:
  Files files_;
  std::size_t size_;
};

image::Preprocessing imagenet(std::size_t side, std::size_t short_side) {
  return {.height = side,
          .width = side,
          .short_side = short_side,
          .mean = {0.485, 0.456, 0.406},
          .std = {0.229, 0.224, 0.225}};
}

/// Decodes or has the pictures, preprocesses them all.
class Pipeline {
 public:
  Pipeline(std::vector<image::Image> images, Files files, const image::Preprocessing& preprocessing)
      : images_(std::move(images)),
        files_(std::move(files)),
        preprocessor_(preprocessing),
        values_(preprocessor_.size()) {}

  std::size_t size() const { return files_.empty() ? images_.size() : files_.size(); }
  void run() {
    for (std::size_t i = 0; i < size(); ++i) preprocess(i);
  }
  /// Of the absolute values that all pictures become.
  double sum() {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      preprocess(i);
      for (const float value : values_) sum += std::abs(static_cast<double>(value));
    }
    return sum;
  }

 private:
  void preprocess(std::size_t i) {
    if (files_.empty()) return preprocessor_.apply(images_[i], values_);
    preprocessor_.apply(image::decode_image(io::map_file(files_[i]), files_[i].string()), values_);
  }

  std::vector<image::Image> images_;
  Files files_;
  image::Preprocessor preprocessor_;
  std::vector<float> values_;
};

/// Prints a line: how many times as long the script of Pillow and numpy takes for the same.
void compare(const std::string& name, Pipeline& ours, const std::filesystem::path& folder) {
  const auto milliseconds = [&](const Times& seconds) {
    return print(seconds / Times(seconds.size(), 1e-3 * static_cast<double>(ours.size()))) + " ms";
  };
  const Work own = [&] { ours.run(); };
  if (!python()) return print_row(name, {"", milliseconds(alternate({own}, rounds)[0])});
  Times own_times;
  Times their_times;
  for (std::size_t round = 0; round < rounds; ++round) {
    own_times.push_back(spread(alternate({own}, 3)[0]).median);
    const auto theirs = run_python("images.py", folder);
    their_times.push_back(theirs.at("seconds").get<double>());
    const double sum = theirs.at("sum").get<double>();
    if (const double found = ours.sum(); !(std::abs(found - sum) <= 1e-6 * sum)) {
      fail(name, ": expected values of the sum ", sum, " as numpy says, found ", found);
    }
  }
  print_row(name,
            {print(their_times / own_times), milliseconds(own_times), milliseconds(their_times)});
}

/// The photos resized to height x width, then preprocessed; with `decode` from JPEG of that size.
void compare(const std::string& name, const Files& photos, std::size_t height, std::size_t width,
             const image::Preprocessing& preprocessing, bool decode) {
  std::vector<image::Image> images;
  std::vector<std::uint8_t> pixels;
  for (const auto& file : photos) {
    const image::Image photo =
        image::to_rgb(image::decode_image(io::map_file(file), file.string()));
    images.push_back(image::resize(photo, height, width, image::bicubic));
    pixels.insert(pixels.end(), images.back().pixels.begin(), images.back().pixels.end());
  }
  const TemporaryFolder folder;
  io::write_npy(folder.path() / "images.npy", Array({images.size(), height, width, 3}, pixels));
  nlohmann::json settings = image::to_json(preprocessing);
  settings["decode"] = decode;
  io::write_text(folder.path() / "settings.json", settings.dump());
  Files files;
  if (decode) {
    if (!python()) return print_row(name, {"", "needs Python"});
    run_python("images.py", folder.path());  // writes them
    files = jpegs(folder.path());
  }
  Pipeline ours(std::move(images), std::move(files), preprocessing);
  compare(name, ours, folder.path());
}

void loader_alone(const Files& photos, std::size_t workers) {
  constexpr std::size_t pictures = 1024;
  const JpegFiles dataset(photos, pictures);
  const auto times = alternate({[&] {
                                 image::LoaderOptions options;
                                 options.workers = workers;
                                 image::Loader loader(dataset, imagenet(224, 256), options);
                                 image::ImageBatch batch;
                                 while (loader.next(batch)) continue;
                               }},
                               rounds);
  print_row("photos a second, loader", {print(Times(rounds, pictures) / times[0])});
}

/// Pictures that are there, over and over until there are `size`.
class Decoded final : public image::Dataset {
 public:
  Decoded(std::vector<image::Image> images, std::size_t size)
      : images_(std::move(images)), size_(size) {}
  std::size_t size() const override { return size_; }
  image::Sample load(std::size_t i) const override { return {images_[i % images_.size()]}; }
  std::string hash() const override { return {}; }

 private:
  std::vector<image::Image> images_;
  std::size_t size_;
};

/// Decoded photos of side x side, changed and normalised; then as bytes and in two views.
void augmented(const Files& photos, std::size_t side, std::size_t pictures) {
  constexpr const char* lists[] = {
      "none",
      "crop,flip",
      "crop,flip,random_erasing",
      "random_resized_crop,flip",
      "crop,flip,colour_jitter(brightness=0.4,contrast=0.4,saturation=0.4)",
      "crop,flip,colour_jitter(brightness=0.4,contrast=0.4,saturation=0.4,hue=0.1)",
      "crop,flip,rand_augment",
  };
  std::vector<image::Image> images;
  for (const auto& file : photos) {
    images.push_back(
        image::resize(image::to_rgb(image::decode_image(io::map_file(file), file.string())), side,
                      side, image::bicubic));
  }
  const Decoded dataset(std::move(images), pictures);
  std::vector<std::pair<std::string, image::LoaderOptions>> ways;
  for (const char* list : lists) {
    ways.push_back({list, {.workers = 1, .augmentation = image::Augmentation(list)}});
  }
  const image::Augmentation usual("crop,flip");
  ways.push_back({"crop,flip, bytes", {.workers = 1, .augmentation = usual, .bytes = true}});
  ways.push_back({"crop,flip, 2 views", {.workers = 1, .augmentation = usual, .views = 2}});
  std::vector<Work> works;
  for (const auto& way : ways) {
    works.push_back([&dataset, side, &options = way.second] {
      image::Loader loader(dataset, imagenet(side, 0), options);
      image::ImageBatch batch;
      while (loader.next(batch)) continue;
    });
  }
  const std::vector<Times> times = alternate(works, rounds);
  for (std::size_t i = 0; i < works.size(); ++i) {
    print_row(text(side, " x ", side, ", ", ways[i].first),
              {print(Times(rounds, static_cast<double>(pictures)) / times[i])});
  }
}

void run(const std::filesystem::path& folder, std::size_t workers) {
  const Files photos = jpegs(folder);
  set_thread_count(1);
  print_row("one thread, a picture", {"Pillow + numpy / Nescio", "Nescio", "Pillow + numpy"});
  compare("500 x 375 to 256, cut 224", photos, 375, 500, imagenet(224, 256), false);
  compare("64 x 64 to 32", photos, 64, 64, imagenet(32, 0), false);
  compare("32 x 32 to 224", photos, 32, 32, imagenet(224, 0), false);
  compare("JPEG 500 x 375 to 256, cut 224", photos, 375, 500, imagenet(224, 256), true);
  set_thread_count(static_cast<int>(workers));
  std::printf("\n%zu workers, the photos as they are, to 256, cut 224\n", workers);
  loader_alone(photos, workers);
  std::printf("\n1 worker, decoded photos: pictures a second\n");
  augmented(photos, 32, 16384);
  augmented(photos, 224, 512);
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER_OF_JPEG [WORKERS]\n", argv[0]);
    return 2;
  }
  try {
    std::printf("median (min .. max)%s\n", nescio::bench::python() ? "" : "; set NESCIO_PYTHON");
    nescio::bench::run(argv[1], argc > 2 ? std::stoul(argv[2]) : 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "image_bench: %s\n", error.what());
    return 1;
  }
}
