#include "io/torch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "base/error.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio::io {
namespace {

using namespace test_pickle;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<TensorGroup> parse_groups(const std::string& file) {
  return parse_torch_file(SharedBytes::copy_of(file), "a.pth");
}
std::map<std::string, Array> parsed_torch(const std::string& file) {
  return join_groups(parse_groups(file));
}
std::string torch_error(const std::string& file) {
  return error_of([&] { parsed_torch(file); });
}
// uint8 values "abcdef" seen as a tensor.
std::string letters(std::int32_t offset, const std::vector<std::int32_t>& shape,
                    const std::vector<std::int32_t>& strides) {
  return tensor(storage("ByteStorage", "0", 6), offset, shape, strides);
}
std::string letters_file(const std::string& body) { return zip_file(body, {{"0", "abcdef"}}); }

TEST(TorchFile, BothFormsGiveTheSame) {
  const std::string body = dict({{"w", letters(0, {2, 3}, {3, 1})}, {"b", letters(4, {2}, {1})}});
  for (const auto& file : {letters_file(body), legacy_file(body, {{"0", 6, "abcdef"}})}) {
    const auto weights = parsed_torch(file);
    ASSERT_EQ(weights.size(), 2u);
    EXPECT_EQ(weights.at("w").shape(), (Shape{2, 3}));
    EXPECT_THAT(weights.at("w").as<std::uint8_t>(), ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
    EXPECT_THAT(weights.at("b").as<std::uint8_t>(), ElementsAre('e', 'f'));
  }
}

TEST(TorchFile, EveryStorageType) {
  const std::vector<std::pair<std::string, DType>> types = {
      {"FloatStorage", DType::float32}, {"DoubleStorage", DType::float64},
      {"HalfStorage", DType::float16},  {"BFloat16Storage", DType::bfloat16},
      {"LongStorage", DType::int64},    {"IntStorage", DType::int32},
      {"ShortStorage", DType::int16},   {"CharStorage", DType::int8},
      {"ByteStorage", DType::uint8},    {"BoolStorage", DType::boolean}};
  for (const auto& [name, type] : types) {
    const std::string bytes(2 * size_of(type), '\1');
    const std::string body = dict({{"w", tensor(storage(name, "0", 2), 0, {2}, {1})}});
    EXPECT_EQ(parsed_torch(zip_file(body, {{"0", bytes}})).at("w").dtype(), type);
    EXPECT_EQ(parsed_torch(legacy_file(body, {{"0", 2, bytes}})).at("w").dtype(), type);
  }
}

TEST(TorchFile, EveryDictionaryOfTensorsIsAGroup) {
  const std::string inner = dict({{"w", letters(0, {6}, {1})}, {"epoch", num(7)}});
  const std::string best = std::string("G\x3f\xf8\0\0\0\0\0\0", 9);
  const auto groups = parse_groups(letters_file(dict(
      {{"epoch", num(3)}, {"best", best}, {"net", inner}, {"ema", dict({{"module", inner}})}})));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].key, "net");
  EXPECT_EQ(groups[1].key, "ema.module");
  for (const TensorGroup& group : groups) {
    EXPECT_EQ(group.tensors.size(), 1u);
    EXPECT_EQ(group.tensors.count("w"), 1u);
  }
  EXPECT_EQ(join_groups(groups).count("ema.module.w"), 1u);
}

TEST(TorchFile, BareTensorsAndLists) {
  const std::string w = letters(0, {6}, {1});
  EXPECT_EQ(parsed_torch(letters_file(w)).at("").size(), 6u);
  EXPECT_EQ(parsed_torch(letters_file(tuple({w, letters(0, {2}, {1})}))).at("1").size(), 2u);
  EXPECT_EQ(parsed_torch(letters_file("](" + w + w + "e")).size(), 2u);
}

TEST(TorchFile, ArraysOfNumpyAreTensors) {
  const std::string array = numpy_array(numpy_type("f4"), nums({2}), raw<float>({1.5F, 2.5F}));
  EXPECT_THAT(parsed_torch(letters_file(dict({{"z", array}}))).at("z").as<float>(),
              ElementsAre(1.5F, 2.5F));
}

TEST(TorchFile, KeysOfNumbersAndNamesBesideTensors) {
  const std::string w = letters(0, {6}, {1});
  const std::string names = numpy_array(numpy_type("U1"), nums({1}), raw<float>({0}));
  const std::string states = "}" + num(0) + dict({{"exp_avg", w}}) + "s";  // of an optimiser
  const auto found =
      parse_groups(letters_file("}(" + num(0) + w + num(1) + w + str("names") + names +
                                str("optimizer") + dict({{"state", states}}) + "u"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].tensors, testing::SizeIs(2));
  EXPECT_EQ(found[0].tensors.count("1"), 1u);
  EXPECT_THAT(torch_error(letters_file(names)), HasSubstr("the tensor: expected numbers"));
}

TEST(TorchFile, NamesTheTypeThatIsNotRead) {
  const std::string z = tensor(storage("ComplexFloatStorage", "0", 1), 0, {1}, {1});
  EXPECT_EQ(
      torch_error(zip_file(dict({{"z", z}}), {{"0", "12345678"}})),
      "a.pth: tensor 'z': its elements are of the type ComplexFloatStorage; save real numbers");
}

TEST(TorchFile, WhatIsNotReadSpoilsNothingBesideIt) {
  const std::string w = letters(0, {6}, {1});
  const std::string z = tensor(storage("ComplexFloatStorage", "1", 2), 0, {2}, {1});
  const std::string c = numpy_array(numpy_type("c8"), nums({1}), raw<double>({0}));
  const std::string body = dict({{"z", z}, {"w", w}, {"often", letters(0, {9}, {0})}, {"c", c}});
  const std::string complex(16, '\1');
  for (const auto& file : {zip_file(body, {{"0", "abcdef"}, {"1", complex}}),
                           legacy_file(body, {{"1", 2, complex}, {"0", 6, "abcdef"}})}) {
    const auto groups = parse_groups(file);
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_THAT(groups[0].tensors.at("w").as<std::uint8_t>(),
                ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
    EXPECT_THAT(groups[0].unread.at("z"), HasSubstr("the type ComplexFloatStorage"));
    EXPECT_THAT(groups[0].unread.at("often"), HasSubstr("elements repeat"));
    EXPECT_THAT(groups[0].unread.at("c"), HasSubstr("NumPy's type 'c8'"));
    EXPECT_EQ(groups[0].tensors.size(), 1u);
  }
  const auto apart = parse_groups(
      zip_file(dict({{"w", w}, {"state", dict({{"z", z}})}}), {{"0", "abcdef"}, {"1", complex}}));
  EXPECT_EQ(join_unread(apart).count("state.z"), 1u);
}

TEST(TorchFile, TheOlderFormInEveryProtocol) {
  // torch.save(..., pickle_protocol=4, _use_new_zipfile_serialization=False) frames each pickle.
  const std::string magic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
  const std::string framed = "\x80\x04\x95" + little_endian(magic.size() + 1, 8) + magic + ".";
  EXPECT_TRUE(looks_like_torch(SharedBytes::copy_of(framed), "a.pth"));
  EXPECT_TRUE(looks_like_torch(SharedBytes::copy_of(pickle(magic)), "a.pth"));
  EXPECT_FALSE(looks_like_torch(SharedBytes::copy_of(pickle(num(3))), "a.pth"));
}

TEST(TorchFile, UnsignedTypesLieInStoragesOfBytes) {
  const std::string body =
      dict({{"y", global("torch._utils", "_rebuild_tensor_v3") +
                      tuple({storage("UntypedStorage", "0", 4), num(0), nums({2}), nums({1}),
                             "\x89", ordered_dict(), global("torch", "uint16")}) +
                      "R"}});
  EXPECT_THAT(parsed_torch(zip_file(body, {{"0", std::string("\x01\0\xff\xff", 4)}}))
                  .at("y")
                  .to_int64()
                  .as<std::int64_t>(),
              ElementsAre(1, 65535));
}

TEST(TorchFile, ObjectsOfAnyClassStayClosed) {
  const std::string space = global("argparse", "Namespace") + ")R" + dict({{"lr", num(1)}}) + "b";
  const std::string clock = global("datetime", "datetime") + tuple({str("x")}) + "R";
  const std::string evil = global("os", "system") + tuple({str("touch /nowhere")}) + "R";
  const auto groups =
      parse_groups(letters_file(dict({{"args", space},
                                      {"time", clock},
                                      {"evil", evil},
                                      {"net", dict({{"w", letters(0, {6}, {1})}})}})));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].key, "net");
  EXPECT_THAT(torch_error(letters_file(space)),
              HasSubstr("an object of the class argparse.Namespace"));
}

TEST(TorchFile, DictionariesThatHoldOneAnotherAreVisitedOnce) {
  // d = {"t": tensor}; then thirty times d = {"a": d, "b": d}: a thousand million ways to the tensor.
  std::string body = dict({{"t", letters(0, {6}, {1})}});
  for (int i = 0; i < 30; ++i) {
    const std::string place(1, static_cast<char>(i));
    body += "q" + place + "0}(" + str("a") + "h" + place + str("b") + "h" + place + "u";
  }
  EXPECT_EQ(parse_groups(letters_file(body)).size(), 1u);
  // One that holds itself.
  EXPECT_EQ(
      parse_groups(letters_file("}q\x01(" + str("w") + letters(0, {6}, {1}) + str("me") + "h\x01u"))
          .size(),
      1u);
}

TEST(TorchFile, CopiesStayInProportionToTheFile) {
  // Floats at odd places must be copied; a hundred thousand names for one storage of 64 KiB.
  const std::string storage_bytes(1 << 16, 'x');
  const std::string one = tensor(storage("FloatStorage", "0", 1 << 14), 0, {1 << 14}, {1});
  std::string body = "}q\x01(" + str("first") + one + "q\x02";
  for (int i = 0; i < 20000; ++i) body += str(text("w", i)) + "h\x02";
  body += "u";
  for (std::size_t shift = 0; shift < 4; ++shift) {  // wherever the storage comes to lie
    const std::string file = legacy_file(body, {{"0", 1 << 14, storage_bytes}});
    const SharedBytes whole = SharedBytes::copy_of(std::string(shift, ' ') + file);
    const std::string message =
        error_of([&] { parse_torch_file(whole.part(shift, file.size()), "a.pth"); });
    if (!message.empty()) {
      EXPECT_THAT(message, HasSubstr("far more memory"));
      return;
    }
  }
  ADD_FAILURE() << "copied 20,000 times without end";
}

TEST(TorchFile, OrderedDictWithAttributesAndParameters) {
  const std::string parameter = global("torch._utils", "_rebuild_parameter") +
                                tuple({letters(0, {6}, {1}), "\x88", ordered_dict()}) + "R";
  const std::string body = ordered_dict() + "(" + str("w") + parameter + "u" +
                           dict({{"_metadata", ordered_dict()}}) + "b";
  EXPECT_EQ(parsed_torch(letters_file(body)).at("w").shape(), (Shape{6}));
}

TEST(TorchFile, OldestFunctionAndStorageViews) {
  const std::string view = tuple({str("storage"), global("torch", "ByteStorage"), str("0"),
                                  str("cpu"), num(6), tuple({str("1"), num(2), num(3)})}) +
                           "Q";
  const std::string body = dict({{"w", global("torch._utils", "_rebuild_tensor") +
                                           tuple({view, num(1), nums({2}), nums({1})}) + "R"}});
  EXPECT_THAT(parsed_torch(legacy_file(body, {{"0", 6, "abcdef"}})).at("w").as<std::uint8_t>(),
              ElementsAre('d', 'e'));
}

TEST(TorchFile, StridedTensorsAreMadeContiguous) {
  const auto weights = parsed_torch(
      letters_file(dict({{"t", letters(0, {3, 2}, {1, 3})}, {"column", letters(1, {2}, {3})}})));
  EXPECT_THAT(weights.at("t").as<std::uint8_t>(), ElementsAre('a', 'd', 'b', 'e', 'c', 'f'));
  EXPECT_THAT(weights.at("column").as<std::uint8_t>(), ElementsAre('b', 'e'));
}

TEST(TorchFile, ScalarsAndEmptyTensors) {
  const auto weights = parsed_torch(
      letters_file(dict({{"one", letters(5, {}, {})}, {"none", letters(0, {0, 4}, {4, 1})}})));
  EXPECT_EQ(weights.at("one").as<std::uint8_t>()[0], 'f');
  EXPECT_EQ(weights.at("none").shape(), (Shape{0, 4}));
}

TEST(TorchFile, TensorsBeyondTheirStorageAreRefused) {
  const auto refused = [](std::int32_t offset, const std::vector<std::int32_t>& shape,
                          const std::vector<std::int32_t>& strides) {
    return torch_error(letters_file(dict({{"w", letters(offset, shape, strides)}})));
  };
  EXPECT_THAT(refused(0, {7}, {1}),
              HasSubstr("a.pth: tensor 'w': shape [7] at element 0 needs more"));
  EXPECT_THAT(refused(1, {6}, {1}), HasSubstr("needs more"));
  EXPECT_THAT(refused(0, {2, 2}, {5, 1}), HasSubstr("reaches beyond"));
  EXPECT_THAT(refused(0, {2000000000}, {0}), HasSubstr("repeat"));  // expanded
  EXPECT_THAT(refused(0, {2000000000, 2000000000, 2000000000}, {0, 0, 0}), HasSubstr("too large"));
  EXPECT_THAT(refused(7, {0}, {1}), HasSubstr(""));
  EXPECT_THAT(refused(-1, {1}, {1}), HasSubstr("whole number >= 0"));
  EXPECT_THAT(refused(0, {1}, {-1}), HasSubstr("whole number >= 0"));
  EXPECT_THAT(refused(0, {1, 1}, {1}), HasSubstr("another size than stride"));
}

TEST(TorchFile, StoragesMustHaveTheirSize) {
  const std::string body = dict({{"w", letters(0, {6}, {1})}});
  EXPECT_THAT(torch_error(zip_file(body, {{"0", "abc"}})), HasSubstr("expected 6 elements"));
  EXPECT_THAT(torch_error(zip_file(body, {{"1", "abcdef"}})), HasSubstr("storage '0' is missing"));
  EXPECT_THAT(torch_error(legacy_file(body, {{"0", 6, "abc"}})), HasSubstr("truncated"));
  EXPECT_THAT(torch_error(legacy_file(body, {{"0", ~std::uint64_t{0}, "abcdef"}})),
              HasSubstr("truncated"));
  EXPECT_THAT(torch_error(legacy_file(body, {{"1", 6, "abcdef"}})), HasSubstr("no tensor uses"));
  EXPECT_THAT(torch_error(legacy_file(body, {})), HasSubstr("missing"));
}

TEST(TorchFile, EveryTruncationIsAnError) {
  const std::string body = dict({{"w", letters(0, {2, 3}, {3, 1})}});
  for (const auto& file : {letters_file(body), legacy_file(body, {{"0", 6, "abcdef"}})}) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      EXPECT_NE(torch_error(file.substr(0, size)), "") << size;
    }
  }
}

TEST(TorchFile, ManyViewsOfOneStorageStayInProportion) {
  const std::string bytes(1u << 20, 'x');
  std::vector<std::pair<std::string, std::string>> items;
  for (int i = 0; i < 100; ++i) {
    items.emplace_back("t" + std::to_string(i),
                       tensor(storage("ByteStorage", "0", 1 << 20), 0, {1024, 1024}, {1, 1024}));
  }
  EXPECT_THAT(torch_error(zip_file(dict(items), {{"0", bytes}})), HasSubstr("far more memory"));
}

TEST(TorchFile, OtherFilesSayWhatToDo) {
  EXPECT_THAT(torch_error(""), HasSubstr("empty file"));
  EXPECT_THAT(torch_error("no weights"), HasSubstr("expected a file that torch.save wrote"));
  EXPECT_THAT(torch_error(pickle("N")), HasSubstr("a pickle that torch.save did not write"));
  EXPECT_THAT(torch_error(test_zip({{.name = "a.npy"}})), HasSubstr("no data.pkl"));
  EXPECT_THAT(torch_error(test_zip({{.name = "a/data.pkl"}, {.name = "a/constants.pkl"}})),
              HasSubstr("TorchScript"));
  EXPECT_THAT(
      torch_error(test_zip({{.name = "a/archive_format"}, {.name = "a/data/weights/weight_0"}})),
      HasSubstr("torch.export"));
  EXPECT_THAT(torch_error(letters_file("]")), HasSubstr("holds no tensors"));
  EXPECT_THAT(torch_error(letters_file(global("__main__", "Net") + ")R")),
              HasSubstr("__main__.Net"));
  EXPECT_THAT(torch_error(letters_file(dict({{"model", global("__main__", "Net") + ")R"}}))),
              HasSubstr("under 'model' an object of the class __main__.Net, which is never built; "
                        "save a dictionary"));
  EXPECT_THAT(torch_error(legacy_head(false) + pickle("}") + pickle("]")), HasSubstr("big-endian"));
}

TEST(TorchFile, SelfReferenceEnds) {
  const std::string body = "}q\x01(" + str("model") + "h\x01u";
  EXPECT_THAT(torch_error(letters_file(body)), HasSubstr("holds no tensors"));
}

TEST(TorchFile, ReadsPublishedWeights) {
  const char* folder = std::getenv("NESCIO_WEIGHTS");
  if (!folder) GTEST_SKIP() << "NESCIO_WEIGHTS is not set";
  // Numbers of tensors and values, and their sum, as torch.load reads them.
  struct File {
    std::string name;
    std::size_t tensors;
    std::size_t values;
    double sum;
  };
  const std::vector<File> files = {
      {"resnet20-12fca82f.th", 97, 271098, 139.7826495598208},
      {"resnet32-d509ac18.th", 157, 466426, 721.5178900284966},
      {"resnet44-014dd654.th", 217, 661754, 1107.7914794927265},
      {"resnet56-4bfd9763.th", 277, 857082, 1427.879011697099},
      {"densenet100_cifar10_um.state", 398, 769261, 7752910.389036874},
      {"mnist/baseline_epoch_9.pt", 8, 21840, -29.36058681249216},
      {"mnist/oe_tune_epoch_4.pt", 8, 21840, 8.26711668725693},
      {"mnist/oe_scratch_epoch_9.pt", 8, 21840, 34.323567663820086},
      {"mnist/calib_baseline_epoch_9.pt", 8, 21840, -28.079028954551916},
      {"mnist/calib_oe_tune_epoch_4.pt", 8, 21840, 27.60655650370427},
      {"mnist/calib_oe_scratch_epoch_9.pt", 8, 21840, 31.45802906079757}};
  for (const auto& file : files) {
    const auto weights = join_groups(read_torch_file(std::filesystem::path(folder) / file.name));
    EXPECT_EQ(weights.size(), file.tensors) << file.name;
    std::size_t values = 0;
    double sum = 0;
    for (const auto& [name, array] : weights) {
      const Array wide = array.to_float64();
      values += wide.size();
      sum = std::accumulate(wide.as<double>().begin(), wide.as<double>().end(), sum);
    }
    EXPECT_EQ(values, file.values) << file.name;
    EXPECT_NEAR(sum, file.sum, 1e-6) << file.name;
  }
  const auto mnist =
      join_groups(read_torch_file(std::filesystem::path(folder) / "mnist/baseline_epoch_9.pt"));
  const auto conv = mnist.at("conv1.weight").as<float>();
  EXPECT_NEAR(conv[0], -0.004166, 1e-6);
  EXPECT_NEAR(conv[1], -0.190347, 1e-6);
  EXPECT_NEAR(conv[2], -0.182938, 1e-6);
}

}  // namespace
}  // namespace nescio::io
