#!/usr/bin/env python3
"""Writes fuzz/corpus: small honest files and nasty ones, for each reader.

Standard library only. Files that fuzzing has found (found_*) are kept as they are.
"""
import gzip
import hashlib
import io
import json
import pathlib
import struct
import zipfile
import zlib

ROOT = pathlib.Path(__file__).parent / "corpus"


def write(target, **files):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def npy(descr, shape, data, fortran=False, version=1):
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def npy_files():
    good = npy("<f4", "(2, 2)", struct.pack("<4f", 1, 2, 3, 4))
    write("npy", good=good, version2=npy("|u1", "(3,)", b"abc", version=2),
          big_endian=npy(">i8", "(1,)", bytes(8)),
          fortran=npy("<f8", "(2, 3)", bytes(48), fortran=True),
          fortran_big=npy(">i2", "(2, 2, 1)", bytes(8), fortran=True),
          scalar=npy("|b1", "()", b"\1"), empty_array=npy("<f2", "(0, 7)", b""),
          objects=npy("|O", "(1,)", b"cos\nsystem\n(S'true'\ntR."),
          structured=b"\x93NUMPY\1\0" + struct.pack("<H", 60)
          + b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape':1}",
          truncated=good[:-3], longer=good + b"x", half_header=good[:30], empty=b"",
          huge_header=b"\x93NUMPY\2\0\xff\xff\xff\xff{",
          huge=npy("<f8", "(4611686018427387904, 4)", b""),
          overflow=npy("<f8", "(4294967296, 4294967296, 0)", b""),
          negative=npy("<f4", "(-1,)", b""), nested=npy("<f4", "((((((1,),),),),),)", bytes(4)),
          many_sides=npy("<f4", "(" + "1, " * 40 + ")", bytes(4)),
          junk=npy("<f4", "(1,)} + __import__('os').system('true') + {", bytes(4)))


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, content in members.items():
            z.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def zip64(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        with z.open("a.npy", "w", force_zip64=True) as member:
            member.write(content)
    return out.getvalue()


def patched(data, signature, offset, value):
    """Overwrites the 4 bytes at `offset` after the last occurrence of a signature."""
    at = data.rindex(signature) + offset
    return data[:at] + struct.pack("<I", value) + data[at + 4:]


def npz_files():
    array = npy("<f4", "(2,)", bytes(8))
    good = zipped({"a.npy": array, "b.npy": npy("|u1", "(4000,)", bytes(4000))}, zipfile.ZIP_DEFLATED)
    entry, end = b"PK\1\2", b"PK\5\6"
    stored = zipped({"a.npy": array})
    write("npz", good=good, stored=stored, zip64=zip64(array), no_arrays=zipped({"x.txt": b"x"}),
          none=zipped({}), truncated=good[:-5], half=good[:len(good) // 2], other=b"PK\3\4",
          bomb=zipped({"a.npy": npy("|u1", "(3000000,)", bytes(3000000))}, zipfile.ZIP_DEFLATED),
          size_lie=patched(good, entry, 24, 0xfffffff0), size_small=patched(good, entry, 24, 3),
          packed_lie=patched(good, entry, 20, 0x7fffffff), offset_lie=patched(good, entry, 42, 0x7fffffff),
          ones=patched(good, entry, 24, 0xffffffff), checksum=patched(stored, entry, 16, 1),
          overlap=patched(zipped({"a.npy": array, "b.npy": array}), entry, 42, 0),
          twice=zipped({"a.npy": array, "b.npy": array}).replace(b"b.npy", b"a.npy"),
          directory_lie=patched(good, end, 12, 0x7fffffff), start_lie=patched(good, end, 16, 0xfffffffe),
          count_lie=patched(good, end, 8, 0xffffffff), encrypted=patched(stored, entry, 8, 1),
          slip=zipped({"../../a.npy": array}))


def safetensors(header, data=b""):
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text)) + text.encode() + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def stored(tensors, metadata=None):
    """A whole file of {name: (dtype, shape, bytes)}, in their order."""
    at, header, data = 0, {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = tensor(dtype, shape, at, at + len(values))
        at, data = at + len(values), data + values
    if metadata:
        header["__metadata__"] = metadata
    return safetensors(header, data)


def safetensors_files():
    good = safetensors({"__metadata__": {"a": "b"}, "w": tensor("F32", [2, 1], 0, 8),
                        "b": tensor("BF16", [1], 8, 10), "n": tensor("I64", [0, 3], 10, 10)}, bytes(10))
    write("safetensors", good=good, truncated=good[:-1], longer=good + b"x", half=good[:40], empty=b"",
          huge_header=struct.pack("<Q", 2**63), header_beyond=struct.pack("<Q", 100) + b"{}",
          hole=safetensors({"w": tensor("U8", [1], 1, 2)}, bytes(2)),
          overlap=safetensors({"w": tensor("U8", [2], 0, 2), "v": tensor("U8", [2], 1, 3)}, bytes(3)),
          backwards=safetensors({"w": tensor("U8", [1], 1, 0)}, bytes(1)),
          overflow=safetensors({"w": tensor("F64", [2**62, 4], 0, 0)}),
          offsets=safetensors({"w": tensor("F64", [1], 2**64 - 8, 2**64 - 1)}),
          negative=safetensors({"w": tensor("F32", [-1], 0, 4)}, bytes(4)),
          unknown=safetensors({"w": tensor("F8_E5M2", [1], 0, 1)}, bytes(1)),
          twice=safetensors('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
                            '"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
          deep=safetensors('{"a":' * 2000), numbers=safetensors({"w": 5}), array=safetensors([1, 2]),
          misaligned=safetensors({"a": tensor("U8", [1], 0, 1), "b": tensor("F64", [1], 1, 9)}, bytes(9)))


# Pickles, written instruction by instruction: nothing here needs torch.
def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def number(n):
    return b"J" + struct.pack("<i", n)


def call(module, name, *arguments):
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def numbers(values):
    return b"(" + b"".join(number(v) for v in values) + b"t"


def storage(key, count, kind="FloatStorage"):
    return (b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
            + number(count) + b"tQ")


def rebuilt(key, count, shape, stride, offset=0):
    return call("torch._utils", "_rebuild_tensor_v2", storage(key, count), number(offset), numbers(shape),
                numbers(stride), b"\x89", call("collections", "OrderedDict"))


def dictionary(items):
    return b"}(" + b"".join(text(k) + v for k, v in items.items()) + b"u"


def pickled(body):
    return b"\x80\2" + body + b"."


MAGIC = pickled(b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19") + pickled(b"M\xe9\3") + pickled(
    dictionary({"little_endian": b"\x88"}))


def legacy(body, storages):
    keys = b"](" + b"".join(text(k) for k in storages) + b"e"
    data = b"".join(struct.pack("<q", len(v) // 4) + v for v in storages.values())
    return MAGIC + pickled(body) + pickled(keys) + data


def torch_zip(body, storages):
    return zipped({"archive/data.pkl": pickled(body), "archive/byteorder": "little",
                   **{f"archive/data/{k}": v for k, v in storages.items()}})


def torch_files():
    body = dictionary({"epoch": number(3), "best": b"G?\xf8" + bytes(6), "state_dict": dictionary({
        "w": rebuilt("0", 6, [2, 3], [3, 1]), "t": rebuilt("0", 6, [3, 2], [1, 3]),
        "b": rebuilt("0", 6, [2], [1], 4)})})
    values = {"0": struct.pack("<6f", 1, 2, 3, 4, 5, 6)}
    good, new = legacy(body, values), torch_zip(body, values)

    def one(shape, stride, offset=0):
        return legacy(dictionary({"w": rebuilt("0", 6, shape, stride, offset)}), values)

    pair = b"(" + number(1) + number(2) + b"tq\2"
    bomb = (b"ccollections\nOrderedDict\nq\1" + b"0](" + pair + b"h\2" * 2000 + b"eq\3"
            + b"h\1h\3\x85R" * 2100)
    write("torch_file", legacy=good, zip=new, legacy_short=good[:-5], legacy_half=good[:len(good) // 2],
          zip_short=new[:-9], magic_only=MAGIC, empty=b"", other_pickle=pickled(b"N"),
          system=MAGIC + pickled(call("os", "system", text("true"))),
          system_zip=torch_zip(call("posix", "system", text("true")), values),
          evaluate=MAGIC + pickled(text("builtins") + text("eval") + b"\x93" + text("1") + b"\x85R"),
          module=MAGIC + pickled(b"(" + text("module") + b"c__main__\nNet\n" + b"tQ"),
          script=zipped({"m/data.pkl": pickled(b"N"), "m/constants.pkl": b""}),
          expanded=one([2**31 - 1], [0]), expanded_cube=one([2**31 - 1] * 3, [0] * 3),
          beyond=one([7], [1]), stride=one([2, 2], [2**31 - 1, 1]), offset=one([1], [1], 2**31 - 1),
          negative=one([-1], [1]), sides=one([1, 1], [1]),
          missing=legacy(dictionary({"w": rebuilt("1", 6, [6], [1])}), values),
          count_lie=MAGIC + pickled(dictionary({"w": rebuilt("0", 6, [6], [1])})) + pickled(b"](" + text("0") + b"e")
          + b"\xff" * 8 + bytes(24),
          self_reference=legacy(b"}q\1(" + text("model") + b"h\1u", {}),
          list_in_itself=MAGIC + pickled(b"]q\1h\1a"), deep=MAGIC + pickled(b")" + b"\x85" * 5000),
          marks=MAGIC + pickled(b"(" * 5000), memo_bomb=MAGIC + pickled(bomb),
          long_text=MAGIC + b"\x80\2X\xff\xff\xff\xffabc", long_text8=MAGIC + b"\x80\4\x8d" + b"\xff" * 8,
          long_number=MAGIC + b"\x80\2\x8b\xff\xff\xff\xff", no_stop=MAGIC + b"\x80\2]",
          wrong_call=MAGIC + pickled(b"NNR"), build=MAGIC + pickled(b"NNb"))


# Protocols 3 and 5 as NumPy writes them.
def numpy_type(code, order="<"):
    return (call("numpy", "dtype", text(code), b"\x89", b"\x88")
            + b"(" + number(3) + text(order) + b"NNN" + number(-1) + number(-1) + number(0) + b"tb")


def numpy_array(code, values, shape=None):
    return (call("numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", numbers([0]), b"C\1b")
            + b"(" + number(1) + numbers(shape or [len(values) // int(code[1:])]) + numpy_type(code) + b"\x89"
            + b"B" + struct.pack("<I", len(values)) + values + b"tb")


def numpy_buffer(code, values, order="<"):
    return call("numpy._core.numeric", "_frombuffer", b"\x96" + struct.pack("<Q", len(values)) + values,
                numpy_type(code, order), numbers([len(values) // int(code[1:])]), text("C"))


def score_files():
    def triple(n):
        return (b"](" + numpy_array("i8", bytes(8 * n)) + numpy_buffer("f4", struct.pack(f"<{n}f", *range(n)))
                + numpy_array("i8", b"\xff" * (8 * n)) + b"e")

    def scores(test, near, **more):
        return pickled(dictionary({"id": dictionary({"train": b"N", "test": test}), "ood": dictionary(
            {"val": b"N", "near": near, "far": dictionary({"mnist": b"N"})}), **more}))

    good = scores(triple(3), dictionary({"tin": triple(2)}))
    again = dictionary({"a": triple(2) + b"q\7", **{f"b{i}": b"h\7" for i in range(50)}})
    write("openood_scores", good=good, truncated=good[:-20], half=good[:len(good) // 2], empty=b"",
          nothing=scores(b"N", dictionary({})), no_near=pickled(dictionary({"id": b"N"})), again=scores(b"N", again),
          lengths=scores(b"](" + numpy_array("i8", bytes(8)) + numpy_buffer("f4", bytes(8)) + numpy_array("i8", bytes(8))
                         + b"e", dictionary({})),
          big=scores(b"](" + numpy_buffer("i8", bytes(8), ">") + numpy_buffer("f8", bytes(8), ">")
                     + numpy_array("i8", bytes(8)) + b"e", dictionary({})),
          shape_lie=scores(b"](" + numpy_array("f4", bytes(8), [2 ** 30, 2 ** 30]) * 3 + b"e", dictionary({})),
          objects=scores(b"](" + numpy_array("O8", bytes(8)) * 3 + b"e", dictionary({})),
          bare=scores(b"](" + call("numpy.core.multiarray", "_reconstruct") * 3 + b"e", dictionary({})),
          tensor=scores(triple(1), dictionary({}), id_preds=call(
              "torch._utils", "_rebuild_tensor_v2", call("torch.storage", "_load_from_bytes", b"C\1x"), number(0))),
          system=pickled(call("os", "system", text("true"))),
          npz=zipped({"conf.npy": npy("<f4", "(2,)", bytes(8)), "pred.npy": npy("<i8", "(2,)", bytes(16)),
                      "label.npy": npy("<i8", "(2,)", bytes(16))}),
          npz_lengths=zipped({"conf.npy": npy("<f4", "(2,)", bytes(8)), "pred.npy": npy("<i8", "(1,)", bytes(8)),
                              "label.npy": npy("<i8", "(2,)", bytes(16))}))


def cifar_pickles():
    def labels(*values):
        return b"](" + b"".join(number(v) for v in values) + b"e"

    def batch(count, **more):
        return pickled(dictionary({"data": numpy_array("u1", bytes(3072 * count), [count, 3072]),
                                   "coarse_labels": labels(*range(count)), "fine_labels": labels(*range(count)), **more}))

    good, one = batch(2), numpy_array("u1", b"abc")
    write("pickled_arrays", good=good, truncated=good[:-9], half=good[:len(good) // 2], empty=b"", bare=pickled(one),
          lengths=batch(1, fine_labels=labels(1, 2)), negative=batch(1, fine_labels=labels(-1)),
          names=pickled(dictionary({"label_names": b"](" + text("cat") + text("dog") + b"e"})),
          mixed=pickled(b"](" + number(1) + text("a") + b"e"), tuple=pickled(b"(" + one + one + b"t"),
          python2=b"(dp0\nS'fine_labels'\np1\n(lp2\nI1\naI2\nas.", huge=pickled(dictionary(
              {"data": numpy_array("u1", b"x", [2 ** 30, 3072])})), again=pickled(
              dictionary({"a": numpy_array("u1", bytes(60000)) + b"q\7", **{f"b{i}": b"h\7" for i in range(100)}})),
          itself=pickled(b"]q\1h\1a"), system=pickled(call("os", "system", text("true"))))


def image_files():
    record = bytes([3]) + bytes(range(256)) * 12
    write("cifar_records", one=record, two=record * 2, fine=b"\1" + record, short=record[:-1],
          longer=record + b"x", empty=b"")
    head = b"\0\0\x08"
    good = head + b"\3" + struct.pack(">3I", 2, 2, 3) + bytes(range(12))
    write("idx", good=good, labels=head + b"\1" + struct.pack(">I", 3) + b"abc", zipped=gzip.compress(good, mtime=0),
          truncated=good[:-1], longer=good + b"x", zipped_short=gzip.compress(good, mtime=0)[:-9], empty=b"",
          huge=head + b"\3" + b"\xff" * 12, overflow=head + b"\4" + struct.pack(">4I", 65536, 65536, 65536, 65536),
          no_sides=head + b"\0", floats=b"\0\0\x0d\1" + struct.pack(">I", 1) + bytes(4), half=head,
          many=b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x",
          bomb=gzip.compress(head + b"\1" + struct.pack(">I", 1) + bytes(5000000), mtime=0))


def picture_files():
    pictures = ROOT.parents[1] / "src/image/testdata"
    jpegs = {name: (pictures / f"{name}.jpg").read_bytes()
             for name in ("grey", "ycc_420", "ycc_444", "progressive", "ycck", "turned")}
    grey, colour = jpegs["grey"], jpegs["ycc_444"]
    frame, scan = grey.index(b"\xff\xc0"), grey.index(b"\xff\xda")
    write("jpeg", **jpegs, empty=b"", truncated=grey[:-9], half=grey[:scan // 2], headers=grey[:scan],
          huge=grey[:frame + 5] + b"\xff\xdc" * 2 + grey[frame + 9:],
          large=grey[:frame + 5] + b"\x40\0" * 2 + grey[frame + 9:], flat=grey[:frame + 5] + bytes(4) + grey[frame + 9:],
          precise=grey[:frame + 4] + b"\x0c" + grey[frame + 5:], arithmetic=grey.replace(b"\xff\xc0", b"\xff\xc9"),
          scans=colour[:colour.index(b"\xff\xda")] + grey[scan:-2] * 20, exif_lie=jpegs["turned"].replace(
              b"\x12\x01", b"\xff\xff"), segment_lie=grey[:4] + b"\xff\xff" + grey[6:])

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    pngs = {name: (pictures / f"{name}.png").read_bytes() for name in (
        "grey1", "grey16", "palette4", "palette_transparent", "rgba16", "interlaced", "interlaced_thin", "bombs")}
    rest = pngs["palette4"][33:]

    def png(*header):
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", *header)) + rest

    write("png", **pngs, empty=b"", signature=b"\x89PNG\r\n\x1a\n", truncated=png(19, 11, 4, 3, 0, 0, 0)[:-30],
          absurd=png(100000, 100000, 8, 6, 0, 0, 0), large=png(16384, 16384, 8, 2, 0, 0, 0),
          flat=png(0, 0, 8, 2, 0, 0, 0), longer=png(19, 5, 4, 3, 0, 0, 0), shorter=png(19, 99, 4, 3, 0, 0, 0),
          no_palette=pngs["grey1"][:25] + b"\3" + pngs["grey1"][26:], depth=png(19, 11, 3, 3, 0, 0, 0),
          interlaced_lie=png(19, 11, 4, 3, 0, 0, 1), palette_only=png(19, 11, 8, 3, 0, 0, 0)[:60],
          chunk_lie=pngs["grey1"][:33] + b"\x7f\xff\xff\xff" + pngs["grey1"][37:])


def other_pictures():
    pictures = ROOT.parents[1] / "src/image/testdata"

    def stored(suffix, *names):
        return {name: (pictures / f"{name}.{suffix}").read_bytes() for name in names}

    tiffs = stored("tif", "grey", "bilevel", "palette16", "lzw", "deflate", "packbits", "jpeg", "rgba16", "planar", "tiled",
                   "premultiplied", "turned6", "big_endian", "white_is_0", "pages")

    def tiff(**changed):
        tags = {"width": (256, 8), "height": (257, 8), "bits": (258, 8), "packing": (259, 1), "kind": (262, 1), "at": (273, 8),
                "samples": (277, 1), "rows": (278, 8), "bytes": (279, 64), "plane": (284, 1)}
        tags |= {name: (tags[name][0], value) for name, value in changed.items() if name in tags}
        tags |= {name: value for name, value in changed.items() if name not in tags}
        entries = b"".join(struct.pack("<2H2I", tag, 4, 1, value) for tag, value in sorted(tags.values()))
        return b"II*\0" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", len(tags)) + entries + bytes(4)

    good = tiff()
    write("tiff", **tiffs, empty=b"", half=good[:40], made=good, endless=good[:-4] + struct.pack("<I", 72), big=b"II+\0\x08\0\0\0",
          huge=tiff(width=2 ** 31, height=2 ** 31), large=tiff(width=2048, height=2048), rows=tiff(rows=2 ** 32 - 1),
          no_rows=tiff(rows=0), many_strips=tiff(height=4000000, width=1, rows=1), float=tiff(bits=32, format=(339, 3)),
          samples=tiff(samples=65535), tile=tiff(tile_width=(322, 2 ** 31 - 16), tile_height=(323, 2 ** 31 - 16)),
          tile_large=tiff(tile_width=(322, 65536), tile_height=(323, 65536), tiles=(324, 8), tile_bytes=(325, 64)),
          cmyk=tiff(kind=5, samples=4), ycbcr=tiff(kind=6, samples=3), lab=tiff(kind=8, samples=3), logluv=tiff(kind=32845),
          old_jpeg=tiff(packing=6, kind=6, samples=3), packed=tiff(packing=5), fax=tiff(packing=3, bits=1), other=tiff(packing=34712),
          beyond=tiff(at=2 ** 32 - 9), bits12=tiff(bits=12), palette_missing=tiff(kind=3), orientation=tiff(turned=(274, 99)))
    bmps = stored("bmp", "grey", "bilevel", "palette4", "rgb", "rgba", "top_down")
    rgb = bmps["rgb"]

    def changed(at, *values):
        return rgb[:at] + struct.pack(f"<{len(values)}I", *values) + rgb[at + 4 * len(values):]

    write("bmp", **bmps, empty=b"", half=rgb[:20], truncated=rgb[:-9], huge=changed(18, 2 ** 31 - 1, 2 ** 31), wide=changed(
        18, 2 ** 31 - 1, 1), flat=changed(18, 0, 0), offset=changed(10, 2 ** 32 - 1), lowest=changed(22, 2 ** 31), header=changed(
        14, 2 ** 32 - 1), os2=changed(14, 12), version5=changed(14, 124), packed=changed(30, 1), fields=changed(30, 3),
        bits16=changed(28, 16), bits2=changed(28, 2), bits0=changed(28, 0))
    pnms = {**stored("pgm", "grey", "grey15"), **stored("ppm", "rgb1000"), **stored("pbm", "bilevel")}
    write("pnm", **pnms, empty=b"", head=b"P5\n", comment=b"P5\n#" + b"x" * 99, truncated=pnms["grey"][:-9], zero=b"P5 0 0 255\n",
          huge=b"P6 4294967295 4294967295 65535\n", digits=b"P4 " + b"9" * 99, largest=b"P5 1 1 0\nx", negative=b"P5 -1 1 255\nx",
          wide=b"P4 4000000 1\n")


def text_files():
    write("image_list", good="a/b.png 3\nc.JPEG -1\r\n\n", blank="my photos/a.png 3\n", missing="a.png\n",
          dictionary="a.png {'label': 3, \"x\": [1, (2, 'a}b'), {}], 'y': None}\n", absolute="/a.png 1\n",
          climbs="a/../../b.png 1\n", huge="a.png 9223372036854775808\n", empty_line="a.png 1\n\nb.png 1\n", empty="",
          deep="a.png {'a': " + "[" * 3000, open="a.png {'a", escape="a.png {'a\\", zero=b"a\0b 1\n", bytes=b"\xff.png 1\n")
    write("spec", detector="knn(k=50)", chain="react(q=0.9)+energy(T=1)", sweep="knn(k=[1,5,10],T=[1,2])",
          list="mean(msp,vim,weights=[(1,2),(2,1)])",
          combinator="mean(knn(k=5),vim,react(q=0.5)+msp)", blanks=" knn ( k = 5 ) ", empty="", open="knn(k=5",
          deep="a(" * 3000, deep_closed="a(" * 300 + "b" + ")" * 300, sweeps="a(" + ",".join(
              f"k{i}=[1,2,3,4,5,6,7,8,9]" for i in range(20)) + ")", plus="a+", comma="a(,)", bytes=b"a(\xff=\0)")
    write("text_array", plain="1 2\n3 4\n", heading="picture,score\na.png,1.5\nb.png,\n", semicolons="1;2\r\n3;4", empty="",
          marked=b"\xef\xbb\xbf1,2\n", remark="# a b\n1\t2\n", quoted='"a, b","c"\n1,"2"\n', open='"a\n1', twice="a,a\n1,2\n",
          words="a\nb\n", width="1 2\n3\n", list="a.png 1\n", huge="1e999\n", special="nan\n-inf\n", commas=",,\n,,\n", zero=b"1\0\n",
          pandas=",0,1\n0,0.5,2\n1,1,3\n", index="0,0.5\n1,2.5\n", trailing="a,\n1,\n")
    write("csv", plain="a,b\nc,d\n", quoted='"a,""b""\n",c\r\n', open='a,"b', inside='a"b"', after='"a"b', empty="",
          blank="\n\n,\n", returns="a\rb\r\n")
    array = {"dtype": "float32", "shape": [2, 3], "sha256": "0" * 64, "bytes": 152, "modified_ns": 1}
    bank = {"format": "nescio feature bank", "version": 1, "model": {},
            "splits": {"a/test": {"rows": 2, "arrays": {"logits": array}, "inputs": {}}}}

    def changed(**facts):
        return json.dumps({**bank, **facts})

    write("manifest", good=json.dumps(bank), no_splits=changed(splits={}), version=changed(version=7),
          head=changed(head={"arrays": {"weight": array, "bias": {**array, "shape": [2]}}, "origin": None}),
          head_wrong=changed(head={"arrays": {"weight": {**array, "shape": []}, "bias": array}}),
          climbs=changed(splits={"../a": bank["splits"]["a/test"]}),
          climbs_array=changed(splits={"a/b": {"rows": 2, "arrays": {"../../x": array}}}),
          rows=changed(splits={"a/b": {"rows": 3, "arrays": {"x": array}}}),
          scalar=changed(splits={"a/b": {"rows": 2, "arrays": {"x": {**array, "shape": []}}}}),
          flat=changed(splits={"a/b": {"rows": 2, "arrays": {"logits": {**array, "shape": [2]}}}}),
          negative=changed(splits={"a/b": {"rows": -2, "arrays": {"x": {**array, "shape": [-2]}}}}),
          types=changed(splits=[1], model=3), deep="[" * 5000, twice='{"a":1,"a":2}', empty="",
          number="5", not_text=b'{"\xff\xfe":1}', huge="[1e999]")
    run = {"detectors": ["energy"], "roles": {"train": "a/train", "val": "", "id": "a/test", "near": ["b/test"], "far": []},
           "bank": {"path": "bank", "splits": {"a/test": {"logits": {"sha256": "0" * 64}}}}}
    write("results", good=json.dumps(run), no_roles=json.dumps({**run, "roles": 1}), old=json.dumps({"detectors": []}),
          detectors=json.dumps({**run, "detectors": [1]}), splits=json.dumps({**run, "bank": {"path": "b", "splits": [[1]]}}),
          path=json.dumps({**run, "bank": {"path": None, "splits": {}}}), list="[]", empty="", deep="[" * 5000)
    facts = {"size": 32, "short_side": 36, "resize": "bilinear", "channels": "rgb", "mean": [0.5] * 3, "std": [0.5] * 3}
    write("preprocessing", good=json.dumps(facts), one_mean=json.dumps({**facts, "mean": [0.5]}), list="[1]", empty="",
          zero=json.dumps({**facts, "std": [0, 1, 1]}), huge=json.dumps({**facts, "size": 1e300}), texts=json.dumps(
              {k: str(v) for k, v in facts.items()}), null=json.dumps({k: None for k in facts}))


def protocol_files():
    good = """name: toy
summary: two words
preprocessing: size=8&mean=0
sets:
  a/train: npy:{root}/train.npy?labels={root}/y.npy
  a/val: {data: 'npy:{root}/test.npy', index: [3, 1-2], rows: 3}
  a/test: cifar10:{data}/{split}
  b/test: cifar10:b
roles: {train: a/train, val: a/val, id: a/test, near: b/test}
"""
    write("protocol", good=good, truncated=good[:-30], no_roles=good[:good.index("roles")], empty="", list="- a\n- b\n",
          text="hello", roles_text=good.replace("roles: {", "roles: x #"), roles_list=good.replace("roles: {", "roles: [] #"),
          roles_null=good.replace("roles: {", "roles: #"), sets_text=good.replace("sets:", "sets: x\nmore:"),
          unknown=good.replace("near", "nearest"), twice=good.replace("b/test: ", "a/test: "), rows=good.replace("rows: 3", "rows: -3"),
          brackets=good.replace("size=8", "size=(8"), anchors="a: &x [*x, *x]\n", merge="<<: {a: 1}\n", two="a: 1\n---\nb: 2\n",
          deep="[" * 3000, deep_maps="{a: " * 300, deep_lists="- " * 3000, keys="? " * 3000, list_key="? [a]\n: b\n",
          tag="!!binary x: !<!> y\n", directive="%YAML 9.9\n%TAG ! x\n---\na\n", block="a: |9\n  x\n", folded="a: >-\n\n\n b\n",
          quoted='a: "\\x41\\u0041\\UFFFFFFFF"\n', open='a: "b', tabs="a:\n\t- b\n", utf16=b"\xff\xfea\0:\0 \0b\0",
          utf32=b"\0\0\xfe\xff\0\0\0a", bytes=b"a: \xff\xfe\n", zero=b"a: b\0c\n", long="a" * 5000 + ": 1\n",
          many="".join(f"k{i}: {i}\n" for i in range(2000)))


def token_lines():
    def line(rows):
        return '{"prompt": "2 + 2?", "ground_truth": "4", "logprobs": ' + rows + "}"

    good = line("[[[17, -0.25], [3, -2.5], [299, -4]], [[0, -0.0]]]")
    write("token_lines", good=good, truncated=good[:-20], empty="", none=line("[]"), null=line("null"), no_slots=line("[[]]"),
          three=line("[[[1, -1, 2]]]"), text=line('[[["1", -1]]]'), whole=line("[[[1.0, -1e0]]]"), beyond=line("[[[300, -1]]]"),
          negative=line("[[[-1, -1]]]"), fraction=line("[[[1.5, -1]]]"), huge=line("[[[1e400, -1]]]"),
          long=line("[[[123456789012345678901234567890, -1]]]"), above=line("[[[1, 1]]]"), infinite=line("[[[1, -Infinity]]]"),
          twice=line("[[[1, -1], [1, -2]]]"), sum=line("[[[1, -0.1], [2, -0.1]]]"), object=line('{"a": 1}'), list="[" + good + "]",
          no_prompt='{"ground_truth": "", "logprobs": []}', number='{"prompt": 1, "ground_truth": "", "logprobs": []}',
          keys='{"prompt": "", "prompt": "", "ground_truth": "", "logprobs": []}', deep=line("[" * 3000),
          more='{"prompt": "", "ground_truth": "", "logprobs": [], "x": {"y": [null]}}', bytes=b'{"prompt": "\xff"}')


def saved_detectors():
    def saved(tensors, spec="energy", **facts):
        manifest = {"format": 1, "spec": spec, "classes": 2, "feature_width": 3, "arrays": {}, "origin": {}, **facts}
        return json.dumps(manifest).encode() + b"\n" + stored(tensors)

    def floats(*shape):
        count = 1
        for side in shape:
            count *= side
        return "F32", list(shape), struct.pack(f"<{count}f", *(0.25 * (i % 7) for i in range(count)))

    scores = ("F64", [2], bytes(16))
    logits, features, head = floats(2, 2), floats(2, 3), {"head.weight": floats(2, 3), "head.bias": floats(2)}
    tested = {"self_test.logits": logits, "self_test.features": features, "self_test.scores": scores}
    means = {"learned.0.mean": floats(1, 3), "learned.0.whitening": floats(3, 3), "learned.0.centres": floats(2, 3)}
    good = saved(tested)
    write("saved_detector", good=good, truncated=good[:-9], one_line=good[:good.index(b"\n")], empty=b"",
          no_rows=saved({"self_test.logits": floats(0, 2), "self_test.scores": ("F64", [0], b"")}),
          scores_only=saved({"self_test.scores": scores}), scores_float=saved({**tested, "self_test.scores": floats(2)}),
          wide=saved({**tested, "self_test.logits": floats(2, 5)}), cube=saved({**tested, "self_test.logits": floats(2, 2, 1)}),
          head=saved({**head, "self_test.features": features, "self_test.scores": scores}, classes=0),
          head_shape=saved({**tested, "head.weight": floats(6), "head.bias": floats(3, 2)}, "vim(dim=1)"),
          huge=saved(tested, classes=2 ** 62, feature_width=2 ** 63), zero=saved(tested, classes=0, feature_width=0),
          nothing_learned=saved(tested, "mahalanobis"), mahalanobis=saved({**tested, **means}, "mahalanobis"),
          knn=saved({**tested, "learned.0.rows": floats(4, 3)}, "knn(k=2)"), knn_k=saved(
              {**tested, "learned.0.rows": floats(4, 3)}, "knn(k=9)"), spec=saved(tested, "knn(k="), unknown=saved(tested, "x"),
          chain=saved({**tested, **head, "learned.0.clip": floats(1)}, "react+energy"), react=saved(
              {**tested, **head, "learned.0.clip": floats(3, 3)}, "react+energy"), odin=saved(
              {**tested, "self_test.odin": logits}, "odin", arrays={"odin": 2}), arrays=saved(tested, arrays={"x": -1}),
          arrays_list=saved(tested, arrays=[1, 2]), types=saved(tested, spec=3), origin=saved(tested, origin=None),
          vim=saved({**tested, **head, "learned.0.origin": floats(1, 3), "learned.0.residual_space": floats(3, 2),
                     "learned.0.alpha": floats(1, 1)}, "vim(dim=1)"),
          sweep=saved(tested, "energy(T=[1,2])"))


def calibrations():
    def saved(arrays, share=0.6, threshold=3.0, hash=None, **facts):
        digest = hashlib.sha256()
        for name, (_, _, values) in sorted(arrays.items()):
            digest.update(name.encode() + values)
        one = {"goal": "keep", "share": share, "guarantee": False, "confidence": 0.95, "threshold": threshold, "per_class": False,
               "class_rows": 2, "p_values": "marginal", "data": {}, **facts}
        json_of = {"format": 1, "active": "a", "scores_sha256": hash or digest.hexdigest(), "detector_sha256": "d",
                   "calibrations": {"a": one}}
        by_width = sorted(arrays.items(), key=lambda a: (-len(a[1][2]) // max(1, a[1][1][0]), a[0]))
        return stored(dict(by_width), {"calibration": json.dumps(json_of)})

    def floats(*values):
        return "F32", [len(values)], struct.pack(f"<{len(values)}f", *values)

    def classes(*values):
        return "I64", [len(values)], struct.pack(f"<{len(values)}q", *values)

    id_rows = {"a.id": floats(1, 3, 2, 5, 4)}
    seen = {**id_rows, "a.id.class": classes(0, 0, 1, 1, 1)}
    good = saved(id_rows)
    write("calibration", good=good, truncated=good[:-3], empty=b"", none=safetensors({}, b""), hash=saved(id_rows, hash="0"),
          caught=saved({**id_rows, "a.ood": floats(6, 7)}), goal=saved(id_rows, goal="catch"), value=saved(id_rows, goal="threshold"),
          classes=saved(seen, per_class=True), few=saved(seen, per_class=True, class_rows=100), no_class=saved(id_rows, per_class=True),
          huge_class=saved({**id_rows, "a.id.class": classes(0, 0, 1, 1, 2 ** 62)}, per_class=True),
          negative=saved({**id_rows, "a.id.class": classes(0, 0, 1, 1, -1)}, per_class=True),
          conditional=saved(id_rows, p_values="conditional"), other_threshold=saved(id_rows, threshold=2.5),
          share=saved(id_rows, share=2), guarantee=saved(id_rows, guarantee=True), nan=saved({"a.id": floats(1, float("nan"))}),
          no_rows=saved({"a.id": floats()}), type=saved(id_rows, class_rows=-1), words=saved(id_rows, p_values=3),
          doubles=saved({"a.id": ("F64", [1], bytes(8))}), square=saved({"a.id": ("F32", [1, 1], bytes(4))}))


def monitor_states():
    def packed(dtype, letter, *values, shape=None):
        return dtype, shape or [len(values)], struct.pack(f"<{len(values)}{letter}", *values)

    def saved(rows=3, drop=None, arrays={}, of={}, **facts):
        tensors = {"gaps": packed("I64", "q", 1, 0, 0, 1, 0, 1), "accounts": packed("F64", "d", 0.5, *[0.01] * 36),
                   "scores": packed("F32", "f", 0, 3, 9), "flags": packed("U8", "B", 0, 0, 1),
                   "history": packed("F64", "d", 2, 0, 2, 0, 0.8, 0.3, 0.7, 0.1, 0.2, 0.9, shape=[1, 10]),
                   "seen": packed("I64", "q", 5, 7), **arrays}
        width = {"I64": 8, "F64": 8, "F32": 4, "U8": 1}
        tensors = {name: t for name, t in sorted(tensors.items(), key=lambda a: -width[a[1][0]]) if name != drop}
        calibration = struct.pack("<5f", 1, 3, 2, 5, 4) + struct.pack("<d", 3)
        told = {"format": 1, "rows": rows, "bets": 3, "largest": 1.0, "flagged": 1, "unreadable": 0, "alarm_row": 0,
                "of": {"calibration_sha256": hashlib.sha256(calibration).hexdigest(), "window": 4, "every": 2,
                       "confidence": 0.95, "false_alarms": 0.01, "seed": 0, **of}, **facts}
        return stored(tensors, {"monitor": json.dumps(told)})

    def history(*values):
        return {"history": packed("F64", "d", *values, shape=[1, len(values)])}

    good, huge, nan = saved(), 2 ** 62, float("nan")
    write("monitor_state", good=good, truncated=good[:-3], empty=b"", none=safetensors({}, b""), format=saved(format=2),
          other=saved(of={"window": 5}), of=saved(of={"seed": None}), no_gaps=saved(drop="gaps"), no_history=saved(drop="history"),
          negative=saved(arrays={"gaps": packed("I64", "q", -1, 0, 0, 1, 0, 1)}),
          huge_gaps=saved(arrays={"gaps": packed("I64", "q", huge, huge, huge, huge, 0, 3)}),
          few_gaps=saved(arrays={"gaps": packed("I64", "q", 3)}), flags=saved(arrays={"flags": packed("U8", "B", 2, 0, 1)}),
          nan_score=saved(arrays={"scores": packed("F32", "f", 0, nan, 9)}), nan_account=saved(arrays={"accounts": packed("F64", "d", nan, *[0] * 36)}),
          doubles=saved(arrays={"scores": packed("F64", "d", 0, 3, 9)}), square=saved(arrays={"seen": packed("I64", "q", 5, shape=[1, 1])}),
          wide_history=saved(arrays=history(*[0] * 12)), no_counts=saved(arrays=history(nan, 1e300, -1, *[0] * 7)),
          infinite=saved(arrays=history(float("inf"), 0, 0, *[nan] * 7)), bets=saved(bets=-1), largest=saved(largest="1"),
          alarm=saved(alarm_row=2), alarmed=saved(alarm_row=3, largest=1e3), largest_huge=saved(largest=1e308))


def requests():
    def request(*tensors, **further):
        return json.dumps({"inputs": list(tensors), **further})

    def one(name="logits", shape=(1, 2), data=(1, 2), datatype="FP32"):
        return {"name": name, "shape": list(shape), "datatype": datatype, "data": data}

    good = request(one(), id="a")
    write("inference_request", good=good, truncated=good[:-9], empty=b"", no_object="[1]", no_inputs="{}",
          features=request(one("features", (2, 3), [[1, 2, 3], [4, 5, 6]], "FP64")), nested=request(one(data=[[[1, 2]]])),
          both=request(one(), one("features", (1, 3), [1, 2, 3])), twice=request(one(), one()), id=request(one(), id=7),
          outputs=request(one(), outputs=[{"name": "is_ood"}]), unknown_output=request(one(), outputs=[{"name": "x"}]),
          no_outputs=request(one(), outputs=3), no_rows=request(one(shape=(0, 2), data=[])), wide=request(one(shape=(1, 3), data=[1, 2, 3])),
          huge_shape=request(one(shape=(2 ** 62, 8))), overflow=request(one(shape=(2 ** 63, 2 ** 63, 0))), negative=request(one(shape=(-1, 2))),
          infinite=good.replace("[1, 2]", "[1e999, 2]"), large=request(one(data=[1e300, 2])), nan=good.replace("[1, 2]", "[NaN, 2]"),
          text=request(one(data=["1", "2"])), type=request(one(datatype="INT8")), names=request(one("\ud800")), name=request(one(7)),
          no_utf8=good.encode().replace(b"logits", b"log\xffits"), rows=request(one(), one("features", (2, 3), [1] * 6)))
    write("score_line", number="1.5", infinite="inf", nan="nan", negative=" -2e3 \r", json='{"score": 1.5, "class": 3}', empty=b"",
          no_score='{"class": 3}', text='{"score": "1"}', huge='{"score": 1e999}', no_class='{"score": 1, "class": null}',
          negative_class='{"score": 1, "class": -1}', huge_class='{"score": 1, "class": 4294967296}', half='{"score": 1',
          more="1 2", comma="1,5", zero=b"1\0", no_utf8=b'{"score": 1, "x": "\xff"}')


def onnx_models():
    def number(value):
        out = b""
        while value > 127:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    def field(tag, value):
        if isinstance(value, int):
            return number(tag << 3) + number(value)
        value = value.encode() if isinstance(value, str) else value
        return number(tag << 3 | 2) + number(len(value)) + value

    def node(op, inputs, output):
        return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, op))

    def weights(name, *sides, kind=1, width=4):
        count = 1
        for side in sides:
            count *= side
        return field(5, b"".join(field(1, side) for side in sides) + field(2, kind) + field(8, name) + field(9, bytes(width * count)))

    def model(graph, opset=17, outputs=("p",)):
        described = b"".join(field(12, field(1, name)) for name in outputs) + field(11, field(1, "h"))
        return field(1, 8) + field(7, graph + field(2, "g") + described) + field(8, field(2, opset))

    layer = weights("W", 3, 2) + node("Gemm", ["h", "W"], "z")
    good = model(layer + node("Softmax", ["z"], "p"))
    written = (layer + node("ReduceMax", ["z"], "m") + node("Sub", ["z", "m"], "d") + node("Exp", ["d"], "e") +
               node("ReduceSum", ["e"], "s") + node("Div", ["e", "s"], "p"))
    whole = weights("Q", 3, 2, kind=3, width=1) + weights("s") + weights("z0", kind=3, width=1)
    pairs = whole + node("DequantizeLinear", ["Q", "s", "z0"], "W") + node("Gemm", ["h", "W"], "z")
    dynamic = (whole + field(1, field(1, "h") + b"".join(field(2, name) for name in ("hq", "hs", "hz")) + field(4, "DynamicQuantizeLinear")) +
               node("MatMulInteger", ["hq", "Q", "hz", "z0"], "i") + node("Cast", ["i"], "f") + node("Mul", ["hs", "s"], "b") +
               node("Mul", ["f", "b"], "m") + weights("t", 2) + node("Div", ["m", "t"], "p"))
    write("onnx_model", pairs=model(pairs + node("QuantizeLinear", ["z", "s", "z0"], "q") + node("DequantizeLinear", ["q", "s", "z0"], "p")),
          dynamic=model(dynamic), own_step=model(whole + node("DequantizeLinear", ["Q", "W", "z0"], "W") + node("Gemm", ["h", "W"], "p")),
          places=model(weights("K", 3, 2, 1, 1) + node("GlobalAveragePool", ["h"], "a") + node("Conv", ["a", "K"], "p")),
          no_classes=model(weights("W", 3, 0) + weights("b", 0) + node("Gemm", ["h", "W"], "z") + node("Mul", ["z", "b"], "p")),
          doubles=model(weights("W", 3, 2, kind=11, width=8) + node("Gemm", ["h", "W"], "p")), good=good, truncated=good[:-9], empty=b"", no_graph=field(1, 8), written=model(written),
          matmul=model(weights("W", 3, 2) + node("MatMul", ["h", "W"], "m") + node("Add", ["m", "b"], "p")),
          conv=model(node("GlobalAveragePool", ["h"], "a") + node("Conv", ["a", "w"], "p")), old=model(layer, 9),
          two=model(layer + node("Softmax", ["z"], "p"), outputs=("p", "z")), sigmoid=model(layer + node("Sigmoid", ["z"], "p")),
          round=model(node("Identity", ["q"], "p") + node("Identity", ["p"], "q")), twice=model(layer + node("Relu", ["h"], "z")),
          self=model(node("Add", ["p", "p"], "p")), no_inputs=model(node("Gemm", [], "p")), nothing=model(node("Max", [], "p")),
          huge=good[:2] + b"\xff\xff\xff\xff\x0f" + good[7:])


if __name__ == "__main__":
    for make in (npy_files, npz_files, safetensors_files, torch_files, score_files, cifar_pickles, image_files, picture_files,
                 other_pictures, text_files, protocol_files, token_lines, saved_detectors, calibrations, monitor_states,
                 requests, onnx_models):
        make()
    files = [f for f in ROOT.rglob("*") if f.is_file()]
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files)} bytes in {ROOT}")
