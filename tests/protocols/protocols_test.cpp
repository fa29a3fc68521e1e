// The protocols in protocols/: they can be read, and their sets have the sizes that they state.
#include "evaluation/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "image/datasets/dataset.h"

namespace nescio {
namespace {

evaluation::Protocol protocol(const std::string& name, const std::string& data,
                              const std::string& split = {}) {
  return evaluation::read_protocol(std::string(NESCIO_PROTOCOLS) + "/" + name + ".yaml",
                                   {.root = data, .split = split, .roles = {}});
}

TEST(Protocols, OfOpenoodNameItsListsAndSizes) {
  // Sizes as OpenOOD v1.5 states them (arXiv:2306.09301 and its lists).
  const std::map<std::string, std::map<std::string, std::size_t>> sizes = {
      {"openood_cifar10", {{"tin/test", 7793}, {"places365/test", 35195}, {"svhn/test", 26032}}},
      {"openood_cifar100", {{"tin/test", 6526}, {"places365/test", 33773}, {"texture/test", 5640}}},
      {"openood_imagenet200", {{"ssb_hard/test", 49000}, {"ninco/test", 5879}}},
      {"openood_imagenet1k", {{"textures/test", 5160}, {"openimage_o/test", 15869}}}};
  for (const auto& [name, expected] : sizes) {
    const evaluation::Protocol read = protocol(name, "D");
    EXPECT_EQ(read.name, name);
    EXPECT_TRUE(read.unused.empty());
    EXPECT_EQ(read.roles.near.size(), 2U);
    EXPECT_EQ(read.roles.ood_val.size(), 1U);
    std::size_t found = 0;
    for (const evaluation::ProtocolSet& set : read.sets) {
      EXPECT_THAT(set.data, testing::MatchesRegex(
                                "imglist:D/benchmark_imglist/[a-z0-9]+/[a-z0-9_]+[.]txt[?]root=D/"
                                "images_(classic|largescale)"));
      const auto size = expected.find(set.name);
      if (size == expected.end()) continue;
      ++found;
      EXPECT_EQ(set.rows, size->second) << set.name;
    }
    EXPECT_EQ(found, expected.size()) << name;
  }
}

TEST(Protocols, OfUnleashingMaskHaveThePapersSets) {
  const std::map<std::string, std::size_t> far = {{"unleashing_mask", 7},
                                                  {"unleashing_mask_imagenet", 4}};
  for (const auto& [name, sets] : far) {
    const evaluation::Protocol read = protocol(name, "D");
    EXPECT_EQ(read.name, name);
    EXPECT_TRUE(read.unused.empty());
    EXPECT_TRUE(read.roles.near.empty());  // the mean over far is the paper's over its sets
    EXPECT_EQ(read.roles.far.size(), sets) << name;
    for (const evaluation::ProtocolSet& set : read.sets) {
      EXPECT_THAT(set.data, testing::HasSubstr("D/")) << set.name;
      EXPECT_TRUE(set.rows.has_value()) << set.name;
    }
  }
}

TEST(Protocols, OfMoodHaveThePapersSets) {
  struct Sizes {
    std::size_t near, far, train, test;
  };
  const std::map<std::string, Sizes> expected = {{"mood_cifar10", {1, 2, 50000, 10000}},
                                                 {"mood_cifar100", {1, 2, 50000, 10000}},
                                                 {"mood_imagenet30", {0, 7, 39000, 3000}},
                                                 {"mood_imagenet1k", {0, 4, 200000, 50000}},
                                                 {"moodv2_imagenet1k", {0, 4, 200000, 50000}}};
  for (const auto& [name, sizes] : expected) {
    const evaluation::Protocol read = protocol(name, "D");
    EXPECT_EQ(read.name, name);
    EXPECT_TRUE(read.unused.empty());
    EXPECT_EQ(read.roles.near.size(), sizes.near) << name;
    EXPECT_EQ(read.roles.far.size(), sizes.far) << name;
    EXPECT_EQ(read.roles.val, read.roles.train);
    for (const evaluation::ProtocolSet& set : read.sets) {
      EXPECT_THAT(set.data, testing::HasSubstr("D/")) << set.name;
      if (set.name == read.roles.train) {
        EXPECT_EQ(set.rows, sizes.train) << name;
      }
      if (set.name == read.roles.id) {
        EXPECT_EQ(set.rows, sizes.test) << name;
      }
    }
  }
}

/// Names of the classes that a protocol has as ID in turn.
std::vector<std::string> classes_of(const std::string& name, const std::string& one) {
  std::vector<std::string> classes = {one};
  for (const std::string& set : protocol(name, "D", one).roles.near) {
    classes.push_back(set.substr(0, set.find('/')));
  }
  return classes;
}

TEST(Protocols, OfOneClassHaveEachOneInTurn) {
  const std::map<std::string, std::pair<std::string, std::size_t>> names = {
      {"mood_one_class_cifar10", {"cat", 10}},
      {"mood_one_class_cifar100", {"fish", 20}},
      {"mood_one_class_cifar100_csi", {"fish", 20}},
      {"mood_one_class_imagenet30", {"tank", 30}}};
  for (const auto& [name, has] : names) {
    const auto classes = classes_of(name, has.first);
    ASSERT_EQ(classes.size(), has.second) << name;
    std::set<std::string> specs;
    for (const std::string& c : classes) {
      const evaluation::Protocol read = protocol(name, "D", c);
      EXPECT_EQ(read.roles.id, c + "/test");
      EXPECT_EQ(read.roles.train, c + "/train");
      EXPECT_EQ(read.roles.near.size(), classes.size() - 1);
      EXPECT_EQ(read.unused.size(), classes.size() - 1);  // what the others would learn from
      for (const evaluation::ProtocolSet& set : read.sets) specs.insert(set.data);
    }
    EXPECT_EQ(specs.size(), 2 * classes.size()) << name;
  }
}

TEST(Protocols, OfOneClassHaveTheSizesThatTheyState) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  for (const char* c : {"airplane", "cat", "truck"}) {
    std::set<std::int64_t> rows;
    for (const evaluation::ProtocolSet& set : protocol("mood_one_class_cifar10", data, c).sets) {
      const auto pictures = image::open_dataset(set.data);
      EXPECT_EQ(pictures->size(), set.rows) << set.name;
      EXPECT_EQ(pictures->label(0), -1);
      if (set.name.ends_with("/train")) continue;
      for (std::size_t i = 0; i < pictures->size(); ++i) rows.insert(pictures->load(i).index);
    }
    EXPECT_EQ(rows.size(), 10000U);  // the classes are all of the test pictures
  }
  for (const char* name : {"mood_one_class_cifar100", "mood_one_class_cifar100_csi"}) {
    for (const evaluation::ProtocolSet& set : protocol(name, data, "fish").sets) {
      if (set.name.ends_with("/train")) continue;  // not everybody has them
      EXPECT_EQ(image::open_dataset(set.data)->size(), set.rows) << set.name;
    }
  }
}

TEST(Protocols, Gtsrb32DividesItsClassesAndItsTestPart) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  for (const char* split : {"0", "1", "2"}) {
    std::map<std::string, std::set<std::int64_t>> rows;
    std::size_t all = 0;
    for (const evaluation::ProtocolSet& set : protocol("gtsrb32", data, split).sets) {
      if (!set.name.starts_with("gtsrb/") && !set.name.starts_with("held_out/")) continue;
      const auto pictures = image::open_dataset(set.data);
      std::set<std::int64_t> labels;
      for (std::size_t i = 0; i < pictures->size(); ++i) {
        const image::Sample sample = pictures->load(i);
        labels.insert(sample.label);
        if (set.name == "gtsrb/train") continue;
        ++all;
        rows["test"].insert(sample.index);
        EXPECT_EQ(sample.index % 5 == 0, set.name.ends_with("/val"));
      }
      EXPECT_EQ(labels.size(), set.name.starts_with("gtsrb/") ? 33U : 10U) << set.name;
      EXPECT_EQ(*labels.rbegin() + 1, static_cast<std::int64_t>(labels.size())) << set.name;
    }
    EXPECT_EQ(all, 12600U);
    EXPECT_EQ(rows["test"].size(), 12600U);
  }
}

TEST(Protocols, MnistHasTheSizesThatItStates) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  const evaluation::Protocol mnist = protocol("mnist", data);
  EXPECT_TRUE(mnist.unused.empty());
  EXPECT_EQ(mnist.sets.size(), 42U);
  for (const evaluation::ProtocolSet& set : mnist.sets) {
    EXPECT_EQ(image::open_dataset(set.data)->size(), set.rows.value_or(2000)) << set.name;
  }
}

TEST(Protocols, Cifar10HasTheSizesThatItStates) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  std::map<std::string, std::unique_ptr<image::Dataset>> sets;
  for (const evaluation::ProtocolSet& set : protocol("cifar10", data).sets) {
    sets[set.name] = image::open_dataset(set.data);
    EXPECT_EQ(sets[set.name]->size(), set.rows) << set.name;
  }
  ASSERT_EQ(sets.size(), 10U);

  // Validation and test pictures of CIFAR-10 are all of the 10,000, none twice.
  std::set<std::int64_t> rows;
  std::map<std::int64_t, int> of_class;
  for (const char* name : {"cifar10/val", "cifar10/test"}) {
    const image::Dataset& set = *sets.at(name);
    for (std::size_t i = 0; i < set.size(); ++i) rows.insert(set.load(i).index);
  }
  for (std::size_t i = 0; i < 1000; ++i) ++of_class[sets.at("cifar10/val")->label(i)];
  EXPECT_EQ(rows.size(), 10000U);
  for (const auto& [label, count] : of_class) EXPECT_EQ(count, 100) << label;

  // Alternate classes of Tiny-ImageNet, no one in both halves.
  const auto val = sets.at("tin/val")->class_names();
  const auto test = sets.at("tin/test")->class_names();
  EXPECT_EQ(val.size(), 43U);
  EXPECT_EQ(test.size(), 42U);
  for (std::size_t i = 0; i < test.size(); ++i)
    EXPECT_TRUE(val[i] < test[i] && test[i] < val[i + 1]);
  const image::Sample last = sets.at("tin/val")->load(2149);
  EXPECT_EQ(last.label, 42);
  EXPECT_EQ(last.image.width, 64U);
}

}  // namespace
}  // namespace nescio
