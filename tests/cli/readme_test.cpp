// The README's "Your own data in five minutes" does what it says.
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

TEST(Readme, YourOwnDataInFiveMinutes) {
  if (nescio_program({"--version"}).out.find("no libtorch") != std::string::npos) {
    GTEST_SKIP() << "no libtorch";
  }
  const std::string commands = commands_of(io::read_text(fs::path(NESCIO_SOURCE) / "README.md"),
                                           "Your own data in five minutes");
  ASSERT_GT(std::count(commands.begin(), commands.end(), '\n'), 3) << commands;

  const io::TestFolder folder;
  const fs::path pictures = NESCIO_TEST_PICTURES;
  const auto copy = [&](const std::string& name, const std::string& to) {
    fs::create_directories((folder / to).parent_path());
    fs::copy_file(pictures / name, folder / to);
  };
  for (const char* part : {"train", "test"}) {
    for (int i = 0; i < 4; ++i) {
      copy("rgb.png", text("photos/", part, "/cat/", i, ".png"));
      copy("ycc_420.jpg", text("photos/", part, "/dog/", i, ".jpg"));
    }
  }
  copy("palette8.png", "others/a.png");
  copy("grey.jpg", "others/b.jpg");
  copy("rgb.jpg", "photo.jpg");
  const Outcome trained = nescio_program(
      {"train", "model=resnet18", "data=folder:" + (folder / "photos/train").string(), "steps=1",
       "batch=2", "device=cpu", "out=" + (folder / "network").string()});
  ASSERT_EQ(trained.code, 0) << trained.log;
  fs::rename(folder / "network/last.safetensors", folder / "weights.pth");

  folder.file("commands.sh", "set -eu\ncd '" + folder.path().string() +
                                 "'\nnescio() { " NESCIO_PROGRAM " \"$@\"; }\n" + commands + "\n");
  const std::string script = (folder / "commands.sh").string();
  const int code = std::system(("bash '" + script + "' >'" + script + ".out' 2>&1").c_str());
  EXPECT_EQ(code, 0) << io::read_text(script + ".out");
  EXPECT_TRUE(fs::exists(folder / "results/report.html"));
  EXPECT_THAT(io::read_text(script + ".out"), testing::HasSubstr("photo.jpg"));
}

}  // namespace
}  // namespace nescio
