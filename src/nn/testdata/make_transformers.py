#!/usr/bin/env python3
"""Writes small vision transformers in the layouts of public files, and expected.safetensors: what they
say about two pictures by a plain definition in double precision.

Needs numpy and scipy. Every file has the names of its source; widths and depths are small.
"""
import json
import math
import pathlib
import struct

import numpy as np
from scipy import interpolate, special

HERE = pathlib.Path(__file__).parent
WIDTH, DEPTH, HEADS, CLASSES = 8, 2, 2, 3


def write(name, tensors):
    kinds = {"float32": "F32", "int64": "I64"}
    header, data = {}, b""
    for key in sorted(tensors, key=lambda k: (-tensors[k].itemsize, k)):
        raw = tensors[key].tobytes()
        header[key] = {"dtype": kinds[tensors[key].dtype.name], "shape": list(tensors[key].shape),
                       "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def made_up_numbers(count, seed):
    """As test_weights.h has them."""
    values, state = np.empty(count), (seed * 2654435761 + 12345) % 2**32
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 8) / 8388608 - 1
    return values


def pictures(side):
    return made_up_numbers(2 * 3 * side * side, 99).reshape(2, 3, side, side)


# ---- weights in one form: a dict with timm's names


def encoder(rng, patch, tokens, width=WIDTH, heads=HEADS, bias="all", table_rows=0, scale=False):
    def normal(*shape, size=0.5, offset=0.0):
        return (offset + size * rng.standard_normal(shape) / max(1, math.sqrt(shape[-1]) / 2)
                ).astype(np.float32)

    w = {"cls_token": normal(1, 1, width), "head.weight": normal(CLASSES, width, size=2.0),
         "head.bias": normal(CLASSES),
         "patch_embed.proj.weight": (rng.standard_normal((width, 3, patch, patch)) / patch
                                     ).astype(np.float32),
         "patch_embed.proj.bias": normal(width)}
    if tokens:
        w["pos_embed"] = normal(1, tokens, width, size=1.0)
    for i in range(DEPTH):
        b = f"blocks.{i}."
        for n in ("norm1", "norm2"):
            w[b + n + ".weight"], w[b + n + ".bias"] = normal(width, offset=1.0), normal(width)
        w[b + "attn.qkv.weight"] = normal(3 * width, width, size=2.0)
        if bias == "all":
            w[b + "attn.qkv.bias"] = normal(3 * width)
        elif bias == "not_of_keys":
            w[b + "attn.q_bias"], w[b + "attn.v_bias"] = normal(width), normal(width)
        if table_rows:
            w[b + "attn.relative_position_bias_table"] = normal(table_rows, heads, size=1.0)
        if scale:
            w[b + "gamma_1"], w[b + "gamma_2"] = normal(width, offset=0.6), normal(width, offset=0.6)
        for n, shape in (("attn.proj", (width, width)), ("mlp.fc1", (4 * width, width)),
                         ("mlp.fc2", (width, 4 * width))):
            w[b + n + ".weight"], w[b + n + ".bias"] = normal(*shape, size=1.0), normal(shape[0])
    return w


def with_norm(rng, w, name):
    width = w["cls_token"].shape[-1]
    w[name + ".weight"] = (1 + 0.3 * rng.standard_normal(width)).astype(np.float32)
    w[name + ".bias"] = (0.3 * rng.standard_normal(width)).astype(np.float32)
    return w


# ---- what a transformer says, after the papers


def layer_norm(x, w, name, eps):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * w[name + ".weight"] + w[name + ".bias"]


def cubic(x, a=-0.5):
    x = abs(x)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def bicubic_matrix(source, target):
    """Antialiased: when it shrinks, the kernel is as wide as target pixels are apart."""
    scale = source / target
    width = max(scale, 1.0)
    out = np.zeros((target, source))
    for i in range(target):
        centre = scale * (i + 0.5)
        for j in range(source):
            out[i, j] = cubic((j + 0.5 - centre) / width)
        out[i] /= out[i].sum()
    return out


def resized_absolute(table, prefix, grid):
    source = math.isqrt(len(table) - prefix)
    if source == grid:
        return table
    m = bicubic_matrix(source, grid)
    plane = table[prefix:].reshape(source, source, -1)
    plane = np.einsum("ay,bx,yxd->abd", m, m, plane)
    return np.concatenate([table[:prefix], plane.reshape(grid * grid, -1)])


def resized_relative(table, grid):
    source, target = math.isqrt(len(table) - 3), 2 * grid - 1
    if source == target:
        return table
    left, right = 1.01, 1.5
    while right - left > 1e-6:
        q = (left + right) / 2
        if (1 - q ** (source // 2)) / (1 - q) > target // 2:
            right = q
        else:
            left = q
    steps = np.cumsum([q**i for i in range(source // 2)])
    at = np.concatenate([-steps[::-1], [0], steps])
    wanted = np.arange(-(target // 2), target // 2 + 1)
    columns = []
    for head in range(table.shape[1]):
        plane = table[:-3, head].reshape(source, source)
        columns.append(interpolate.RectBivariateSpline(at, at, plane)(wanted, wanted).ravel())
    return np.concatenate([np.stack(columns, 1), table[-3:]])


def relative_bias(table, grid):
    """[heads, tokens, tokens]; token 0 is the class token."""
    n, table = grid * grid, resized_relative(table.astype(np.float64), grid)
    out = np.zeros((table.shape[1], n + 1, n + 1))
    for i in range(n):
        for j in range(n):
            dy, dx = i // grid - j // grid + grid - 1, i % grid - j % grid + grid - 1
            out[:, i + 1, j + 1] = table[dy * (2 * grid - 1) + dx]
    out[:, 0, :], out[:, :, 0], out[:, 0, 0] = table[-3][:, None], table[-2][:, None], table[-1]
    return out


def sine_positions(grid, width):
    def along(place):
        w = [1 / 10000 ** (i / (width / 4)) for i in range(width // 4)]
        return [math.sin(place * f) for f in w] + [math.cos(place * f) for f in w]

    return np.array([along(x) + along(y) for y in range(grid) for x in range(grid)])


def run(w, images, patch, heads=HEADS, eps=1e-6, pool="cls", sine=False, cls_position=True):
    w = {k: v.astype(np.float64) for k, v in w.items()}
    batch, _, side, _ = images.shape
    grid, width = side // patch, w["cls_token"].shape[-1]
    cut = images.reshape(batch, 3, grid, patch, grid, patch).transpose(0, 2, 4, 1, 3, 5)
    x = cut.reshape(batch, grid * grid, -1) @ w["patch_embed.proj.weight"].reshape(width, -1).T
    x = x + w["patch_embed.proj.bias"]
    cls = w["cls_token"][0]
    if "pos_embed" in w:
        positions = resized_absolute(w["pos_embed"][0], int(cls_position), grid)
        if cls_position:
            cls, positions = cls + positions[:1], positions[1:]
        x = x + positions
    if sine:
        x = x + sine_positions(grid, width)
    x = np.concatenate([np.broadcast_to(cls, (batch, 1, width)), x], 1)
    said, n = {}, grid * grid + 1
    for i in range(DEPTH):
        b = f"blocks.{i}."
        y = layer_norm(x, w, b + "norm1", eps) @ w[b + "attn.qkv.weight"].T
        if b + "attn.qkv.bias" in w:
            y = y + w[b + "attn.qkv.bias"]
        q, k, v = np.split(y, 3, -1)
        if b + "attn.q_bias" in w:
            q, v = q + w[b + "attn.q_bias"], v + w[b + "attn.v_bias"]
        q, k, v = (t.reshape(batch, n, heads, -1).transpose(0, 2, 1, 3) for t in (q, k, v))
        products = q @ k.transpose(0, 1, 3, 2) / math.sqrt(width / heads)
        table = w.get(b + "attn.relative_position_bias_table",
                      w.get("rel_pos_bias.relative_position_bias_table"))
        if table is not None:
            products = products + relative_bias(table, grid)
        shares = special.softmax(products, -1)
        y = (shares @ v).transpose(0, 2, 1, 3).reshape(batch, n, width)
        y = y @ w[b + "attn.proj.weight"].T + w[b + "attn.proj.bias"]
        x = x + w.get(b + "gamma_1", 1.0) * y
        y = layer_norm(x, w, b + "norm2", eps) @ w[b + "mlp.fc1.weight"].T + w[b + "mlp.fc1.bias"]
        y = y * (1 + special.erf(y / math.sqrt(2))) / 2
        y = y @ w[b + "mlp.fc2.weight"].T + w[b + "mlp.fc2.bias"]
        x = x + w.get(b + "gamma_2", 1.0) * y
        said[f"layer{i + 1}"], said[f"layer{i + 1}_cls"] = x[:, 1:].mean(1), x[:, 0]
    name = "norm" if pool == "cls" else "fc_norm"
    said["cls"] = layer_norm(x[:, 0], w, name, eps)
    said["mean"] = layer_norm(x[:, 1:].mean(1), w, name, eps)
    said["features"] = said[pool]
    said["logits"] = said["features"] @ w["head.weight"].T + w["head.bias"]
    return said


# ---- the layouts of the files


def torchvision_names(w):
    out = {}
    for key, value in w.items():
        for ours, theirs in (("cls_token", "class_token"), ("pos_embed", "encoder.pos_embedding"),
                             ("patch_embed.proj", "conv_proj"), ("head.", "heads.head."),
                             ("blocks.", "encoder.layers.encoder_layer_"),
                             (".norm1.", ".ln_1."), (".norm2.", ".ln_2."),
                             ("attn.qkv.", "self_attention.in_proj_"),
                             ("attn.proj", "self_attention.out_proj"),
                             ("mlp.fc1", "mlp.0"), ("mlp.fc2", "mlp.3")):
            key = key.replace(ours, theirs)
        out["encoder.ln." + key[5:] if key.startswith("norm.") else key] = value
    return out


def tahmine_names(w):
    out = {}
    for key, value in w.items():
        for ours, theirs in (("pos_embed", "pos_embedding"), ("patch_embed.proj", "patchify"),
                             ("blocks.", "transformer.")):
            key = key.replace(ours, theirs)
        if key.startswith("norm."):
            key = "layer_" + key
        out[key] = value.transpose(1, 0, 2) if key == "pos_embedding" else value
    return out


def without_head(w):
    return {k: v for k, v in w.items() if not k.startswith("head.")}


def fresh_norm(w):
    """An encoder whose last normalisation is a new one, and no head."""
    out = {k: v for k, v in w.items() if not k.startswith("norm.")}
    out["fc_norm.weight"], out["fc_norm.bias"] = np.ones(WIDTH), np.zeros(WIDTH)
    out["head.weight"], out["head.bias"] = np.zeros((1, WIDTH)), np.zeros(1)
    return out


expected = {}


def expect(name, said):
    for key, value in said.items():
        expected[f"{name}.{key}"] = value.astype(np.float32)


def main():
    rng = np.random.default_rng(7)
    timm = with_norm(rng, encoder(rng, 16, 197), "norm")
    write("timm", timm)
    for side in (224, 160, 256):
        expect(f"timm{side}", run(timm, pictures(side), 16))

    torchvision = with_norm(rng, encoder(rng, 16, 197), "norm")
    write("torchvision", torchvision_names(torchvision))
    expect("torchvision", run(torchvision, pictures(224), 16))

    beit = encoder(rng, 16, 0, bias="not_of_keys", table_rows=732, scale=True)
    beit = with_norm(rng, beit, "fc_norm")
    index = {f"blocks.{i}.attn.relative_position_index": np.zeros((2, 2), np.int64)
             for i in range(DEPTH)}
    write("beit", beit | index)
    for side in (224, 160, 256):
        expect(f"beit{side}", run(beit, pictures(side), 16, pool="mean"))

    pretrained = with_norm(rng, encoder(rng, 16, 0, bias="not_of_keys", scale=True), "norm")
    pretrained = without_head(pretrained)
    table = rng.standard_normal((732, HEADS)).astype(np.float32)
    pretrained["rel_pos_bias.relative_position_bias_table"] = table
    beside = {"mask_token": np.zeros((1, 1, WIDTH), np.float32),
              "lm_head.weight": np.zeros((5, WIDTH), np.float32),
              "lm_head.bias": np.zeros(5, np.float32),
              "rel_pos_bias.relative_position_index": np.zeros((2, 2), np.int64)}
    write("beit_pretrained", pretrained | beside)
    expect("beit_pretrained", run(fresh_norm(pretrained), pictures(224), 16, pool="mean"))

    mae = without_head(with_norm(rng, encoder(rng, 16, 197), "norm"))
    decoder = {"mask_token": np.zeros((1, 1, 4), np.float32),
               "decoder_embed.weight": np.zeros((4, WIDTH), np.float32),
               "decoder_blocks.0.norm1.weight": np.zeros(4, np.float32)}
    write("mae", mae | decoder)
    expect("mae", run(fresh_norm(mae), pictures(224), 16, pool="mean"))
    head = {"head.weight": np.zeros((1, WIDTH)), "head.bias": np.zeros(1)}
    expect("mae_cls", run(mae | head, pictures(224), 16))

    small = encoder(rng, 4, 0, width=12, heads=3, bias="not_of_keys", scale=True)
    small = with_norm(rng, small, "fc_norm")
    write("vit_t4_32", small)
    for side in (32, 48):
        expect(f"vit_t4_{side}", run(small, pictures(side), 4, heads=3, pool="mean", sine=True))

    published = with_norm(rng, encoder(rng, 2, 256, width=12, heads=3, bias="none"), "norm")
    write("vit_t2_32", tahmine_names(published))
    expect("vit_t2_32", run(published, pictures(32), 2, heads=3, eps=1e-5, cls_position=False))

    write("expected", expected)


main()
