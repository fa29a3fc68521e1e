// Where tokens lie in a picture: tables of absolute and of relative positions, and how they are
// stretched over other grids.
#pragma once

#include "nn/torch.h"

namespace nescio::nn {

/// Fixed positions of side x side patches, row by row, [side^2, width], float32: a quarter of the
/// numbers each are sin(x w), cos(x w), sin(y w), cos(y w) with x the column, y the row and
/// w_i = 10000^(-4 i / width) (Masked Autoencoders, arXiv:2111.06377). `width` is a multiple of 4.
torch::Tensor sine_positions(std::int64_t side, std::int64_t width);

/// [prefix + from^2, width] -> [prefix + to^2, width]: bicubic, antialiased where it shrinks, corners
/// not aligned, as timm's resample_abs_pos_embed(); the first `prefix` rows stay.
torch::Tensor resized_positions(const torch::Tensor& table, std::int64_t prefix, std::int64_t side);

/// Rows of a table of relative positions for side x side patches and a class token.
std::int64_t relative_rows(std::int64_t side);

/// Which row belongs to query i and key j, [side^2 + 1, side^2 + 1], int64; token 0 is the class
/// token, whose rows are the last three: to others, from others, to itself.
torch::Tensor relative_index(std::int64_t side);

/// A table [relative_rows(from), heads] for another grid, as BEiT and timm do it: distances of the old
/// grid are placed at +-(1, 1 + q, 1 + q + q^2, ...), q so that the longest is that of the new one; a
/// cubic spline through them is read at whole numbers. The last three rows stay.
torch::Tensor resized_relative(const torch::Tensor& table, std::int64_t side);

}  // namespace nescio::nn
