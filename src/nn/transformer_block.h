// The block that vision transformers are made of, encoders and decoders alike.
//
// Paper  Vaswani et al., Attention Is All You Need, NeurIPS 2017, arXiv:1706.03762, with the
//        normalisation in front of each half as in Dosovitskiy et al., ICLR 2021, arXiv:2010.11929.
// Names  those of timm and of BEiT.
#pragma once

#include "nn/torch.h"

namespace nescio::nn {

/// Which of queries, keys and values get a bias: all, none, or as in BEiT no keys, whose bias no
/// softmax would notice.
enum class AttentionBias { all, none, not_of_keys };

struct BlockDesign {
  std::int64_t width = 0, heads = 0;
  std::int64_t hidden = 0;  // width of the two-layer perceptron between its layers
  AttentionBias bias = AttentionBias::all;
  double eps = 1e-6;               // of the normalisations
  double layer_scale = 0;          // what gamma_1 and gamma_2 start at; 0: there are none
  double drop_path = 0;            // share of the pictures for which training leaves a half out
  std::int64_t position_rows = 0;  // of a table of relative positions [rows, heads]; 0: has none
};

/// y = x W^T + b whose values are open until start_transformer().
class Projection final : public torch::nn::Module {
 public:
  Projection(std::int64_t in, std::int64_t out, bool bias = true);
  torch::Tensor forward(const torch::Tensor& x) const;

  torch::Tensor weight, bias;  // [out, in], [out]
};

/// x += DP(gamma_1 Attention(LN(x))),  x += DP(gamma_2 MLP(LN(x))),  exact GELU. DP leaves its half out
/// for each picture with the probability drop_path and scales the others by 1 / (1 - drop_path), in
/// training only.
class TransformerBlock final : public torch::nn::Module {
 public:
  explicit TransformerBlock(const BlockDesign& design);

  /// x [B, n, width]; `positions`, if there are some, are added to the products of queries and keys:
  /// [heads, n, n] or [B, heads, n, n].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& positions = {});

  /// Its own table of relative positions [rows, heads]; undefined if it has none.
  const torch::Tensor& position_table() const;
  /// Divides what its halves end with by sqrt(2 (depth + 1)), as BEiT starts the block at this depth
  /// (0 next to the pictures).
  void soften(std::int64_t depth);

 private:
  class Attention;
  class Perceptron;
  torch::Tensor part(const torch::Tensor& x, const torch::Tensor& scale) const;

  double drop_path_;
  torch::nn::LayerNorm norm1_, norm2_;
  std::shared_ptr<Attention> attention_;
  std::shared_ptr<Perceptron> perceptron_;
  torch::Tensor gamma_1_, gamma_2_;
};

/// Gives the values that transformers start with: every Projection of `module` a weight of normal
/// numbers with the standard deviation 0.02 and the bias 0. (timm and BEiT's fine-tuning cut at 2, which is 100
/// standard deviations; BEiT's pretext training at 0.02, MAE begins with Xavier's uniform numbers.)
void start_transformer(torch::nn::Module& module);
/// The same numbers for a class token or a table.
void start_token(const torch::Tensor& token);

}  // namespace nescio::nn
