// Visual words: what BEiT's network is to say about patches that it does not see.
#pragma once

#include <string>

#include "nn/network.h"
#include "train/device.h"
#include "train/method.h"

namespace nescio::train {

/// Gives each patch of a picture the number of a code, by the nearest row of a codebook.
class Tokenizer : public torch::nn::Module {
 public:
  virtual std::int64_t codes() const = 0;
  /// Pictures [B, c, h, w], normalised for the network -> [B, n] int64, patches row by row.
  virtual torch::Tensor tokens(const torch::Tensor& images) const = 0;
};

/// Nearest of K contrast-normalised patches (less their mean, divided by their deviation + 0.1), found
/// by k-means. Buffers: "codebook" [K, p p c].
class PatchCodes final : public Tokenizer {
 public:
  PatchCodes(std::int64_t codes, std::int64_t patch, std::int64_t channels);
  std::int64_t codes() const override { return codebook_.size(0); }
  torch::Tensor tokens(const torch::Tensor& images) const override;
  /// Lloyd's algorithm from rows drawn with libtorch's random numbers, 20 rounds; a code that loses all
  /// its patches is put on the patch that lies worst. Error for fewer patches than codes.
  void fit(const torch::Tensor& patches);

 private:
  torch::Tensor codebook_;
  std::int64_t patch_;
};

/// Encoder and codebook of a vector-quantised autoencoder: a patch becomes a vector of `width` by two
/// layers over its pixels and those of its neighbours, and that the nearest code.
class VqEncoder final : public Tokenizer {
 public:
  VqEncoder(std::int64_t codes, std::int64_t width, std::int64_t patch, std::int64_t channels);
  std::int64_t codes() const override { return codebook_.size(0); }
  torch::Tensor tokens(const torch::Tensor& images) const override;

  /// [B, c, h, w] -> [B, n, width].
  torch::Tensor encode(const torch::Tensor& images) const;
  /// The nearest codes of vectors [..., width]: numbers and vectors.
  std::pair<torch::Tensor, torch::Tensor> nearest(const torch::Tensor& vectors) const;
  torch::Tensor& codebook() { return codebook_; }
  std::int64_t patch() const { return patch_; }

 private:
  torch::nn::Sequential layers_;
  torch::Tensor codebook_;  // [K, width]
  std::int64_t patch_;
};

/// What `nescio train method=vq_vae` has written. Error for a file of something else, with what it
/// lacks, and of another patch size or number of planes.
std::shared_ptr<Tokenizer> read_tokenizer(const std::string& path, std::int64_t patch,
                                          std::int64_t channels);
/// The tensors of such a file.
std::map<std::string, torch::Tensor> tokenizer_tensors(const VqEncoder& encoder);

/// Contrast-normalised patches of up to `count` patches of the pictures, [M, p p c], evenly spread.
torch::Tensor sample_patches(const image::Dataset& data, const Upload& upload, std::int64_t patch,
                             std::int64_t count, std::size_t workers, const Progress& progress);

}  // namespace nescio::train
