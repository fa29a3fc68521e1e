// Scores that other programs made: imported, and measured beside ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bank/feature_bank.h"
#include "io/csv.h"
#include "io/npy.h"
#include "io/test_pickle.h"
#include "io/test_zip.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

Array floats(const std::vector<float>& values) { return Array({values.size()}, values); }

class ForeignScores : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string save(const std::string& name, const Array& array) const {
    io::write_npy(folder_ / name, array);
    return path(name);
  }
  /// As OpenOOD's save_scores: conf, pred, label.
  std::string save_npz(const std::string& name, const std::vector<float>& conf,
                       const std::vector<std::int64_t>& pred,
                       const std::vector<std::int64_t>& label) const {
    const auto npy = [&](const Array& array) { return io::read_text(save("member.npy", array)); };
    const Shape shape{conf.size()};
    io::write_text(folder_ / name,
                   io::test_zip({{.name = "pred.npy", .content = npy(Array(shape, pred))},
                                 {.name = "conf.npy", .content = npy(Array(shape, conf))},
                                 {.name = "label.npy", .content = npy(Array(shape, label))}}));
    return path(name);
  }
  Outcome import(const std::string& as, const std::string& file,
                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"import", "bank=" + path("bank"), "as=" + as,
                                          "scores=" + file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return nescio_program(arguments);
  }
  /// Metric of a set in RUN/results.csv.
  std::string value(const std::string& set, const std::string& metric) const {
    for (const auto& row :
         io::parse_csv(io::read_text(folder_ / "run" / "results.csv"), "results")) {
      if (row.at(1) == set && row.at(3) == metric) return row.at(4);
    }
    return "none";
  }

  io::TestFolder folder_;
};

TEST_F(ForeignScores, OfOpenoodAreTurnedAndMeasured) {
  // By hand: of the 4 x 2 pairs 5 are in order and one is a tie.
  const auto id = save_npz("cifar10.npz", {9, 7, 5, 3}, {0, 1, 1, 0}, {0, 1, 1, 1});
  const auto ood = save_npz("tin.npz", {4, 5}, {0, 0}, {-1, -1});
  ASSERT_EQ(import("cifar10/test", id, {"name=msp"}).code, 0);
  const Outcome done = import("tin/test", ood, {"name=msp"});
  EXPECT_EQ(done.out, "tin/test: 2 scores of imported(name=msp)\n") << done.log;
  const Outcome measured =
      nescio_program({"evaluate", "bank=" + path("bank"), "id=cifar10/test", "near=tin/test",
                      "detectors=imported(name=msp)", "out=" + path("run")});
  ASSERT_EQ(measured.code, 0) << measured.log;
  EXPECT_EQ(value("tin/test", "auroc"), format_number(5.5 / 8));
  EXPECT_EQ(value("cifar10/test", "id_accuracy"), "0.75");
}

TEST_F(ForeignScores, OfDoublesStayDoubles) {
  // Between 1 and 1 + 2^-23 float32 knows nothing.
  const std::vector<double> values = {1, 1 + 1e-10, 1 + 2e-10, -1e300};
  const auto file = save("fine.npy", Array({4}, values));
  ASSERT_EQ(import("a/test", file).code, 0);
  const Outcome turned = import("a/test", file, {"name=turned", "higher=id"});
  ASSERT_EQ(turned.code, 0) << turned.log;
  ASSERT_EQ(import("a/test", save("plain.npy", floats({1, 2, 3, 4}))).code, 0);
  const bank::FeatureBank bank = bank::FeatureBank::open(path("bank"));
  const Array fine = bank.array("a/test", "score_fine");
  const Array minus = bank.array("a/test", "score_turned");
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(fine.as<double>()[i], values[i]);
    EXPECT_EQ(minus.as<double>()[i], -values[i]);
  }
  EXPECT_EQ(bank.array("a/test", "score_plain").dtype(), DType::float32);
}

TEST_F(ForeignScores, AreEvaluatedWithoutABank) {
  const auto id = save_npz("cifar10.npz", {9, 7, 5, 3}, {0, 1, 1, 0}, {0, 1, 1, 1});
  const auto near = save_npz("tin.npz", {4, 5}, {0, 0}, {-1, -1});
  const auto far = save("mnist.npy", floats({-10, -1}));  // higher = more OOD already
  const std::vector<std::string> arguments = {"evaluate",   "id=" + id, "near=" + near,
                                              "far=" + far, "name=msp", "out=" + path("run")};
  for (int again = 0; again < 2; ++again) {
    const Outcome done = nescio_program(arguments);
    ASSERT_EQ(done.code, 0) << done.log;
    EXPECT_THAT(done.out, HasSubstr("imported(name=msp)"));
    EXPECT_EQ(value("tin/test", "auroc"), format_number(5.5 / 8));
    EXPECT_EQ(value("mnist/test", "auroc"), format_number(4.0 / 8));  // -1 above all, -10 below
  }
  expect_refusal(nescio_program({"evaluate", "id=" + id, "detectors=msp", "out=" + path("run")}), 2,
                 {"need bank="});
}

TEST_F(ForeignScores, KeepTheirDigits) {
  const auto doubles = [&](const std::string& name, const std::vector<double>& values) {
    return save(name, Array({values.size()}, values));
  };
  const auto id = doubles("id.npy", {1e12 + 1e-3, 1e12, 1e300});
  const auto ood =
      doubles("ood.npy", {1e12 + 2e-3, -5e-324});  // as float32 three of them are equal
  const Outcome done = nescio_program(
      {"evaluate", "id=" + id, "near=" + ood, "scores=true", "higher=id", "out=" + path("run")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(value("ood/test", "auroc"), format_number(4.0 / 6));
  const Array kept = io::read_npy(folder_ / "run/scores/imported(name=scores)/ood/test.npy");
  EXPECT_EQ(kept.as<double>()[0], -(1e12 + 2e-3));
  EXPECT_EQ(kept.as<double>()[1], 5e-324);
  const auto nan = doubles("nan.npy", {1, NAN, 2, -INFINITY});
  expect_refusal(import("a/test", nan), 1, {"found 2 of 4", "row 1 is nan"});
}

TEST_F(ForeignScores, OfOneNameAreToldApart) {
  const auto npy = [&](const std::vector<float>& v) {
    return io::read_text(save("member.npy", floats(v)));
  };
  io::write_text(folder_ / "all.npz",
                 io::test_zip({{.name = "id.npy", .content = npy({1, 2})},
                               {.name = "svhn.npy", .content = npy({3})},
                               {.name = "lsun.npy", .content = npy({0, 1.5F})}}));
  const std::string all = path("all.npz");
  Outcome done = nescio_program({"evaluate", "id=" + all + "#id",
                                 "near=" + all + "#svhn," + all + "#lsun", "out=" + path("run")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(value("svhn/test", "auroc"), "1");
  EXPECT_EQ(value("lsun/test", "auroc"), "0.25");

  const auto tiny = save("tiny imagenet.npy", floats({3, 4}));
  done = nescio_program({"evaluate", "id=" + all + "#id", "near=" + tiny,
                         "far=my far=" + all + "#lsun", "out=" + path("run")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(value("tiny_imagenet/test", "auroc"), "1");
  EXPECT_EQ(value("my_far/test", "auroc"), "0.25");
  expect_refusal(nescio_program({"evaluate", "id=" + tiny, "near=" + tiny, "out=" + path("run")}),
                 1, {"both be the set tiny_imagenet", "SET=FILE"});
}

TEST_F(ForeignScores, OfAPickleBringTheirSets) {
  using namespace io::test_pickle;
  const auto dtype = [](const char* code) {
    return global("numpy", "dtype") + tuple({str(code), "\x89", "\x88"}) + "R";
  };
  const auto array = [&](const char* code, const auto& values) {
    const std::string raw(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof values[0]);
    return global("numpy._core.numeric", "_frombuffer") +
           tuple({"\x96" + io::little_endian(raw.size(), 8) + raw, dtype(code),
                  nums({static_cast<std::int32_t>(values.size())}), str("C")}) +
           "R";
  };
  const auto set = [&](const std::vector<float>& conf) {
    const std::vector<std::int64_t> whole(conf.size(), 1);
    return "](" + array("i8", whole) + array("f4", conf) + array("i8", whole) + "e";
  };
  const auto ood =
      dict({{"val", set({1})}, {"near", dict({{"tin", set({4, 5})}})}, {"far", dict({})}});
  io::write_text(folder_ / "msp.pkl",
                 pickle(dict({{"id", dict({{"test", set({9, 7, 5, 3})}})}, {"ood", ood}})));
  const Outcome done = nescio_program({"evaluate", "id=" + path("msp.pkl"), "out=" + path("run")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(value("tin/test", "auroc"), format_number(5.5 / 8));
  EXPECT_EQ(value("id/test", "id_accuracy"), "1");
  const Outcome imported = import("cifar10/test", path("msp.pkl"));
  EXPECT_EQ(imported.out,
            "cifar10/test: 4 scores of imported(name=msp)\ntin/test: 2 scores of "
            "imported(name=msp)\n");

  // Those of fsood=True: the shifted rows count as ID.
  io::write_text(folder_ / "fsood.pkl", pickle(dict({{"id", dict({{"test", set({9, 7})}})},
                                                     {"csid", dict({{"cifar10c", set({5, 3})}})},
                                                     {"ood", ood}})));
  ASSERT_EQ(nescio_program({"evaluate", "id=" + path("fsood.pkl"), "out=" + path("run")}).code, 0);
  EXPECT_EQ(value("tin/test", "auroc"), format_number(5.5 / 8));
  EXPECT_EQ(value("id/test+cifar10c/test", "id_accuracy"), "1");
}

TEST_F(ForeignScores, JoinASplitWithoutTouchingTheRest) {
  const TestBank bank;
  const bank::FeatureBank before = bank::FeatureBank::open(bank.bank());
  const std::size_t rows = before.rows("in/test");
  const std::string hash = before.manifest("in/test").at("arrays").at("logits").at("sha256");
  const auto file = save("mine.npy", floats(std::vector<float>(rows, 2.5F)));
  const Outcome done =
      nescio_program({"import", "bank=" + bank.bank(), "as=in/test", "scores=" + file});
  ASSERT_EQ(done.code, 0) << done.log;
  const bank::FeatureBank after = bank::FeatureBank::open(bank.bank());
  EXPECT_EQ(after.manifest("in/test").at("arrays").at("logits").at("sha256"), hash);
  EXPECT_EQ(after.array("in/test", "score_mine").as<float>()[3], 2.5F);  // arrays keep their sign

  const auto fewer = save("fewer.npy", floats({1, 2}));
  expect_refusal(nescio_program({"import", "bank=" + bank.bank(), "as=in/test", "scores=" + fewer}),
                 1, {"in/test", text(rows), "found 2"});
  expect_refusal(nescio_program({"evaluate", "bank=" + bank.bank(), "id=in/test", "far=far/test",
                                 "detectors=imported(name=mine)", "out=" + path("run")}),
                 1, {"far/test has no score_mine"});
}

TEST_F(ForeignScores, InAnotherOrderAreNoticed) {
  ASSERT_EQ(import("a/test", save_npz("one.npz", {1, 2, 3}, {0, 1, 2}, {0, 1, 2})).code, 0);
  const auto shuffled = save_npz("two.npz", {1, 2, 3}, {0, 1, 2}, {0, 2, 1});
  expect_refusal(import("a/test", shuffled), 1, {"row 1 has label 2", "in another order"});
}

TEST_F(ForeignScores, ThatAreNoneAreRefused) {
  expect_refusal(import("a/test", save("nan.npy", floats({1, NAN}))), 1, {"row 1 is nan"});
  expect_refusal(import("a/test", save("matrix.npy", Array({1, 2}, std::vector<float>{1, 2}))), 1,
                 {"[1, 2]"});
  expect_refusal(import("a/test", save("whole.npy", Array({1}, std::vector<std::int64_t>{1}))), 1,
                 {"int64"});
  expect_refusal(import("a/test", path("missing.npy")), 1, {"missing.npy"});
  io::write_text(folder_ / "bad.pkl",
                 io::test_pickle::pickle(io::test_pickle::global("os", "system")));
  expect_refusal(import("a/test", path("bad.pkl")), 1, {"expected the scores of OpenOOD"});
  expect_refusal(import("a/test", save("x.npy", floats({1})), {"higher=up"}), 2, {"higher", "id"});
  expect_refusal(nescio_program({"import", "bank=" + path("bank"), "scores=" + path("x.npy")}), 2,
                 {"as="});
}

}  // namespace
}  // namespace nescio
