// nescio forget-threshold model=densenet_bc_100_12:PATH data='cifar10:DIR?split=train' keep=0.965
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/numbers.h"
#include "cli/network_verbs.h"
#include "cli/verb.h"
#include "cli_torch/trained_network.h"
#include "io/file.h"
#include "io/json_file.h"
#include "nn/network.h"
#include "train/forget_threshold.h"

namespace nescio::cli::network_verbs {
namespace {

class ForgetThresholdVerb final : public Verb {
 public:
  std::string model, data, out, augment = "none", scope = "layer", bn = "stored", device = "auto";
  std::optional<double> keep, target_masked_accuracy;
  std::int64_t masks = 10, batch = 256;

  void run(Console& console) override {
    if (keep && target_masked_accuracy) {
      fail_usage(
          "forget-threshold: keep= and target_masked_accuracy= are two ways to say the same; "
          "give one");
    }
    const image::Augmentation checked(augment);  // a mistake comes before the network is loaded
    const auto [loaded, pictures, upload] = open_trained_network(model, data, device, console);
    const train::MaskedPassOptions options{.mask = {.keep = keep.value_or(0.965), .scope = scope},
                                           .masks = masks,
                                           .bn = bn,
                                           .augment = augment,
                                           .seed = seed,
                                           .batch = static_cast<std::size_t>(batch),
                                           .workers = usual_workers(),
                                           .progress = console.progress};
    nn::Network& network = nn::network_of(loaded);
    const train::ForgetThreshold found =
        target_masked_accuracy
            ? train::threshold_for_accuracy(network, *pictures, upload, options,
                                            *target_masked_accuracy)
            : train::estimate_forget_threshold(network, *pictures, upload, options);
    const nlohmann::ordered_json json = to_json(found, loaded);
    if (!out.empty()) io::write_text(out, io::json_text(json));
    if (console.json) {
      console.out << io::json_text(json);
    } else {
      write_table(console.out, found);
    }
  }

 private:
  nlohmann::ordered_json to_json(const train::ForgetThreshold& found,
                                 const nn::Model& network) const {
    nlohmann::ordered_json json = {{"b", found.mean()},
                                   {"deviation", found.deviation()},
                                   {"masked_accuracy", found.accuracy()},
                                   {"keep", found.keep},
                                   {"scope", scope},
                                   {"losses", found.losses},
                                   {"accuracies", found.accuracies},
                                   {"pictures", found.pictures},
                                   {"data", printable(data)},
                                   {"augment", augment},
                                   {"bn", bn},
                                   {"seed", seed}};
    json["model"] = network.identity();
    return json;
  }

  static void write_table(std::ostream& to, const train::ForgetThreshold& found) {
    to << "mask  loss     accuracy\n";
    for (std::size_t i = 0; i < found.losses.size(); ++i) {
      to << i << std::string(6 - std::to_string(i).size(), ' ') << short_number(found.losses[i])
         << std::string(9 - std::min<std::size_t>(8, short_number(found.losses[i]).size()), ' ')
         << short_number(found.accuracies[i]) << '\n';
    }
    to << "b = " << short_number(found.mean()) << ", deviation " << short_number(found.deviation())
       << " over " << found.losses.size() << " masks that keep " << short_number(found.keep)
       << " of the weights; " << found.pictures << " pictures, accuracy under masks "
       << short_number(found.accuracy()) << '\n';
  }
};

}  // namespace

VerbInfo forget_threshold() {
  using V = ForgetThresholdVerb;
  return describe_verb<V>(
      {.name = "forget-threshold",
       .summary = network_verb_summary("forget-threshold"),
       .details =
           {"The loss that a trained network has on its training pictures when a small random part "
            "of "
            "its weights is masked: b of the method unleashing_mask. Several masks, of one seed; "
            "their spread is large, and says how far b is to be trusted.",
            "Give the augmentation of the training. The network is not changed. Which keep= suits "
            "depends on the network: 0.965 was chosen for DenseNet-BC-100 on CIFAR-10, and has "
            "smaller "
            "networks forget far more; target_masked_accuracy=0.97 asks for what they still know "
            "instead."},
       .examples = {"nescio forget-threshold model=densenet_bc_100_12_nonaffine:FILE "
                    "data='cifar10:DIR?split=train' augment='crop(padding=4),flip'",
                    "nescio forget-threshold model=resnet20:FILE data='cifar10:DIR?split=train' "
                    "target_masked_accuracy=0.97"},
       .options =
           {option(&V::model, required(model_info())), option(&V::data, training_data_info()),
            option(&V::masks, {.name = "masks", .doc = "how many", .min = 1, .max = 1000}),
            option(&V::keep, {.name = "keep",
                              .doc = "share of the weights that stay; auto: 0.965",
                              .min = 0,
                              .max = 1,
                              .min_excluded = true}),
            option(
                &V::target_masked_accuracy,
                {.name = "target_masked_accuracy",
                 .doc =
                     "instead of keep: the accuracy that the masked network shall still have; the "
                     "smallest keep that gives it is searched for, which takes ten estimates",
                 .min = 0,
                 .max = 1,
                 .min_excluded = true}),
            option(&V::scope, train::scope_parameter()),
            option(&V::augment, {.name = "augment",
                                 .doc = "random changes to the pictures, crop(padding=4),flip",
                                 .names = {"augmentations"}}),
            option(&V::bn,
                   {.name = "bn",
                    .doc = "statistics of batch normalisation under a mask: those of the whole "
                           "network, or of the masked one on the same pictures",
                    .choices = {"stored", "recalibrated"}}),
            option(&V::batch,
                   {.name = "batch", .doc = "pictures per pass", .min = 1, .max = 65536}),
            option(&V::out, {.name = "out", .doc = "file for the result as JSON"}),
            option(&V::device, device_info())},
       .json = true});
}

}  // namespace nescio::cli::network_verbs
