// Fits a detector on arrays, chooses a threshold, saves it, and asks it about rows one by one.
//
//   fit DETECTOR        the folder that is written
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <vector>

#include <nescio/nescio.hpp>

namespace {

constexpr std::size_t classes = 4, features = 16;

// What a network would say: its features of pictures of each class, and the logits of its last layer. Here they are made
// up: each class lies around a corner of its own.
struct Answers {
  std::vector<float> features, logits;
  std::vector<std::int64_t> labels;
  std::size_t rows = 0;

  nescio::Arrays arrays() const {
    return {{"logits", logits.data(), rows, classes, 0},
            {"features", features.data(), rows, ::features, 0}};
  }
};

struct Network {
  std::vector<float> weight = std::vector<float>(classes * features);
  std::vector<float> bias = std::vector<float>(classes);

  Network() {
    for (std::size_t c = 0; c < classes; ++c) weight[c * features + c] = 1;
  }
  Answers look_at(std::size_t rows, bool known, unsigned seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise;
    Answers out;
    out.rows = rows;
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t label = r % classes;
      std::vector<float> h(features);
      for (float& v : h) v = noise(random);
      if (known) h[label] += 10;
      for (std::size_t c = 0; c < classes; ++c) {
        float z = bias[c];
        for (std::size_t d = 0; d < features; ++d) z += weight[c * features + d] * h[d];
        out.logits.push_back(z);
      }
      out.features.insert(out.features.end(), h.begin(), h.end());
      out.labels.push_back(static_cast<std::int64_t>(label));
    }
    return out;
  }
};

void run(const char* folder) {
  const Network network;
  const Answers train = network.look_at(2000, true, 1);
  const Answers held_out = network.look_at(1000, true, 2);
  const Answers known = network.look_at(500, true, 8);
  const Answers unknown = network.look_at(500, false, 4);

  nescio::FitData data;
  data.train = {train.arrays(), train.labels.data()};
  data.head = {network.weight.data(), network.bias.data(), classes, features};
  data.class_names = {"ant", "bee", "cat", "dog"};
  nescio::Detector detector("vim", data);

  // The rows must be new to the detector. The threshold keeps 95 % of rows to come, with 95 % confidence.
  nescio::Calibration promise;
  promise.value = 0.95;
  promise.guarantee = true;
  const nescio::Threshold threshold = detector.calibrate(held_out.arrays(), promise);
  detector.save(folder);
  std::printf("%s: threshold %.4g keeps %.1f %% of the held-out rows\n", detector.spec().c_str(),
              threshold.value, 100 * threshold.kept.share);

  const nescio::Scorer scorer(folder);
  for (const Answers* rows : {&known, &unknown}) {
    const nescio::Answer answer =
        scorer.answer({{"logits", rows->logits.data(), 1, classes, 0},
                       {"features", rows->features.data(), 1, features, 0}});
    std::printf("%s: %s, score %.4g, p-value %.3g\n", rows == &known ? "known" : "unknown",
                answer.is_ood ? "I do not know" : answer.class_name, answer.score, answer.p_value);
  }

  for (const nescio::Metric& metric : nescio::evaluate(
           scorer.scores(known.arrays()), scorer.scores(unknown.arrays()), "auroc,fpr95_id")) {
    std::printf("%s %.4f (%.4f to %.4f)\n", metric.name, metric.value, metric.lower, metric.upper);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fit DETECTOR\n");
    return 2;
  }
  try {
    run(arguments[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fit: %s\n", e.what());
    return 1;
  }
  return 0;
}
