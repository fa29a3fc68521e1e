"""What Pillow and numpy need to make network inputs of images.npy, [N, H, W, 3]: images.py FOLDER THREADS.

settings.json of the folder is a preprocessing and `decode`: from JPEG files, which are written where there are none.
"""

import json
import pathlib
import sys

import numpy as np
from clock import median_seconds
from PIL import Image


def resized(picture, settings):
    """torchvision's Resize and, with a short side, CenterCrop."""
    resample = Image.Resampling[settings["resize"].upper()]
    size = settings["width"], settings["height"]
    if not settings["short_side"]:
        return picture.resize(size, resample)
    scale = settings["short_side"] / min(picture.size)
    picture = picture.resize(tuple(int(side * scale) for side in picture.size), resample)
    left, top = (round((whole - part) / 2) for whole, part in zip(picture.size, size))
    return picture.crop((left, top, left + size[0], top + size[1]))


def main(folder, threads):
    folder = pathlib.Path(folder)
    settings = json.loads((folder / "settings.json").read_text())
    mean, std = (np.array(settings[key], np.float32) for key in ("mean", "std"))
    pictures = [Image.fromarray(picture) for picture in np.load(folder / "images.npy")]
    files = [folder / f"{i:04}.jpg" for i in range(len(pictures))] if settings["decode"] else []
    for picture, file in zip(pictures, files):
        if not file.exists():
            picture.save(file, quality=90)

    def values(picture):
        pixels = np.asarray(resized(picture, settings), np.float32) / 255
        return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1))

    def sources():
        return (Image.open(file).convert("RGB") for file in files) if files else pictures

    seconds, _ = median_seconds(lambda: [values(picture) is None for picture in sources()], int(threads), rounds=3)
    total = sum(float(np.abs(values(picture), dtype=np.float64).sum()) for picture in sources())
    print(json.dumps({"seconds": seconds, "sum": total}))


main(*sys.argv[1:])
