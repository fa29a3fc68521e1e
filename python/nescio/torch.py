"""What a torch network says: its logits and the features before its last linear layer, caught by a hook.

>>> net = nescio.torch.Network(model)                    # finds the last linear layer
>>> net.fill(bank, "mine/train", train_loader)           # or rows = net.extract(train_loader)
>>> det = nescio.Detector("vim").fit_bank(bank, train="mine/train")
>>> det.predict(**net(images)).is_ood
"""

from __future__ import annotations

from typing import Any, Iterable, Optional, Union

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nescio._arrays import Error
from nescio._bank import FeatureBank, Path, Split
from nescio._progress import bar

Rows = dict[str, Any]  # arrays by name, as Detector.score(**rows) takes them


def find_head(model: nn.Module, example: Optional[Tensor] = None) -> str:
    """The name of the last linear layer: of those that `example` runs through the last one, else the last one declared.

    Raises nescio.Error if there is none, and if its output for the example is not what the model returns.
    """
    layers: dict[str, nn.Linear] = {n: layer for n, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    if not layers:
        raise Error("head: the model has no torch.nn.Linear; name the layer with head=, or give what it does as arrays")
    if example is None:
        return list(layers)[-1]
    order: list[tuple[str, Tensor]] = []
    hooks = [
        layer.register_forward_hook(lambda m, i, out, name=name: order.append((name, out)))
        for name, layer in layers.items()
    ]
    try:
        with torch.no_grad():
            logits = _logits_of(model(example))
    finally:
        for hook in hooks:
            hook.remove()
    for name, out in reversed(order):
        if out.shape == logits.shape and torch.equal(out, logits):
            return name
    raise Error(
        "head: the model's output is that of none of its linear layers "
        f"({', '.join(layers)}); name the one that gives the logits with head="
    )


def _logits_of(out: Any) -> Tensor:
    """Of what a model returns: a tensor, `.logits` of transformers' outputs, or the first of several."""
    if isinstance(out, Tensor):
        return out
    if hasattr(out, "logits"):
        return out.logits  # type: ignore[no-any-return]
    if isinstance(out, dict) and "logits" in out:
        return out["logits"]  # type: ignore[no-any-return]
    if isinstance(out, (tuple, list)) and out:
        return _logits_of(out[0])
    raise Error(f"model: expected logits, found {type(out).__name__}")


class Network:
    """A classifier whose last layer is linear. Called with a batch it returns {"features": [B, D], "logits": [B, C]}.

    head names that layer, or is the module itself; without it find_head() does, at the first batch. The model is put into
    evaluation mode while it runs and left as it was.
    """

    def __init__(
        self, model: nn.Module, head: Union[str, nn.Linear, None] = None, device: Union[str, torch.device, None] = None
    ) -> None:
        self.model = model
        parameter = next(model.parameters(), None)
        self.device = torch.device(device) if device else parameter.device if parameter is not None else None
        self._layer: Optional[nn.Linear] = None
        if isinstance(head, str):
            layers = dict(model.named_modules())
            if not isinstance(layers.get(head), nn.Linear):
                known = [name for name, layer in layers.items() if isinstance(layer, nn.Linear)]
                raise Error(f"head: expected the name of a linear layer, one of {', '.join(known)}, found {head!r}")
            self._layer = layers[head]
        elif head is not None:
            self._layer = head

    @property
    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(W, b), as Detector.fit() takes it."""
        if self._layer is None:
            self._layer = self.model.get_submodule(find_head(self.model))  # type: ignore[assignment]
        assert self._layer is not None
        weight = self._layer.weight.detach().float().cpu().numpy()
        bias = self._layer.bias
        return weight, np.zeros(len(weight), np.float32) if bias is None else bias.detach().float().cpu().numpy()

    def __call__(self, images: Tensor) -> Rows:
        training = self.model.training
        self.model.eval()
        try:
            if self.device is not None:
                images = images.to(self.device, non_blocking=True)
            if self._layer is None:
                self._layer = self.model.get_submodule(find_head(self.model, images))  # type: ignore[assignment]
            assert self._layer is not None
            seen: list[tuple[Tensor, Tensor]] = []
            hook = self._layer.register_forward_hook(lambda m, i, out: seen.append((i[0], out)))
            try:
                with torch.no_grad():
                    self.model(images)
            finally:
                hook.remove()
        finally:
            self.model.train(training)
        if not seen:
            raise Error("head: the layer was not run by the model; name the one that gives the logits with head=")
        features, logits = (t.detach().float().cpu().numpy() for t in seen[-1])
        if features.ndim != 2:
            raise Error(f"head: expected features [B, D] before it, found {list(features.shape)}")
        return {"features": features, "logits": logits}

    def extract(self, loader: Iterable[Any], progress: bool = True) -> Rows:
        """What it says of all batches (images, labels, ...) or images of a DataLoader, in memory."""
        batches = [self._batch(batch) for batch in bar(loader, "extracting", progress)]
        if not batches:
            raise Error("loader: expected batches, found none")
        return {name: np.concatenate([rows[name] for rows in batches]) for name in batches[0]}

    def fill(self, bank: Union[FeatureBank, Path], split: str, loader: Iterable[Any], progress: bool = True) -> Split:
        """Writes what it says of a DataLoader as a split ("mine/train") of a bank, batch by batch, and the head."""
        bank = bank if isinstance(bank, FeatureBank) else FeatureBank(bank, create=True)
        rows = _rows_of(loader)
        if rows is None:  # nobody knows how many there will be
            arrays = self.extract(loader, progress)
            bank.set_head(self.head)
            return bank.add(split, **arrays)
        writer = None
        for batch in bar(loader, f"extracting {split}", progress):
            arrays = self._batch(batch)
            if writer is None:
                bank.set_head(self.head)
                writer = bank.writer(split, rows, arrays, "nescio.torch")
            writer.write(arrays)
        if writer is None:
            raise Error("loader: expected batches, found none")
        writer.finish()
        return bank[split]

    def _batch(self, batch: Any) -> Rows:
        labels = None
        if isinstance(batch, dict):
            labels = batch.get("labels", batch.get("label"))
            batch = next(batch[key] for key in ("images", "image", "pixel_values", "data", "x") if key in batch)
        elif isinstance(batch, (tuple, list)):
            labels = batch[1] if len(batch) > 1 else None
            batch = batch[0]
        rows = self(batch)
        if isinstance(labels, Tensor) and labels.ndim == 1:
            rows["labels"] = labels.cpu().numpy().astype(np.int64)
        return rows


def _rows_of(loader: Any) -> Optional[int]:
    """How many rows a loader gives, where it says so."""
    try:
        if getattr(loader, "drop_last", False):
            return len(loader) * int(loader.batch_size)
        return len(loader.sampler)
    except (AttributeError, TypeError):
        return None
