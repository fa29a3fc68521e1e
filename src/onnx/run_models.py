"""Runs every FOLDER/NAME.onnx in ONNX Runtime on FOLDER/NAME.INPUT.npy (or FOLDER/INPUT.npy): run_models.py FOLDER.

Writes each output as FOLDER/NAME.OUTPUT.out.npy; what fails goes to FOLDER/NAME.error.
"""
import pathlib
import sys

import numpy as np
import onnxruntime


def main(folder):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    for path in sorted(folder.glob("*.onnx")):
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            feed = {}
            for tensor in session.get_inputs():
                own, shared = (folder / f"{prefix}{tensor.name}.npy" for prefix in (f"{path.stem}.", ""))
                feed[tensor.name] = np.load(own if own.exists() else shared)
            for name, value in zip([o.name for o in session.get_outputs()], session.run(None, feed)):
                np.save(folder / f"{path.stem}.{name}.out.npy", value.astype(np.float32))
        except Exception as error:  # the test says which and why
            (folder / f"{path.stem}.error").write_text(str(error))


main(pathlib.Path(sys.argv[1]))
