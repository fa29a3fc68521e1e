// Fine-tuning's data scaling at the size of a test: cross-entropy against soft targets at 25, 50 and
// 100 per cent of the data, for byte-level language models on a text that this program makes.
//   nescio_byte_level out=DIR [key=value ...]
//
// A grammar of made-up words (each has a few followers of its own, with uneven probabilities) writes a
// large text for the teacher, a small one for the students and one that is held out. The teacher is
// trained on its text, reads the students' once, and writes what it says of each byte as the JSONL file
// that `nescio import tokens=` reads; it comes into a bank and out again as any other. Students of the
// same start, order of samples and number of steps then learn from labels alone or from q of
// src/train/soft_targets.h. Table on standard output, progress on standard error.
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include <torch/torch.h>

#include "bank/token_answers.h"
#include "base/numbers.h"
#include "base/parameters.h"
#include "base/rng.h"
#include "nn/transformer_block.h"
#include "train/token_loss.h"

namespace nescio::experiments {
namespace {

constexpr std::int64_t vocabulary = 256;

struct Options {
  std::string out, fusion = "sum";
  double alpha = 0.9;
  std::int64_t top = 5, seed = 1, seeds = 3, words = 48, followers = 6, length = 64, prompt = 8;
  std::int64_t teacher_samples = 16384, samples = 1024, held_out = 1024, batch = 16;
  std::int64_t teacher_width = 256, teacher_layers = 6, teacher_steps = 600;
  std::int64_t student_width = 96, student_layers = 3, student_steps = 400;
  bool require_gain = false;
};

std::vector<Parameter<Options>> parameters() {
  std::vector<Parameter<Options>> all;
  const auto add = [&](auto Options::*member, const char* name, const char* doc, double min = 0) {
    all.push_back(bind_parameter<Options>(member, {.name = name, .doc = doc, .min = min}));
  };
  add(&Options::out, "out", "folder for the teacher's answers and the bank");
  add(&Options::fusion, "fusion", "sum, overwrite or mix");
  add(&Options::alpha, "alpha", "share of the label in mix");
  add(&Options::top, "top", "slots of a byte that the teacher keeps", 1);
  add(&Options::seed, "seed", "of grammar, texts and teacher");
  add(&Options::seeds, "seeds", "students of each kind", 1);
  add(&Options::words, "words", "of the grammar", 2);
  add(&Options::followers, "followers", "words that may follow one", 1);
  add(&Options::length, "length", "bytes of a sample", 3);
  add(&Options::prompt, "prompt", "of these that are the prompt", 1);
  add(&Options::teacher_samples, "teacher_samples", "samples that the teacher learns from", 1);
  add(&Options::samples, "samples", "samples that are all of the students' data", 4);
  add(&Options::held_out, "held_out", "samples that are measured", 1);
  add(&Options::batch, "batch", "samples of a step", 1);
  add(&Options::teacher_width, "teacher_width", "a multiple of 32", 32);
  add(&Options::teacher_layers, "teacher_layers", "blocks", 1);
  add(&Options::teacher_steps, "teacher_steps", "steps of training", 1);
  add(&Options::student_width, "student_width", "a multiple of 32", 32);
  add(&Options::student_layers, "student_layers", "blocks", 1);
  add(&Options::student_steps, "student_steps", "steps of training, whatever the share of the data",
      1);
  add(&Options::require_gain, "require_gain", "fail unless soft targets win at 25 per cent");
  return all;
}

/// Words of two to five letters, and for each the words that may follow and how likely they are.
class Grammar {
 public:
  Grammar(const Options& options) {
    Rng rng(static_cast<std::uint64_t>(options.seed), 1);
    std::set<std::string> words;
    while (std::ssize(words) < options.words) {
      std::string word(2 + rng.below(4), ' ');
      for (char& letter : word) letter = static_cast<char>('a' + rng.below(26));
      words.insert(word);
    }
    words_.assign(words.begin(), words.end());
    const auto count = static_cast<std::size_t>(std::min(options.followers, options.words));
    for (std::size_t w = 0; w < words_.size(); ++w) {
      std::vector<std::size_t> next = rng.permutation(words_.size());
      next.resize(count);
      std::vector<double> p(count);
      double sum = 0;
      for (double& share : p) sum += share = -std::log(1 - rng.uniform());
      for (double& share : p) share /= sum;
      next_.push_back(std::move(next));
      p_.push_back(std::move(p));
    }
  }

  /// So many bytes, and the nats per byte that the choice of words costs who knows the grammar.
  std::string text(std::size_t bytes, std::uint64_t stream, double& nats) const {
    Rng rng(0x5eed, stream);
    std::string out;
    std::size_t word = rng.below(words_.size());
    nats = 0;
    while (out.size() < bytes) {
      out += words_[word] + ' ';
      std::size_t choice = 0;
      for (double at = rng.uniform(); choice + 1 < p_[word].size(); ++choice) {
        at -= p_[word][choice];
        if (at < 0) break;
      }
      nats -= std::log(p_[word][choice]);
      word = next_[word][choice];
    }
    nats /= static_cast<double>(out.size());
    out.resize(bytes);
    return out;
  }

 private:
  std::vector<std::string> words_;
  std::vector<std::vector<std::size_t>> next_;
  std::vector<std::vector<double>> p_;
};

/// Samples of a text, [n, length] int64.
torch::Tensor samples_of(const std::string& text, std::int64_t length) {
  const std::vector<std::int64_t> bytes(text.begin(), text.end());
  return torch::tensor(bytes).view({-1, length});
}

/// A causal transformer over bytes: bytes [B, n] to logits of the next byte [B, n, 256].
class ByteModel final : public torch::nn::Module {
 public:
  ByteModel(std::int64_t width, std::int64_t layers, std::int64_t length)
      : bytes_(register_parameter("bytes", torch::empty({vocabulary, width}))),
        positions_(register_parameter("positions", torch::empty({length, width}))),
        norm_(register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})))),
        head_(register_module("head", std::make_shared<nn::Projection>(width, vocabulary))),
        future_(torch::full({1, length, length}, -INFINITY).triu(1)) {
    for (std::int64_t l = 0; l < layers; ++l) {
      blocks_.push_back(register_module(
          text("block", l), std::make_shared<nn::TransformerBlock>(nn::BlockDesign{
                                .width = width, .heads = width / 32, .hidden = 4 * width})));
    }
  }

  static std::shared_ptr<ByteModel> make(std::int64_t width, std::int64_t layers,
                                         std::int64_t length) {
    auto model = std::make_shared<ByteModel>(width, layers, length);
    nn::start_transformer(*model);  // libtorch lists the modules of a shared one alone
    nn::start_token(model->bytes_);
    nn::start_token(model->positions_);
    return model;
  }

  torch::Tensor forward(const torch::Tensor& bytes) {
    const std::int64_t n = bytes.size(1);
    torch::Tensor x = torch::embedding(bytes_, bytes) + positions_.slice(0, 0, n);
    const torch::Tensor mask = future_.slice(1, 0, n).slice(2, 0, n);
    for (const auto& block : blocks_) x = block->forward(x, mask);
    return head_->forward(norm_(x));
  }

 private:
  torch::Tensor bytes_, positions_;
  torch::nn::LayerNorm norm_;
  std::shared_ptr<nn::Projection> head_;
  std::vector<std::shared_ptr<nn::TransformerBlock>> blocks_;
  torch::Tensor future_;
};

/// The logits about the answers of some samples [B answer, 256], and the bytes that they are about [B answer].
struct Answered {
  torch::Tensor logits, labels;
};
Answered answer(ByteModel& model, const torch::Tensor& samples, std::int64_t prompt) {
  const std::int64_t bytes = samples.size(1) - prompt;
  const train::TokenRun run = train::align_tokens(prompt, bytes, bytes);
  const torch::Tensor logits = model.forward(samples.slice(1, 0, samples.size(1) - 1));
  return {logits.slice(1, run.logit, run.logit + run.count).reshape({-1, vocabulary}),
          samples.slice(1, prompt).reshape({-1})};
}

struct Measured {
  double nats = 0, accuracy = 0;  // per byte of held-out answers
};
Measured measure(ByteModel& model, const torch::Tensor& samples, std::int64_t prompt) {
  const torch::NoGradGuard no_gradients;
  Measured sum;
  double count = 0;
  for (const torch::Tensor& part : samples.split(64)) {
    const auto [logits, labels] = answer(model, part, prompt);
    const torch::Tensor log_p = logits.log_softmax(1);
    sum.nats -= log_p.gather(1, labels.unsqueeze(1)).sum().item<double>();
    sum.accuracy += log_p.argmax(1).eq(labels).sum().item<double>();
    count += static_cast<double>(labels.size(0));
  }
  return {sum.nats / count, sum.accuracy / count};
}

/// AdamW, warm-up over a tenth of the steps, then a cosine to 0. `teacher` says of each answer byte of
/// `samples` what is learned beside the labels; nothing where it has no classes.
void learn(ByteModel& model, const torch::Tensor& samples, const train::TeacherAnswer& teacher,
           const Options& options, std::int64_t steps, double lr, std::uint64_t seed) {
  const std::int64_t bytes = options.length - options.prompt;
  const train::Fusion fusion =
      teacher.classes.size(1) == 0 ? train::Fusion{} : train::Fusion{options.fusion, options.alpha};
  torch::optim::AdamW optimiser(model.parameters(),
                                torch::optim::AdamWOptions(lr).weight_decay(0.01));
  std::vector<std::int64_t> order;
  for (std::int64_t step = 0, epoch = 0; step < steps; ++step) {
    const double warm = std::max(1.0, 0.1 * static_cast<double>(steps));
    const double at = static_cast<double>(step) / static_cast<double>(steps);
    for (auto& group : optimiser.param_groups()) {
      group.options().set_lr(lr * std::min(static_cast<double>(step + 1) / warm,
                                           0.5 * (1 + std::cos(at * 3.14159265358979))));
    }
    while (std::ssize(order) < options.batch) {
      Rng rng(seed, static_cast<std::uint64_t>(epoch++));
      for (const std::size_t i : rng.permutation(static_cast<std::size_t>(samples.size(0)))) {
        order.push_back(static_cast<std::int64_t>(i));
      }
    }
    const torch::Tensor chosen =
        torch::tensor(std::vector<std::int64_t>(order.begin(), order.begin() + options.batch));
    order.erase(order.begin(), order.begin() + options.batch);
    const auto [logits, labels] = answer(model, samples.index_select(0, chosen), options.prompt);
    const auto rows = [&](const torch::Tensor& all) {
      return all.view({samples.size(0), bytes, all.size(1)}).index_select(0, chosen).flatten(0, 1);
    };
    const torch::Tensor loss =
        train::token_loss(logits, {rows(teacher.classes), rows(teacher.p)}, labels, fusion);
    optimiser.zero_grad();
    loss.backward();
    optimiser.step();
    if (step % 100 == 0) std::cerr << "  step " << step << ": " << loss.item<double>() << '\n';
  }
}

/// What the teacher says of the answers, as the public data sets have it: the byte itself, then those of
/// the `top` most probable ones that it is not.
void write_answers(ByteModel& teacher, const torch::Tensor& samples, const Options& options,
                   const std::string& path) {
  const torch::NoGradGuard no_gradients;
  std::ofstream file(path);
  const auto bytes = [](const torch::Tensor& row) {
    return std::string(row.data_ptr<std::int64_t>(), row.data_ptr<std::int64_t>() + row.size(0));
  };
  for (std::int64_t s = 0; s < samples.size(0); ++s) {
    const auto [logits, labels] = answer(teacher, samples.slice(0, s, s + 1), options.prompt);
    const torch::Tensor log_p = logits.to(torch::kFloat64).log_softmax(1);
    const torch::Tensor best = std::get<1>(log_p.topk(options.top, 1));
    nlohmann::json rows = nlohmann::json::array();
    for (std::int64_t t = 0; t < labels.size(0); ++t) {
      const std::int64_t label = labels[t].item<std::int64_t>();
      const auto slot = [&](std::int64_t byte) {
        return nlohmann::json::array({byte, log_p[t][byte].item<double>()});
      };
      nlohmann::json slots = nlohmann::json::array({slot(label)});
      for (std::int64_t k = 0; k < options.top; ++k) {
        const std::int64_t byte = best[t][k].item<std::int64_t>();
        if (byte != label) slots.push_back(slot(byte));
      }
      rows.push_back(std::move(slots));
    }
    file << nlohmann::json{{"prompt", bytes(samples[s].slice(0, 0, options.prompt))},
                           {"ground_truth", bytes(samples[s].slice(0, options.prompt))},
                           {"logprobs", rows}}
                .dump()
         << '\n';
  }
  file.close();
  if (!file) fail(path, ": could not be written");
}

/// The same, through a bank.
train::TeacherAnswer imported(const std::string& path, const Options& options) {
  bank::FeatureBank bank = bank::FeatureBank::open_or_create(options.out + "/bank");
  const bank::TokenFacts facts =
      bank::import_tokens(bank, "text/train", path,
                          {.vocabulary = vocabulary, .top = static_cast<std::size_t>(options.top)},
                          bank::Rest::dropped);
  return train::stored_tokens(bank::Answers(bank, "text/train"), 0,
                              static_cast<std::int64_t>(facts.rows));
}

/// Without a teacher, for so many samples.
train::TeacherAnswer nobody(const torch::Tensor& samples, const Options& options) {
  const std::int64_t rows = samples.size(0) * (options.length - options.prompt);
  return {torch::empty({rows, 0}, torch::kInt64), torch::empty({rows, 0})};
}

/// Samples 0 .. of an order, and what is said of their answers.
train::TeacherAnswer of_samples(const train::TeacherAnswer& all, const torch::Tensor& chosen,
                                std::int64_t samples) {
  const auto rows = [&](const torch::Tensor& values) {
    return values.view({samples, -1, values.size(1)}).index_select(0, chosen).flatten(0, 1);
  };
  return {rows(all.classes), rows(all.p)};
}

struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Spread s;
  for (const double v : values) s.mean += v / n;
  for (const double v : values) s.deviation += (v - s.mean) * (v - s.mean);
  s.deviation = n > 1 ? std::sqrt(s.deviation / (n - 1)) : 0;
  return s;
}
void print(const std::vector<double>& values) {
  const Spread s = spread(values);
  std::printf(" %.4f ± %.4f |", s.mean, s.deviation);
}

/// The students of one share of the data: the difference of their mean nats, soft less labels alone.
double students(const Options& options, double share, const torch::Tensor& samples,
                const train::TeacherAnswer& teacher, const torch::Tensor& held_out) {
  std::map<std::string, std::vector<double>> found;
  const std::int64_t all = samples.size(0);
  const auto count = static_cast<std::int64_t>(std::llround(share * static_cast<double>(all)));
  for (std::int64_t run = 0; run < options.seeds; ++run) {
    const auto seed = static_cast<std::uint64_t>(1000 * options.seed + run);
    const std::vector<std::size_t> order = Rng(seed, 2).permutation(static_cast<std::size_t>(all));
    const torch::Tensor chosen =
        torch::tensor(std::vector<std::int64_t>(order.begin(), order.begin() + count));
    const torch::Tensor data = samples.index_select(0, chosen);
    for (const bool soft : {false, true}) {
      const std::string arm = soft ? "soft" : "labels";
      std::cerr << arm << ", " << count << " samples, run " << run << '\n';
      torch::manual_seed(seed);
      const auto made =
          ByteModel::make(options.student_width, options.student_layers, options.length);
      ByteModel& student = *made;
      learn(student, data, soft ? of_samples(teacher, chosen, all) : nobody(data, options), options,
            options.student_steps, 1e-3, seed);
      const Measured m = measure(student, held_out, options.prompt);
      found[arm + " nats"].push_back(m.nats);
      found[arm + " accuracy"].push_back(m.accuracy);
    }
    found["gain"].push_back(found["soft nats"].back() - found["labels nats"].back());
  }
  std::printf("| %.0f %% | %ld |", 100 * share, static_cast<long>(count * options.length));
  for (const char* column :
       {"labels nats", "soft nats", "gain", "labels accuracy", "soft accuracy"}) {
    print(found[column]);
  }
  std::printf("\n");
  std::fflush(stdout);
  return spread(found["gain"]).mean;
}

void run(const Options& options) {
  if (options.prompt >= options.length) {
    fail("prompt=", options.prompt, ": expected less than length=", options.length);
  }
  const Grammar grammar(options);
  double nats = 0;
  const auto made = [&](std::int64_t samples, std::uint64_t stream) {
    const auto bytes = static_cast<std::size_t>(samples * options.length);
    return samples_of(grammar.text(bytes, stream, nats), options.length);
  };
  const torch::Tensor large = made(options.teacher_samples, 1), small = made(options.samples, 2),
                      held_out = made(options.held_out, 3);
  std::cerr << "teacher, " << options.teacher_samples << " samples\n";
  torch::manual_seed(static_cast<std::uint64_t>(options.seed));
  const auto owner = ByteModel::make(options.teacher_width, options.teacher_layers, options.length);
  ByteModel& teacher = *owner;
  learn(teacher, large, nobody(large, options), options, options.teacher_steps, 1e-3,
        static_cast<std::uint64_t>(options.seed));
  const Measured m = measure(teacher, held_out, options.prompt);
  std::printf("The grammar itself: %.4f nats a byte. The teacher: %.4f, accuracy %.4f.\n\n", nats,
              m.nats, m.accuracy);
  const std::string path = options.out + "/tokens.jsonl";
  io::make_folders(options.out);
  write_answers(teacher, small, options, path);
  const train::TeacherAnswer answers = imported(path, options);
  std::printf(
      "| data | bytes | labels: nats | soft targets: nats | difference | labels: accuracy | soft "
      "targets: accuracy |\n"
      "|---|---|---|---|---|---|---|\n");
  double at_quarter = 0;
  for (const double share : {0.25, 0.5, 1.0}) {
    const double gain = students(options, share, small, answers, held_out);
    if (share == 0.25) at_quarter = gain;
  }
  if (options.require_gain && !(at_quarter < 0)) {
    fail("expected fewer nats with soft targets than with labels at 25 % of the data, found ",
         at_quarter, " more");
  }
}

}  // namespace
}  // namespace nescio::experiments

int main(int argc, char** argv) {
  using namespace nescio;
  try {
    experiments::Options options;
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      const std::size_t equals = std::min(argument.find('='), argument.size());
      set_parameter(options, experiments::parameters(),
                    "nescio_byte_level:", argument.substr(0, equals),
                    argument.substr(std::min(equals + 1, argument.size())));
    }
    if (options.out.empty()) fail("nescio_byte_level: missing out= (a folder)");
    experiments::run(options);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
