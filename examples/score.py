#!/usr/bin/env python3
"""Asks a saved detector about one row, from Python with nothing but ctypes.

    score.py libnescio.so.0 DETECTOR
"""
import ctypes
import math
import sys


class Error(ctypes.Structure):
    _fields_ = [("message", ctypes.c_char * 1024)]


class Array(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("data", ctypes.POINTER(ctypes.c_float)),
        ("rows", ctypes.c_size_t),
        ("cols", ctypes.c_size_t),
        ("stride", ctypes.c_size_t),
    ]


class Answer(ctypes.Structure):
    _fields_ = [
        ("predicted", ctypes.c_int32),
        ("is_ood", ctypes.c_int32),
        ("score", ctypes.c_double),
        ("threshold", ctypes.c_double),
        ("p_value", ctypes.c_double),
        ("class_name", ctypes.c_char_p),
    ]


def main(library, folder):
    nescio = ctypes.CDLL(library)
    nescio.nescio_scorer_input.restype = ctypes.c_char_p
    nescio.nescio_scorer_input_count.restype = ctypes.c_size_t
    error = Error()

    def check(status):
        if status != 0:
            sys.exit("score.py: " + error.message.decode())

    scorer = ctypes.c_void_p()
    check(nescio.nescio_scorer_load(folder.encode(), None, ctypes.byref(scorer), ctypes.byref(error)))

    # A row of what the detector reads; in a real program, what the network says of a picture.
    arrays = []
    for i in range(nescio.nescio_scorer_input_count(scorer)):
        width = ctypes.c_size_t()
        name = nescio.nescio_scorer_input(scorer, ctypes.c_size_t(i), ctypes.byref(width))
        row = (ctypes.c_float * width.value)(6.0)
        arrays.append(Array(name, row, 1, width.value, 0))
    arrays = (Array * len(arrays))(*arrays)

    answer = Answer()
    check(
        nescio.nescio_scorer_answer(
            scorer,
            arrays,
            ctypes.c_size_t(len(arrays)),
            ctypes.byref(answer),
            ctypes.c_size_t(1),
            ctypes.byref(error),
        )
    )
    name = (answer.class_name or b"").decode()
    verdict = {1: "I do not know", 0: "known", -1: "not judged"}[answer.is_ood]
    print(f"class {answer.predicted} {name}: score {answer.score:.4g}", end="")
    print("" if math.isnan(answer.p_value) else f", p-value {answer.p_value:.3g}", f": {verdict}")
    nescio.nescio_scorer_free(scorer)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
