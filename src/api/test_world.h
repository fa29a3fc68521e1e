// For tests: the toy bank as arrays of a caller of the C interface.
#pragma once

#include <nescio/nescio.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "detectors/toy_bank.h"

namespace nescio::api {

/// Rows that own their memory.
class OwnedRows {
 public:
  void add(const std::string& name, const Array& values) { arrays_[name] = values; }

  /// The rows first .. first + count - 1 (0: all) of what a network says, or of the arrays that are named; {} are all.
  std::vector<nescio_array> arrays(std::size_t first = 0, std::size_t count = 0,
                                   const std::set<std::string>& names = {"features",
                                                                         "logits"}) const {
    std::vector<nescio_array> out;
    for (const auto& [name, values] : arrays_) {
      if (!names.empty() && !names.contains(name)) continue;
      out.push_back({name.c_str(), values.as<float>().data() + first * values.cols(),
                     count == 0 ? values.rows() : count, values.cols(), 0});
    }
    return out;
  }

 private:
  std::map<std::string, Array> arrays_;
};

struct TestWorld {
  using Toy = detectors::ToyBank;

  TestWorld() {
    Toy toy = Toy().informed();
    head_weight = Toy::array(toy.weight);
    head_bias = Toy::array({toy.bias});
    labels = toy.labels;
    fill(train, toy.train_features, toy.train_logits);
    fill(test, toy.test_features, toy.test_logits);
    train_arrays = train.arrays(0, 0, {});
    ood_arrays = test.arrays(0, 0, {});
    ood = {ood_arrays.data(), ood_arrays.size(), nullptr};
    data.train = {train_arrays.data(), train_arrays.size(), labels.data()};
    data.val = data.train;
    data.ood_val = &ood;
    data.ood_val_count = 1;
    data.head_weight = head_weight.as<float>().data();
    data.head_bias = head_bias.as<float>().data();
    data.classes = Toy::classes;
    data.features = Toy::width;
    data.class_names = names;
    data.class_name_count = Toy::classes;
  }
  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;

  static void fill(OwnedRows& rows, const std::vector<Toy::Row>& features,
                   const std::vector<Toy::Row>& logits) {
    rows.add("features", Toy::array(features));
    rows.add("logits", Toy::array(logits));
    for (const std::string& spec : detectors::all_specs()) {
      for (const std::string& name : detectors::Chain(spec).needs().arrays) {
        rows.add(name, Toy::array(Toy::probed(logits)));
      }
    }
  }

  const char* names[Toy::classes] = {"ant", "bee", "cat", "dog", "elk"};
  OwnedRows train, test;
  Array head_weight, head_bias;
  std::vector<std::int64_t> labels;
  std::vector<nescio_array> train_arrays, ood_arrays;
  nescio_rows ood = {};
  nescio_fit_data data = {};
};

inline const TestWorld& test_world() {
  static const TestWorld world;
  return world;
}

}  // namespace nescio::api
