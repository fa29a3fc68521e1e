#include "image/datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "io/npy.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio::image {
namespace {

using testing::HasSubstr;

/// One CIFAR record with this label and grey value.
using namespace io::test_pickle;

std::string record(int label, int grey, std::size_t label_bytes = 1) {
  return std::string(label_bytes, static_cast<char>(label)) +
         std::string(3072, static_cast<char>(grey));
}

std::string dataset_fault(const std::string& spec) {
  return io::error_of([&] { open_dataset(spec); });
}

TEST(OpenDataset, JoinsTheBatchesOfCifar10) {
  const io::TestFolder folder;
  for (int i = 1; i <= 5; ++i) {
    folder.file(text("data_batch_", i, ".bin"), record(i, 10 * i) + record(i + 1, 10 * i + 1));
  }
  folder.file("test_batch.bin", record(9, 99));
  folder.file("batches.meta.txt", "airplane\nautomobile\n\n");
  const auto train = open_dataset(text("cifar10:", folder.path().string(), "?split=train"));
  ASSERT_EQ(train->size(), 10u);
  const Sample sample = train->load(5);  // the second of data_batch_3
  EXPECT_EQ(sample.label, 4);
  EXPECT_EQ(sample.index, 5);
  EXPECT_EQ(sample.image.pixels[17], 31);
  EXPECT_THAT(train->class_names(), testing::ElementsAre("airplane", "automobile"));
  const auto test = open_dataset(text("cifar10:", folder.path().string()));
  EXPECT_EQ(test->size(), 1u);
  EXPECT_NE(test->hash(), train->hash());
}

TEST(OpenDataset, TakesTheFineLabelsOfCifar100) {
  const io::TestFolder folder;
  folder.file("test.bin", std::string("\x03\x63", 2) + record(0, 5).substr(1));
  const auto test = open_dataset(text("cifar100:", folder.path().string()));
  EXPECT_EQ(test->load(0).label, 99);
  EXPECT_THAT(dataset_fault(text("cifar100:", folder.path().string(), "?split=train")),
              HasSubstr("train.bin"));
}

TEST(OpenDataset, TakesTheCoarseLabelsOfCifar100) {
  const io::TestFolder folder;
  folder.file("test.bin", std::string("\x03\x63", 2) + record(0, 5).substr(1));
  folder.file("coarse_label_names.txt", "fish\n");
  const std::string spec = text("cifar100:", folder.path().string());
  const auto coarse = open_dataset(spec + "?labels=coarse");
  EXPECT_EQ(coarse->load(0).label, 3);
  EXPECT_THAT(coarse->class_names(), testing::ElementsAre("fish"));
  folder.file("test.bin", std::string("\x14\x64", 2) + record(0, 5).substr(1));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected a label of 0 .. 99, found 100"));
  EXPECT_THAT(dataset_fault(spec + "?labels=coarse"),
              HasSubstr("expected a label of 0 .. 19, found 20"));
}

TEST(OpenDataset, GroupsTheClassesOfCifar100) {
  const io::TestFolder folder;
  std::string records;
  for (int fine = 0; fine < 100; ++fine) {
    records += static_cast<char>(0);  // coarse: not looked at
    records += static_cast<char>(fine) + std::string(3072, static_cast<char>(fine));
  }
  folder.file("test.bin", records);
  const std::string spec = text("cifar100:", folder.path().string(), "?superclass=");
  const auto fine_of = [&](const std::string& options, std::int64_t group) {
    const auto pictures = open_dataset(spec + options);
    std::vector<std::int64_t> fine;
    for (std::size_t i = 0; i < pictures->size(); ++i) {
      EXPECT_EQ(pictures->load(i).label, pictures->label(i));
      if (pictures->label(i) == group) fine.push_back(pictures->load(i).index);
    }
    return fine;
  };
  using testing::ElementsAre;
  EXPECT_THAT(fine_of("official", 0), ElementsAre(4, 30, 55, 72, 95));
  EXPECT_THAT(fine_of("official", 5), ElementsAre(22, 39, 40, 86, 87));
  EXPECT_THAT(fine_of("official", 19), ElementsAre(41, 69, 81, 85, 89));
  // As MOOD's code lists them: beaver, elephant, otter, seal, whale, and so on.
  EXPECT_THAT(fine_of("csi", 0), ElementsAre(4, 31, 55, 72, 95));
  EXPECT_THAT(fine_of("csi", 5), ElementsAre(22, 25, 40, 86, 87));
  EXPECT_THAT(fine_of("csi", 11), ElementsAre(15, 19, 21, 32, 39));
  int different = 0;
  for (std::int64_t group = 0; group < 20; ++group) {
    EXPECT_EQ(fine_of("official", group).size(), 5u) << group;
    EXPECT_EQ(fine_of("csi", group).size(), 5u) << group;
    different += fine_of("official", group) != fine_of("csi", group);
  }
  EXPECT_EQ(different, 13);
  // classes= chooses among the 20.
  EXPECT_THAT(fine_of("official&classes=fish", 0), ElementsAre(1, 32, 67, 73, 91));
  EXPECT_EQ(fine_of("csi&classes=not(0)&per_class=2", 18).size(), 2u);
  EXPECT_EQ(open_dataset(spec + "official")->class_names().at(14), "people");
  EXPECT_EQ(open_dataset(spec + "csi")->class_names().at(14), "people_csi");
  EXPECT_NE(open_dataset(spec + "csi")->hash(), open_dataset(spec + "official")->hash());
  EXPECT_THAT(dataset_fault(spec + "csi&labels=coarse"),
              HasSubstr("it counts only with superclass=none"));
}

/// A batch of CIFAR's Python version: pictures of one value each.
std::string python_batch(const std::vector<int>& greys,
                         const std::vector<std::pair<std::string, std::vector<int>>>& labels) {
  std::string pixels;
  for (const int grey : greys) pixels += std::string(3072, static_cast<char>(grey));
  std::vector<std::pair<std::string, std::string>> items = {
      {"data",
       numpy_array(numpy_type("u1", "|"), nums({static_cast<int>(greys.size()), 3072}), pixels)}};
  for (const auto& [key, values] : labels) {
    std::string list = "](";
    for (const int value : values) list += num(value);
    items.emplace_back(key, list + "e");
  }
  return "\x80\x02" + dict(items) + ".";
}

TEST(OpenDataset, ReadsThePythonVersionOfCifarAsTheBinaryOne) {
  const io::TestFolder binary, python;
  binary.file("test_batch.bin", record(9, 99) + record(2, 7));
  python.file("cifar-10-batches-py/test_batch", python_batch({99, 7}, {{"labels", {9, 2}}}));
  python.file(
      "cifar-10-batches-py/batches.meta",
      "\x80\x02" + dict({{"label_names", "](" + str("airplane") + str("car") + "e"}}) + ".");
  const auto expected = open_dataset(text("cifar10:", binary.path().string()));
  for (const char* below : {"", "/cifar-10-batches-py"}) {
    const auto found = open_dataset(text("cifar10:", python.path().string(), below));
    EXPECT_EQ(found->hash(), expected->hash());
    EXPECT_EQ(found->load(1).label, 2);
    EXPECT_EQ(found->load(1).image.pixels, expected->load(1).image.pixels);
    EXPECT_THAT(found->class_names(), testing::ElementsAre("airplane", "car"));
  }
  python.file("test", python_batch({5}, {{"coarse_labels", {3}}, {"fine_labels", {99}}}));
  EXPECT_EQ(open_dataset(text("cifar100:", python.path().string()))->label(0), 99);
  EXPECT_EQ(open_dataset(text("cifar100:", python.path().string(), "?labels=coarse"))->label(0), 3);
}

TEST(OpenDataset, RefusesPicklesThatAreNotCifar) {
  const io::TestFolder folder;
  const std::string spec = text("cifar10:", folder.path().string());
  folder.file("test_batch", python_batch({1, 2}, {{"labels", {1}}}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected 2 labels, found [1]"));
  folder.file("test_batch", python_batch({1}, {{"fine_labels", {1}}}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected 'labels'"));
  folder.file("test_batch", python_batch({1}, {{"labels", {10}}}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected a label of 0 .. 9, found 10"));
  folder.file("test_batch", python_batch({1}, {{"labels", {-1}}}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected 0 .. 255, found -1"));
}

TEST(OpenDataset, RefusesRecordsOfClassesWithoutAName) {
  const io::TestFolder folder;
  const std::string spec = text("records:", folder.file("all.bin", record(2, 1)).string());
  EXPECT_EQ(open_dataset(spec)->label(0), 2);
  folder.file("classes.txt", "a\nb\n");
  EXPECT_THAT(dataset_fault(spec), HasSubstr("expected a label of 0 .. 1, found 2"));
}

TEST(OpenDataset, KeepsTheRowsOfAnIndexInItsOrder) {
  const io::TestFolder folder;
  const auto file = folder.file("all.bin", record(0, 1) + record(1, 2) + record(200, 3));
  io::write_npy(folder / "rows.npy", Array({2}, std::vector<std::int64_t>{2, 0}));
  const auto all = open_dataset(text("records:", file.string()));
  const auto kept =
      open_dataset(text("records:", file.string(), "?index=", (folder / "rows.npy").string()));
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ(kept->load(0).label, 200);
  EXPECT_EQ(kept->load(0).index, 2);
  EXPECT_EQ(kept->load(1).index, 0);
  EXPECT_NE(kept->hash(), all->hash());

  io::write_npy(folder / "rows.npy", Array({2}, std::vector<std::int64_t>{0, 3}));
  const std::string spec =
      text("records:", file.string(), "?index=", (folder / "rows.npy").string());
  EXPECT_THAT(dataset_fault(spec), HasSubstr("data set of 3, found 3 at position 1"));
  io::write_npy(folder / "rows.npy", Array({2, 1}, std::vector<std::int64_t>{0, 1}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("[2, 1]"));
  io::write_npy(folder / "rows.npy", Array({0}, std::vector<std::int64_t>{}));
  EXPECT_THAT(dataset_fault(spec), HasSubstr("holds no pictures"));
}

TEST(OpenDataset, ReadsIdxWithAndWithoutLabels) {
  const io::TestFolder folder;
  const auto images = folder.file("images", std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02"
                                                        "\x0a\x0b\x0c\x0d",
                                                        20));
  const auto labels = folder.file("labels", std::string("\0\0\x08\x01\0\0\0\x02\x05\x06", 10));
  const auto plain = open_dataset(text("idx:", images.string()));
  ASSERT_EQ(plain->size(), 2u);
  EXPECT_EQ(plain->load(1).label, -1);
  EXPECT_EQ(plain->load(1).image.channels, 1u);
  EXPECT_THAT(plain->load(1).image.pixels, testing::ElementsAre(12, 13));
  const auto labelled = open_dataset(text("idx:", images.string(), "?labels=", labels.string()));
  EXPECT_EQ(labelled->load(1).label, 6);
  EXPECT_NE(labelled->hash(), plain->hash());
  EXPECT_THAT(dataset_fault(text("idx:", images.string(), "?labels=", images.string())),
              HasSubstr("expected 2 labels"));
  EXPECT_THAT(dataset_fault(text("idx:", labels.string())),
              HasSubstr("expected pictures as uint8"));
}

TEST(OpenDataset, ReadsNpyPictures) {
  const io::TestFolder folder;
  io::write_npy(folder / "grey.npy", Array({1, 2, 2}, std::vector<std::uint8_t>{1, 2, 3, 4}));
  io::write_npy(folder / "rgb.npy",
                Array({2, 1, 1, 3}, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
  io::write_npy(folder / "labels.npy", Array({2}, std::vector<std::int32_t>{7, -1}));
  EXPECT_EQ(open_dataset(text("npy:", (folder / "grey.npy").string()))->load(0).image.channels, 1u);
  const auto rgb = open_dataset(
      text("npy:", (folder / "rgb.npy").string(), "?labels=", (folder / "labels.npy").string()));
  EXPECT_EQ(rgb->load(0).label, 7);
  EXPECT_THAT(rgb->load(1).image.pixels, testing::ElementsAre(4, 5, 6));

  io::write_npy(folder / "float.npy", Array({1, 2, 2}, std::vector<float>{1, 2, 3, 4}));
  EXPECT_THAT(dataset_fault(text("npy:", (folder / "float.npy").string())),
              HasSubstr("found float32"));
  io::write_npy(folder / "flat.npy", Array({1, 0, 2}, std::vector<std::uint8_t>{}));
  EXPECT_THAT(dataset_fault(text("npy:", (folder / "flat.npy").string())),
              HasSubstr("no side may be 0"));
}

class Arrays : public testing::Test {
 protected:
  std::string spec(const Shape& shape, std::string_view options = "") const {
    std::vector<std::uint8_t> values(count_of(shape));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i);
    io::write_npy(folder_ / "x.npy", Array(shape, values));
    return text("npy:", (folder_ / "x.npy").string(), options);
  }
  std::string labels(const Array& array) const {
    io::write_npy(folder_ / "y.npy", array);
    return text("?labels=", (folder_ / "y.npy").string());
  }
  /// "N of H x W x C", then the first pixel.
  static std::string form(const std::string& spec) {
    const auto dataset = open_dataset(spec);
    const Image image = dataset->load(0).image;
    std::string out =
        text(dataset->size(), " of ", image.height, " x ", image.width, " x ", image.channels, ":");
    for (std::size_t c = 0; c < image.channels; ++c) out += text(' ', int{image.pixels[c]});
    return out;
  }
  static Notices notices(const std::string& spec) { return open_dataset(spec)->notices(); }

  io::TestFolder folder_;
};

TEST_F(Arrays, OfOnePictureAreNotManyGreyOnes) {
  EXPECT_EQ(form(spec({8, 5, 3})), "1 of 8 x 5 x 3: 0 1 2");
  EXPECT_THAT(notices(spec({8, 5, 3})),
              testing::ElementsAre(HasSubstr("layout=nhw takes it as 8 grey pictures of 5 x 3")));
  EXPECT_EQ(form(spec({8, 5, 3}, "?layout=nhw")), "8 of 5 x 3 x 1: 0");
  EXPECT_EQ(form(spec({8, 5, 3}, "?layout=hwc")), "1 of 8 x 5 x 3: 0 1 2");
  EXPECT_THAT(notices(spec({8, 5, 3}, "?layout=hwc")), testing::IsEmpty());
  EXPECT_EQ(form(spec({2, 5, 3}, labels(Array({2}, std::vector<std::uint8_t>{1, 0})))),
            "2 of 5 x 3 x 1: 0");
  EXPECT_EQ(form(spec({3, 5, 6})), "3 of 5 x 6 x 1: 0");
  EXPECT_THAT(notices(spec({3, 5, 6})), testing::ElementsAre(HasSubstr("layout=chw")));
  EXPECT_EQ(form(spec({3, 5, 6}, "?layout=chw")), "1 of 5 x 6 x 3: 0 30 60");
  EXPECT_THAT(dataset_fault(spec({8, 5, 4})), HasSubstr("transparency"));
  EXPECT_THAT(dataset_fault(spec({8, 5})), HasSubstr("layout=hw takes it as one grey picture"));
  EXPECT_EQ(form(spec({8, 5}, "?layout=hw")), "1 of 8 x 5 x 1: 0");
  EXPECT_THAT(dataset_fault(spec({8, 5}, "?layout=nchw")), HasSubstr("layout=nchw"));
  EXPECT_NE(open_dataset(spec({8, 5, 3}))->hash(),
            open_dataset(spec({8, 5, 3}, "?layout=nhw"))->hash());
}

TEST_F(Arrays, MayHaveTheChannelsFirst) {
  EXPECT_EQ(form(spec({2, 3, 4, 5})), "2 of 4 x 5 x 3: 0 20 40");
  EXPECT_EQ(form(spec({2, 1, 4, 5})), "2 of 4 x 5 x 1: 0");
  EXPECT_EQ(form(spec({2, 3, 4, 3})), "2 of 3 x 4 x 3: 0 1 2");
  EXPECT_EQ(form(spec({2, 3, 4, 3}, "?layout=nchw")), "2 of 4 x 3 x 3: 0 12 24");
  EXPECT_THAT(dataset_fault(spec({2, 4, 4, 4})), HasSubstr("4 channels"));
}

TEST_F(Arrays, OfOtherNumbersAreAnsweredWithTheConversion) {
  const std::string file = text("npy:", (folder_ / "f.npy").string());
  io::write_npy(folder_ / "f.npy", Array({1, 1, 2}, std::vector<float>{0.5F, 1}));
  EXPECT_THAT(dataset_fault(file), HasSubstr("np.rint(255 * x).astype(np.uint8)"));
  io::write_npy(folder_ / "f.npy", Array({1, 1, 2}, std::vector<std::int64_t>{0, 255}));
  EXPECT_THAT(dataset_fault(file), HasSubstr("np.rint(x).astype(np.uint8)"));
  io::write_npy(folder_ / "f.npy", Array({1, 1, 2}, std::vector<float>{-2, 2}));
  EXPECT_THAT(dataset_fault(file), HasSubstr("its values lie in -2 .. 2"));
  io::write_npy(folder_ / "f.npy", Array({1, 1, 2}, std::vector<std::uint8_t>{0, 1}));
  EXPECT_THAT(notices(file), testing::ElementsAre(HasSubstr("the values 0 and 1 alone")));
}

TEST_F(Arrays, HaveLabelsOfAnyWholeTypeAndMayLieInOneFile) {
  for (const Array& array :
       {Array({2, 1}, std::vector<std::uint8_t>{1, 0}), Array({2}, std::vector<std::int32_t>{1, 0}),
        Array({2, 1}, std::vector<float>{1, 0})}) {
    const auto dataset = open_dataset(spec({2, 4, 4}, labels(array)));
    EXPECT_EQ(dataset->label(0), 1);
    EXPECT_EQ(dataset->label(1), 0);
  }
  EXPECT_THAT(
      dataset_fault(spec({2, 4, 4}, labels(Array({1, 2}, std::vector<std::uint8_t>{1, 0})))),
      HasSubstr("expected 2 labels"));
  EXPECT_THAT(dataset_fault(spec({2, 4, 4}, labels(Array({2}, std::vector<std::int32_t>{1, -2})))),
              HasSubstr("found -2"));
}

TEST_F(Arrays, OfOneFileAreChosenByName) {
  const std::string npz = std::string(NESCIO_TEST_PICTURES) + "/expected.npz";
  EXPECT_EQ(form("npy:" + npz + "#rgb.png"), "1 of 11 x 19 x 3: 127 172 89");
  EXPECT_NE(open_dataset("npy:" + npz + "#rgb.png")->hash(),
            open_dataset("npy:" + npz + "#rgba.png")->hash());
  EXPECT_THAT(dataset_fault("npy:" + npz), HasSubstr("Known: alpha.webp, "));
}

TEST(OpenDataset, TurnsPicturesIntoTheirNegatives) {
  const io::TestFolder folder;
  const auto file = folder.file("all.bin", record(3, 1) + record(4, 255));
  const std::string spec = text("records:", file.string());
  const auto negative = open_dataset(spec + "?negative=true&index=1,0");
  EXPECT_EQ(negative->load(0).image.pixels[0], 0);
  const Sample sample = negative->load(1);
  EXPECT_EQ(sample.image.pixels[3071], 254);
  EXPECT_EQ(sample.label, 3);
  EXPECT_EQ(sample.index, 0);
  EXPECT_EQ(negative->label(0), 4);
  EXPECT_NE(negative->hash(), open_dataset(spec + "?index=1,0")->hash());
  EXPECT_THAT(dataset_fault(spec + "?negative=perhaps"), HasSubstr("expected true or false"));
}

/// Mean and standard deviation of the values of some noise, in units of [0, 1].
std::pair<double, double> moments(const Dataset& noise) {
  double sum = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    for (const std::uint8_t value : noise.load(i).image.pixels) {
      sum += value / 255.0;
      squares += value / 255.0 * value / 255.0;
      ++count;
    }
  }
  return {sum / count, std::sqrt(squares / count - sum / count * sum / count)};
}

TEST(OpenDataset, MakesNoise) {
  const auto open = [](const std::string& rest) { return open_dataset("noise:" + rest); };
  const auto gaussian = open("gaussian?side=28&channels=grey&count=40&seed=2");
  ASSERT_EQ(gaussian->size(), 40u);
  EXPECT_EQ(gaussian->load(7).image.pixels.size(), 28u * 28u);
  EXPECT_EQ(gaussian->load(7).label, -1);
  // 31360 values: means are known to 0.003. Of N(0.5, 0.5) a sixth lies beyond either end; what is
  // left has the variance of the unit normal clipped to [-1, 1], 0.5161, times 0.25.
  const auto [mean, deviation] = moments(*gaussian);
  EXPECT_NEAR(mean, 0.5, 0.01);
  EXPECT_NEAR(deviation, std::sqrt(0.5161 * 0.25), 0.01);
  EXPECT_NEAR(moments(*open("bernoulli?count=20")).second, 0.5, 0.001);
  EXPECT_NEAR(moments(*open("uniform?count=20")).second, std::sqrt(1 / 12.0), 0.01);

  EXPECT_EQ(open("bernoulli?count=9")->load(3).image.pixels,
            open("bernoulli?count=5")->load(3).image.pixels);
  EXPECT_NE(open("bernoulli?seed=1")->load(3).image.pixels,
            open("bernoulli?seed=2")->load(3).image.pixels);
  EXPECT_NE(open("uniform?seed=1")->hash(), open("uniform?seed=2")->hash());
  EXPECT_THAT(dataset_fault("noise:gausian"), HasSubstr("Did you mean 'gaussian'"));
}

TEST(OpenDataset, SaysWhatIsWrongWithASpec) {
  EXPECT_THAT(dataset_fault("cifar10"), HasSubstr("expected type:PATH"));
  EXPECT_THAT(dataset_fault("cifar11:x"), HasSubstr("Did you mean 'cifar10'"));
  EXPECT_THAT(dataset_fault("cifar10:"), HasSubstr("expected a path"));
  EXPECT_THAT(dataset_fault("cifar10:x?spilt=test"), HasSubstr("Did you mean 'split'"));
  EXPECT_THAT(dataset_fault("cifar10:x?split=val"), HasSubstr("unknown value 'val'"));
  EXPECT_THAT(dataset_fault("cifar10:x?split"), HasSubstr("expected key=value"));
  EXPECT_THAT(dataset_fault("cifar10:/nonexistent"), HasSubstr("/nonexistent/test_batch.bin"));
}

TEST(OpenDataset, RefusesATruncatedFile) {
  const io::TestFolder folder;
  const auto file = folder.file("all.bin", record(0, 1).substr(1));
  EXPECT_THAT(dataset_fault(text("records:", file.string())), HasSubstr("found 3072 bytes"));
}

TEST(Datasets, DescribeThemselves) {
  for (const DatasetInfo& info : datasets::catalogue()) {
    EXPECT_FALSE(info.name.empty());
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_FALSE(info.path.empty()) << info.name;
    EXPECT_EQ(info.options.back().info.name, "negative") << info.name;
    for (const auto& option : info.options) {
      EXPECT_FALSE(option.info.doc.empty()) << info.name << " " << option.info.name;
    }
    EXPECT_EQ(&find_dataset_type(info.name), &info);
  }
}

TEST(Datasets, ReadTheRealOnes) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  const std::string d(data);
  const auto size = [](const std::string& spec) { return open_dataset(spec)->size(); };
  EXPECT_EQ(size("cifar10:" + d + "/cifar-10-batches-bin?split=train"), 50000u);
  EXPECT_EQ(size("cifar10:" + d + "/cifar-10-batches-bin?split=test"), 10000u);
  EXPECT_EQ(size("cifar100:" + d + "/cifar-100-binary?split=test"), 10000u);
  const std::string cifar100 = "cifar100:" + d + "/cifar-100-binary?split=test&";
  const auto coarse = open_dataset(cifar100 + "labels=coarse");
  const auto grouped = open_dataset(cifar100 + "superclass=official");
  EXPECT_EQ(grouped->class_names(), coarse->class_names());
  for (std::size_t i = 0; i < coarse->size(); ++i) ASSERT_EQ(grouped->label(i), coarse->label(i));
  EXPECT_EQ(size("records:" + d + "/gtsrb32/test.bin"), 12600u);
  const auto mnist = open_dataset("idx:" + d + "/mnist/t10k-images-idx3-ubyte.gz?labels=" + d +
                                  "/mnist/t10k-labels-idx1-ubyte.gz");
  EXPECT_EQ(mnist->size(), 10000u);
  EXPECT_EQ(mnist->load(0).label, 7);  // the best known seven
  EXPECT_EQ(mnist->load(0).image.height, 28u);
}

}  // namespace
}  // namespace nescio::image
