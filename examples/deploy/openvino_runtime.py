#!/usr/bin/env python3
"""Asks a model that `nescio export` wrote about pictures, with OpenVINO.

    openvino_runtime.py MODEL_OOD.onnx PICTURES.f32 HEIGHT WIDTH     float32 [N, 3, HEIGHT, WIDTH], as the network reads them
"""
import sys

import numpy as np
import openvino

path, file, height, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
pictures = np.fromfile(file, np.float32).reshape(-1, 3, height, width)

core = openvino.Core()
# Machines that have it compute in bfloat16 unless told; the threshold was chosen in float32.
model = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
said = model({0: pictures})
for score, is_ood, p in zip(said["ood_score"], said["is_ood"], said["ood_p_value"]):
    print(f"{score:g} {'unknown' if is_ood else 'known'} {p:g}")
