#include "cli/mixing.h"

#include <algorithm>
#include <cmath>

#include "base/interrupt.h"
#include "base/rng.h"
#include "math/linalg.h"

namespace nescio::cli {
namespace {

constexpr std::size_t steps = 10;  // of lambda from 0 to 1
constexpr std::size_t middle = steps / 2;
constexpr std::size_t batch_pairs = 64;

// The pictures drawn from a data set, one batch after the other.
class Draw {
 public:
  Draw(const image::Dataset& data, const image::Preprocessor& preprocessor, std::uint64_t seed,
       std::uint64_t side)
      : data_(data),
        preprocessor_(preprocessor),
        order_(Rng(seed, side).permutation(data.size())) {}

  std::vector<float> load(std::size_t first, std::size_t count) const {
    std::vector<float> out(count * preprocessor_.size());
    for (std::size_t i = 0; i < count; ++i) {
      preprocessor_.apply(data_.load(order_[first + i]).image,
                          std::span(out).subspan(i * preprocessor_.size(), preprocessor_.size()));
    }
    return out;
  }

 private:
  const image::Dataset& data_;
  const image::Preprocessor& preprocessor_;
  std::vector<std::size_t> order_;
};

template <class Values>
std::vector<float> mixed(const Values& id, const Values& outliers, double lambda) {
  std::vector<float> out(id.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(lambda * id[i] + (1 - lambda) * outliers[i]);
  }
  return out;
}

double confidence(std::span<const float> logits) {
  const float largest = std::ranges::max(logits);
  double sum = 0;
  for (const float z : logits) sum += std::exp(static_cast<double>(z) - largest);
  return 1 / sum;
}

double norm(std::span<const float> logits) {
  double squares = 0;
  for (const double z : logits) squares += z * z;
  return std::sqrt(squares);
}

// Adds what each row says to a group, and the row itself to all rows of the group.
void add(std::span<const float> logits, std::size_t classes, report::LogitGroup& group,
         std::vector<double>& rows) {
  for (std::size_t first = 0; first < logits.size(); first += classes) {
    const auto row = logits.subspan(first, classes);
    group.confidence.push_back(confidence(row));
    group.norm.push_back(norm(row));
    rows.insert(rows.end(), row.begin(), row.end());
  }
}

// The sums of confidences and gaps at one lambda.
void add(std::span<const float> of_pictures, std::span<const float> of_logits, std::size_t classes,
         report::MixingPoint& sums) {
  for (std::size_t first = 0; first < of_logits.size(); first += classes) {
    const auto pictures = of_pictures.subspan(first, classes);
    const auto logits = of_logits.subspan(first, classes);
    sums.of_pictures += confidence(pictures);
    sums.of_logits += confidence(logits);
    for (std::size_t c = 0; c < classes; ++c) {
      sums.gap +=
          std::abs(static_cast<double>(pictures[c]) - logits[c]) / static_cast<double>(classes);
    }
  }
}

// Puts every group on the two axes along which all of them together vary most.
void find_plane(const std::vector<std::vector<double>>& rows, std::size_t classes,
                report::Mixing& mixing) {
  std::vector<double> mean(classes);
  double count = 0;
  for (const auto& of_group : rows) {
    for (std::size_t i = 0; i < of_group.size(); ++i) mean[i % classes] += of_group[i];
    count += static_cast<double>(of_group.size() / classes);
  }
  for (double& value : mean) value /= count;
  auto centred = rows;
  Matrix scatter(classes, classes);
  for (auto& of_group : centred) {
    for (std::size_t i = 0; i < of_group.size(); ++i) of_group[i] -= mean[i % classes];
    math::add_scatter(of_group.data(), of_group.size() / classes, scatter);
  }
  const math::Eigen eigen = math::eigen_symmetric(scatter);
  double all = 0;
  for (const double value : eigen.values) all += value;
  for (std::size_t axis = 0; axis < std::min<std::size_t>(2, classes); ++axis) {
    const std::size_t column = classes - 1 - axis;  // eigenvalues ascend
    std::vector<double> along;
    for (std::size_t c = 0; c < classes; ++c) along.push_back(eigen.vectors(c, column));
    const double largest =
        *std::ranges::max_element(along, {}, [](double v) { return std::abs(v); });
    mixing.explained[axis] = all > 0 ? eigen.values[column] / all : 0;
    for (std::size_t g = 0; g < centred.size(); ++g) {
      auto& plane = mixing.groups[g].plane;
      plane.resize(centred[g].size() / classes);
      for (std::size_t i = 0; i < centred[g].size(); ++i) {
        // The sign of an axis is free: its largest component is positive.
        plane[i / classes][axis] += centred[g][i] * along[i % classes] * (largest < 0 ? -1 : 1);
      }
    }
  }
}

}  // namespace

report::Mixing measure_mixing(const runtime::Backbone& network, const image::Dataset& id,
                              const image::Dataset& outliers, std::size_t pairs, std::uint64_t seed,
                              const std::string& role, const Progress& progress) {
  report::Mixing out{.pairs = std::min({pairs, id.size(), outliers.size()}), .seed = seed};
  const std::size_t classes = network.classes();
  for (std::size_t s = 0; s <= steps; ++s) {
    const double lambda = static_cast<double>(s) / steps;
    out.path.push_back(
        {.lambda = lambda, .target = lambda + (1 - lambda) / static_cast<double>(classes)});
  }
  for (const std::string& name :
       {std::string("id"), role, std::string("pictures"), std::string("logits")}) {
    out.groups.push_back({.name = name});
  }
  std::vector<std::vector<double>> rows(out.groups.size());
  const image::Preprocessor preprocessor(network.preprocessing());
  const Draw from_id(id, preprocessor, seed, 0), from_outliers(outliers, preprocessor, seed, 1);
  for (std::size_t first = 0; first < out.pairs; first += batch_pairs) {
    if (progress) progress("mixing", first, out.pairs);
    const std::size_t count = std::min(batch_pairs, out.pairs - first);
    const auto x = from_id.load(first, count), o = from_outliers.load(first, count);
    const Array said_x = network.forward(x).logits, said_o = network.forward(o).logits;
    const auto z_x = said_x.as<float>(), z_o = said_o.as<float>();
    add(z_x, classes, out.groups[0], rows[0]);
    add(z_o, classes, out.groups[1], rows[1]);
    for (std::size_t s = 0; s <= steps; ++s) {
      check_interrupt();
      const double lambda = out.path[s].lambda;
      const Array said = s == 0       ? said_o
                         : s == steps ? said_x
                                      : network.forward(mixed(x, o, lambda)).logits;
      const std::vector<float> z = mixed(z_x, z_o, lambda);
      add(said.as<float>(), z, classes, out.path[s]);
      if (s != middle) continue;
      add(said.as<float>(), classes, out.groups[2], rows[2]);
      add(z, classes, out.groups[3], rows[3]);
    }
  }
  for (report::MixingPoint& point : out.path) {
    for (double* sum : {&point.of_pictures, &point.of_logits, &point.gap}) {
      *sum /= static_cast<double>(out.pairs);
    }
  }
  find_plane(rows, classes, out);
  return out;
}

}  // namespace nescio::cli
