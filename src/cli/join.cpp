// nescio join splits=T0#cifar10/train,T1#cifar10/train bank=T as=cifar10/train
#include "bank/join.h"

#include <filesystem>
#include <ostream>

#include "bank/split_place.h"
#include "base/text.h"
#include "base/within.h"
#include "cli/verb.h"
#include "io/npy.h"

namespace nescio::cli::verbs {
namespace {

class Join final : public Verb {
 public:
  std::string splits, bank, as, from;

  void run(Console& console) override {
    check_split_option(as, "join: as");
    std::vector<bank::Source> sources;
    for (const std::string& spec : parse_splits(splits, "join: splits")) {
      const auto place = bank::parse_split_place(spec, "join: splits");
      if (place.split == as && same_folder(place.bank, bank)) {
        fail_usage("join: ", spec, " would be replaced by what is made of it; choose another as=");
      }
      sources.push_back({bank::FeatureBank::open(place.bank), place.split});
      sources.back().bank.rows(place.split);
    }
    if (sources.size() < 2) {
      fail_usage("join: expected two or more of splits=, found ", sources.size());
    }
    const std::size_t rows = sources[0].bank.rows(sources[0].split);
    const auto numbers = from.empty() ? bank::in_turn(rows, sources.size()) : numbers_in(from);
    bank::FeatureBank target = bank::FeatureBank::open_or_create(bank);
    const auto left_out = bank::join_splits(sources, numbers, target, as, [&](std::size_t done) {
      if (console.progress) console.progress("joining " + as, done, rows);
    });
    if (!left_out.empty()) {
      console.warn(text(as, ": ", nescio::join(left_out), " left out: not all splits have them"));
    }
    console.out << as << ": " << rows << " rows of " << sources.size() << " splits, "
                << nescio::join(target.arrays(as)) << '\n';
  }

 private:
  static bool same_folder(const std::filesystem::path& a, const std::filesystem::path& b) {
    return std::filesystem::weakly_canonical(a) == std::filesystem::weakly_canonical(b);
  }

  static std::vector<std::int64_t> numbers_in(const std::string& file) {
    const Array numbers =
        within("from " + file + ": ", [&] { return io::read_npy(file).to_int64(); });
    if (numbers.shape().size() != 1) {
      fail("from ", file, ": expected the number of a split for each row [N], found ",
           to_string(numbers.shape()));
    }
    const auto values = numbers.as<std::int64_t>();
    return {values.begin(), values.end()};
  }
};

}  // namespace

VerbInfo join() {
  return describe_verb<Join>(
      {.name = "join",
       .summary = "Make one split of several of the same pictures, each row from one of them.",
       .details =
           {"For cross-fitted teachers: F networks, network f trained without the pictures f, f+F, "
            "f+2F, ..., each answer for all pictures; the row of a picture then comes from the "
            "network that has not seen it. Row i comes from split i mod F, or from the one that "
            "from= names for it.",
            "Arrays that not all splits have are left out, and it is said."},
       .examples = {"nescio train model=resnet20 data='cifar10:DIR?split=train&except=0-49999:5' "
                    "out=T0",
                    "nescio extract model=resnet20:T0/last.safetensors data='cifar10:DIR?split="
                    "train' bank=B0 as=cifar10/train views=4 augment=flip",
                    "nescio join splits=B0#cifar10/train,B1#cifar10/train bank=T as=cifar10/train"},
       .options = {
           option(&Join::splits, {.name = "splits",
                                  .doc = "where the rows come from, BANK#SET/SPLIT, separated by "
                                         "commas",
                                  .required = true}),
           option(&Join::bank,
                  {.name = "bank",
                   .doc = "folder of the bank that is written, made if it is not there",
                   .required = true}),
           option(&Join::as, {.name = "as",
                              .doc = "what the rows are called there, SET/SPLIT",
                              .required = true}),
           option(&Join::from,
                  {.name = "from",
                   .doc = "the number of its split for each row: a .npy file of whole numbers "
                          "[N]; in turn if not given"})}});
}

}  // namespace nescio::cli::verbs
