#!/usr/bin/env python3
"""Prints the rows of colour_test.cpp, affine_test.cpp and augmentations/rand_augment_test.cpp: how the SHA-256 of what
Pillow and torchvision make of the pictures of test_pictures.h begins."""
import hashlib

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as F

NEAREST = F.InterpolationMode.NEAREST


def pattern(height, width, channels):
    y, x, c = np.mgrid[:height, :width, :channels]
    values = ((x * 37 + y * 101 + c * 59 + x * y * 7) % 256 * (c + 3) // 8 + 20).astype(np.uint8)
    return Image.fromarray(values[:, :, 0] if channels == 1 else values)


def colours():
    """Every 15th value of red, green and blue."""
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(18, 324, 3))


def sha256(picture):
    return hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()[:16]


ENHANCE = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
           "saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}


def change(picture, name, value):
    if name in ENHANCE:
        return ENHANCE[name](picture).enhance(value)
    return {"hue": lambda: F.adjust_hue(picture, value), "posterize": lambda: ImageOps.posterize(picture, int(value)),
            "solarize": lambda: ImageOps.solarize(picture, value), "autocontrast": lambda: ImageOps.autocontrast(picture),
            "equalize": lambda: ImageOps.equalize(picture)}[name]()


CHANGES = [(name, f) for name in ENHANCE for f in (0, 0.37, 1, 1.9)] + [("hue", h) for h in (-0.5, -0.1, 0, 0.03, 0.5)] + [
    ("posterize", 1), ("posterize", 4), ("posterize", 8), ("solarize", 0), ("solarize", 76.5), ("solarize", 256),
    ("autocontrast", 0), ("equalize", 0)]
print("// colour_test.cpp")
for name, value in CHANGES:
    hashes = [sha256(change(p, name, value)) for p in (colours(), pattern(31, 20, 3), pattern(31, 20, 1))]
    print(f'{{"{name}", {value}, {{' + ", ".join(f'"{h}"' for h in hashes) + "}},")

print("// affine_test.cpp: coefficients as Image.transform takes them")
for data in [(1, 0, 0, 0, 1, 0), (1, 0.3, 0, 0, 1, 0), (1, 0, 0, -0.21, 1, 0), (1, 0, 7, 0, 1, -3), (1, 0, 99, 0, 1, 0),
             (0.83, 0.4, -2.7, -0.36, 1.21, 3.9), (-1, 0, 20, 0, -1, 31)]:
    hashes = [sha256(pattern(31, 20, c).transform((20, 31), Image.Transform.AFFINE, data, Image.Resampling.NEAREST))
              for c in (3, 1)]
    print(f'{{{{{", ".join(map(str, data))}}}, {{"{hashes[0]}", "{hashes[1]}"}}}},')
print("// the same: degrees of Image.rotate")
for degrees in (-30, 9, 45, 90, 180, 0):
    hashes = [sha256(pattern(31, 20, c).rotate(degrees, Image.Resampling.NEAREST)) for c in (3, 1)]
    print(f'{{{degrees}, {{"{hashes[0]}", "{hashes[1]}"}}}},')

print("// rand_augment_test.cpp: m of 31 bins; all that one change can make of the picture")
for m in (9, 20, 30):
    picture = pattern(31, 20, 3)
    table = autoaugment.RandAugment()._augmentation_space(31, (31, 20))
    for name, (magnitudes, signed) in table.items():
        magnitude = float(magnitudes[m]) if magnitudes.ndim else 0.0
        for value in (magnitude, -magnitude) if signed else (magnitude,):
            print(f'{{{m}, "{sha256(autoaugment._apply_op(picture, name, value, NEAREST, None))}"}},  // {name} {value:.4g}')
