// What masked image modelling hides of pictures and what it asks for: patches, and masks over them.
#pragma once

#include <cstdint>
#include <string>

#include "nn/vision_transformer.h"
#include "train/method.h"

namespace nescio::train {

/// The network as a vision transformer. Error, with its name, if it is none.
nn::VisionTransformer& transformer_of(nn::Network& network, const std::string& name = {});

/// [B, c, h, w] -> [B, n, p p c]: patches row by row, in each pixel by pixel, channels side by side. Error
/// unless p divides both sides.
torch::Tensor patches_of(const torch::Tensor& images, std::int64_t patch);
/// The other way, for square pictures.
torch::Tensor pictures_of(const torch::Tensor& patches, std::int64_t patch);

/// (t - mean) / sqrt(var + 1e-6) of each patch, var over p p c - 1, as MAE's code has it.
torch::Tensor normalised_patches(const torch::Tensor& patches);

/// Rows of 0 .. patches - 1 in random order [rows, patches], from libtorch's random numbers.
torch::Tensor random_orders(std::int64_t rows, std::int64_t patches);

/// True for hidden patches [rows, side^2]: of the units of unit x unit patches that a picture is cut
/// into, ceil(share of them) at random (SimMIM, arXiv:2111.09886). Error unless `unit` divides the side.
torch::Tensor random_units(std::int64_t rows, std::int64_t side, std::int64_t unit, double share);

/// The same in blocks, BEiT's algorithm (arXiv:2106.08254): rectangles of `smallest` patches or more,
/// 0.3 to 1 / 0.3 times as high as wide, until `count` are hidden; a few pictures get less.
torch::Tensor blockwise_masks(std::int64_t rows, std::int64_t side, std::int64_t count,
                              std::int64_t smallest);

/// A measure of masked pictures depends on what is masked: within it libtorch draws the same random
/// numbers each time, and goes on afterwards as if nothing had been drawn.
class SameRandomNumbers {
 public:
  SameRandomNumbers();
  ~SameRandomNumbers();
  SameRandomNumbers(const SameRandomNumbers&) = delete;
  SameRandomNumbers& operator=(const SameRandomNumbers&) = delete;

 private:
  torch::Tensor state_;
};

}  // namespace nescio::train
