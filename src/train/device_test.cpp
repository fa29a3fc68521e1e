#include "train/device.h"

#include <gtest/gtest.h>

namespace nescio::train {
namespace {

image::ImageBatch load(const image::Preprocessing& p, bool bytes) {
  const auto pictures = image::open_dataset("procedural:shapes?count=5");
  image::Loader loader(*pictures, p,
                       {.batch = 8,
                        .augmentation = image::Augmentation("crop(padding=2),flip"),
                        .views = 2,
                        .bytes = bytes});
  image::ImageBatch batch;
  EXPECT_TRUE(loader.next(batch));
  return batch;
}

TEST(Upload, OfBytesGivesTheBitsOfFloats) {
  for (const char* channels : {"rgb", "bgr", "grey"}) {
    image::Preprocessing p{.height = 16, .width = 12, .channels = channels};
    if (p.planes() == 1) {
      p.mean = {0.4};
      p.std = {0.2};
    } else {
      p.mean = {0.49, 0.48, 0.44};
      p.std = {0.24, 0.25, 0.26};
    }
    const Upload upload(p, torch::kCPU, torch::MemoryFormat::ChannelsLast);
    const torch::Tensor floats = upload(load(p, false), 2), bytes = upload(load(p, true), 2);
    ASSERT_EQ(floats.sizes(),
              torch::IntArrayRef({10, static_cast<std::int64_t>(p.planes()), 16, 12}));
    EXPECT_TRUE(bytes.equal(floats)) << channels;
    EXPECT_TRUE(bytes.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_FALSE(floats.slice(0, 0, 5).equal(floats.slice(0, 5))) << "two views";
  }
}

}  // namespace
}  // namespace nescio::train
