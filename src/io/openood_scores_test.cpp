#include "io/openood_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npy.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"
#include "io/test_zip.h"

namespace nescio {
namespace {

using namespace test_pickle;
using testing::ElementsAre;
using testing::HasSubstr;

// As NumPy pickles, protocols 3 and 5.
std::string dtype(std::string_view code, std::string_view order = "<") {
  return global("numpy", "dtype") + tuple({str(code), "\x89", "\x88"}) + "R" +
         tuple({num(3), str(order), "N", "N", "N", num(-1), num(-1), num(0)}) + "b";
}
template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
std::string reconstructed(const std::string& type, const std::string& shape,
                          const std::string& bytes) {
  return global("numpy.core.multiarray", "_reconstruct") +
         tuple({global("numpy", "ndarray"), nums({0}), std::string("C\x01") + "b"}) + "R" +
         tuple({num(1), shape, type, "\x89", "B" + little_endian(bytes.size(), 4) + bytes}) + "b";
}
std::string buffered(const std::string& type, const std::string& shape, const std::string& bytes) {
  return global("numpy._core.numeric", "_frombuffer") +
         tuple({"\x96" + little_endian(bytes.size(), 8) + bytes, type, shape, str("C")}) + "R";
}
std::string list(const Parts& items) { return "](" + concat(items) + "e"; }

std::string triple(const std::vector<std::int64_t>& pred, const std::vector<float>& conf,
                   const std::vector<std::int64_t>& label) {
  const auto n = [](const auto& values) {
    return nums({static_cast<std::int32_t>(values.size())});
  };
  return list({reconstructed(dtype("i8"), n(pred), raw(pred)),
               buffered(dtype("f4"), n(conf), raw(conf)),
               buffered(dtype("i8"), n(label), raw(label))});
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
std::vector<SavedConfidences> parse(const std::string& body) {
  return parse_openood_pickle(SharedBytes::copy_of(pickle(body)), "msp.pkl");
}
std::string fault(const std::string& body) {
  return error_of([&] { parse(body); });
}

TEST(OpenoodPickle, GivesEverySetThatWasScored) {
  const auto all = parse(scores(triple({1, 0}, {0.5F, 0.25F}, {1, 1}),
                                dict({{"tin", triple({2}, {-1}, {-1})}, {"cifar100", "N"}})));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].role, "id");
  EXPECT_THAT(all[0].confidences.as<float>(), ElementsAre(0.5F, 0.25F));
  EXPECT_THAT(all[0].predictions.as<std::int64_t>(), ElementsAre(1, 0));
  EXPECT_EQ(all[1].role, "near");
  EXPECT_EQ(all[1].set, "tin");
  EXPECT_THAT(all[1].labels.as<std::int64_t>(), ElementsAre(-1));
}

TEST(OpenoodPickle, ReadsDoublesAndBigEndianNumbers) {
  const auto one = [](const std::string& conf) {
    return parse(scores(list({reconstructed(dtype("u1", "|"), nums({1}), "\x07"), conf,
                              reconstructed(dtype("i1", "|"), nums({1}), "\xff")}),
                        dict({})))
        .at(0)
        .confidences;
  };
  EXPECT_EQ(one(reconstructed(dtype("f8"), nums({1}), raw<double>({0.1}))).as<double>()[0], 0.1);
  EXPECT_EQ(
      one(buffered(dtype("f4", ">"), nums({1}), std::string("\x3f\x80\0\0", 4))).as<float>()[0],
      1.0F);
}

TEST(OpenoodPickle, RefusesWhatItIsNot) {
  const std::string good = triple({1}, {0.5F}, {1});
  EXPECT_THAT(fault(num(3)), HasSubstr("msp.pkl: expected the scores of OpenOOD"));
  EXPECT_THAT(fault(dict({{"id", dict({{"test", "N"}})}})), HasSubstr("found no 'ood'"));
  EXPECT_THAT(fault(scores(list({}), dict({}))), HasSubstr("id: expected a list of three arrays"));
  EXPECT_THAT(fault(scores(good, dict({{"tin", triple({1, 2}, {0.5F}, {1})}}))),
              HasSubstr("near tin: expected one prediction and label for each of 1"));
  EXPECT_THAT(fault(scores(triple({}, {}, {}), num(1))), HasSubstr("data sets under 'near'"));
  const auto with = [&](const std::string& conf) {
    return fault(scores(list({buffered(dtype("i8"), nums({1}), raw<std::int64_t>({1})), conf,
                              buffered(dtype("i8"), nums({1}), raw<std::int64_t>({1}))}),
                        dict({})));
  };
  EXPECT_THAT(with(buffered(dtype("i8"), nums({1}), std::string(8, 'a'))), HasSubstr("int64"));
  EXPECT_THAT(with(buffered(dtype("O8", "|"), nums({1}), std::string(8, 'a'))), HasSubstr("'O8'"));
  EXPECT_THAT(with(buffered(dtype("f4"), nums({1, 1}), std::string(4, 'a'))), HasSubstr("[1, 1]"));
  EXPECT_THAT(with(buffered(dtype("f4"), nums({3}), std::string(4, 'a'))),
              HasSubstr("id: expected 12 bytes"));
  EXPECT_THAT(with(buffered(num(1), nums({1}), std::string(4, 'a'))),
              HasSubstr("no plain numbers"));
  EXPECT_THAT(with(global("numpy.core.multiarray", "_reconstruct") + tuple({}) + "R"),
              HasSubstr("three arrays"));
  EXPECT_THAT(fault(global("os", "system") + tuple({str("true")}) + "R"),
              HasSubstr("os.system, which is not on the list"));
}

TEST(OpenoodPickle, RefusesOneArrayInManyPlaces) {
  std::string many = dict({{"a", triple({1}, {0.5F}, {1}) + "q\x07"}});
  std::string sets = "}(" + str("a") + triple({1}, {0.5F}, {1}) + "q\x07";
  for (int i = 0; i < 1000; ++i) sets += str(text("s", i)) + "h\x07";
  EXPECT_THAT(fault(scores("N", sets + "u")), HasSubstr("the same array stands for several"));
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
}  // namespace nescio
