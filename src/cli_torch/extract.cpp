// nescio extract model=resnet20:PATH.th data='cifar10:DIR?split=test' bank=BANK as=cifar10/test
#include "extract/extract.h"

#include <malloc.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "bank/feature_bank.h"
#include "cli/picture_log.h"
#include "cli/verb.h"
#include "image/dataset.h"
#include "nn/model.h"

namespace nescio::verbs {
namespace {

/// Activations are buffers of several MB, freed and wanted again for each layer. By default glibc
/// gives them back to the system each time and pays for it with page faults: a sixth of the time.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most it takes
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

class Extract final : public Verb {
 public:
  std::string model, data, bank, as, device = "auto";
  std::int64_t batch = static_cast<std::int64_t>(ExtractOptions{}.batch);

  void run(Console& console) override {
    keep_freed_memory();
    const Model network = Model::load(model, device);
    const std::unique_ptr<Dataset> dataset = open_dataset(data);
    log_pictures(*dataset, console.log);
    FeatureBank target = FeatureBank::open_or_create(bank);
    const Extracted done =
        nescio::extract(network, *dataset, data, target, as,
                        {.batch = static_cast<std::size_t>(batch), .progress = console.progress});
    if (done.was_there) {
      console.log << "nescio: " << bank << " has " << as
                  << " from the same inputs already; nothing was done\n";
    } else if (done.rows_before > 0) {
      console.log << "nescio: went on after " << done.rows_before
                  << " rows of an interrupted extraction\n";
    }
    if (console.json) {
      write_json(console.out, done, network.device());
    } else {
      write_text(console.out, done);
    }
  }

 private:
  void write_text(std::ostream& out, const Extracted& done) const {
    out << as << ": " << done.rows << " rows, logits [" << done.classes << "], features ["
        << done.feature_width << "], labels, index";
    if (done.accuracy) out << ", accuracy " << format_number(*done.accuracy);
    out << '\n';
  }

  void write_json(std::ostream& out, const Extracted& done, const std::string& ran_on) const {
    nlohmann::ordered_json object = {{"split", as},
                                     {"rows", done.rows},
                                     {"classes", done.classes},
                                     {"feature_width", done.feature_width},
                                     {"skipped", done.skipped},
                                     {"rows_before", done.rows_before},
                                     {"was_there", done.was_there},
                                     {"device", ran_on}};
    if (done.accuracy) object["accuracy"] = *done.accuracy;
    out << object.dump(2) << '\n';
  }
};

}  // namespace

VerbInfo extract() {
  return describe_verb<Extract>(
      {.name = "extract",
       .summary = "Run a network over a data set into a bank.",
       .details = {"Writes the logits, features, labels and row numbers of every picture as one "
                   "split of the bank, and the network's last layer as the bank's head. The bank "
                   "is made if it is not there; it holds one network.",
                   "What was interrupted goes on where it stopped when the same command is given "
                   "again. A split that the bank has from the same weights, data, preprocessing "
                   "and program is left as it is.",
                   "The accuracy is printed where every label is a class of the network."},
       .examples = {"nescio extract model=resnet20:resnet20.th data='cifar10:DIR?split=test' "
                    "bank=BANK as=cifar10/test",
                    "nescio extract model=resnet20:resnet20.th data=idx:t10k-images.gz bank=BANK "
                    "as=mnist/test"},
       .options =
           {option(&Extract::model, {.name = "model",
                                     .doc = "NETWORK:PATH of its weights (safetensors, .pth or "
                                            ".th); `nescio list models`",
                                     .required = true}),
            option(&Extract::data, {.name = "data",
                                    .doc = "TYPE:PATH?key=value&... of the pictures; `nescio list "
                                           "datasets`",
                                    .required = true}),
            option(&Extract::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
            option(&Extract::as,
                   {.name = "as", .doc = "what the rows are called, SET/SPLIT", .required = true}),
            option(&Extract::batch,
                   {.name = "batch",
                    .doc = "pictures per pass of the network; changes values by rounding only",
                    .min = 1,
                    .max = 65536}),
            option(&Extract::device, {.name = "device",
                                      .doc = "auto (the first CUDA device, else the CPU), cpu, "
                                             "cuda or cuda:N"})},
       .json = true});
}

}  // namespace nescio::verbs
