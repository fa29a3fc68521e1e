#!/usr/bin/env python3
"""Writes the pictures of this folder and expected.npz: what Pillow makes of them.

Needs numpy and Pillow; the stored ones are of Pillow 13.0 with libjpeg-turbo 3.2.
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
HEIGHT, WIDTH = 11, 19


def waves(channels):
    """A picture with smooth and sharp places, uint8 [HEIGHT, WIDTH, channels]."""
    y, x, c = np.mgrid[:HEIGHT, :WIDTH, :channels]
    smooth = 127 + 100 * np.sin(x / 3 + c) * np.cos(y / 4 - c)
    return np.where(x + y > 22, (x * 37 + y * 101 + c * 59) % 256, smooth).astype(np.uint8)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(samples, depth):
    """Packed rows, each behind filter 0; samples [height, width, channels]."""
    if samples.size == 0:
        return b""
    shifts = np.arange(depth - 1, -1, -1)
    bits = (samples.reshape(len(samples), -1)[:, :, None] >> shifts & 1).reshape(len(samples), -1)
    return b"".join(b"\0" + np.packbits(row).tobytes() for row in bits.astype(np.uint8))


def png(samples, colour, depth, extra=b"", interlaced=False):
    """What Pillow cannot write: every depth, interlacing and chunk."""
    height, width, _ = samples.shape
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [samples]
    data = zlib.compress(b"".join(rows(part, depth) for part in parts), 9)
    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def save(name, channels, **options):
    picture = waves(channels)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    Image.fromarray(picture[:, :, 0] if channels == 1 else picture, mode).save(HERE / name, **options)


def jpegs():
    save("grey.jpg", 1)
    for name, subsampling in {"444": 0, "422": 1, "420": 2}.items():
        save(f"ycc_{name}.jpg", 3, subsampling=subsampling)
    save("progressive.jpg", 3, progressive=True, quality=90)
    save("rgb.jpg", 3, keep_rgb=True)
    save("cmyk.jpg", 4)
    ycck = bytearray((HERE / "cmyk.jpg").read_bytes())
    ycck[ycck.index(b"Adobe") + 11] = 2  # the same numbers, read as YCCK
    (HERE / "ycck.jpg").write_bytes(ycck)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("turned.jpg", 1, exif=exif)


def pngs():
    def write(name, *arguments, **options):
        (HERE / f"{name}.png").write_bytes(png(*arguments, **options))

    eight = waves(4).astype(int)
    sixteen = eight * 257 ^ 0x5A
    for depth in (1, 2, 4, 8):
        write(f"grey{depth}", eight[:, :, :1] >> 8 - depth, 0, depth)
        palette = waves(3).reshape(-1, 3)[: 2**depth].tobytes()
        index = eight[:, :, :1] % min(2**depth, HEIGHT * WIDTH)
        write(f"palette{depth}", index, 3, depth, chunk(b"PLTE", palette))
    write("palette_transparent", index, 3, 8, chunk(b"PLTE", palette) + chunk(b"tRNS", bytes(range(100))))
    write("grey16", sixteen[:, :, :1], 0, 16)
    write("grey_transparent", eight[:, :, :1], 0, 8, chunk(b"tRNS", struct.pack(">H", eight[0, 0, 0])))
    write("rgb_transparent", eight[:, :, :3], 2, 8, chunk(b"tRNS", struct.pack(">3H", *eight[0, 0, :3])))
    for name, values, depth in (("", eight, 8), ("16", sixteen, 16)):
        write(f"rgb{name}", values[:, :, :3], 2, depth)
        write(f"grey_alpha{name}", values[:, :, :2], 4, depth)
        write(f"rgba{name}", values, 6, depth)
    write("interlaced", eight[:, :, :3], 2, 8, interlaced=True)
    write("interlaced_grey1", eight[:, :, :1] >> 7, 0, 1, interlaced=True)
    write("interlaced_thin", eight[:3, :2, :3], 2, 8, interlaced=True)
    bomb = b"bomb\0\0" + zlib.compress(bytes(1 << 20), 9)
    write("bombs", eight[:, :, :3], 2, 8, chunk(b"iCCP", bomb) + chunk(b"zTXt", bomb) * 3)


def gifs():
    def indexed(size=(WIDTH, HEIGHT), colours=32):
        return Image.fromarray(waves(3)).resize(size).quantize(colours)

    indexed().save(HERE / "palette.gif", interlace=0)
    indexed().save(HERE / "interlaced.gif", interlace=1)
    indexed().save(HERE / "transparent.gif", transparency=3)
    Image.fromarray(waves(1)[:, :, 0]).save(HERE / "grey.gif")
    frames = [indexed(), indexed(colours=8)]
    frames[0].save(HERE / "animated.gif", save_all=True, append_images=frames[1:], duration=50)
    # The same on a larger canvas, of which the first frame covers a part.
    for name, source in (("canvas", "palette"), ("canvas_transparent", "transparent")):
        data = bytearray((HERE / f"{source}.gif").read_bytes())
        data[6:10] = struct.pack("<2H", WIDTH + 5, HEIGHT + 4)
        data[11] = 2  # the background
        at = data.index(b"," + struct.pack("<4H", 0, 0, WIDTH, HEIGHT))
        data[at + 1 : at + 5] = struct.pack("<2H", 3, 2)
        (HERE / f"{name}.gif").write_bytes(data)


def webps():
    picture, rgba = Image.fromarray(waves(3)), Image.fromarray(waves(4))
    picture.save(HERE / "lossy.webp", quality=80)
    picture.save(HERE / "lossless.webp", lossless=True)
    rgba.save(HERE / "alpha.webp", quality=80)
    rgba.save(HERE / "alpha_lossless.webp", lossless=True, exact=True)
    picture.save(HERE / "animated.webp", save_all=True, append_images=[picture.transpose(1)], lossless=True)


def pixels(file):
    picture = Image.open(file)
    if picture.mode == "I;16":  # Pillow's conversion clips; ours keeps the upper byte
        return (np.array(picture) >> 8).astype(np.uint8)[:, :, None]
    rgb = np.array(picture.convert("RGB"))
    is_grey = file.suffix != ".gif" and picture.mode in ("1", "L", "LA")
    is_grey |= file.suffix == ".png" and "grey" in file.name  # 16-bit grey with alpha is RGBA there
    return rgb[:, :, :1] if is_grey else rgb


if __name__ == "__main__":
    jpegs()
    pngs()
    gifs()
    webps()
    np.savez_compressed(HERE / "expected.npz", **{
        file.name: pixels(file) for kind in ("jpg", "png", "gif", "webp") for file in sorted(HERE.glob(f"*.{kind}"))})
