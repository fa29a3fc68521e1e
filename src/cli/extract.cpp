// nescio extract model=resnet20:PATH.th data='cifar10:DIR?split=test' bank=BANK as=cifar10/test
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "bank/feature_bank.h"
#include "base/spec.h"
#include "cli/backbone.h"
#include "cli/extraction.h"
#include "cli/launched.h"
#include "cli/picture_log.h"
#include "cli/verb.h"
#include "extract/extract.h"
#include "image/augmentations/augmentation.h"
#include "image/datasets/dataset.h"
#include "image/datasets/renumbered.h"
#include "io/json_file.h"

namespace nescio::cli::verbs {
namespace {

class Extract final : public Verb {
 public:
  std::string model, data, bank, as, class_names, probes, taps, fit, device = "auto";
  std::string augment = "none", dtype = "float32";
  std::int64_t views = 0, top = 0;
  std::optional<std::int64_t> batch;

  void run(Console& console) override {
    extract::ExtractOptions options;
    options.probes = as_usage([&] { return with_taps(expand_list(probes), taps); });
    if (batch) options.batch = static_cast<std::size_t>(*batch);
    check_fit(extract::make_probes(options.probes));  // before the network is loaded
    options.answers = answers();
    check_split_option(as, "extract: as");
    do_together(threads.has_value(), console,
                [&](Communicator& processes, Console& own) { look(options, processes, own); });
  }

 private:
  void look(extract::ExtractOptions options, Communicator& processes, Console& console) const {
    options.progress = console.progress;
    const auto loaded = load_backbone(model, device);
    const runtime::Backbone& network = *loaded;
    const std::vector<std::string> classes = classes_of(network);
    const Notice warn = [&](const std::string& sentence) { console.warn(sentence); };
    for (const std::string& notice : network.notices()) warn(notice);
    const std::unique_ptr<image::Dataset> dataset = image::in_classes_of(
        classes, "the network", image::open_dataset(data), image::LabelUse::unknown, "data", warn);
    warn_of_pictures(*dataset, console);
    bank::FeatureBank target = bank::FeatureBank::open_or_create(bank);
    std::unique_ptr<image::Dataset> lesson;
    if (!fit.empty()) {
      lesson = image::open_dataset(fit);
      warn_of_pictures(*lesson, console);
      options.fit.dataset = lesson.get();
      options.fit.spec = fit;
    }
    options.class_names = classes;
    const extract::Extracted done =
        nescio::extract::extract(network, *dataset, data, target, as, options, processes);
    const std::size_t named = dataset->class_names().size();
    if (classes.empty() && 0 < named && named < network.classes()) {
      warn(text("data names ", named, " classes and the network has ", network.classes(),
                ", which its weights do not name, so no accuracy is known; class_names= says what "
                "they are called"));
    }
    say_what_was_there(done, target, as, console);
    if (console.json) {
      write_json(console.out, done, network.device());
    } else {
      say_rows(done, as, console.out);
    }
  }

  void check_fit(const std::vector<extract::NamedProbe>& asked) const {
    const auto learns = [](const extract::NamedProbe& named) { return named.learning(); };
    if (!fit.empty() && std::ranges::none_of(asked, learns)) {
      fail_usage("extract: fit= does nothing here: none of the probes learns; leave it out");
    }
  }

  extract::AnswerOptions answers() const {
    if (views == 0) {
      if (augment == "none" && top == 0 && dtype == "float32") return {};
      fail_usage("extract: augment=, top= and dtype= are of answers to views: expected views=1 ",
                 "or more with them");
    }
    if (!(probes + taps + fit).empty()) {
      fail_usage("extract: views= keeps the network's answers alone; leave probes=, taps= and ",
                 "fit= out, or extract once more without views=");
    }
    image::Augmentation{augment};  // refuses what there is not
    if (augment == "none" && views > 1) {
      fail_usage("extract: all ", views, " views are the same with augment=none; take views=1, or ",
                 "the augment= that the student is trained with");
    }
    return {.views = static_cast<std::size_t>(views),
            .augment = augment,
            .seed = static_cast<std::uint64_t>(seed),
            .top = static_cast<std::size_t>(top),
            .dtype = dtype};
  }

  /// As the user says, or else the weights.
  std::vector<std::string> classes_of(const runtime::Backbone& network) const {
    if (class_names.empty()) return network.class_names();
    const bool there =
        std::filesystem::exists(bank) && bank::FeatureBank::open(bank).has(class_names);
    const auto names = there ? bank::FeatureBank::open(bank).class_names(class_names)
                             : split_top_level(class_names);
    if (names.size() != network.classes()) {
      throw UsageError(text("extract: class_names: expected the ", network.classes(),
                            " classes of the network, found ", names.size()));
    }
    return names;
  }

  void write_json(std::ostream& out, const extract::Extracted& done,
                  const std::string& ran_on) const {
    nlohmann::ordered_json object = {{"split", as},
                                     {"rows", done.rows},
                                     {"classes", done.classes},
                                     {"feature_width", done.feature_width},
                                     {"probes", done.probes},
                                     {"arrays", done.arrays},
                                     {"skipped", done.skipped},
                                     {"rows_before", done.rows_before},
                                     {"was_there", done.was_there()},
                                     {"there", done.there},
                                     {"device", ran_on}};
    if (done.accuracy) object["accuracy"] = *done.accuracy;
    out << io::json_text(object);
  }
};

}  // namespace

VerbInfo extract() {
  return describe_verb<Extract>(
      {.name = "extract",
       .summary = "Run a network over a data set into a bank.",
       .details =
           {"Writes the logits, features, labels and row numbers of every picture as one "
            "split of the bank, their names where they have some, and the network's last "
            "layer as the bank's head where the logits are linear in the features. The bank "
            "is made if it is not there; it holds one network.",
            "What was interrupted goes on where it stopped when the same command is given "
            "again. Arrays that the bank has from the same weights, data, preprocessing and "
            "program are left as they are, so a further probe costs only its own passes.",
            "A probe is a further pass over the network that adds one array, called as the "
            "probe with all its parameters, for the detectors that need it; ODIN's takes "
            "twice the time of the network alone. Several settings stand beside each other. A "
            "probe that learns looks at the pictures fit= first, once for a bank, which "
            "keeps what it has learned. taps= adds the values at places in the network, pooled, "
            "which cost nothing beside its pass.",
            "views= keeps what a student is to learn from (train targets=): the network's logits "
            "for that many views of each picture, changed by augment= as the student's will be, "
            "bit by bit, instead of logits and features; another seed= gives other views. "
            "dtype=float16 halves them; top=K keeps the K most probable classes, what is left for "
            "the others, and the label's share.",
            "Classes are matched by name where the weights name theirs (those of `nescio "
            "train` do) and the data too: labels become the network's. Data none of whose "
            "classes the network knows keeps its labels; some of them are a mistake.",
            "The accuracy is printed where every label is a class of the network.",
            "mpirun -n 4 nescio extract ..., or srun, lets several processes write the split "
            "together, each other batches of it, to the bits that one process writes; what was "
            "interrupted goes on in any number of them."},
       .examples = {"nescio extract model=resnet20:resnet20.th data='cifar10:DIR?split=test' "
                    "bank=BANK as=cifar10/test",
                    "nescio extract model=resnet20:resnet20.th data=idx:t10k-images.gz bank=BANK "
                    "as=mnist/test",
                    "nescio extract model=resnet20:resnet20.th data='cifar10:DIR?split=test' "
                    "bank=BANK as=cifar10/test 'probes=odin(epsilon=0.0014)'",
                    "nescio extract model=resnet56:resnet56.th data='cifar10:DIR?split=train' "
                    "bank=TEACHER as=cifar10/train views=4 'augment=crop(padding=4),flip'"},
       .options =
           {option(&Extract::model, required(model_info())),
            option(&Extract::data, {.name = "data",
                                    .doc = "TYPE:PATH?key=value&... of the pictures",
                                    .names = {"datasets"},
                                    .required = true}),
            option(&Extract::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
            option(&Extract::as,
                   {.name = "as", .doc = "what the rows are called, SET/SPLIT", .required = true}),
            option(&Extract::class_names,
                   {.name = "class_names",
                    .doc = "what the network's classes are called, for weights that do not say: "
                           "names in its order, separated by commas, or a split of the bank "
                           "whose names they are"}),
            option(&Extract::probes, {.name = "probes",
                                      .doc = "specs of probes, separated by commas",
                                      .names = {"probes"}}),
            option(&Extract::taps, taps_info()),
            option(&Extract::fit,
                   {.name = "fit",
                    .doc = "TYPE:PATH?key=value&... of training pictures, for probes that learn",
                    .names = {"datasets"}}),
            option(
                &Extract::views,
                {.name = "views",
                 .doc = "answers to so many views of each picture, for train targets=; 0: logits "
                        "and features of the pictures as they are",
                 .min = 0,
                 .max = 1000}),
            option(&Extract::augment,
                   {.name = "augment",
                    .doc = "random changes that make the views, as train has them",
                    .names = {"augmentations"}}),
            option(&Extract::top,
                   {.name = "top",
                    .doc = "classes of an answer that are kept, the most probable ones; 0: all",
                    .min = 0}),
            option(
                &Extract::dtype,
                {.name = "dtype", .doc = "type of the answers", .choices = {"float32", "float16"}}),
            option(&Extract::batch, batch_info()), option(&Extract::device, device_info())},
       .json = true});
}

}  // namespace nescio::cli::verbs
