// Classes are matched by name, whatever verb meets two sides that have names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A network of the painted classes 0, 1, 2, trained for a moment.
class ClassNames : public testing::Test {
 protected:
  void SetUp() override {
    if (nescio_program({"list", "methods"}).code != 0) GTEST_SKIP() << "this build has no libtorch";
    const Outcome trained =
        nescio_program({"train", "model=resnet8", "data=" + shapes("0,1,2"), "steps=6", "batch=8",
                        "lr=0.02", "threads=1", "device=cpu", "out=" + path("run")});
    ASSERT_EQ(trained.code, 0) << trained.log;
    io::write_safetensors(path("plain.safetensors"),
                          io::read_safetensors(path("run/last.safetensors")).tensors);
  }

  static std::string shapes(const std::string& classes) {
    return "procedural:shapes?count=60&classes=" + classes;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Outcome extract(const std::string& classes, const std::string& as,
                  const std::string& weights = "run/last.safetensors",
                  std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"extract", "model=resnet8:" + path(weights), "data=" + shapes(classes),
                 "bank=" + path("bank"), "as=" + as, "threads=1", "device=cpu"});
    return nescio_program(more);
  }
  std::vector<std::int64_t> labels(const std::string& split) const {
    const Array array = bank::FeatureBank::open(path("bank")).array(split, "labels");
    return {array.as<std::int64_t>().begin(), array.as<std::int64_t>().end()};
  }

  io::TestFolder folder_;
};

TEST_F(ClassNames, OfPicturesBecomeThoseOfTheWeights) {
  const Outcome straight = extract("0,1,2", "m/test");
  ASSERT_EQ(straight.code, 0) << straight.log;
  EXPECT_EQ(straight.log, "");
  const Outcome turned = extract("2,0,1", "m/turned");
  ASSERT_EQ(turned.code, 0) << turned.log;
  EXPECT_THAT(turned.log, HasSubstr("data: the labels are now those of the network"));
  EXPECT_EQ(labels("m/turned"), labels("m/test"));
  EXPECT_EQ(turned.out.substr(turned.out.find(": ")), straight.out.substr(straight.out.find(": ")));

  const Outcome fewer = extract("2,1", "m/fewer");
  EXPECT_THAT(fewer.log, HasSubstr("0 'striped triangle' becomes 2"));
  EXPECT_THAT(fewer.out, HasSubstr("accuracy"));
  EXPECT_EQ(bank::FeatureBank::open(path("bank")).class_names("m/fewer").size(), 3U);

  expect_refusal(extract("1,2,3", "m/more"), 1,
                 {"data: the class ", "not among the 3 of the network", "classes="});
  const Outcome others = extract("3,4,5", "o/test");
  EXPECT_EQ(others.code, 0);
  EXPECT_THAT(others.log, HasSubstr("none of its classes"));
  EXPECT_THAT(others.out, Not(HasSubstr("accuracy")));
}

TEST_F(ClassNames, MayBeGivenToWeightsThatHaveNone) {
  const std::string plain = "plain.safetensors";
  ASSERT_EQ(extract("0,1,2", "m/train", plain).code, 0);
  const Outcome chance = extract("2,1", "m/test", plain);
  EXPECT_THAT(chance.out, Not(HasSubstr("accuracy")));
  EXPECT_THAT(chance.log, HasSubstr("class_names="));

  // Splits of one bank that do not agree are found before anything is fitted.
  const std::vector<std::string> evaluate = {
      "evaluate",   "bank=" + path("bank"), "train=m/train",    "id=m/test",
      "far=o/test", "bootstrap=0",          "detectors=energy", "out=" + path("result")};
  ASSERT_EQ(extract("3,4,5", "o/test", plain).code, 0);
  expect_refusal(nescio_program(evaluate), 1,
                 {"m/test: label 0 is 'striped triangle' here and 'striped disk' in m/train",
                  "class_names=m/train"});
  expect_refusal(nescio_program({"fit", "knn", "bank=" + path("bank"), "train=m/train",
                                 "val=m/test", "out=" + path("knn")}),
                 1, {"m/test: label 0 is"});

  const Outcome named = extract("2,1", "m/test", plain, {"class_names=m/train"});
  EXPECT_EQ(named.code, 0) << named.log;
  EXPECT_THAT(named.out, HasSubstr("accuracy"));
  EXPECT_EQ(nescio_program(evaluate).code, 0);
  expect_refusal(extract("2,1", "m/test", plain, {"class_names=a,b"}), 2,
                 {"expected the 3 classes of the network, found 2"});
}

TEST_F(ClassNames, AreMatchedBySetsOfAProtocolToo) {
  const auto benchmark = [&](const std::string& test, const std::string& near) {
    const auto file = folder_.file("toy.yaml", "name: toy\nsets:\n  m/train: '" + shapes("0,1,2") +
                                                   "'\n  m/test: '" + shapes(test) +
                                                   "'\n  o/test: '" + shapes(near) +
                                                   "'\nroles: {train: m/train, id: m/test, near: "
                                                   "o/test}\n");
    return nescio_program({"benchmark", file.string(),
                           "model=resnet8:" + path("run/last.safetensors"), "out=" + path("result"),
                           "detectors=energy", "bootstrap=0", "threads=1", "device=cpu"});
  };
  const Outcome turned = benchmark("1,2,0", "3,4");
  EXPECT_EQ(turned.code, 0) << turned.log;
  EXPECT_THAT(turned.log, HasSubstr("warning: m/test: the labels are now those of the network"));
  const Outcome shared = benchmark("0,1,2", "2,3");
  EXPECT_EQ(shared.code, 0) << shared.log;
  EXPECT_THAT(shared.log,
              HasSubstr("warning: o/test: the class 'striped triangle' is called like"));
  const Outcome other = benchmark("2,3", "4,5");
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.log, HasSubstr("m/test: the class 'striped star' is not among the 3"));
}

TEST_F(ClassNames, ABankOfAnotherNetworkIsNotScored) {
  ASSERT_EQ(extract("0,1,2", "m/test").code, 0);
  ASSERT_EQ(nescio_program({"fit", "msp", "bank=" + path("bank"), "out=" + path("msp")}).code, 0);
  const auto score = [&] {
    return nescio_program(
        {"score", path("msp"), "bank=" + path("bank"), "sets=m/test", "out=" + path("scores")});
  };
  EXPECT_EQ(score().code, 0);
  std::filesystem::remove_all(path("bank"));
  ASSERT_EQ(extract("0,1,2", "m/test", "plain.safetensors").code, 0);
  expect_refusal(score(), 1, {"[msp] was fitted on a network with weights_sha256"});
}

}  // namespace
}  // namespace nescio
