// nescio demo: the road from pictures to a report, on pictures that it paints itself
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "cli/command.h"
#include "cli/demo_protocol.h"
#include "cli/evaluation_run.h"
#include "io/file.h"
#include "io/own_folder.h"

namespace nescio::cli::verbs {
namespace {

namespace fs = std::filesystem;

class Demo final : public Verb {
 public:
  std::string out = "nescio-demo";
  std::string detectors = "all";
  std::int64_t steps = 800;

  void run(Console& console) override {
    // A mistake in a spec comes before minutes of training.
    EvaluationOptions asked;
    asked.detectors = detectors;
    evaluation_settings(asked, seed);
    const fs::path folder = out;
    io::check_writable(folder, "demo", "network/config.json", {"protocol.yaml"});
    const std::string network = (folder / "network").string();
    console.log << "The same by hand:\n";
    step({"train", "model=resnet8", "data=procedural:shapes?split=train&count=20000",
          "val=procedural:shapes?split=val&count=1000", text("steps=", steps), "lr=0.2",
          text("warmup=", std::min<std::int64_t>(80, steps / 2)), text("seed=", seed),
          "out=" + network, "resume=true"},
         console);
    io::write_text(folder / "protocol.yaml", demo_protocol);
    step({"benchmark", (folder / "protocol.yaml").string(),
          "model=resnet8:" + network + "/last.safetensors", "detectors=" + detectors,
          text("seed=", seed), "out=" + (folder / "run").string()},
         console);
  }

 private:
  // Each step is a command that the user could have typed, and is recorded as that.
  static void step(const std::vector<std::string>& words, const Console& console) {
    Console mine = console;
    mine.command = command_line(words);
    console.log << "\n  " << mine.command << '\n';
    run_verb(find_verb(words.front()), {words.begin() + 1, words.end()}, mine);
  }
};

}  // namespace

VerbInfo demo() {
  return describe_verb<Demo>(
      {.name = "demo",
       .summary = "Show everything once: train a small network on painted pictures, run all "
                  "detectors, write a report.",
       .details = {"Paints ten classes of textured shapes, trains resnet8 on them for about a "
                   "minute, and carries out a protocol with plain shapes and unseen ones as near "
                   "OOD and other kinds of pictures as far OOD. Every step is a command of its "
                   "own, printed before it runs.",
                   "What was interrupted goes on where it stopped when the same command is given "
                   "again."},
       .examples = {"nescio demo", "nescio demo out=FOLDER detectors=energy,knn"},
       .options = {
           option(&Demo::out, {.name = "out", .doc = "folder of the network and of the report"}),
           option(&Demo::detectors, {.name = "detectors",
                                     .doc = "specs separated by commas, or all",
                                     .names = {"detectors"}}),
           option(&Demo::steps,
                  {.name = "steps", .doc = "training steps", .min = 1, .max = 1e6})}});
}

}  // namespace nescio::cli::verbs
