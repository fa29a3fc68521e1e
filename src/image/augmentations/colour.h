// Changes of a picture's values, in the arithmetic of Pillow: equal to it bit by bit.
//
// All take grey pictures and those of red, green and blue. A factor of 1 changes nothing, 0 leaves
// what is said, those above 1 go the other way.
#pragma once

#include "image/image.h"

namespace nescio::image {

void change_brightness(Image& image, double factor);  // 0: black
void change_contrast(Image& image, double factor);    // 0: the mean grey
void change_saturation(Image& image, double factor);  // 0: grey
void change_sharpness(Image& image, double factor);   // 0: smoothed, but for the border

/// Turns the hue by this part of a circle, in [-0.5, 0.5]; hue and saturation are rounded to bytes
/// on the way, also for 0. A grey picture has none.
void turn_hue(Image& image, double turn);

/// Keeps the `bits` high bits of each value, 0 to 8.
void posterize(Image& image, int bits);
/// Inverts the values from `threshold` on.
void solarize(Image& image, double threshold);
/// Stretches each channel to the values 0 to 255.
void autocontrast(Image& image);
/// Makes the values of each channel about equally frequent.
void equalize(Image& image);

}  // namespace nescio::image
