"""Postprocessors of OpenOOD, from the checkout that OPENOOD names; see peer.py.

A postprocessor asks a network for features and logits: here one whose pictures are the features themselves. Modules
are loaded one by one, without the packages' __init__.py, which want packages that no postprocessor here needs.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import types

import faiss
import torch
from peer import Skip, main

CHECKOUT = os.environ["OPENOOD"]
for package in ("openood", "openood.postprocessors", "openood.networks", "openood.utils"):
    module = types.ModuleType(package)
    module.__path__ = [os.path.join(CHECKOUT, *package.split("."))]
    sys.modules[package] = module
if not os.path.isdir(sys.modules["openood.postprocessors"].__path__[0]):
    print(json.dumps({"missing": f"no checkout of OpenOOD in {CHECKOUT}"}), flush=True)
    sys.exit()

faiss.omp_set_num_threads(int(sys.argv[2]))
if not torch.cuda.is_available():  # it moves everything to a GPU without asking
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *args, **kwargs: self


class Backbone(torch.nn.Module):
    """Gives the logits that lie beside its features, since the other side does not compute them either; and features
    of its own to those who write into them."""

    def __init__(self, head, writes):
        super().__init__()
        self.fc, self.writes, self.logits = head, writes, None

    def forward(self, x, return_feature=False, return_feature_list=False):
        if self.writes:
            x = x.clone()
        if return_feature_list:
            return self.logits, [x[:, :, None, None]]
        return (self.logits, x) if return_feature else self.logits

    def forward_threshold(self, x, threshold):
        return self.fc(x.clip(max=threshold))

    def get_fc(self):
        return self.fc.weight.detach().numpy(), self.fc.bias.detach().numpy()

    def get_fc_layer(self):
        return self.fc


class Loader:
    """The first train rows in batches of 200, as a DataLoader of OpenOOD's data sets gives them."""

    batch_size = 200

    def __init__(self, a, rows, backbone):
        self.dataset, self.logits, self.labels = a.train_features[:rows], a.train_logits, a.train_labels
        self.backbone = backbone

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):  # itself: the iterator of a DataLoader has a length too
        self.row = 0
        return self

    def __next__(self):
        if self.row >= len(self.dataset):
            raise StopIteration
        batch = slice(self.row, self.row + self.batch_size)
        self.row = batch.stop
        self.backbone.logits = self.logits[batch]
        return {"data": self.dataset[batch], "label": self.labels[batch]}


def config(classes, arguments):
    from openood.postprocessors.info import num_classes_dict

    num_classes_dict["peers"] = classes
    namespace = types.SimpleNamespace
    return namespace(
        dataset=namespace(name="peers"),
        postprocessor=namespace(
            APS_mode=False, postprocessor_args=namespace(**arguments), postprocessor_sweep=namespace()
        ),
    )


def load(module, name):
    try:
        return getattr(importlib.import_module(f"openood.{module}"), name)
    except ImportError as error:
        raise Skip(f"cannot be imported: {error}") from error


def postprocessor(module, name, wrapper=None, writes=False, **arguments):
    def fit(a):
        net = backbone = Backbone(a.head, writes)
        if wrapper:
            net = load(f"networks.{wrapper[0]}", wrapper[1])(backbone)
        net.eval()
        train, test = Loader(a, len(a.train_features), backbone), Loader(a, len(a.features), backbone)
        with contextlib.redirect_stdout(sys.stderr):  # they print while they learn
            made = load(f"postprocessors.{module}_postprocessor", name)(config(a.classes, arguments))
            made.setup(net, {"train": train, "val": train, "test": test}, {"val": train})

        def score(h, z):
            backbone.logits = z
            return torch.as_tensor(made.postprocess(net, h)[1])

        return score

    return fit


DETECTORS = {
    "msp": postprocessor("base", "BasePostprocessor"),
    "mls": postprocessor("maxlogit", "MaxLogitPostprocessor"),
    "ebo": postprocessor("ebo", "EBOPostprocessor", temperature=1),
    "gen": postprocessor("gen", "GENPostprocessor", gamma=0.1, M=100),
    "klm": postprocessor("kl_matching", "KLMatchingPostprocessor"),
    "openmax": postprocessor("openmax", "OpenMax"),
    "mds": postprocessor("mds", "MDSPostprocessor"),
    "rmds": postprocessor("rmds", "RMDSPostprocessor"),
    "knn": postprocessor("knn", "KNNPostprocessor", K=50),
    "vim": postprocessor("vim", "VIMPostprocessor", dim=256),
    "residual": postprocessor("residual", "ResidualPostprocessor", dim=256),
    "she": postprocessor("she", "SHEPostprocessor", metric="inner_product"),
    "nnguide": postprocessor("nnguide", "NNGuidePostprocessor", K=100, alpha=0.01),
    "relation": postprocessor("relation", "RelationPostprocessor", writes=True, pow=1),
    "fdbd": postprocessor("fdbd", "fDBDPostprocessor", distance_as_normalizer=True),
    "nci": postprocessor("nci", "NCIPostprocessor", alpha=0.0001),
    "react": postprocessor("react", "ReactPostprocessor", percentile=90),
    "vra": postprocessor("vra", "VRAPostprocessor", percentile_high=90, percentile_low=10),
    "dice": postprocessor("dice", "DICEPostprocessor", p=90),
    "ash": postprocessor("ash", "ASHPostprocessor", ("ash_net", "ASHNet"), writes=True, percentile=90),
    "scale": postprocessor("scale", "ScalePostprocessor", ("scale_net", "ScaleNet"), writes=True, percentile=85),
    "gradnorm": postprocessor("gradnorm", "GradNormPostprocessor"),
}

main(DETECTORS)
