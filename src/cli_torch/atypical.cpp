// nescio atypical model=resnet20:PATH data='cifar10:DIR?split=train' out=OUT
#include <filesystem>
#include <ostream>

#include "base/numbers.h"
#include "cli/network_verbs.h"
#include "cli/verb.h"
#include "cli_torch/trained_network.h"
#include "io/csv.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "nn/network.h"
#include "report/atypical_page.h"
#include "train/atypical.h"

namespace nescio::cli::network_verbs {
namespace {

namespace fs = std::filesystem;

class AtypicalVerb final : public Verb {
 public:
  std::string model, data, out, by = "masks", scope = "layer", bn = "stored", device = "auto";
  double keep = 0.965, share = 0.05;
  std::int64_t masks = 10, batch = 256;

  void run(Console& console) override {
    const auto [loaded, pictures, upload] = open_trained_network(model, data, device, console);
    const train::Atypical found = train::find_atypical(nn::network_of(loaded), *pictures, upload,
                                                       {.mask = {.keep = keep, .scope = scope},
                                                        .masks = masks,
                                                        .bn = bn,
                                                        .seed = seed,
                                                        .batch = static_cast<std::size_t>(batch),
                                                        .workers = usual_workers(),
                                                        .progress = console.progress});
    const std::vector<std::size_t> order = found.ranking(by);
    io::make_folders(out);
    io::write_text(fs::path(out) / "atypical.csv", table(found, order, *pictures));
    write_rows(found, order);
    io::write_text(fs::path(out) / "atypical.html", page(found, order, *pictures));
    say(console.out, found, order);
  }

 private:
  std::size_t count_of_share(std::size_t pictures) const {
    return std::max<std::size_t>(1,
                                 static_cast<std::size_t>(share * static_cast<double>(pictures)));
  }

  static std::string table(const train::Atypical& found, const std::vector<std::size_t>& order,
                           const image::Dataset& pictures) {
    std::string csv = "rank,row,name,label,seen,wrong,masked_loss,divergence,loss\n";
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const std::size_t i = order[rank];
      csv += io::csv_row({text(rank), text(found.index[i]), pictures.name(i), text(found.labels[i]),
                          text(found.seen[i]), format_number(found.wrong[i]),
                          format_number(found.loss[i]), format_number(found.divergence[i]),
                          format_number(found.own_loss[i])});
    }
    return csv;
  }

  /// Rows of the source data: the most atypical share, to be left out by except=.
  void write_rows(const train::Atypical& found, const std::vector<std::size_t>& order) const {
    std::vector<std::int64_t> rows;
    for (std::size_t rank = 0; rank < count_of_share(order.size()); ++rank) {
      rows.push_back(found.index[order[rank]]);
    }
    std::ranges::sort(rows);
    io::write_npy(fs::path(out) / "most_atypical.npy", Array({rows.size()}, rows));
  }

  std::string page(const train::Atypical& found, const std::vector<std::size_t>& order,
                   const image::Dataset& pictures) const {
    std::vector<report::AtypicalPicture> ranked;
    for (const std::size_t i : order) {
      ranked.push_back({i, found.labels[i], found.seen[i], found.wrong[i], found.loss[i]});
    }
    return report::atypical_page(pictures, ranked, masks, keep);
  }

  void say(std::ostream& to, const train::Atypical& found,
           const std::vector<std::size_t>& order) const {
    std::size_t broken = 0;
    for (const double wrong : found.wrong) broken += wrong > 0.5;
    to << found.size() << " pictures, " << broken << " taken for another class under most of "
       << masks << " masks\n"
       << "wrote " << out << "/atypical.csv, " << out << "/most_atypical.npy ("
       << count_of_share(order.size()) << " rows, for except= behind the '?' of data)\n"
       << "the page is " << out << "/atypical.html\n";
  }
};

}  // namespace

VerbInfo atypical() {
  using V = AtypicalVerb;
  return describe_verb<V>(
      {.name = "atypical",
       .summary = network_verb_summary("atypical"),
       .details = {"A picture is atypical if the network takes it for another class as soon as a "
                   "small random "
                   "part of its weights is masked. Pictures are ranked by the share of masks under "
                   "which that "
                   "happens, equal ones by their mean loss under the masks; by=divergence ranks by "
                   "how far "
                   "the masked network's answers lie from the whole one's.",
                   "Writes OUT/atypical.csv, a row for each picture; OUT/atypical.html, both ends "
                   "of each class "
                   "in pictures; OUT/most_atypical.npy, the rows of the most atypical share, which "
                   "data='TYPE:PATH?except=OUT/most_atypical.npy' leaves out of a training."},
       .examples = {"nescio atypical model=resnet20:FILE data='cifar10:DIR?split=train' out=OUT"},
       .options = {
           option(&V::model, required(model_info())), option(&V::data, training_data_info()),
           option(&V::out, {.name = "out", .doc = "folder for the results", .required = true}),
           option(&V::masks, {.name = "masks", .doc = "how many", .min = 1, .max = 1000}),
           option(&V::keep, train::keep_parameter()), option(&V::scope, train::scope_parameter()),
           option(&V::by, {.name = "by",
                           .doc = "what pictures are ranked by",
                           .choices = {"masks", "divergence"}}),
           option(&V::share, {.name = "share",
                              .doc = "of the pictures that most_atypical.npy names",
                              .min = 0,
                              .max = 1,
                              .min_excluded = true}),
           option(&V::bn,
                  {.name = "bn",
                   .doc = "statistics of batch normalisation under a mask: those of the whole "
                          "network, or of the masked one on the same pictures",
                   .choices = {"stored", "recalibrated"}}),
           option(&V::batch, {.name = "batch", .doc = "pictures per pass", .min = 1, .max = 65536}),
           option(&V::device, device_info())}});
}

}  // namespace nescio::cli::network_verbs
