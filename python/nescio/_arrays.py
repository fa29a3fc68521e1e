"""What callers pass as arrays becomes what the compiled half reads.

Nothing is copied where an array is C-contiguous and float32 already (labels: int64). Everything else is converted once: other
numbers, other strides, tensors on a GPU (with a warning). Nothing that was passed is ever written to.
"""

from __future__ import annotations

import warnings
from typing import Any, Mapping, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from nescio import _core

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
ArrayLike = Any  # numpy, torch, or anything with __dlpack__ or __array__
Head = Tuple[ArrayLike, ArrayLike]

Error = _core.Error


def _from_torch(tensor: Any, name: str) -> Any:
    import torch

    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        warnings.warn(
            f"{name}: a tensor on {tensor.device} was copied to the CPU, where nescio computes",
            UserWarning,
            stacklevel=5,
        )
        try:
            tensor = tensor.cpu()
        except (RuntimeError, NotImplementedError) as e:
            raise Error(f"{name}: a tensor on {tensor.device} cannot be copied to the CPU: {e}") from e
    try:
        if tensor.layout is not torch.strided:
            tensor = tensor.to_dense()
        if getattr(tensor, "is_quantized", False):
            tensor = tensor.dequantize()
        if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32, torch.float64):
            tensor = tensor.float()  # bfloat16 and smaller ones, which numpy has not
        return tensor.resolve_conj().resolve_neg().numpy()
    except (RuntimeError, NotImplementedError, TypeError) as e:
        raise Error(f"{name}: a tensor of {tensor.dtype} cannot be read as an array: {e}") from e


def _to_numpy(x: Any, name: str) -> NDArray[Any]:
    if isinstance(x, np.ma.MaskedArray):
        raise Error(f"{name}: a masked array hides values; pass x.filled(...) or the rows without them")
    if isinstance(x, np.ndarray):
        return np.asarray(x)
    if type(x).__module__.split(".")[0] == "torch" or any(
        base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(x).__mro__
    ):
        return np.asarray(_from_torch(x, name))
    if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        try:
            return np.from_dlpack(x)
        except (RuntimeError, BufferError, TypeError) as e:
            raise Error(f"{name}: expected an array in the memory of the CPU; copy it there first ({e})") from e
    try:
        return np.asarray(x)
    except MemoryError:
        raise
    except Exception as e:  # whatever __array__ of somebody's class raises
        raise Error(f"{name}: {type(x).__name__} cannot be read as an array: {e}") from e


def _shape(array: NDArray[Any]) -> str:
    return "[" + ", ".join(str(side) for side in array.shape) + "]"


def _check_numbers(array: NDArray[Any], name: str) -> None:
    if array.dtype.kind in "fiub":
        return
    found = "complex numbers" if array.dtype.kind == "c" else f"dtype {array.dtype}"
    raise Error(f"{name}: expected numbers, found {found}")


def _is_vector(x: Any, dtype: Any) -> bool:
    """Whether it may be passed on as it is; for a single row, asking is what a call costs."""
    return type(x) is np.ndarray and bool(x.dtype == dtype and x.ndim == 1 and x.flags.c_contiguous)


def _converted(array: NDArray[Any], dtype: Any, name: str) -> NDArray[Any]:
    try:
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite and is refused as such
            return np.ascontiguousarray(array, dtype=dtype)
    except MemoryError as e:
        size = array.size * np.dtype(dtype).itemsize / 1e9
        raise Error(
            f"{name}: {_shape(array)} takes {size:.0f} GB as {np.dtype(dtype)}, more memory than there is; "
            "put the rows into a nescio.FeatureBank, which is read piece by piece"
        ) from e


def matrix(x: Any, name: str) -> Floats:
    """[N, width] float32, C-contiguous."""
    if type(x) is not np.ndarray:
        x = _to_numpy(x, name)
    if x.dtype == np.float32 and x.ndim == 2 and x.flags.c_contiguous and x.shape[1] > 0:
        return x  # type: ignore[no-any-return]
    _check_numbers(x, name)
    if x.ndim != 2 or x.shape[1] == 0:
        hint = "; for one row give x.reshape(1, -1)" if x.ndim == 1 else ""
        if x.ndim == 4:
            hint = "; pool feature maps first, as x.mean(axis=(2, 3))"
        raise Error(f"{name}: expected [N, width], found {_shape(x)}{hint}")
    return _converted(x, np.float32, name)


def scores(x: Any, name: str) -> NDArray[Any]:
    """[N] float32 or float64."""
    if _is_vector(x, np.float32) and x.size > 0:
        return x  # type: ignore[no-any-return]
    x = _to_numpy(x, name)
    _check_numbers(x, name)
    if x.ndim == 2 and x.shape[1] == 1:
        x = x[:, 0]
    if x.ndim != 1:
        raise Error(f"{name}: expected one score for each row, [N], found {_shape(x)}")
    if x.size == 0:
        raise Error(f"{name}: expected scores, found none")
    return _converted(x, np.float32 if x.dtype == np.float32 else np.float64, name)


def integers(x: Any, name: str, classes: bool = True) -> Integers:
    """[N] int64."""
    if _is_vector(x, np.int64):
        return x  # type: ignore[no-any-return]
    x = _to_numpy(x, name)
    if x.dtype.kind in "OUS":
        raise Error(
            f"{name}: expected whole numbers 0 .. C - 1, found {x.dtype}; number them with "
            "class_names, labels = numpy.unique(labels, return_inverse=True)"
        )
    _check_numbers(x, name)
    if x.ndim == 2 and x.shape[1] == 1:
        x = x[:, 0]
    if x.ndim != 1:
        hint = "; of one-hot rows give x.argmax(axis=1)" if classes and x.ndim == 2 else ""
        raise Error(f"{name}: expected one whole number for each row, [N], found {_shape(x)}{hint}")
    if x.dtype.kind == "f":
        broken = np.flatnonzero(~(x == np.floor(x)))
        if broken.size:
            raise Error(f"{name}: row {broken[0]} is {x[broken[0]]}, which is no whole number")
    if x.dtype.kind in "fu":
        beyond = np.flatnonzero(np.abs(x.astype(np.float64)) >= 2.0**63)
        if beyond.size:
            raise Error(f"{name}: row {beyond[0]} is {x[beyond[0]]}, more than a whole number of 64 bits can be")
    return _converted(x, np.int64, name)


def head(pair: Optional[Head]) -> Optional[Tuple[Floats, Floats]]:
    """W [C, D] and b [C] of the last layer; a torch.nn.Linear will do."""
    if pair is None:
        return None
    layer: Any = pair
    try:
        weight, bias = (layer.weight, layer.bias) if hasattr(layer, "weight") else layer
    except (TypeError, ValueError, AttributeError):
        raise Error("head: expected (W, b), the weight [C, D] and the bias [C] of the last layer") from None
    w = matrix(weight, "head: W")
    if bias is None:  # a layer without bias is one with bias 0
        return w, np.zeros(len(w), np.float32)
    b = _to_numpy(bias, "head: b")
    _check_numbers(b, "head: b")
    if b.shape != (len(w),):
        hint = ", W looks transposed" if w.shape[1:] == b.shape else ""
        raise Error(f"head: b: expected [{len(w)}] as W {_shape(w)} has rows, found {_shape(b)}{hint}")
    return w, _converted(b, np.float32, "head: b")


def split(arrays: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The arrays of some rows by name, converted and checked against each other; None is left out."""
    out: dict[str, Any] = {}
    for name, array in arrays.items():
        if array is None:
            continue
        called = f"{where}{name}"
        whole = name in ("labels", "index", "predictions")
        out[name] = integers(array, called) if whole else matrix(array, called)
    first = next(iter(out), None)
    for name, array in out.items():
        if first is not None and len(array) != len(out[first]):
            raise Error(
                f"{where}{name}: expected {len(out[first])} rows as of {first}, found {len(array)}"
            )
    if first is not None and len(out[first]) == 0:
        raise Error(f"{where}{first}: expected rows, found none")
    return out
