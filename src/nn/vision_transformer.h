// Vision transformers: pictures are cut into patches, and tokens made of these see one another.
//
// Paper  Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021, arXiv:2010.11929; relative
//        positions, layer scale and the mean as feature as in Bao et al., BEiT, ICLR 2022,
//        arXiv:2106.08254. The families in networks/ are settings of one design.
// Names  those of timm and of BEiT.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "nn/network_info.h"
#include "nn/staged_network.h"
#include "nn/transformer_block.h"

namespace nescio::nn {

/// What differs between vision transformers.
class VisionTransformerDesign final : public Design {
 public:
  std::int64_t side = 224;  // of the pictures whose patches the tables of positions are of
  std::int64_t patch = 16, width = 768, depth = 12, heads = 12;
  double mlp_ratio = 4;
  double drop_path = 0;  // of the last block; the share grows evenly from 0 at the first
  bool use_cls = true;   // the feature is the class token, not the mean of the others
  /// How tokens know where they lie: a "learned" table, "sine" (sine_positions()), a table of
  /// "relative" positions in each block, or one "shared" by all blocks.
  std::string positions = "learned";
  bool cls_position = true;  // a learned table has a row for the class token
  AttentionBias bias = AttentionBias::all;
  double layer_scale = 0;
  double eps = 1e-6;
  bool softened = false;  // starts as BEiT does: later blocks smaller, the head at a thousandth

  std::int64_t grid() const { return side / patch; }
  /// UsageError for sizes that do not go together.
  std::shared_ptr<Network> make(std::int64_t classes) const override;
  std::shared_ptr<Network> outline(std::int64_t classes) const override;
  /// Of another side: the same share of the resized picture is cut out.
  image::Preprocessing input(image::Preprocessing described) const override;
};

/// side, width, depth, heads, mlp_ratio, patch and drop_path, for describe_network(), and others behind them.
std::vector<Parameter<Design>> transformer_parameters(std::vector<Parameter<Design>> others = {});
/// use_cls, for networks of which both kinds are published.
Parameter<Design> use_cls_parameter();
/// positions, one of these.
Parameter<Design> positions_parameter(std::vector<std::string> choices);

/// The network, and its encoder for those who hide patches from it: forward() pools what the blocks
/// make of embed(), encode() gives it token by token.
class VisionTransformer final : public StagedNetwork {
 public:
  VisionTransformer(const VisionTransformerDesign& design, std::int64_t classes);

  std::int64_t patch() const { return design_.patch; }
  std::int64_t grid() const { return design_.grid(); }  // patches along a side of its own pictures
  std::int64_t width() const { return design_.width; }
  std::int64_t depth() const { return design_.depth; }

  /// Pictures [B, 3, side, side] as a token for each patch, row by row, without class token and
  /// positions: [B, n, width]. Error unless they are square and a multiple of the patch wide.
  torch::Tensor embed(const torch::Tensor& images);
  /// What the last layer makes of the tokens of n = g^2 patches [B, n, width] (other ones in the place
  /// of some, if wanted): positions are added, the class token is put in front, and of `kept`
  /// [B, k], int64, only these patches go on, in this order. Each is normalised by the
  /// network's last normalisation: [B, 1 + n, width] or [B, 1 + k, width]. Differentiable; drop_path counts in training.
  torch::Tensor encode(const torch::Tensor& tokens, const torch::Tensor& kept = {});

  /// The patches, and the blocks.
  std::int64_t stages() const override { return 1 + design_.depth; }
  std::string stage_name(std::int64_t i) const override;
  NetworkOutputs finish(const torch::Tensor& x) override;
  /// "cls" and "mean" of the last layer, normalised; "layer1", ..., the mean of the patches' tokens behind
  /// this block, and "layer1_cls", ..., its class token.
  std::vector<PooledTap> pooled_taps() const override;
  void check_pictures(std::int64_t height, std::int64_t width) const override;
  /// 0: patches, class token and positions; l + 1: block l; after them the head, the normalisation before it
  /// and a table that the blocks share.
  std::map<std::string, std::int64_t> depths() const override;
  /// Neither the class token nor positions that are added to tokens.
  bool decays(const std::string& name, const torch::Tensor& value) const override;

  /// Gives all its parameters the values that training starts with.
  void start();

 private:
  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override;
  torch::Tensor with_positions(const torch::Tensor& tokens) const;
  torch::Tensor with_class_token(const torch::Tensor& tokens) const;
  torch::Tensor bias_of(const TransformerBlock& block, std::int64_t patches,
                        const torch::Tensor& kept) const;
  const torch::Tensor& fixed(std::int64_t grid, const torch::Device& device) const;

  VisionTransformerDesign design_;
  torch::Tensor cls_token_, pos_embed_, shared_table_;
  torch::nn::Conv2d patches_{nullptr};
  std::vector<std::shared_ptr<TransformerBlock>> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
  std::shared_ptr<Projection> head_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, torch::Tensor> fixed_;  // by grid and device
};

}  // namespace nescio::nn
