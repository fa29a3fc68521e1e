#!/usr/bin/env python3
"""Prints the rows of resize_test.cpp and preprocessing_test.cpp: SHA-256 of what Pillow makes of pattern()."""
import hashlib

import numpy as np
from PIL import Image

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def pattern(height, width, channels):
    y, x, c = np.mgrid[:height, :width, :channels]
    values = ((x * 37 + y * 101 + c * 59 + x * y * 7) % 256).astype(np.uint8)
    return Image.fromarray(values[:, :, 0] if channels == 1 else values)


def sha256(picture):
    return hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()


def short_side(picture, side, size):
    """torchvision's Resize(side) and CenterCrop(size) on a Pillow picture, as a function of the filter."""
    def make(resample):
        width, height = picture.size
        if width <= height:
            scaled = (side, int(side * height / width))
        else:
            scaled = (int(side * width / height), side)
        whole = picture.resize(scaled, resample)
        left, top = (int(round((whole.size[i] - size[i]) / 2.0)) for i in (0, 1))
        return whole.crop((left, top, left + size[0], top + size[1]))
    return make


def row(numbers, make):
    for name, resample in FILTERS.items():
        print(f'{{{", ".join(map(str, numbers))}, "{name}",\n "{sha256(make(resample))}"}},')


RESIZES = [(28, 28, 1, 32, 32), (64, 64, 3, 32, 32), (7, 5, 3, 13, 9), (30, 100, 1, 7, 10), (33, 50, 3, 50, 20),
           (1, 1, 3, 4, 4), (20, 20, 1, 20, 31), (32, 32, 3, 224, 224), (375, 500, 3, 256, 341), (99, 101, 1, 32, 32),
           (1, 50, 3, 7, 20), (50, 1, 3, 20, 7), (3, 1, 1, 1, 9), (5, 700, 3, 5, 3), (40, 37, 3, 1, 1),
           (100, 30, 3, 10, 7), (500, 300, 3, 224, 224), (60, 50, 1, 39, 40), (60, 50, 1, 40, 40), (90, 7, 3, 40, 31)]
SHORT_SIDES = [(375, 500, 3, 256, 224, 224), (500, 333, 3, 256, 224, 224), (28, 28, 1, 32, 32, 32),
               (51, 37, 3, 40, 33, 28), (37, 52, 3, 40, 40, 31), (1, 3, 3, 5, 4, 5), (256, 301, 3, 256, 223, 224),
               (61, 61, 1, 31, 28, 30), (400, 130, 3, 64, 60, 50)]

print("// resize_test.cpp: height, width, channels, new height, new width")
for height, width, channels, new_height, new_width in RESIZES:
    row((height, width, channels, new_height, new_width),
        lambda resample: pattern(height, width, channels).resize((new_width, new_height), resample))
print("// preprocessing_test.cpp: height, width, channels, short side, height and width of the cut")
for height, width, channels, side, cut_height, cut_width in SHORT_SIDES:
    row((height, width, channels, side, cut_height, cut_width),
        short_side(pattern(height, width, channels), side, (cut_width, cut_height)))
