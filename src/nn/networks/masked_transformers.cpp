// Vision transformers whose public weights come from masked image modelling: BEiT, BEiT v2, MAE.
//
// Papers  Bao et al., BEiT, ICLR 2022, arXiv:2106.08254; Peng et al., BEiT v2, arXiv:2208.06366; He et
//         al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, arXiv:2111.06377.
// Names   those of microsoft/unilm, facebookresearch/mae and timm. Of files of the pretext task the
//         encoder is read. Its last normalisation was made for single tokens: where the feature is the
//         mean of the patches, it is left out and a new one begins, as in the authors' fine-tuning.
#include <algorithm>

#include "base/text.h"
#include "nn/vision_transformer.h"

namespace nescio::nn {
namespace {

constexpr std::string_view shared_table = "rel_pos_bias.relative_position_bias_table";
constexpr std::string_view block_table = ".attn.relative_position_bias_table";

/// What belongs to the pretext task alone, or follows from the sizes.
bool is_beside_the_encoder(const std::string& name) {
  if (name == "mask_token" || name.ends_with("relative_position_index")) return true;
  return std::ranges::any_of(std::array{"lm_head.", "decoder_", "cls_pt_layers."},
                             [&](const char* part) { return name.starts_with(part); });
}

/// The encoder of any of their files. None if it is laid out as the network already.
std::optional<Tensors> read_encoder(const Tensors& file, const ExpectedTensors& ours) {
  Tensors out = file;
  std::erase_if(out, [](const auto& item) { return is_beside_the_encoder(item.first); });
  bool changed = out.size() < file.size();
  const auto shared = out.find(std::string(shared_table));
  if (shared != out.end() && !ours.shapes.contains(shared->first)) {
    const Array table = shared->second;
    out.erase(shared);
    for (const auto& item : ours.shapes) {
      if (item.first.ends_with(block_table)) out.emplace(item.first, table);
    }
    changed = true;
  }
  const auto norm = ours.shapes.find("fc_norm.weight");
  if (norm != ours.shapes.end() && !out.contains("fc_norm.weight") && out.contains("norm.weight") &&
      !out.contains("head.weight")) {
    for (const auto& [part, value] : {std::pair("weight", 1.0f), std::pair("bias", 0.0f)}) {
      out.erase(text("norm.", part));
      out.emplace(text("fc_norm.", part),
                  Array(norm->second, std::vector<float>(count_of(norm->second), value)));
    }
    changed = true;
  }
  return changed ? std::optional(std::move(out)) : std::nullopt;
}

struct Size {
  const char* name;
  std::int64_t width, depth, heads;
};
constexpr Size base{"base", 768, 12, 12}, large{"large", 1024, 24, 16};

VisionTransformerDesign of_size(const Size& size, std::int64_t side) {
  VisionTransformerDesign design;
  design.side = side;
  design.width = size.width;
  design.depth = size.depth;
  design.heads = size.heads;
  design.use_cls = false;
  return design;
}

NetworkInfo beit(const std::string& family, const Size& size, std::int64_t side = 224) {
  VisionTransformerDesign design = of_size(size, side);
  design.positions = "relative";
  design.bias = AttentionBias::not_of_keys;
  design.layer_scale = size.width == 768 && family == "beit" ? 0.1 : 1e-5;
  design.softened = true;
  const auto pixels = static_cast<std::size_t>(side);
  image::Preprocessing input{.height = pixels,
                             .width = pixels,
                             .short_side = side == 224 ? 256u : pixels,
                             .resize = "bicubic"};
  const bool second = family == "beitv2";
  if (second) {  // unlike the first, as timm has it
    input.mean = image::imagenet_preprocessing().mean;
    input.std = image::imagenet_preprocessing().std;
  } else {
    input.mean = input.std = {0.5, 0.5, 0.5};
  }
  return describe_network(
      {.name = text(family, "_", size.name, "_patch16_", side),
       .summary = text(second ? "BEiT v2" : "BEiT",
                       ", a vision transformer with relative positions: ", design.depth,
                       " blocks, width ", design.width, ", for ", side, " x ", side, " pictures"),
       .paper = second
                    ? "Peng et al., BEiT v2: Masked Image Modeling with Vector-Quantized Visual "
                      "Tokenizers, 2022, arXiv:2208.06366"
                    : "Bao, Dong, Piao, Wei, BEiT: BERT Pre-Training of Image Transformers, ICLR "
                      "2022, arXiv:2106.08254",
       .weights = text(family, "_", size.name, "_patch16_", side,
                       "_*.pth of github.com/microsoft/unilm, before and after fine-tuning, and "
                       "of timm"),
       .classes = 1000,
       .preprocessing = input,
       .head = "head",
       .encoder = true,
       .also_reads = {{.source = "microsoft/unilm", .read = read_encoder, .preprocessing = input}}},
      design,
      transformer_parameters({use_cls_parameter(), positions_parameter({"relative", "shared"})}));
}

NetworkInfo mae(const Size& size) {
  image::Preprocessing input = image::imagenet_preprocessing();
  input.resize = "bicubic";
  return describe_network(
      {.name = text("mae_vit_", size.name, "_patch16_224"),
       .summary = text("The encoder of a masked autoencoder: ", size.depth, " blocks, width ",
                       size.width, ", for 224 x 224 pictures"),
       .paper = "He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, "
                "arXiv:2111.06377",
       .weights = text("mae_pretrain_vit_", size.name, "*.pth and mae_finetuned_vit_", size.name,
                       ".pth of github.com/facebookresearch/mae"),
       .classes = 1000,
       .preprocessing = input,
       .head = "head",
       .encoder = true,
       .also_reads = {{.source = "facebookresearch/mae",
                       .read = read_encoder,
                       .preprocessing = input}}},
      of_size(size, 224), transformer_parameters({use_cls_parameter()}));
}

}  // namespace

namespace networks {
NetworkInfo beit_base_patch16_224() { return beit("beit", base); }
NetworkInfo beit_base_patch16_384() { return beit("beit", base, 384); }
NetworkInfo beit_large_patch16_224() { return beit("beit", large); }
NetworkInfo beit_large_patch16_384() { return beit("beit", large, 384); }
NetworkInfo beitv2_base_patch16_224() { return beit("beitv2", base); }
NetworkInfo beitv2_large_patch16_224() { return beit("beitv2", large); }
NetworkInfo mae_vit_base_patch16_224() { return mae(base); }
NetworkInfo mae_vit_large_patch16_224() { return mae(large); }
}  // namespace networks
}  // namespace nescio::nn
