// KL matching: how far the probabilities are from the typical ones of any class.
//   s(x) = min_k KL(p || d_k),  p = softmax(z)                             higher = more OOD
// d_k: mean probabilities of the rows of `fit_on` in which the network sees class k, whatever their
// labels. The sum over p log p is the same for all k, so a row takes one product with log d.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/class_names.h"
#include "detectors/detector.h"
#include "statistics/softmax_sums.h"

namespace nescio::detectors {
namespace {

class KlMatching final : public Detector {
 public:
  Matrix log_typical;  // log d_k, of the classes that were seen

  void fit(const Inputs& in, const FitData& data) override {
    check(in);
    statistics::Statistics& statistics = data.of(fit_on);
    const std::size_t classes = in.logits.width();
    const Matrix& sums = statistics::softmax_sums(statistics, in.logits);
    log_typical = {};
    std::vector<std::size_t> unseen;
    for (std::size_t k = 0; k < classes; ++k) {
      const double count = sums(k, classes);
      if (count == 0) {
        unseen.push_back(k);
        continue;
      }
      for (std::size_t c = 0; c < classes; ++c) {
        // Where it is not even a double, the class is as unlikely as the least of them.
        const double d = std::max(sums(k, c) / count, std::numeric_limits<double>::min());
        log_typical.values.push_back(std::log(d));
      }
    }
    log_typical = Matrix(classes - unseen.size(), classes, std::move(log_typical.values));
    if (unseen.empty()) return;
    notices.push_back(text("the network sees ", unseen.size(), " of the ", classes, " classes (",
                           first_numbers(unseen), ") in no row of ", statistics.name(),
                           ", so nothing is typical of them and no row is compared with them"));
  }

  Expr score(const Inputs& in) const override {
    check(in);
    const Expr p = softmax(in.logits);
    return row_sum(p * log_softmax(in.logits)) - row_max(inner_products(p, log_typical));
  }

 private:
  static void check(const Inputs& in) {
    if (in.logits.width() >= 2) return;
    fail("kl_matching: expected at least 2 classes, found ", in.logits.width());
  }
};

}  // namespace

DetectorInfo kl_matching() {
  return describe<KlMatching>({
      .name = "kl_matching",
      .summary = "Kullback-Leibler divergence of the probabilities from the typical ones of the "
                 "nearest class.",
      .formula = "s(x) = min_k KL(p || d_k),  p = softmax(z)",
      .paper = {"Hendrycks, Basart, Mazeika, Zou, Kwon, Mostajabi, Steinhardt, Song",
                "Scaling Out-of-Distribution Detection for Real-World Settings", "ICML 2022",
                "1911.11132"},
      .needs = {.logits = true},
      .cost = "O(C^2) a row: one product",
      .fit_on = "val",
      .learned = {learned(&KlMatching::log_typical, "log_typical",
                          "log d_k of the classes that the network sees [k, C]")},
      .aliases = {"klm", "klmatching"},
      .deviations = {"a class that the network never sees is left out, as in pytorch-ood 0.4; "
                     "OpenOOD's d_k is then 1 for k and 0 elsewhere, from which every row is "
                     "infinitely far whose other probabilities do not vanish in float32",
                     "d_k is a mean of doubles; in the toolkits' float32 probabilities below 1e-45 "
                     "vanish, and rows are infinitely far from classes that have none",
                     "pytorch-ood 0.2 groups rows by their labels and compares with the class that "
                     "the network sees alone"},
  });
}

}  // namespace nescio::detectors
