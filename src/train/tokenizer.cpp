#include "train/tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "image/datasets/subset.h"
#include "image/loading/loader.h"
#include "io/safetensors.h"
#include "nn/autocast.h"
#include "nn/weights.h"
#include "train/masked_images.h"

namespace nescio::train {
namespace {

constexpr double contrast = 0.1;              // below this deviation a patch counts as flat
constexpr std::int64_t most_at_once = 16384;  // rows whose distances to all codes are in memory

torch::Tensor contrast_normalised(const torch::Tensor& patches) {
  const torch::Tensor mean = patches.mean(-1, true);
  return (patches - mean) / (patches.std(-1, /*unbiased=*/false, /*keepdim=*/true) + contrast);
}

/// Of each row [M, d] the number of the nearest code, and the squared distance.
std::pair<torch::Tensor, torch::Tensor> nearest_code(const torch::Tensor& rows,
                                                     const torch::Tensor& codebook) {
  std::vector<torch::Tensor> numbers, distances;
  const torch::Tensor lengths = codebook.square().sum(1);
  for (const torch::Tensor& some : rows.split(most_at_once)) {
    const torch::Tensor cross = lengths - 2 * some.matmul(codebook.t());
    const auto found = cross.min(1);
    numbers.push_back(std::get<1>(found));
    distances.push_back((std::get<0>(found) + some.square().sum(1)).clamp_min(0));
  }
  return {torch::cat(numbers), torch::cat(distances)};
}

}  // namespace

PatchCodes::PatchCodes(std::int64_t codes, std::int64_t patch, std::int64_t channels)
    : codebook_(register_buffer("codebook", torch::zeros({codes, patch * patch * channels}))),
      patch_(patch) {}

torch::Tensor PatchCodes::tokens(const torch::Tensor& images) const {
  const nn::FullPrecision exact(images.device().type());
  const torch::Tensor patches = contrast_normalised(patches_of(images, patch_));
  const torch::Tensor rows = patches.flatten(0, 1).to(codebook_.scalar_type());
  return nearest_code(rows, codebook_).first.view({patches.size(0), patches.size(1)});
}

void PatchCodes::fit(const torch::Tensor& patches) {
  const torch::NoGradGuard no_gradients;
  const std::int64_t codes = codebook_.size(0);
  if (patches.size(0) < codes) {
    fail("tokens=", codes, ": expected at least as many patches, found ", patches.size(0));
  }
  const torch::Tensor start = torch::randperm(patches.size(0)).slice(0, 0, codes);
  codebook_.copy_(patches.index_select(0, start.to(patches.device())));
  for (int round = 0; round < 20; ++round) {
    check_interrupt();
    const auto found = nearest_code(patches, codebook_);
    const torch::Tensor sums = torch::zeros_like(codebook_).index_add_(0, found.first, patches);
    const torch::Tensor counts = torch::bincount(found.first, {}, codes);
    codebook_.copy_(sums / counts.clamp_min(1).unsqueeze(1));
    const torch::Tensor empty = counts.eq(0).nonzero().flatten();
    if (empty.numel() == 0) continue;
    const torch::Tensor worst = std::get<1>(found.second.topk(empty.numel()));
    codebook_.index_copy_(0, empty, patches.index_select(0, worst));
  }
}

VqEncoder::VqEncoder(std::int64_t codes, std::int64_t width, std::int64_t patch,
                     std::int64_t channels)
    : layers_(torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, width, patch).stride(patch)),
              torch::nn::ReLU(),
              torch::nn::Conv2d(torch::nn::Conv2dOptions(width, width, 3).padding(1)),
              torch::nn::ReLU(), torch::nn::Conv2d(torch::nn::Conv2dOptions(width, width, 1))),
      codebook_(register_parameter("codebook", torch::randn({codes, width}))),
      patch_(patch) {
  register_module("layers", layers_);
}

torch::Tensor VqEncoder::encode(const torch::Tensor& images) const {
  return torch::nn::Sequential(layers_)->forward(images).flatten(2).transpose(1, 2);
}

std::pair<torch::Tensor, torch::Tensor> VqEncoder::nearest(const torch::Tensor& vectors) const {
  const nn::FullPrecision exact(vectors.device().type());
  const torch::Tensor rows = vectors.reshape({-1, vectors.size(-1)});
  const torch::Tensor numbers =
      nearest_code(rows.detach().to(codebook_.scalar_type()), codebook_.detach()).first;
  auto shape = vectors.sizes().vec();
  const torch::Tensor codes = codebook_.index_select(0, numbers).view(shape);
  shape.pop_back();
  return {numbers.view(shape), codes};
}

torch::Tensor VqEncoder::tokens(const torch::Tensor& images) const {
  const nn::FullPrecision exact(images.device().type());
  const torch::NoGradGuard no_gradients;
  return nearest(encode(images)).first;
}

std::map<std::string, torch::Tensor> tokenizer_tensors(const VqEncoder& encoder) {
  std::map<std::string, torch::Tensor> out;
  for (const auto& item : encoder.named_parameters()) out.emplace(item.key(), item.value());
  return out;
}

std::shared_ptr<Tokenizer> read_tokenizer(const std::string& path, std::int64_t patch,
                                          std::int64_t channels) {
  const auto tensors = io::read_safetensors(path).tensors;
  const auto first = tensors.find("layers.0.weight"), codebook = tensors.find("codebook");
  if (first == tensors.end() || codebook == tensors.end() || first->second.shape().size() != 4 ||
      codebook->second.shape().size() != 2) {
    fail(path,
         ": no tokenizer: expected codebook [codes, width] and layers.0.weight, as `nescio "
         "train method=vq_vae` writes them");
  }
  const Shape& shape = first->second.shape();  // width, planes, patch, patch
  if (shape[2] != static_cast<std::size_t>(patch) || shape[3] != shape[2] ||
      shape[1] != static_cast<std::size_t>(channels)) {
    fail(path, ": a tokenizer of patches of ", shape[2], " x ", shape[3], " in ", shape[1],
         " planes; the network has patches of ", patch, " x ", patch, " in ", channels);
  }
  auto encoder = std::make_shared<VqEncoder>(static_cast<std::int64_t>(codebook->second.shape()[0]),
                                             static_cast<std::int64_t>(codebook->second.shape()[1]),
                                             patch, channels);
  nn::copy_weights(tensors, tokenizer_tensors(*encoder), path);
  for (torch::Tensor& parameter : encoder->parameters()) parameter.set_requires_grad(false);
  return encoder;
}

torch::Tensor sample_patches(const image::Dataset& data, const Upload& upload, std::int64_t patch,
                             std::int64_t count, std::size_t workers, const Progress& progress) {
  const torch::NoGradGuard no_gradients;
  const image::SomePictures some(data, static_cast<std::size_t>(count));
  image::Loader loader(some, upload.preprocessing(),
                       {.batch = 64, .workers = workers, .bytes = upload.wants_bytes()});
  std::vector<torch::Tensor> found;
  std::size_t seen = 0;
  for (image::ImageBatch batch; loader.next(batch); seen += batch.count) {
    check_interrupt();
    if (progress) progress("sampling patches", seen, some.size());
    const torch::Tensor patches = patches_of(upload(batch), patch);
    const std::int64_t of_each = std::max<std::int64_t>(
        1, std::min(patches.size(1), count / static_cast<std::int64_t>(some.size())));
    const torch::Tensor which = torch::rand({patches.size(0), patches.size(1)})
                                    .argsort(std::int64_t{1})
                                    .slice(1, 0, of_each)
                                    .to(patches.device());
    const torch::Tensor drawn =
        patches.gather(1, which.unsqueeze(-1).expand({-1, -1, patches.size(2)}));
    found.push_back(contrast_normalised(drawn).flatten(0, 1));
  }
  const torch::Tensor all = torch::cat(found);
  if (all.size(0) <= count) return all;
  return all.index_select(0, torch::randperm(all.size(0)).slice(0, 0, count).to(all.device()));
}

}  // namespace nescio::train
