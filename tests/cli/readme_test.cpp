// The commands that the README shows do what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/file.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

/// The first block of shell commands behind a heading.
std::string commands_of(const std::string& readme, const std::string& heading) {
  const auto section = readme.find("## " + heading + "\n");
  if (section == std::string::npos) return {};
  const std::string fence = "\n```sh\n";
  const auto begin = readme.find(fence, section);
  if (begin == std::string::npos) return {};
  return readme.substr(begin + fence.size(),
                       readme.find("\n```", begin + 1) - begin - fence.size());
}

/// A folder in which the README's commands run.
class Readme : public testing::Test {
 protected:
  void copy(const fs::path& from, const std::string& to) const {
    fs::create_directories((folder_ / to).parent_path());
    fs::copy_file(from, folder_ / to);
  }
  void photos(const std::string& part, int of_each_class) const {
    for (int i = 0; i < of_each_class; ++i) {
      copy(pictures_ / "rgb.png", text("photos/", part, "/cat/", i, ".png"));
      copy(pictures_ / "ycc_420.jpg", text("photos/", part, "/dog/", i, ".jpg"));
    }
  }
  /// What the commands behind a heading say; they must end well.
  std::string run(const std::string& heading) const {
    const std::string commands =
        commands_of(io::read_text(fs::path(NESCIO_SOURCE) / "README.md"), heading);
    EXPECT_GT(std::count(commands.begin(), commands.end(), '\n'), 3) << commands;
    folder_.file("commands.sh", "set -eu\ncd '" + folder_.path().string() +
                                    "'\nnescio() { " NESCIO_PROGRAM " \"$@\"; }\n" + commands +
                                    "\n");
    const std::string script = (folder_ / "commands.sh").string();
    const int code = std::system(("bash '" + script + "' >'" + script + ".out' 2>&1").c_str());
    const std::string said = io::read_text(script + ".out");
    EXPECT_EQ(code, 0) << said;
    return said;
  }

  io::TestFolder folder_;
  const fs::path pictures_ = NESCIO_TEST_PICTURES;
  const std::string versions_ = nescio_program({"--version"}).out;
};

TEST_F(Readme, YourOwnDataInFiveMinutes) {
  if (versions_.find("no libtorch") != std::string::npos) GTEST_SKIP() << "no libtorch";
  photos("train", 4);
  photos("test", 4);
  copy(pictures_ / "palette8.png", "others/a.png");
  copy(pictures_ / "grey.jpg", "others/b.jpg");
  copy(pictures_ / "rgb.jpg", "photo.jpg");
  const Outcome trained = nescio_program(
      {"train", "model=resnet18", "data=folder:" + (folder_ / "photos/train").string(), "steps=1",
       "batch=2", "device=cpu", "out=" + (folder_ / "network").string()});
  ASSERT_EQ(trained.code, 0) << trained.log;
  fs::rename(folder_ / "network/last.safetensors", folder_ / "weights.pth");
  const std::string said = run("Your own data in five minutes");
  EXPECT_TRUE(fs::exists(folder_ / "results/report.html"));
  EXPECT_THAT(said, testing::HasSubstr("photo.jpg"));
}

TEST_F(Readme, PutItIntoYourModel) {
  if (versions_.find("no ONNX Runtime") != std::string::npos) GTEST_SKIP() << "no ONNX Runtime";
  if (nescio_program({"export", "d", "onnx=m", "out=o"}).log.find("without ONNX's schema") !=
      std::string::npos) {
    GTEST_SKIP() << "no libonnx-dev";
  }
  photos("train", 4);
  photos("val", 30);  // a guarantee of 95 % takes 59
  copy(fs::path(NESCIO_SOURCE) / "tests/cli/testdata/small_network.onnx", "model.onnx");
  const std::string said = run("Put it into your model");
  EXPECT_TRUE(fs::exists(folder_ / "model_ood.onnx"));
  EXPECT_THAT(said, testing::HasSubstr("decisions of the pictures, 0 of 60 otherwise"));
  EXPECT_THAT(said, testing::Not(testing::HasSubstr("FAILED")));
}

}  // namespace
}  // namespace nescio
