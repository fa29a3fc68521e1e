#!/usr/bin/env python3
"""Writes the pictures of this folder and expected.npz: what Pillow makes of them.

Needs numpy and Pillow; the stored ones are of Pillow 13.0 with libjpeg-turbo 3.2.
"""
import io
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


def tiff(samples, bits=8, photometric=2, planar=False, tile=None, big_endian=False, extra=None):
    """What Pillow cannot write; uncompressed."""
    order = ">" if big_endian else "<"
    height, width, channels = samples.shape
    samples = samples.astype(order + "u2" if bits == 16 else "u1")
    planes = [samples[:, :, c : c + 1] for c in range(channels)] if planar else [samples]
    if tile:
        pieces = []
        for plane in planes:
            plane = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
            pieces += [plane[y : y + tile, x : x + tile].tobytes()
                       for y in range(0, plane.shape[0], tile) for x in range(0, plane.shape[1], tile)]
    else:
        pieces = [plane.tobytes() for plane in planes]
    data = b"".join(pieces)
    offsets = [8 + sum(map(len, pieces[:i])) for i in range(len(pieces))]
    sizes = [len(piece) for piece in pieces]
    tags = {256: ("I", [width]), 257: ("I", [height]), 258: ("H", [bits] * channels), 259: ("H", [1]),
            262: ("H", [photometric]), 277: ("H", [channels]), 284: ("H", [2 if planar else 1])}
    if tile:
        tags |= {322: ("I", [tile]), 323: ("I", [tile]), 324: ("I", offsets), 325: ("I", sizes)}
    else:
        tags |= {273: ("I", offsets), 278: ("I", [height]), 279: ("I", sizes)}
    if extra is not None:
        tags[338] = ("H", [extra])
    data += b"\0" * (len(data) % 2)
    at = 8 + len(data)
    rest = at + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, (kind, numbers) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        entries += struct.pack(f"{order}2HI", tag, {"H": 3, "I": 4}[kind], len(numbers))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", rest + len(values))
            values += packed
    head = (b"MM" if big_endian else b"II") + struct.pack(f"{order}HI", 42, at)
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values


def tiffs():
    def save_as(name, picture, **options):
        picture.save(HERE / f"{name}.tif", **options)

    grey, rgb, rgba = (Image.fromarray(waves(n)[:, :, 0] if n == 1 else waves(n)) for n in (1, 3, 4))
    save_as("grey", grey)
    save_as("bilevel", grey.convert("1"), compression="group4")
    save_as("palette", rgb.quantize(200))
    save_as("palette16", rgb.quantize(16))
    save_as("rgb", rgb)
    save_as("lzw", rgb, compression="tiff_lzw", tiffinfo={317: 2})
    save_as("deflate", rgb, compression="tiff_adobe_deflate")
    save_as("packbits", grey, compression="packbits")
    save_as("jpeg", rgb, compression="jpeg", quality=90)
    save_as("rgba", rgba)
    save_as("grey16", Image.fromarray(waves(1)[:, :, 0].astype(np.uint16) * 257 ^ 0x5A))
    save_as("pages", rgb, save_all=True, append_images=[grey])
    for orientation in range(2, 9):
        save_as(f"turned{orientation}", grey, tiffinfo={274: orientation})

    def write(name, *arguments, **options):
        (HERE / f"{name}.tif").write_bytes(tiff(*arguments, **options))

    eight = waves(4).astype(int)
    sixteen = eight * 257 ^ 0x5A
    write("white_is_0", eight[:, :, :1], photometric=0)
    write("grey_alpha", eight[:, :, :2], photometric=1, extra=2)
    write("planar", eight[:, :, :3], planar=True)
    write("tiled", eight[:, :, :3], tile=16)
    write("big_endian", eight[:, :, :3], big_endian=True)
    write("rgb16", sixteen[:, :, :3], 16)
    write("rgb16_big_endian", sixteen[:, :, :3], 16, big_endian=True)
    write("rgba16", sixteen, 16, extra=2)
    premultiplied = eight.copy()
    premultiplied[:, :, :3] = premultiplied[:, :, :3] * eight[:, :, 3:] // 255
    write("premultiplied", premultiplied, extra=1)
    write("unnamed_alpha", eight, extra=0)


def bmp(pixels, bits, masks=None, palette=b"", top_down=False):
    """What Pillow cannot write; the rows as they are stored, padded."""
    height, width, rows = pixels
    size = 40 + (12 if masks else 0)
    offset = 14 + size + len(palette)
    info = struct.pack("<I2i2H6I", 40, width, -height if top_down else height, 1, bits, 3 if masks else 0,
                       len(rows), 2835, 2835, len(palette) // 4, 0)
    return b"BM" + struct.pack("<I2HI", offset + len(rows), 0, 0, offset) + info + (
        struct.pack("<3I", *masks) if masks else b"") + palette + rows


def bmps():
    grey, rgb, rgba = (Image.fromarray(waves(n)[:, :, 0] if n == 1 else waves(n)) for n in (1, 3, 4))
    for name, picture in {"grey": grey, "bilevel": grey.convert("1"), "palette": rgb.quantize(200), "rgb": rgb,
                          "rgba": rgba}.items():
        picture.save(HERE / f"{name}.bmp")
    eight = waves(3)
    rows = np.pad(eight[:, :, ::-1].reshape(HEIGHT, -1), ((0, 0), (0, -3 * WIDTH % 4))).tobytes()
    (HERE / "top_down.bmp").write_bytes(bmp((HEIGHT, WIDTH, rows), 24, top_down=True))
    index = np.pad(eight[::-1, :, 0] >> 4, ((0, 0), (0, -WIDTH % 8)))
    palette = b"".join(bytes(colour) + b"\0" for colour in eight.reshape(-1, 3)[:16])
    rows = (index[:, ::2] << 4 | index[:, 1::2]).tobytes()
    (HERE / "palette4.bmp").write_bytes(bmp((HEIGHT, WIDTH, rows), 4, palette=palette))


def pnms():
    grey, rgb = Image.fromarray(waves(1)[:, :, 0]), Image.fromarray(waves(3))
    grey.save(HERE / "grey.pgm")
    grey.convert("1").save(HERE / "bilevel.pbm")
    rgb.save(HERE / "rgb.ppm")
    head = b"%s # a comment\n %d\t%d\n# and another\n%d\n"
    for name, values, largest in (("grey15", waves(1) >> 4, 15), ("rgb100", waves(3) % 101, 100),
                                  ("grey16", waves(1).astype(int) * 257 ^ 0x5A, 65535),
                                  ("rgb1000", waves(3).astype(int) * 3, 1000)):
        kind, ending = (b"P5", "pgm") if values.shape[2] == 1 else (b"P6", "ppm")
        data = values.astype(">u2" if largest > 255 else "u1").tobytes()
        (HERE / f"{name}.{ending}").write_bytes(head % (kind, WIDTH, HEIGHT, largest) + data)


def pixels(file):
    # From memory: Pillow maps files, and then misplaces the rows of those that it turns.
    picture = Image.open(io.BytesIO(file.read_bytes()))
    if picture.mode.startswith("I"):  # 16 bits: Pillow's conversion clips; ours keeps the upper byte
        return (np.array(picture) >> 8).astype(np.uint8)[:, :, None]
    rgb = np.array(picture.convert("RGB"))
    is_grey = file.suffix not in (".gif", ".bmp") and picture.mode in ("1", "L", "LA")
    is_grey |= file.suffix == ".png" and "grey" in file.name  # 16-bit grey with alpha is RGBA there
    return rgb[:, :, :1] if is_grey else rgb


if __name__ == "__main__":
    jpegs()
    pngs()
    gifs()
    webps()
    tiffs()
    bmps()
    pnms()
    np.savez_compressed(HERE / "expected.npz", **{
        file.name: pixels(file) 
        for kind in ("jpg", "png", "gif", "webp", "tif", "bmp", "pbm", "pgm", "ppm") for file in sorted(HERE.glob(f"*.{kind}"))})
