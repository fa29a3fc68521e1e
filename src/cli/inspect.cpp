// nescio inspect bank#cifar10/train
#include <ostream>

#include "cli/inspection.h"
#include "cli/verb.h"
#include "io/json_file.h"

namespace nescio::cli::verbs {
namespace {

class Inspect final : public Verb {
 public:
  std::string path, split;

  void run(Console& console) override {
    const Facts facts = facts_at(path, split);
    if (!split.empty() && facts.at("kind") != "protocol") {
      fail_usage("split=", split, " does nothing here: it counts only for a protocol");
    }
    console.out << (console.json ? io::json_text(facts) : facts_text(facts));
  }
};

}  // namespace

VerbInfo inspect() {
  return describe_verb<Inspect>(
      {.name = "inspect",
       .summary = "Say what a file or folder is and what is in it.",
       .positional = "path",
       .details =
           {"PATH is a feature bank, a saved detector, a run of train, evaluate, benchmark, "
            "compare "
            "or trace, a checkpoint, a file of weights or other arrays (.safetensors, .pth, .npz, "
            ".npy, .pkl, .csv), an ONNX model or a protocol. Its bytes or its manifest say which, "
            "not "
            "its name. Of an ONNX model: which tensors are the logits and the features, whether "
            "the "
            "last layer is a head, and the detector that `export` put into it.",
            "BANK#SET/SPLIT is one split. Where it holds what a teacher said (logits of one or of "
            "several views, or the most probable classes alone) all its answers are read: "
            "mean_mass is m, the probability of the classes that are kept; mean_lambda is that of "
            "1 / (1 + m), the weight of the label in logits_based(fusion=sum); disagreement is the "
            "share of answers whose most probable class is not the label. Of answers that are cut "
            "off the entropy takes what is not kept as spread evenly over the other classes, so "
            "it is the largest that they may have. The histogram has ten equal parts of 0 .. log "
            "C, "
            "in nats.",
            "FILE#NAME is one array of a file."},
       .examples = {"nescio inspect BANK", "nescio inspect BANK#cifar10/train --json",
                    "nescio inspect weights.pth", "nescio inspect model.onnx"},
       .options = {option(&Inspect::path, {.name = "path",
                                           .doc = "what to look at: PATH, BANK#SET/SPLIT or "
                                                  "FILE#NAME",
                                           .required = true}),
                   option(&Inspect::split, {.name = "split",
                                            .doc = "which division of the classes, for protocols "
                                                   "with several"})},
       .json = true});
}

}  // namespace nescio::cli::verbs
