#include "nn/vision_transformer.h"

#include <cmath>

#include <torch/nn/modules/container/modulelist.h>

#include "base/text.h"
#include "base/usage.h"
#include "nn/position_tables.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

std::int64_t side_of(std::int64_t patches) {
  const std::int64_t side = std::llround(std::sqrt(static_cast<double>(patches)));
  if (side * side != patches) {
    fail("a vision transformer wants the patches of a square, found ", patches);
  }
  return side;
}

bool is_relative(const VisionTransformerDesign& d) {
  return d.positions == "relative" || d.positions == "shared";
}

void check(const VisionTransformerDesign& d) {
  if (d.width % d.heads != 0) {
    fail_usage("width: expected a multiple of heads = ", d.heads, ", found ", d.width);
  }
  if (d.positions == "sine" && d.width % 4 != 0) {
    fail_usage("width: expected a multiple of 4, which the fixed positions need, found ", d.width);
  }
  if (d.side % d.patch != 0) {
    fail_usage("patch: expected a divisor of the side ", d.side, " of the pictures, found ",
               d.patch);
  }
}

}  // namespace

std::vector<Parameter<Design>> transformer_parameters(std::vector<Parameter<Design>> others) {
  using D = VisionTransformerDesign;
  std::vector<Parameter<Design>> all = {
      network_parameter(&D::side,
                        {.name = "side",
                         .doc = "of the pictures that the weights were trained on; others, "
                                "by size=, get resampled positions",
                         .unit = "pixels",
                         .min = 1}),
      network_parameter(&D::width, {.name = "width", .doc = "of a token", .min = 1}),
      network_parameter(&D::depth, {.name = "depth", .doc = "number of blocks", .min = 1}),
      network_parameter(&D::heads, {.name = "heads", .doc = "of the attention", .min = 1}),
      network_parameter(&D::mlp_ratio,
                        {.name = "mlp_ratio",
                         .doc = "width inside the perceptron of a block, in widths of a token",
                         .min = 0,
                         .min_excluded = true}),
      network_parameter(&D::patch, {.name = "patch",
                                    .doc = "side of a patch, a divisor of the pictures' side",
                                    .unit = "pixels",
                                    .min = 1}),
      network_parameter(&D::drop_path,
                        {.name = "drop_path",
                         .doc = "share of the pictures for which training leaves out half of "
                                "the last block; grows from 0 at the first",
                         .min = 0,
                         .max = 1,
                         .max_excluded = true})};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

Parameter<Design> use_cls_parameter() {
  return network_parameter(
      &VisionTransformerDesign::use_cls,
      {.name = "use_cls", .doc = "the feature is the class token, not the mean of the patches"});
}

Parameter<Design> positions_parameter(std::vector<std::string> choices) {
  return network_parameter(&VisionTransformerDesign::positions,
                           {.name = "positions",
                            .doc = "sine: fixed, added to the tokens; relative: a table in each "
                                   "block; shared: one for all blocks",
                            .choices = std::move(choices)});
}

std::shared_ptr<Network> VisionTransformerDesign::outline(std::int64_t classes) const {
  return std::make_shared<VisionTransformer>(*this, classes);
}

image::Preprocessing VisionTransformerDesign::input(image::Preprocessing described) const {
  const auto own = static_cast<std::size_t>(side);
  if (own == described.height) return described;
  described.short_side = described.short_side * own / described.height;
  described.height = described.width = own;
  return described;
}

std::shared_ptr<Network> VisionTransformerDesign::make(std::int64_t classes) const {
  const auto network = std::make_shared<VisionTransformer>(*this, classes);
  network->start();
  return network;
}

VisionTransformer::VisionTransformer(const VisionTransformerDesign& design, std::int64_t classes)
    : design_(design) {
  check(design);
  const std::int64_t d = design.width, n = grid() * grid();
  cls_token_ = register_parameter("cls_token", torch::zeros({1, 1, d}));
  if (design.positions == "learned") {
    pos_embed_ =
        register_parameter("pos_embed", torch::zeros({1, n + (design.cls_position ? 1 : 0), d}));
  }
  const auto patches = register_module("patch_embed", std::make_shared<tn::Module>());
  patches_ = patches->register_module(
      "proj", tn::Conv2d(tn::Conv2dOptions(3, d, design.patch).stride(design.patch)));
  BlockDesign block{.width = d,
                    .heads = design.heads,
                    .hidden = std::llround(design.mlp_ratio * static_cast<double>(d)),
                    .bias = design.bias,
                    .eps = design.eps,
                    .layer_scale = design.layer_scale};
  if (design.positions == "shared") {
    const auto shared = register_module("rel_pos_bias", std::make_shared<tn::Module>());
    shared_table_ = shared->register_parameter("relative_position_bias_table",
                                               torch::zeros({relative_rows(grid()), design.heads}));
  } else if (design.positions == "relative") {
    block.position_rows = relative_rows(grid());
  }
  tn::ModuleList blocks;
  for (std::int64_t l = 0; l < design.depth; ++l) {
    if (l > 0) {
      block.drop_path =
          design.drop_path * static_cast<double>(l) / static_cast<double>(design.depth - 1);
    }
    blocks_.push_back(std::make_shared<TransformerBlock>(block));
    blocks->push_back(blocks_.back());
  }
  register_module("blocks", blocks);
  norm_ = register_module(design.use_cls ? "norm" : "fc_norm",
                          tn::LayerNorm(tn::LayerNormOptions({d}).eps(design.eps)));
  head_ = register_module("head", std::make_shared<Projection>(d, classes));
}

void VisionTransformer::start() {
  const torch::NoGradGuard no_gradients;
  start_transformer(*this);
  start_token(cls_token_);
  if (pos_embed_.defined()) start_token(pos_embed_);
  if (!design_.softened) return;
  for (std::size_t l = 0; l < blocks_.size(); ++l) {
    blocks_[l]->soften(static_cast<std::int64_t>(l));
  }
  head_->weight.mul_(0.001);
}

void VisionTransformer::check_pictures(std::int64_t height, std::int64_t width) const {
  if (height == width && height >= design_.patch && height % design_.patch == 0) return;
  fail("pictures: expected square ones whose side is a multiple of the patch, ", design_.patch,
       ", found ", height, " x ", width,
       "; size= behind '?' of the model changes it, as ?size=", design_.side);
}

torch::Tensor VisionTransformer::embed(const torch::Tensor& images) {
  check_pictures(images.size(2), images.size(3));
  // [B, width, g, g] in whichever order in memory.
  return patches_(images).flatten(2).transpose(1, 2);
}

const torch::Tensor& VisionTransformer::fixed(std::int64_t side,
                                              const torch::Device& device) const {
  const std::lock_guard lock(mutex_);
  torch::Tensor& known = fixed_[text(side, " ", device.str())];
  if (!known.defined()) {
    // It may first be needed where nothing can be differentiated, and then where it is.
    const c10::InferenceMode differentiable(false);
    known =
        (is_relative(design_) ? relative_index(side) : sine_positions(side, width())).to(device);
  }
  return known;
}

torch::Tensor VisionTransformer::with_positions(const torch::Tensor& tokens) const {
  if (is_relative(design_)) return tokens;
  const std::int64_t side = side_of(tokens.size(1));
  if (!pos_embed_.defined()) return tokens + fixed(side, tokens.device());
  const std::int64_t prefix = design_.cls_position ? 1 : 0;
  return tokens + resized_positions(pos_embed_[0], prefix, side).slice(0, prefix);
}

torch::Tensor VisionTransformer::with_class_token(const torch::Tensor& tokens) const {
  torch::Tensor cls = cls_token_;
  if (pos_embed_.defined() && design_.cls_position) cls = cls + pos_embed_.slice(1, 0, 1);
  return torch::cat({cls.expand({tokens.size(0), 1, width()}).to(tokens.scalar_type()), tokens}, 1);
}

torch::Tensor VisionTransformer::bias_of(const TransformerBlock& block, std::int64_t patches,
                                         const torch::Tensor& kept) const {
  if (!is_relative(design_)) return {};
  const std::int64_t side = side_of(patches);
  const torch::Tensor table =
      resized_relative(shared_table_.defined() ? shared_table_ : block.position_table(), side);
  torch::Tensor index = fixed(side, table.device());
  if (kept.defined()) {
    const torch::Tensor tokens = torch::cat({torch::zeros_like(kept.slice(1, 0, 1)), kept + 1}, 1);
    index = index.index({tokens.unsqueeze(2), tokens.unsqueeze(1)});
  }
  std::vector<std::int64_t> shape = index.sizes().vec();
  shape.push_back(design_.heads);
  return table.index_select(0, index.flatten()).view(shape).movedim(-1, -3).contiguous();
}

torch::Tensor VisionTransformer::stage(std::int64_t i, const torch::Tensor& x) {
  if (i == 0) return with_class_token(with_positions(embed(x)));
  TransformerBlock& block = *blocks_[static_cast<std::size_t>(i - 1)];
  return block.forward(x, bias_of(block, x.size(1) - 1, {}));
}

torch::Tensor VisionTransformer::encode(const torch::Tensor& tokens, const torch::Tensor& kept) {
  torch::Tensor x = with_positions(tokens);
  if (kept.defined()) x = x.gather(1, kept.unsqueeze(2).expand({-1, -1, width()}));
  x = with_class_token(x);
  for (const auto& block : blocks_) {
    x = block->forward(x, bias_of(*block, tokens.size(1), kept));
  }
  return tn::LayerNorm(norm_)(x);
}

std::string VisionTransformer::stage_name(std::int64_t i) const {
  return i == 0 ? "patch_embed" : text("blocks.", i - 1);
}

NetworkOutputs VisionTransformer::finish(const torch::Tensor& x) {
  const torch::Tensor features = norm_(design_.use_cls ? x.select(1, 0) : x.slice(1, 1).mean(1));
  return {head_->forward(features), features};
}

std::vector<PooledTap> VisionTransformer::pooled_taps() const {
  const auto cls = [](const torch::Tensor& x) { return x.select(1, 0); };
  const auto mean = [](const torch::Tensor& x) { return x.slice(1, 1).mean(1); };
  const std::string last = stage_name(depth());
  std::vector<PooledTap> taps = {
      {"cls", last, [norm = norm_, cls](const auto& x) { return tn::LayerNorm(norm)(cls(x)); }},
      {"mean", last, [norm = norm_, mean](const auto& x) { return tn::LayerNorm(norm)(mean(x)); }}};
  for (std::int64_t l = 1; l <= depth(); ++l) {
    taps.push_back({text("layer", l), stage_name(l), mean});
    taps.push_back({text("layer", l, "_cls"), stage_name(l), cls});
  }
  return taps;
}

std::map<std::string, std::int64_t> VisionTransformer::depths() const {
  std::map<std::string, std::int64_t> out;
  for (const auto& item : named_parameters()) {
    const std::string& name = item.key();
    std::int64_t layer = depth() + 1;
    if (name.starts_with("blocks.")) {
      layer = std::stoll(name.substr(std::string_view("blocks.").size())) + 1;
    } else if (name == "cls_token" || name == "pos_embed" || name.starts_with("patch_embed.")) {
      layer = 0;
    }
    out.emplace(name, layer);
  }
  return out;
}

bool VisionTransformer::decays(const std::string& name, const torch::Tensor& value) const {
  return name != "cls_token" && name != "pos_embed" && StagedNetwork::decays(name, value);
}

}  // namespace nescio::nn
