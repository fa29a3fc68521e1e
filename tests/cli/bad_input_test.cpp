// What fit, score and evaluate refuse: one sentence, and nothing half-written.
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() { world = new TestBank(); }
  static void TearDownTestSuite() { delete world; }

  static Outcome fit(const std::string& spec, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"fit", spec, "bank=" + world->bank(), "out=" + world->path("refused")});
    return nescio_program(more);
  }
  static Outcome evaluate(std::vector<std::string> more) {
    more.insert(more.begin(), {"evaluate", "bank=" + world->bank(), "bootstrap=0",
                               "out=" + world->path("refused_run")});
    return nescio_program(more);
  }
  // Replaces the labels of a copy of the training rows: imported as in/<name>.
  static std::string relabelled(const std::string& name, const Rows& rows,
                                const World& shape = {}) {
    write_rows(world->folder(), name, shape, rows);
    const auto done =
        nescio_program(import_arguments(world->folder(), world->bank(), name, "in/" + name));
    EXPECT_EQ(done.code, 0) << done.log;
    return "in/" + name;
  }
  void TearDown() override {
    EXPECT_FALSE(std::filesystem::exists(world->path("refused")));
    EXPECT_FALSE(std::filesystem::exists(world->path("refused_run") + "/results.csv"));
  }

  static TestBank* world;
};
TestBank* BadInput::world = nullptr;

TEST_F(BadInput, MissingFiles) {
  expect_refusal(nescio_program({"fit", "energy", "bank=/nowhere", "out=/tmp/never"}), 1,
                 {"/nowhere"});
  expect_refusal(fit("knn", {"train=in/trian"}), 1, {"in/trian", "Did you mean 'in/train'?"});
  expect_refusal(fit("knn", {"train=in/train", "ood_val=a/b"}), 1, {"a/b"});
  expect_refusal(nescio_program({"score", world->path("nothing"), "bank=" + world->bank(),
                                 "sets=in/test", "out=" + world->path("s")}),
                 1, {"detector.json"});
}

TEST_F(BadInput, UnknownDetectorsAndValues) {
  expect_refusal(fit("kn", {"train=in/train"}), 2, {"Did you mean 'knn'?"});
  expect_refusal(fit("knn(K=5)", {"train=in/train"}), 2, {"'K'", "Did you mean 'k'?"});
  expect_refusal(fit("knn(k=0)", {"train=in/train"}), 2, {"k", ">= 1"});
  expect_refusal(fit("knn(k=[5,10])", {"train=in/train"}), 2, {"list"});
  expect_refusal(fit("knn(k=5", {"train=in/train"}), 2, {"')'"});
  expect_refusal(fit("react", {"train=in/train"}), 2, {"react+energy"});
  expect_refusal(fit("knn", {}), 2, {"train=SET/SPLIT"});
  expect_refusal(fit("react+energy", {"train=in/train"}), 2, {"val=SET/SPLIT"});
  expect_refusal(evaluate({"id=in/test", "near=near/test", "detectors=enregy"}), 2,
                 {"Did you mean 'energy'?"});
}

TEST_F(BadInput, LabelsThatCannotBeFittedOn) {
  const World shape;
  Rows rows = draw_rows(shape, 40, false, 9);
  rows.labels[7] = 4;
  expect_refusal(fit("mahalanobis", {"train=" + relabelled("high", rows)}), 1,
                 {"in/high", "row 7", "label 4", "0 .. 3"});
  rows.labels[7] = -1;
  expect_refusal(fit("mahalanobis", {"train=" + relabelled("none", rows)}), 1, {"row 7", "-1"});
  for (auto& label : rows.labels) label = label == 2 || label < 0 ? 0 : label;
  expect_refusal(fit("mahalanobis", {"train=" + relabelled("two_missing", rows)}), 1, {"class 2"});
  rows.labels.assign(rows.labels.size(), 1);
  expect_refusal(fit("mahalanobis", {"train=" + relabelled("one_class", rows)}), 1,
                 {"class 0, 2, 3"});
}

TEST_F(BadInput, RolesThatDoNotFit) {
  expect_refusal(evaluate({"id=in/test", "detectors=energy"}), 2, {"near=", "far="});
  expect_refusal(evaluate({"near=near/test"}), 2, {"missing id="});
  expect_refusal(evaluate({"id=in/test", "near=near/test", "far=near/test"}), 2,
                 {"near/test", "near", "far"});
  expect_refusal(evaluate({"id=in/test", "near=near/test,near/test"}), 2, {"near/test", "twice"});
  expect_refusal(evaluate({"id=in/test", "near=near/test,,far/test"}), 2, {"near"});
  expect_refusal(evaluate({"id=in/test", "train=in/test", "near=near/test"}), 2,
                 {"in/test", "train", "id"});
  expect_refusal(evaluate({"id=in/test", "near=nwar/test"}), 1, {"near: ", "nwar/test"});
}

TEST_F(BadInput, LabelsOfTheIdSet) {
  Rows rows = draw_rows({}, 20, false, 5);
  rows.labels[3] = -1;
  expect_refusal(
      evaluate({"id=" + relabelled("unlabelled", rows), "near=near/test", "detectors=energy"}), 1,
      {"in/unlabelled", "row 3", "-1"});
}

TEST_F(BadInput, DetectorsThatTheDataDoNotAllow) {
  expect_refusal(
      evaluate({"id=in/test", "near=near/test", "train=in/train", "detectors=energy,vim(dim=512)"}),
      1, {"[vim(dim=512)]", "dim"});
  expect_refusal(
      evaluate({"id=in/test", "near=near/test", "train=in/train", "detectors=knn(k=1000)"}), 1,
      {"[knn(k=1000)]", "200"});
  expect_refusal(evaluate({"id=in/test", "near=near/test", "detectors=knn"}), 2,
                 {"[knn]", "train=SET/SPLIT"});
  expect_refusal(evaluate({"id=in/test", "near=near/test", "detectors=energy,energy"}), 2,
                 {"twice"});
}

TEST_F(BadInput, ScoringAnotherNetworksBank) {
  const World wide{.classes = 4, .width = 16};
  const TestBank other(wide);
  const std::string detector = world->path("knn8");
  ASSERT_EQ(nescio_program(
                {"fit", "knn(k=3)", "bank=" + world->bank(), "train=in/train", "out=" + detector})
                .code,
            0);
  expect_refusal(nescio_program({"score", detector, "bank=" + other.bank(), "sets=in/test",
                                 "out=" + world->path("other")}),
                 1, {"features", "expected [N, 8]", "[100, 16]"});
  EXPECT_FALSE(std::filesystem::exists(world->path("other")));
}

TEST_F(BadInput, TargetsThatAreNotOurs) {
  const std::string mine = world->path("precious");
  std::filesystem::create_directory(mine);
  io::write_text(mine + "/letter.txt", "dear");
  expect_refusal(nescio_program({"fit", "energy", "bank=" + world->bank(), "out=" + mine}), 1,
                 {"precious", "no saved detector"});
  EXPECT_EQ(io::read_text(mine + "/letter.txt"), "dear");
}

TEST_F(BadInput, FullDisk) {
  const std::string detector = world->path("knn_small");
  ASSERT_EQ(nescio_program({"fit", "energy", "bank=" + world->bank(), "out=" + detector}).code, 0);
  const Outcome fitted =
      nescio_program_on_full_disk(1, {"fit", "knn(k=5)", "bank=" + world->bank(), "train=in/train",
                                      "out=" + world->path("refused")});
  expect_refusal(fitted, 1, {"learned.safetensors"});
  EXPECT_FALSE(std::filesystem::exists(world->path("refused.partial")));
  const World shape;
  relabelled("many", draw_rows(shape, 2000, false, 3));
  const Outcome scored = nescio_program_on_full_disk(
      1,
      {"score", detector, "bank=" + world->bank(), "sets=in/many", "out=" + world->path("full")});
  expect_refusal(scored, 1, {"many.npy"});
  EXPECT_FALSE(std::filesystem::exists(world->path("full/in/many.npy")));
}

TEST_F(BadInput, WithoutTheHead) {
  const TestBank bare({}, false);
  expect_refusal(nescio_program({"fit", "react+energy", "bank=" + bare.bank(), "train=in/train",
                                 "val=in/val", "out=" + world->path("refused")}),
                 1, {"head", "head_weight=W.npy"});
  const Outcome all =
      nescio_program({"evaluate", "bank=" + bare.bank(), "train=in/train", "val=in/val",
                      "id=in/test", "far=far/test", "bootstrap=0", "out=" + bare.path("run")});
  EXPECT_EQ(all.code, 0) << all.log;
  EXPECT_NE(all.log.find("skipped vim: the bank has no head"), std::string::npos) << all.log;
}

class FewClasses : public testing::TestWithParam<std::size_t> {};

// One class and two classes are legal banks; whatever a detector does with them, it says so.
TEST_P(FewClasses, EveryDetectorWorksOrExplains) {
  const TestBank few({.classes = GetParam(), .width = 6});
  const auto specs = {"msp", "max_logit",    "energy",
                      "knn", "mahalanobis",  "relative_mahalanobis",
                      "vim", "react+energy", "scale+energy"};
  for (const char* spec : specs) {
    const Outcome done =
        nescio_program({"evaluate", "bank=" + few.bank(), "train=in/train", "val=in/val",
                        "id=in/test", "near=near/test", "bootstrap=0", "out=" + few.path("run"),
                        std::string("detectors=") + spec});
    if (done.code == 0) continue;
    expect_refusal(done, 1, {spec});
  }
}
INSTANTIATE_TEST_SUITE_P(Classes, FewClasses, testing::Values(1, 2));

}  // namespace
}  // namespace nescio
