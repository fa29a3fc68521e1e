// Models whose weights lie in files beside them.
#include "onnx/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"
#include "onnx/model.h"
#include "onnx/test_model.h"

namespace nescio::onnx {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class ExternalDataTest : public testing::Test {
 protected:
  /// z = h W^T with W [2, 3] in `file`, behind 4 bytes of something else.
  TestModel model(const std::string& file, const std::string& offset = "4",
                  const std::string& length = "24") const {
    TestModel made(17);
    made.input("h", type_float, 3);
    made.external("W", file, {2, 3}, offset, length);
    made.node("Gemm", {"h", "W"}, "z", {{"transB", 1}}).output("z", type_float, 2);
    return made;
  }
  void write_weights(const fs::path& path) const {
    io::make_folders(path.parent_path());
    io::write_text(path, "pad!" + weights_);
  }
  /// Names in a folder, temporary ones too.
  static std::vector<std::string> names(const fs::path& folder) {
    std::vector<std::string> out;
    if (!fs::exists(folder)) return out;
    for (const auto& one : fs::recursive_directory_iterator(folder)) {
      if (!one.is_directory()) out.push_back(fs::relative(one.path(), folder).string());
    }
    std::ranges::sort(out);
    return out;
  }

  const std::string weights_ = bytes_of({1, 2, 3, 4, 5, 6});
  io::TestFolder folder_;
};

TEST_F(ExternalDataTest, HoldsTheHead) {
  write_weights(folder_ / "w.data");
  const Model read(model("w.data").write(folder_ / "m.onnx"));
  const auto head = read.head(read.find({}));
  ASSERT_TRUE(head);
  EXPECT_THAT(head->weight.as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  // float16, whose bytes end with the file.
  io::write_text(folder_ / "w.data", std::string("\x00\x3c\x00\x40", 4) + std::string(8, '\0'));
  TestModel half(17);
  half.input("h", type_float, 3).external("W", "w.data", {2, 3}, "0", "", 10);
  half.node("Gemm", {"h", "W"}, "z", {{"transB", 1}}).output("z", type_float, 2);
  const Model halves(half.write(folder_ / "m.onnx"));
  EXPECT_THAT(halves.head(halves.find({}))->weight.as<float>(), ElementsAre(1, 2, 0, 0, 0, 0));
}

TEST_F(ExternalDataTest, IsCopiedBesideTheNewModel) {
  write_weights(folder_ / "a/deep/w.data");
  Model read(model("deep/w.data").write(folder_ / "a/m.onnx"));
  EXPECT_THAT(read.external_files(), ElementsAre("deep/w.data"));
  read.seal();
  read.write(folder_ / "b/n.onnx");
  EXPECT_THAT(names(folder_ / "b"), ElementsAre("deep/w.data", "n.onnx"));
  EXPECT_EQ(io::read_text(folder_ / "b/deep/w.data"), "pad!" + weights_);
  const Model again(folder_ / "b/n.onnx");
  EXPECT_EQ(again.is_as_sealed(), true);
  EXPECT_TRUE(again.head(again.find({})));
  // Once more: the file is there and holds the same. Within one folder nothing is copied.
  read.write(folder_ / "b/n.onnx");
  read.write(folder_ / "a/n.onnx");
  EXPECT_THAT(names(folder_ / "a"), ElementsAre("deep/w.data", "m.onnx", "n.onnx"));
  // Weights that were changed since are noticed.
  io::write_text(folder_ / "b/deep/w.data", "pad?" + weights_);
  EXPECT_EQ(again.is_as_sealed(), false);
}

TEST_F(ExternalDataTest, ReplacesNothing) {
  write_weights(folder_ / "a/w.data");
  const Model read(model("w.data").write(folder_ / "a/m.onnx"));
  io::write_text(folder_ / "b/w.data", "another model's");
  EXPECT_THAT([&] { read.write(folder_ / "b/n.onnx"); },
              ThrowsMessage<Error>(HasSubstr("is there and differs")));
  EXPECT_THAT(names(folder_ / "b"), ElementsAre("w.data"));
  EXPECT_EQ(io::read_text(folder_ / "b/w.data"), "another model's");
  for (const char* folder : {"a/w.data", "c/w.data"}) {
    EXPECT_THAT([&] { read.write(folder_ / folder); },
                ThrowsMessage<Error>(HasSubstr("under another name")));
  }
  EXPECT_EQ(io::read_text(folder_ / "a/w.data"), "pad!" + weights_);
  EXPECT_THAT(names(folder_ / "c"), testing::IsEmpty());
}

TEST_F(ExternalDataTest, LeavesNothingBehindWhereTheModelCannotBeWritten) {
  write_weights(folder_ / "a/w.data");
  const Model read(model("w.data").write(folder_ / "a/m.onnx"));
  fs::create_directories(folder_ / "b/n.onnx");
  EXPECT_THROW(read.write(folder_ / "b/n.onnx"), Error);
  EXPECT_THAT(names(folder_ / "b"), testing::IsEmpty());
  // Files that were put in place before something failed.
  { ExternalCopies(folder_ / "a/m.onnx", folder_ / "b/k.onnx", {"w.data"}).put_in_place(); }
  EXPECT_THAT(names(folder_ / "b"), testing::IsEmpty());
}

TEST_F(ExternalDataTest, RefusesOtherPlaces) {
  write_weights(folder_ / "secret");
  write_weights(folder_ / "a/w.data");
  fs::create_symlink(folder_ / "secret", folder_ / "a/link");
  fs::create_symlink(folder_.path(), folder_ / "a/up");
  const auto refused = [&](const TestModel& made, const std::string& words) {
    const Model read(made.write(folder_ / "a/m.onnx"));
    const auto says = ThrowsMessage<Error>(HasSubstr(words));
    EXPECT_THAT([&] { read.write(folder_ / "b/n.onnx"); }, says) << words;
    EXPECT_THAT([&] { read.head(read.find({})); }, says) << words;
    EXPECT_THAT(names(folder_ / "b"), testing::IsEmpty()) << words;
  };
  const std::string inside = "in the folder of the model or below it";
  for (const std::string& place :
       {std::string("../secret"), std::string("x/../../secret"), std::string(),
        (folder_ / "secret").string(), std::string("link"), std::string("up/secret"),
        std::string("w.data\0", 7)}) {
    refused(model(place), inside);
  }
  for (const char* missing : {"nothing", ".", "w.data/x"}) refused(model(missing), "no file");
  refused(model("w.data", "4", "25"), "25 bytes from 4 on of 'w.data', which has 28");
  refused(model("w.data", "29", ""), "cut short");
  refused(model("w.data", "18446744073709551612", "24"), "cut short");
  refused(model("w.data", "4", "20"),
          "are 20 bytes of 'w.data'; numbers of their shape and type take 24");
  refused(model("w.data", "8", ""), "24 bytes from 8 on of 'w.data', which has 28");
  for (const char* offset : {"-4", "4 ", "x", "99999999999999999999"})
    refused(model("w.data", offset), "whole numbers");
  // What is no file of a model has no files beside it.
  const std::string bytes = model("w.data").bytes();
  const Model memory(io::SharedBytes::copy_of(bytes), "memory");
  EXPECT_THAT([&] { memory.head(memory.find({})); }, ThrowsMessage<Error>(HasSubstr("memory")));
}

// Where models are links into a store of files, as model hubs keep them.
TEST_F(ExternalDataTest, FollowsALinkedModel) {
  write_weights(folder_ / "store/b");
  model("w.data").write(folder_ / "store/a");
  fs::create_directories(folder_ / "snapshot");
  fs::create_symlink(folder_ / "store/a", folder_ / "snapshot/m.onnx");
  fs::create_symlink(folder_ / "store/b", folder_ / "snapshot/w.data");
  const Model read(folder_ / "snapshot/m.onnx");
  EXPECT_TRUE(read.head(read.find({})));
  read.write(folder_ / "b/n.onnx");
  EXPECT_FALSE(fs::is_symlink(folder_ / "b/w.data"));
  EXPECT_EQ(io::read_text(folder_ / "b/w.data"), "pad!" + weights_);
}

TEST_F(ExternalDataTest, IsFoundInGraphsOfNodes) {
  ::onnx::ModelProto made;
  ASSERT_TRUE(made.ParseFromString(model("w.data").bytes()));
  auto& node = *made.mutable_graph()->add_node();
  node.set_op_type("If");
  auto& branch = *node.add_attribute();
  *branch.mutable_g()->add_initializer() = made.graph().initializer(0);
  branch.mutable_g()->mutable_initializer(0)->mutable_external_data(0)->set_value("branch.data");
  auto& constant = *branch.mutable_g()->add_node()->add_attribute();
  *constant.mutable_t() = made.graph().initializer(0);
  constant.mutable_t()->mutable_external_data(0)->set_value("constant.data");
  io::write_text(folder_ / "m.onnx", made.SerializeAsString());
  EXPECT_THAT(Model(folder_ / "m.onnx").external_files(),
              ElementsAre("branch.data", "constant.data", "w.data"));
}

}  // namespace
}  // namespace nescio::onnx
