// Small vision transformers for 32 x 32 pictures.
//
// vit_t4_32  fixed positions, so that masked autoencoders may leave tokens out, otherwise as BEiT: layer
//            scale, no bias of the keys, the mean of the patches as feature. The network that
//            MOOD's question is asked of at small size.
// vit_t2_32  that of tahmine-t/NN-Masked-AutoEncoders: patches of 2 x 2 pixels, a class token without a
//            position, attention without biases.
// Papers     Dosovitskiy et al., ICLR 2021, arXiv:2010.11929; Bao et al., BEiT, ICLR 2022,
//            arXiv:2106.08254; He et al., Masked Autoencoders, CVPR 2022, arXiv:2111.06377.
#include "nn/adapters.h"
#include "nn/vision_transformer.h"

namespace nescio::nn {
namespace {

image::Preprocessing input_of_small_vits() {
  image::Preprocessing p{.height = 32, .width = 32};
  p.mean = p.std = {0.5, 0.5, 0.5};
  return p;
}

/// Their modules are called otherwise, and positions lie in [patches, 1, width].
std::optional<Tensors> read_tahmine(const Tensors& file, const ExpectedTensors& ours) {
  auto out = renaming({{"cls_token", "cls_token"},
                       {"pos_embedding", "pos_embed"},
                       {"patchify.", "patch_embed.proj."},
                       {"transformer.", "blocks."},
                       {"layer_norm.", "norm."},
                       {"head.", "head."}})(file, ours);
  if (!out) return out;
  const auto table = out->find("pos_embed");
  if (table == out->end() || table->second.shape().size() != 3) return out;
  const Shape& shape = table->second.shape();
  table->second = table->second.reshape({shape[1], shape[0], shape[2]});
  return out;
}

}  // namespace

namespace networks {
NetworkInfo vit_t4_32() {
  VisionTransformerDesign design;
  design.side = 32;
  design.patch = 4;
  design.width = 192;
  design.depth = 9;
  design.heads = 3;
  design.use_cls = false;
  design.positions = "sine";
  design.bias = AttentionBias::not_of_keys;
  design.layer_scale = 0.1;
  design.softened = true;
  return describe_network(
      {.name = "vit_t4_32",
       .summary = "Vision transformer of 9 blocks, width 192, for 32 x 32 pictures in patches of 4",
       .paper = "Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image "
                "Recognition at Scale, ICLR 2021, arXiv:2010.11929",
       .weights = "none are published; `nescio train` makes them",
       .classes = 10,
       .preprocessing = input_of_small_vits(),
       .head = "head",
       .encoder = true},
      design,
      transformer_parameters(
          {use_cls_parameter(), positions_parameter({"sine", "learned", "relative", "shared"})}));
}

NetworkInfo vit_t2_32() {
  VisionTransformerDesign design;
  design.side = 32;
  design.patch = 2;
  design.width = 72;
  design.depth = 12;
  design.heads = 3;
  design.cls_position = false;
  design.bias = AttentionBias::none;
  design.eps = 1e-5;
  return describe_network(
      {.name = "vit_t2_32",
       .summary = "Vision transformer of 12 blocks, width 72, for 32 x 32 pictures in patches of 2",
       .paper = "He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, "
                "arXiv:2111.06377, as others carried it out for CIFAR-10",
       .weights =
           "vit-t-classifier-mae_284_epochs.pt and its twin from scratch of "
           "github.com/tahmine-t/NN-Masked-AutoEncoders (CIFAR-10), as dictionaries of tensors",
       .classes = 10,
       .preprocessing = input_of_small_vits(),
       .head = "head",
       .also_reads = {{.source = "tahmine-t/NN-Masked-AutoEncoders",
                       .read = read_tahmine,
                       .preprocessing = input_of_small_vits()}}},
      design, transformer_parameters());
}
}  // namespace networks
}  // namespace nescio::nn
