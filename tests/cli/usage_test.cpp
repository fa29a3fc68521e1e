// The exit status of mistakes in the specs of networks, data sets and probes.
#include <gtest/gtest.h>

#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/test_weights.h"
#include "program.h"

namespace nescio {
namespace {

class Specs : public testing::Test {
 protected:
  void SetUp() override {
    if (nescio_program({"--version"}).out.find("no libtorch") != std::string::npos) {
      GTEST_SKIP() << "no libtorch";
    }
    io::write_safetensors(folder_ / "w.safetensors", nn::made_up_resnet20(4, 1));
  }

  void expect(int code, const std::string& model, const std::string& data,
              const std::vector<std::string>& words, const std::string& more = "batch=1") const {
    expect_refusal(nescio_program({"extract", "model=" + model, "data=" + data, more,
                                   "bank=" + (folder_ / "bank").string(), "as=a/b"}),
                   code, words);
  }
  std::string weights() const { return (folder_ / "w.safetensors").string(); }
  std::string network() const { return "resnet20:" + weights(); }

  io::TestFolder folder_;
};

TEST_F(Specs, AreWordsOfTheCommand) {
  expect(2, "resnet21:" + weights(), "noise:uniform", {"Did you mean 'resnet20'?"});
  expect(2, "resnet20", "noise:uniform", {"resnet20:PATH"});
  expect(2, network() + "?sise=32", "noise:uniform", {"Did you mean 'size'?"});
  expect(2, network() + "?size=big", "noise:uniform", {"whole number"});
  expect(2, network(), "nosie:uniform", {"Did you mean 'noise'?"});
  expect(2, network(), "noise:unifrom", {"Did you mean 'uniform'?"});
  expect(2, network(), "procedural:shape", {"Did you mean 'shapes'?"});
  expect(2, network(), "noise:uniform?cuont=3", {"Did you mean 'count'?"});
  expect(2, network(), "noise:uniform?count=many", {"count: expected a whole number"});
  expect(2, network(), "noise:uniform?index=5-1", {"no range"});
  expect(2, network(), "noise:uniform?negative=perhaps", {"true or false"});
  expect(2, network(), "noise:uniform", {"auto, cpu, cuda or cuda:N"}, "device=gpu");
  expect(2, network(), "noise:uniform", {"device: expected a whole number"}, "device=cuda:x");
  expect(2, network(), "noise:uniform", {"Did you mean 'odin'?"}, "probes=oddin");
  expect(2, network(), "noise:uniform", {"unknown parameter 'eps'"}, "probes=odin(eps=1)");
  expect(2, network(), "noise:uniform", {"twice"}, "probes=odin,odin");
}

TEST_F(Specs, NameFilesThatMayBeMissing) {
  expect(1, "resnet20:" + (folder_ / "none.pth").string(), "noise:uniform", {"none.pth"});
  expect(1, network(), "npy:" + (folder_ / "none.npy").string(), {"none.npy"});
  expect(1, network(), "noise:uniform?count=3&index=7", {"up to 2, found 7"});
  expect(1, network(), "noise:uniform", {"device cuda:99: not there"}, "device=cuda:99");
  expect(1, network(), "noise:uniform", {"no tap 'layer4'", "conv1, layer1, layer2, layer3"},
         "taps=layer4");
}

}  // namespace
}  // namespace nescio
