#!/usr/bin/env python3
"""Asks a model that `nescio export` wrote about pictures, with ONNX Runtime.

    onnx_runtime.py MODEL_OOD.onnx PICTURES.f32 HEIGHT WIDTH [THRESHOLD]     float32 [N, 3, HEIGHT, WIDTH], as the network reads them
"""
import sys

import numpy as np
import onnxruntime

path, file, height, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
pictures = np.fromfile(file, np.float32).reshape(-1, 3, height, width)

options = onnxruntime.SessionOptions()
options.log_severity_level = 3  # that a threshold has a default is worth a warning to the runtime
session = onnxruntime.InferenceSession(path, options)
given = {session.get_inputs()[0].name: pictures}
if len(sys.argv) > 5:
    given["ood_threshold"] = np.float32([sys.argv[5]])
for score, is_ood, p in zip(*session.run(["ood_score", "is_ood", "ood_p_value"], given)):
    print(f"{score:g} {'unknown' if is_ood else 'known'} {p:g}")
