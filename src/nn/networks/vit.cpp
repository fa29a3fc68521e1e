// Vision transformers for 224 x 224 pictures and more, trained with labels.
//
// Paper  Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021, arXiv:2010.11929; tiny and
//        small as in Touvron et al., DeiT, ICML 2021, arXiv:2012.12877.
// Names  those of timm; torchvision's files are read, too.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "nn/vision_transformer.h"

namespace nescio::nn {
namespace {

/// torchvision's name in timm's words; empty for one that is not torchvision's.
std::string from_torchvision(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> outer = {
      {{"class_token", "cls_token"},
       {"encoder.pos_embedding", "pos_embed"},
       {"conv_proj.", "patch_embed.proj."},
       {"encoder.ln.", "norm."},
       {"heads.head.", "head."}}};
  // Of a block; its perceptron is called in two ways.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> inner = {
      {{"ln_1.", "norm1."},
       {"self_attention.in_proj_", "attn.qkv."},
       {"self_attention.out_proj.", "attn.proj."},
       {"ln_2.", "norm2."},
       {"mlp.0.", "mlp.fc1."},
       {"mlp.3.", "mlp.fc2."},
       {"mlp.linear_1.", "mlp.fc1."},
       {"mlp.linear_2.", "mlp.fc2."}}};
  for (const auto& [theirs, ours] : outer) {
    if (name.starts_with(theirs)) return text(ours, name.substr(theirs.size()));
  }
  constexpr std::string_view block = "encoder.layers.encoder_layer_";
  const auto dot = name.find('.', block.size());
  if (!name.starts_with(block) || dot == std::string::npos) return {};
  const std::string rest = name.substr(dot + 1);
  for (const auto& [theirs, ours] : inner) {
    if (!rest.starts_with(theirs)) continue;
    return text("blocks.", name.substr(block.size(), dot - block.size()), ".", ours,
                rest.substr(theirs.size()));
  }
  return {};
}

std::optional<Tensors> read_torchvision(const Tensors& file, const ExpectedTensors&) {
  Tensors out;
  for (const auto& [name, array] : file) {
    std::string ours = from_torchvision(name);
    if (ours.empty()) return std::nullopt;
    out.emplace(std::move(ours), array);
  }
  return out;
}

NetworkInfo vit(const std::string& size, std::int64_t width, std::int64_t depth, std::int64_t heads,
                std::int64_t side = 224) {
  VisionTransformerDesign design;
  design.side = side;
  design.width = width;
  design.depth = depth;
  design.heads = heads;
  const auto pixels = static_cast<std::size_t>(side);
  // timm resizes 224 to 248 and cuts; larger pictures it takes whole.
  image::Preprocessing input{.height = pixels,
                             .width = pixels,
                             .short_side = side == 224 ? 248u : pixels,
                             .resize = "bicubic"};
  input.mean = input.std = {0.5, 0.5, 0.5};
  image::Preprocessing theirs = image::imagenet_preprocessing();
  if (side != 224) {  // SWAG's weights, fine-tuned on whole pictures
    theirs.height = theirs.width = theirs.short_side = pixels;
    theirs.resize = "bicubic";
  }
  const Adapter torchvision{
      .source = "torchvision", .read = read_torchvision, .preprocessing = theirs};
  return describe_network(
      {.name = text("vit_", size, "_patch16_", side),
       .summary = text("Vision transformer of ", depth, " blocks, width ", width, ", for ", side,
                       " x ", side, " pictures"),
       .paper = "Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image "
                "Recognition at Scale, ICLR 2021, arXiv:2010.11929",
       .weights = text("vit_", size, "_patch16_", side,
                       "*.safetensors of timm; of torchvision those of the same size"),
       .classes = 1000,
       .preprocessing = input,
       .head = "head",
       .also_reads = {torchvision}},
      design, transformer_parameters());
}

}  // namespace

namespace networks {
NetworkInfo vit_tiny_patch16_224() { return vit("tiny", 192, 12, 3); }
NetworkInfo vit_small_patch16_224() { return vit("small", 384, 12, 6); }
NetworkInfo vit_base_patch16_224() { return vit("base", 768, 12, 12); }
NetworkInfo vit_base_patch16_384() { return vit("base", 768, 12, 12, 384); }
NetworkInfo vit_large_patch16_224() { return vit("large", 1024, 24, 16); }
NetworkInfo vit_large_patch16_384() { return vit("large", 1024, 24, 16, 384); }
}  // namespace networks
}  // namespace nescio::nn
