#include "io/openood_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npy.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"
#include "io/test_zip.h"

namespace nescio::io {
namespace {

using namespace test_pickle;
using testing::ElementsAre;
using testing::HasSubstr;

std::string list(const Parts& items) { return "](" + concat(items) + "e"; }

std::string triple(const std::vector<std::int64_t>& pred, const std::vector<float>& conf,
                   const std::vector<std::int64_t>& label) {
  const auto n = [](const auto& values) {
    return nums({static_cast<std::int32_t>(values.size())});
  };
  return list({numpy_array(numpy_type("i8"), n(pred), raw(pred)),
               numpy_buffer(numpy_type("f4"), n(conf), raw(conf)),
               numpy_buffer(numpy_type("i8"), n(label), raw(label))});
}
std::string scores(const std::string& test, const std::string& near) {
  return dict({{"id", dict({{"train", "N"}, {"val", "N"}, {"test", test}})},
               {"ood", dict({{"val", "N"}, {"near", near}, {"far", dict({{"mnist", "N"}})}})},
               // A tensor, as eval_acc() leaves it: a torch file within the pickle.
               {"id_preds", global("torch._utils", "_rebuild_tensor_v2") +
                                tuple({global("torch.storage", "_load_from_bytes") +
                                           tuple({std::string("B\x01\0\0\0x", 6)}) + "R",
                                       num(0), nums({1}), nums({1}), "\x89", ordered_dict()}) +
                                "R"}});
}
std::vector<SavedConfidences> parsed_scores(const std::string& body) {
  return parse_openood_pickle(SharedBytes::copy_of(pickle(body)), "msp.pkl");
}
std::string scores_fault(const std::string& body) {
  return error_of([&] { parsed_scores(body); });
}

TEST(OpenoodPickle, GivesEverySetThatWasScored) {
  const auto all =
      parsed_scores(scores(triple({1, 0}, {0.5F, 0.25F}, {1, 1}),
                           dict({{"tin", triple({2}, {-1}, {-1})}, {"cifar100", "N"}})));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].role, "id");
  EXPECT_THAT(all[0].confidences.as<float>(), ElementsAre(0.5F, 0.25F));
  EXPECT_THAT(all[0].predictions.as<std::int64_t>(), ElementsAre(1, 0));
  EXPECT_EQ(all[1].role, "near");
  EXPECT_EQ(all[1].set, "tin");
  EXPECT_THAT(all[1].labels.as<std::int64_t>(), ElementsAre(-1));
}

TEST(OpenoodPickle, GivesShiftedSetsWhereTheyWereScored) {
  const auto all = parsed_scores(
      dict({{"id", dict({{"test", triple({1}, {0.5F}, {1})}})},
            {"csid", dict({{"cifar10c", triple({3, 3}, {0.1F, 0.2F}, {3, 4})}, {"cinic10", "N"}})},
            {"ood", dict({{"val", "N"}, {"near", dict({})}, {"far", dict({})}})}}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].role, "shifted");
  EXPECT_EQ(all[1].set, "cifar10c");
  EXPECT_THAT(all[1].labels.as<std::int64_t>(), ElementsAre(3, 4));
}

TEST(OpenoodPickle, ReadsDoublesAndBigEndianNumbers) {
  const auto one = [](const std::string& conf) {
    return parsed_scores(scores(list({numpy_array(numpy_type("u1", "|"), nums({1}), "\x07"), conf,
                                      numpy_array(numpy_type("i1", "|"), nums({1}), "\xff")}),
                                dict({})))
        .at(0)
        .confidences;
  };
  EXPECT_EQ(one(numpy_array(numpy_type("f8"), nums({1}), raw<double>({0.1}))).as<double>()[0], 0.1);
  EXPECT_EQ(one(numpy_buffer(numpy_type("f4", ">"), nums({1}), std::string("\x3f\x80\0\0", 4)))
                .as<float>()[0],
            1.0F);
}

TEST(OpenoodPickle, RefusesWhatItIsNot) {
  const std::string good = triple({1}, {0.5F}, {1});
  EXPECT_THAT(scores_fault(num(3)), HasSubstr("msp.pkl: expected the scores of OpenOOD"));
  EXPECT_THAT(scores_fault(dict({{"id", dict({{"test", "N"}})}})), HasSubstr("found no 'ood'"));
  EXPECT_THAT(scores_fault(scores(list({}), dict({}))),
              HasSubstr("id: expected a list of three arrays"));
  EXPECT_THAT(scores_fault(scores(good, dict({{"tin", triple({1, 2}, {0.5F}, {1})}}))),
              HasSubstr("near tin: expected one prediction and label for each of 1"));
  EXPECT_THAT(scores_fault(scores(triple({}, {}, {}), num(1))),
              HasSubstr("data sets under 'near'"));
  const auto with = [&](const std::string& conf) {
    return scores_fault(
        scores(list({numpy_buffer(numpy_type("i8"), nums({1}), raw<std::int64_t>({1})), conf,
                     numpy_buffer(numpy_type("i8"), nums({1}), raw<std::int64_t>({1}))}),
               dict({})));
  };
  EXPECT_THAT(with(numpy_buffer(numpy_type("i8"), nums({1}), std::string(8, 'a'))),
              HasSubstr("int64"));
  EXPECT_THAT(with(numpy_buffer(numpy_type("O8", "|"), nums({1}), std::string(8, 'a'))),
              HasSubstr("'O8'"));
  EXPECT_THAT(with(numpy_buffer(numpy_type("f4"), nums({1, 1}), std::string(4, 'a'))),
              HasSubstr("[1, 1]"));
  EXPECT_THAT(with(numpy_buffer(numpy_type("f4"), nums({3}), std::string(4, 'a'))),
              HasSubstr("id: expected 12 bytes"));
  EXPECT_THAT(with(numpy_buffer(num(1), nums({1}), std::string(4, 'a'))),
              HasSubstr("three arrays"));
  EXPECT_THAT(with(global("numpy.core.multiarray", "_reconstruct") + tuple({}) + "R"),
              HasSubstr("three arrays"));
  const std::string message = scores_fault(global("os", "system") + tuple({str("true")}) + "R");
  EXPECT_THAT(message, HasSubstr("expected the scores of OpenOOD"));
  EXPECT_THAT(message, testing::Not(HasSubstr("state_dict")));
}

TEST(OpenoodPickle, RefusesOneLargeArrayInManyPlaces) {
  const std::vector<float> conf(100000, 0.5F);
  const std::vector<std::int64_t> whole(conf.size(), 1);
  std::string sets = "}(" + str("a") + triple(whole, conf, whole) + "q\x07";
  for (int i = 0; i < 1000; ++i) sets += str(text("s", i)) + "h\x07";
  EXPECT_THAT(scores_fault(scores("N", sets + "u")), HasSubstr("far more memory"));
}

TEST(OpenoodPickle, ReadsProtocolTwo) {
  const auto array = [](const std::string& type, const std::string& latin1) {
    return numpy_array_of(type, nums({1}),
                          global("_codecs", "encode") + tuple({str(latin1), str("latin1")}) + "R");
  };
  const std::string label = array(numpy_type("u1"), "\x07");
  const auto all = parsed_scores(scores(
      list({label, array(numpy_type("f4"), std::string("\0\0\xc2\x80?", 5)), label}), dict({})));
  EXPECT_EQ(all.at(0).confidences.as<float>()[0], 1.0F);
  EXPECT_EQ(all.at(0).labels.as<std::uint8_t>()[0], 7);
}

TEST(OpenoodNpz, NeedsItsThreeArrays) {
  const TestFolder folder;
  const auto npy = [&](const Array& array) {
    write_npy(folder / "x.npy", array);
    return read_text(folder / "x.npy");
  };
  const std::string conf = npy(Array({2}, std::vector<float>{3, 4}));
  const std::string whole = npy(Array({2}, std::vector<std::int64_t>{0, -1}));
  const auto saved =
      parse_openood_npz(SharedBytes::copy_of(test_zip({{.name = "conf.npy", .content = conf},
                                                       {.name = "pred.npy", .content = whole},
                                                       {.name = "label.npy", .content = whole}})),
                        "a.npz");
  EXPECT_THAT(saved.confidences.as<float>(), ElementsAre(3, 4));
  EXPECT_EQ(saved.role, "");
  EXPECT_THAT(error_of([&] {
                parse_openood_npz(
                    SharedBytes::copy_of(test_zip({{.name = "conf.npy", .content = conf}})),
                    "a.npz");
              }),
              HasSubstr("a.npz"));
}

}  // namespace
}  // namespace nescio::io
