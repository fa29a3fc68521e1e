// Detectors that Python toolkits have too, with the spec that is the same mathematics.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace nescio::bench {

/// What all sizes of a comparison follow from.
struct Sizes {
  std::size_t rows = 50'000;  // to fit on
  std::size_t scored = 10'000;
  std::size_t width = 512;
  std::size_t classes = 100;
};

struct PeerCase {
  std::string name;  // in the toolkit's script
  std::string spec;
  double tolerance = 1e-6;  // of the range of their scores
  std::string remark = {};  // why scores differ by more
  double scale = 1;         // their score / ours
};

struct Peer {
  std::string name;
  std::string script;
  std::vector<PeerCase> cases;
};

/// Tolerances are four times what the toolkit's float32 was seen to cost on real features (OpenOOD's knn: on those of
/// this benchmark, where squared distances differ by a sixteenth of their size), at least 1e-6.
inline Peer pytorch_ood(const Sizes& of) {
  const auto n = static_cast<double>(of.rows);
  const auto c = static_cast<double>(of.classes);
  return {"pytorch-ood 0.4",
          "../peers/with_pytorch_ood.py",
          {{"MaxSoftmax", "msp(variant=openood)"},
           {"MaxLogit", "max_logit"},
           {"EnergyBased", "energy"},
           {"WeightedEBO", "weighted_energy"},
           {"Entropy", "entropy", 1e-6, "clips probabilities at 1e-7"},
           {"GEN", "gen(m=100)", 5e-3, "clips probabilities at 1e-7", 1 / std::min(c, 100.0)},
           {"KLMatching", "kl_matching", 1e-6, "means of float32 probabilities"},
           {"TemperatureScaling", "temperature(variant=openood)", 1e-6,
            "its L-BFGS stops before the optimum"},
           {"OpenMax", "openmax(alpha=10,tail=25,variant=pytorch_ood)", 5e-3},
           {"Mahalanobis", "mahalanobis", 3e-6, "", 0.5 / n},
           {"RMD", "relative_mahalanobis", 6e-5, "", 1 / n},
           {"ViM", "vim(dim=256)", 3e-4, "float32 cuts between nearly equal eigenvalues elsewhere"},
           {"KNN", "knn"},
           {"SHE", "she"},
           {"NNGuide", "nnguide(alpha=1,k=10)"},
           {"fDBD", "fdbd"},
           {"NCI", "nci(alpha=0.01)"},
           {"PNML", "pnml(variant=pytorch_ood)", 3e-5, "a pseudo-inverse in float32"},
           {"GMM", "gmm"},
           {"ReAct", "react+energy"},
           {"VRA", "vra(variant=openood)+energy", 1e-6, "quantiles of each feature by itself"},
           {"DICE", "dice+energy"},
           {"ASH", "ash(kind=s,p=0.65)+energy", 2e-6},
           {"SCALE", "scale+energy", 3e-6},
           {"LTS", "lts+energy", 2e-6},
           {"GradNorm", "gradnorm", 1e-6, "", 1 / c}}};
}

/// The same library through its Python package, given rows in the toolkits' batches: what Python costs.
inline Peer python_package(const Sizes& of) {
  Peer peer = {"nescio in Python", "../peers/with_nescio.py", {}};
  for (const PeerCase& c : pytorch_ood(of).cases) peer.cases.push_back({c.spec, c.spec});
  return peer;
}

/// Higher is more ID there: every scale is negative.
inline Peer openood() {
  Peer peer = {
      "OpenOOD",
      "../peers/with_openood.py",
      {{"msp", "msp(variant=openood)"},
       {"mls", "max_logit"},
       {"ebo", "energy"},
       {"gen", "gen", 5e-3, "its float32 loses the term of a probability that rounds to 1"},
       {"klm", "kl_matching"},
       {"openmax", "openmax(variant=openood)", 6e-5},
       {"mds", "mahalanobis", 3e-6},
       {"rmds", "relative_mahalanobis", 3e-5},
       {"knn", "knn(variant=openood)", 2e-5},
       {"vim", "vim(dim=256)", 1e-4},
       {"residual", "residual(dim=256)", 2e-4},
       {"she", "she"},
       {"nnguide", "nnguide(variant=openood)"},
       {"relation", "relation", 5e-6},
       {"fdbd", "fdbd(variant=openood)", 2e-6},
       {"nci", "nci", 3e-6},
       {"react", "react+energy"},
       {"vra", "vra(variant=openood)+energy"},
       {"dice", "dice+energy"},
       {"ash", "ash+energy"},
       {"scale", "scale+energy", 4e-6},
       {"gradnorm", "gradnorm"}}};
  for (PeerCase& c : peer.cases) c.scale = -1;
  return peer;
}

}  // namespace nescio::bench
