#include "extract/extract.h"
#include "image/loading/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/interrupt.h"
#include "base/test_communicator.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/model.h"
#include "nn/test_weights.h"

namespace nescio::extract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void expect_equal_bits(const Array& a, const Array& b) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_TRUE(std::ranges::equal(a.as<float>(), b.as<float>()));
}

/// A made-up network and 20 made-up pictures.
class ExtractTest : public testing::Test {
 protected:
  ExtractTest() : model_(network(1)) {
    std::vector<std::uint8_t> pixels;
    for (const float value : nn::made_up_numbers(20 * 32 * 32 * 3, 9)) {
      pixels.push_back(static_cast<std::uint8_t>(127 * (value + 1)));
    }
    io::write_npy(folder_ / "images.npy", Array({20, 32, 32, 3}, pixels));
    std::vector<std::int64_t> labels(20);
    for (std::size_t i = 0; i < 20; ++i) labels[i] = static_cast<std::int64_t>(i % 4);
    io::write_npy(folder_ / "labels.npy", Array({20}, labels));
    spec_ = text("npy:", (folder_ / "images.npy").string(),
                 "?labels=", (folder_ / "labels.npy").string());
  }
  ~ExtractTest() override { clear_interrupt(); }

  nn::Model network(std::uint32_t seed) const {
    const auto file = folder_ / text("weights", seed, ".safetensors");
    io::write_safetensors(file, nn::made_up_resnet20(4, seed));
    return nn::Model::load("resnet20:" + file.string(), "cpu");
  }
  bank::FeatureBank bank(const std::string& name = "bank") const {
    return bank::FeatureBank::open_or_create(folder_ / name);
  }
  Extracted run(bank::FeatureBank& bank, const std::string& spec,
                ExtractOptions options = {.batch = 6}) {
    return extract(model_, *image::open_dataset(spec), spec, bank, "toy/test", options);
  }

  int banks_ = 0;
  io::TestFolder folder_;
  nn::Model model_;
  std::string spec_;
};

TEST_F(ExtractTest, AnswersToTheViewsThatTrainingSees) {
  bank::FeatureBank target = bank();
  const AnswerOptions answers{.views = 3, .augment = "crop(padding=4),flip", .seed = 7};
  const Extracted done = run(target, spec_, {.batch = 6, .answers = answers});
  EXPECT_THAT(done.arrays,
              ElementsAre("logits(view=0)", "logits(view=1)", "logits(view=2)", "labels", "index"));
  EXPECT_TRUE(run(target, spec_, {.batch = 6, .answers = answers}).was_there());
  // A shuffled epoch of a training run whose own seed is another one.
  const auto data = image::open_dataset(spec_);
  image::Loader loader(*data, model_.preprocessing(),
                       {.batch = 20,
                        .first_epoch = 5,
                        .seed = 99,
                        .view_seed = 7,
                        .order = image::Order::shuffled,
                        .augmentation = image::Augmentation(answers.augment),
                        .distinct_views = 3});
  image::ImageBatch batch;
  ASSERT_TRUE(loader.next(batch));
  const Array logits = model_.forward(batch.images).logits;
  const Array stored = target.array("toy/test", "logits(view=2)");
  for (std::size_t i = 0; i < 20; ++i) {
    const auto item = static_cast<std::size_t>(batch.items[i]);
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(logits.as<float>()[4 * i + c], stored.as<float>()[4 * item + c], 1e-4);
    }
  }
}

TEST_F(ExtractTest, KeepsTheMostProbableClassesOfAnAnswer) {
  bank::FeatureBank target = bank();
  run(target, spec_, {.batch = 6, .answers = {.views = 1}});
  bank::FeatureBank sparse = bank("sparse");
  run(sparse, spec_, {.batch = 6, .answers = {.views = 1, .top = 2, .dtype = "float16"}});
  const Array logits = target.array("toy/test", "logits(view=0)");
  const Array classes = sparse.array("toy/test", "top_classes(view=0)").to_int64();
  const Array log_p = sparse.array("toy/test", "top_log_p(view=0)").to_float32();
  const Array tail = sparse.array("toy/test", "tail_log_p(view=0)").to_float32();
  const Array label = sparse.array("toy/test", "label_log_p(view=0)").to_float32();
  for (std::size_t r = 0; r < 20; ++r) {
    std::vector<std::pair<double, std::int64_t>> p;
    double sum = 0;
    for (std::int64_t c = 0; c < 4; ++c) {
      p.emplace_back(std::exp(logits.as<float>()[4 * r + static_cast<std::size_t>(c)]), c);
      sum += p.back().first;
    }
    EXPECT_NEAR(label.as<float>()[r], std::log(p[r % 4].first / sum), 4e-3);
    std::ranges::sort(p, std::greater());
    EXPECT_EQ(classes.as<std::int64_t>()[2 * r], p[0].second);
    EXPECT_NEAR(log_p.as<float>()[2 * r + 1], std::log(p[1].first / sum), 4e-3);
    EXPECT_NEAR(tail.as<float>()[r], std::log((p[2].first + p[3].first) / sum), 4e-3);
  }
}

TEST_F(ExtractTest, AnswersToOtherViewsTakeThePlaceOfTheOld) {
  bank::FeatureBank target = bank();
  run(target, spec_, {.batch = 6});
  run(target, spec_, {.batch = 6, .answers = {.views = 3, .augment = "flip", .seed = 1}});
  const Extracted more =
      run(target, spec_, {.batch = 6, .answers = {.views = 4, .augment = "flip", .seed = 1}});
  EXPECT_EQ(more.there.size(), 5u);  // three views, labels, index
  const Extracted other =
      run(target, spec_, {.batch = 6, .answers = {.views = 2, .augment = "flip", .seed = 2}});
  EXPECT_THAT(other.gone, ElementsAre("logits(view=2)", "logits(view=3)"));
  EXPECT_TRUE(target.has("toy/test", "features"));
}

TEST_F(ExtractTest, KeepsValuesBetweenLayersPooled) {
  bank::FeatureBank target = bank();
  run(target, spec_, {.batch = 6, .probes = {"tap(at=layer1)", "tap(at=layer3)"}});
  EXPECT_EQ(target.array("toy/test", "tap(at=layer1)").shape(), (Shape{20, 16}));
  // A CIFAR ResNet's features are the mean of its last stage.
  const Array features = target.array("toy/test", "features");
  const Array last = target.array("toy/test", "tap(at=layer3)");
  ASSERT_EQ(last.shape(), features.shape());
  for (std::size_t i = 0; i < features.size(); ++i) {
    EXPECT_NEAR(last.as<float>()[i], features.as<float>()[i], 1e-5);
  }
}

TEST_F(ExtractTest, WritesNothingForAnUnknownTap) {
  bank::FeatureBank target = bank();
  EXPECT_THAT(io::error_of([&] { run(target, spec_, {.batch = 6, .probes = {"tap(at=layer4)"}}); }),
              HasSubstr("no tap 'layer4'"));
  EXPECT_FALSE(target.has("toy/test"));
  EXPECT_TRUE(target.model().empty());
}

TEST_F(ExtractTest, KnowsAnAccuracyWhereClassesAgree) {
  const auto accuracy = [&](const std::vector<std::string>& of_network, const std::string& data) {
    bank::FeatureBank target = bank(text("bank", ++banks_));
    const std::string spec = "procedural:shapes?count=20&" + data;
    return run(target, spec, {.batch = 6, .class_names = of_network}).accuracy.has_value();
  };
  const auto names = image::open_dataset("procedural:shapes?count=20&classes=0-3")->class_names();
  EXPECT_TRUE(accuracy({}, "classes=0-3"));
  EXPECT_FALSE(accuracy({}, "classes=0-2"));  // labels that fit by chance
  EXPECT_TRUE(accuracy(names, "classes=0-3"));
  EXPECT_FALSE(accuracy(names, "classes=4-7"));
  EXPECT_FALSE(accuracy(names, "classes=1,0,2,3"));
  bank::FeatureBank target = bank();
  EXPECT_TRUE(run(target, spec_, {.batch = 6, .class_names = names}).accuracy.has_value());
}

TEST_F(ExtractTest, WritesWhatTheNetworkSays) {
  bank::FeatureBank target = bank();
  const Extracted done = run(target, spec_);
  EXPECT_EQ(done.rows, 20u);
  EXPECT_EQ(done.classes, 4u);
  EXPECT_EQ(done.feature_width, 64u);
  EXPECT_FALSE(done.was_there());

  const bank::FeatureBank read = bank::FeatureBank::open(folder_ / "bank");
  const Array logits = read.array("toy/test", "logits");
  EXPECT_EQ(logits.shape(), (Shape{20, 4}));
  EXPECT_EQ(read.array("toy/test", "features").shape(), (Shape{20, 64}));
  EXPECT_EQ(read.array("toy/test", "index").as<std::int64_t>()[19], 19);
  EXPECT_EQ(read.array("toy/test", "labels").as<std::int64_t>()[19], 3);
  expect_equal_bits(read.head()->weight, model_.head()->weight);
  EXPECT_EQ(read.model().at("weights_sha256"), model_.weights_sha256());

  // Picture 7 goes through by hand, in a batch of the same shape.
  const image::Sample sample = image::open_dataset(spec_)->load(7);
  const image::Preprocessor preprocessor(model_.preprocessing());
  std::vector<float> images(6 * preprocessor.size());
  preprocessor.apply(sample.image, std::span(images).first(preprocessor.size()));
  const Array by_hand = model_.forward(images).logits;
  for (std::size_t c = 0; c < 4; ++c) {
    EXPECT_NEAR(logits.as<float>()[7 * 4 + c], by_hand.as<float>()[c], 1e-4);
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    const auto row = logits.as<float>().subspan(4 * i, 4);
    right += static_cast<std::size_t>(std::ranges::max_element(row) - row.begin()) == i % 4;
  }
  EXPECT_DOUBLE_EQ(done.accuracy.value(), static_cast<double>(right) / 20);
}

constexpr const char* odin = "odin(epsilon=0.0014,T=1000)";
constexpr const char* still = "odin(epsilon=0,T=1000)";

TEST_F(ExtractTest, AddsWhatProbesSay) {
  bank::FeatureBank target = bank();
  const Extracted done = run(target, spec_, {.batch = 6, .probes = {"odin"}});
  EXPECT_THAT(done.probes, ElementsAre(odin));
  EXPECT_EQ(target.array("toy/test", odin).shape(), (Shape{20, 4}));
  // Without probes, or with the same, what is there serves.
  EXPECT_TRUE(run(target, spec_).was_there());
  EXPECT_TRUE(run(target, spec_, {.batch = 6, .probes = {"odin(T=1000)"}}).was_there());
}

TEST_F(ExtractTest, AFurtherProbeAddsItsArrayOnly) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  const auto logits_file = folder_ / "bank/toy/test/logits.npy";
  const auto time = std::filesystem::last_write_time(logits_file);
  const Extracted one = run(target, spec_, {.batch = 6, .probes = {"odin"}});
  EXPECT_THAT(one.there, ElementsAre("logits", "features", "labels", "index"));
  EXPECT_FALSE(one.was_there());
  const Extracted two = run(target, spec_, {.batch = 6, .probes = {"odin", "odin(epsilon=0)"}});
  EXPECT_THAT(two.there, ElementsAre("logits", "features", "labels", "index", odin));
  EXPECT_EQ(std::filesystem::last_write_time(logits_file), time);

  const bank::FeatureBank read = bank::FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(read.arrays("toy/test"),
              ElementsAre("features", "index", "labels", "logits", still, odin));
  const Array unmoved = read.array("toy/test", still);
  const Array logits = read.array("toy/test", "logits");
  for (std::size_t i = 0; i < 80; ++i) {
    EXPECT_NEAR(unmoved.as<float>()[i], logits.as<float>()[i], 1e-4);
  }
  // The same bits as all in one go.
  bank::FeatureBank at_once = bank("at_once");
  run(at_once, spec_, {.batch = 6, .probes = {"odin(epsilon=0)", "odin"}});
  for (const char* array : {"logits", "features", odin, still}) {
    expect_equal_bits(read.array("toy/test", array), at_once.array("toy/test", array));
  }
}

TEST_F(ExtractTest, AnInterruptedProbeLeavesTheBankAndGoesOn) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  const auto interrupt_at_12 = [](std::string_view, std::size_t done, std::size_t) {
    if (done == 12) request_interrupt();
  };
  const std::vector<std::string> probes = {"odin(epsilon=0)"};
  EXPECT_THROW(run(target, spec_, {.batch = 6, .probes = probes, .progress = interrupt_at_12}),
               Interrupted);
  clear_interrupt();
  bank::FeatureBank reopened = bank();
  EXPECT_THAT(reopened.arrays("toy/test"), ElementsAre("features", "index", "labels", "logits"));
  reopened.verify();
  EXPECT_EQ(run(reopened, spec_, {.batch = 6, .probes = probes}).rows_before, 12u);
  EXPECT_EQ(reopened.array("toy/test", still).rows(), 20u);
}

TEST_F(ExtractTest, ArraysOfOtherConditionsDoNotStayBesideNewOnes) {
  bank::FeatureBank target = bank();
  run(target, spec_, {.batch = 6, .probes = {"odin"}});
  // As another version of the program would have left it.
  nlohmann::json manifest = io::read_json(folder_ / "bank/bank.json");
  for (auto& [name, array] : manifest["splits"]["toy/test"]["arrays"].items()) {
    array["inputs"]["program"] = "0.0.1";
  }
  io::write_json(folder_ / "bank/bank.json", manifest);
  bank::FeatureBank older = bank::FeatureBank::open(folder_ / "bank");
  const Extracted again = run(older, spec_);
  EXPECT_THAT(again.gone, ElementsAre(odin));
  EXPECT_THAT(again.there, testing::IsEmpty());
  EXPECT_FALSE(older.has("toy/test", odin));
}

/// Grey pictures with names, of which one was left out.
class Named final : public image::Dataset {
 public:
  std::size_t size() const override { return 3; }
  image::Sample load(std::size_t i) const override {
    return {
        image::Image{32, 32, 1, std::vector<std::uint8_t>(32 * 32, static_cast<std::uint8_t>(i))}};
  }
  std::string hash() const override { return "named"; }
  std::string name(std::size_t i) const override { return text("a/", i, ".png"); }
  std::vector<std::string> skipped() const override { return {"a/3.png: truncated"}; }
};

TEST_F(ExtractTest, KeepsTheNamesOfPicturesAndCountsTheBroken) {
  bank::FeatureBank target = bank();
  const Extracted done = extract(model_, Named(), "named", target, "toy/test", {.batch = 2});
  EXPECT_EQ(done.skipped, 1u);
  EXPECT_EQ(target.manifest("toy/test").at("inputs").at("skipped"), 1);
  const std::vector<std::string> names = {"a/0.png", "a/1.png", "a/2.png"};
  EXPECT_EQ(target.paths("toy/test"), names);
  std::filesystem::remove(folder_ / "bank/toy/test/paths.txt");
  const Extracted mended = extract(model_, Named(), "named", target, "toy/test", {.batch = 2});
  EXPECT_THAT(mended.there, ElementsAre("logits", "features", "labels"));
  EXPECT_EQ(target.paths("toy/test"), names);
  run(target, spec_);
  EXPECT_TRUE(target.paths("toy/test").empty());
}

TEST_F(ExtractTest, RecordsItsInputs) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  const nlohmann::json& rows = target.manifest("toy/test").at("inputs");
  EXPECT_EQ(rows.at("data"), spec_);
  EXPECT_EQ(rows.at("data_sha256"), image::open_dataset(spec_)->hash());
  const nlohmann::json inputs = target.inputs("toy/test", "logits");
  EXPECT_EQ(inputs.at("weights_sha256"), model_.weights_sha256());
  EXPECT_EQ(inputs.at("preprocessing").at("mean").at(0), 0.485);
  EXPECT_TRUE(inputs.contains("program"));
}

TEST_F(ExtractTest, BitsDoNotDependOnTheNumberOfPictures) {
  bank::FeatureBank whole = bank("whole"), part = bank("part");
  run(whole, spec_);
  io::write_npy(folder_ / "rows.npy",
                Array({8}, std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  run(part, spec_ + "&index=" + (folder_ / "rows.npy").string());
  expect_equal_bits(part.array("toy/test", "features"),
                    whole.array("toy/test", "features").slice(0, 8));
}

TEST_F(ExtractTest, LeavesASplitFromEqualInputsAlone) {
  bank::FeatureBank target = bank();
  const Extracted first = run(target, spec_);
  std::size_t calls = 0;
  const Extracted again =
      run(target, spec_,
          {.batch = 6, .progress = [&](std::string_view, std::size_t, std::size_t) { ++calls; }});
  EXPECT_TRUE(again.was_there());
  EXPECT_EQ(again.accuracy, first.accuracy);
  EXPECT_EQ(calls, 0u);

  // Other pixels behind the same name are another input.
  std::vector<std::uint8_t> pixels(20 * 32 * 32 * 3, 200);
  io::write_npy(folder_ / "images.npy", Array({20, 32, 32, 3}, pixels));
  EXPECT_FALSE(run(target, spec_).was_there());
}

class ImportedBeside : public ExtractTest {
 protected:
  /// What an import does, of an integer for each row.
  static void import(bank::FeatureBank& target, const char* array) {
    bank::SplitWriter writer(target, "toy/test", 20,
                             {{array, DType::int64, {}, {{"import", {{"from", "y.npy"}}}}}}, {},
                             bank::Rest::kept);
    writer.write(array, Array({20}, std::vector<std::int64_t>(20, 2)));
    writer.commit(20);
    writer.finish();
  }
};

TEST_F(ImportedBeside, ScoresAreNoReasonToRunAgain) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  import(target, "score_msp");
  EXPECT_TRUE(run(target, spec_).was_there());
}

TEST_F(ImportedBeside, ArraysThatAnImportReplacedStayAndAreNamed) {
  bank::FeatureBank target = bank();
  EXPECT_THAT(run(target, spec_).imported, testing::IsEmpty());
  import(target, "labels");
  const Extracted again = run(target, spec_);
  EXPECT_TRUE(again.was_there());
  EXPECT_THAT(again.imported, ElementsAre("labels"));
  EXPECT_EQ(target.array("toy/test", "labels").as<std::int64_t>()[0], 2);
}

TEST_F(ImportedBeside, WhatIsAboutOtherPicturesGoesAndIsNamed) {
  bank::FeatureBank target = bank();
  run(target, spec_, {.batch = 6, .probes = {"odin"}});
  import(target, "score_msp");
  const Extracted other = run(target, "procedural:shapes?count=20&classes=0-3");
  EXPECT_THAT(other.gone, ElementsAre(odin, "score_msp"));
  EXPECT_THAT(target.arrays("toy/test"), ElementsAre("features", "index", "labels", "logits"));
}

TEST_F(ExtractTest, DamagedArraysAreWrittenAgain) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  const Array logits = target.array("toy/test", "logits");
  std::filesystem::remove(folder_ / "bank/toy/test/logits.npy");
  std::filesystem::remove(folder_ / "bank/head/weight.npy");
  bank::FeatureBank damaged = bank::FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(run(damaged, spec_).there, ElementsAre("features", "labels", "index"));
  expect_equal_bits(damaged.array("toy/test", "logits"), logits);
  EXPECT_TRUE(damaged.head());
}

TEST_F(ExtractTest, GoesOnAfterAnInterruptWithEqualBits) {
  bank::FeatureBank straight = bank("straight"), broken = bank("broken");
  run(straight, spec_);
  const auto interrupt_at_12 = [](std::string_view, std::size_t done, std::size_t) {
    if (done == 12) request_interrupt();
  };
  EXPECT_THROW(run(broken, spec_, {.batch = 6, .progress = interrupt_at_12}), Interrupted);
  EXPECT_FALSE(broken.has("toy/test"));
  clear_interrupt();

  bank::FeatureBank reopened = bank("broken");
  const Extracted done = run(reopened, spec_);
  EXPECT_EQ(done.rows_before, 12u);
  for (const char* array : {"logits", "features"}) {
    expect_equal_bits(reopened.array("toy/test", array), straight.array("toy/test", array));
  }
  EXPECT_EQ(reopened.array("toy/test", "index").as<std::int64_t>()[19], 19);
}

TEST_F(ExtractTest, RefusesAnotherNetworkInTheSameBank) {
  bank::FeatureBank target = bank();
  run(target, spec_);
  const nn::Model other = network(2);
  const std::string message = io::error_of([&] {
    extract(other, *image::open_dataset(spec_), spec_, target, "toy/train", {.batch = 6});
  });
  EXPECT_THAT(message, HasSubstr(model_.weights_sha256()));
  EXPECT_THAT(message, HasSubstr(other.weights_sha256()));
  EXPECT_FALSE(target.has("toy/train"));
}

TEST_F(ExtractTest, ComparesWithAHeadThatWasImported) {
  bank::FeatureBank equal = bank("equal"), different = bank("different");
  equal.set_head(*model_.head(), {});
  EXPECT_FALSE(run(equal, spec_).was_there());
  const nn::Model other = network(2);
  different.set_head(*other.head(), {});
  EXPECT_THAT(io::error_of([&] { run(different, spec_); }), HasSubstr(model_.weights_sha256()));
}

TEST_F(ExtractTest, TakesAnyLabelsButGivesNoAccuracyForStrangers) {
  std::vector<std::int64_t> labels(20, 3);
  labels[5] = 4;  // the network has classes 0 .. 3
  io::write_npy(folder_ / "labels.npy", Array({20}, labels));
  bank::FeatureBank target = bank();
  EXPECT_FALSE(run(target, spec_).accuracy.has_value());
  EXPECT_EQ(target.array("toy/test", "labels").as<std::int64_t>()[5], 4);
}

TEST_F(ExtractTest, SeveralProcessesWriteTheBitsOfOne) {
  bank::FeatureBank one = bank();
  const auto lesson = image::open_dataset(spec_);
  const ExtractOptions options{
      .batch = 6, .probes = {"tap(at=layer2)", "nac(at=layer3)"}, .fit = {lesson.get(), spec_}};
  run(one, spec_, options);
  for (const int size : {2, 4, 5}) {
    const std::string name = text("by", size);
    PlayedProcesses::run(size, [&](Communicator& processes) {
      bank::FeatureBank own = bank(name);
      const Extracted done =
          extract(model_, *image::open_dataset(spec_), spec_, own, "toy/test", options, processes);
      EXPECT_EQ(done.accuracy.has_value(), processes.is_first());
      EXPECT_EQ(own.rows("toy/test"), 20u);  // all of them see it
    });
    const bank::FeatureBank found = bank(name);
    for (const std::string& array : one.arrays("toy/test")) {
      EXPECT_EQ(found.manifest("toy/test").at("arrays").at(array).at("sha256"),
                one.manifest("toy/test").at("arrays").at(array).at("sha256"))
          << array;
    }
    EXPECT_EQ(found.arrays("toy/test"), one.arrays("toy/test"));
  }
}

}  // namespace
}  // namespace nescio::extract
