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
for package in ("openood", "openood.postprocessors", "openood.networks"):
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
    def __init__(self, head):
        super().__init__()
        self.fc = head

    def forward(self, x, return_feature=False, return_feature_list=False):
        z = self.fc(x)
        if return_feature_list:
            return z, [x[:, :, None, None]]
        return (z, x) if return_feature else z

    def forward_threshold(self, x, threshold):
        return self.fc(x.clip(max=threshold))

    def intermediate_forward(self, x, layer_index):
        return x

    def get_fc(self):
        return self.fc.weight.detach().numpy(), self.fc.bias.detach().numpy()

    def get_fc_layer(self):
        return self.fc


class Loader:
    """The train rows in batches of 200, as a DataLoader of OpenOOD's data sets gives them."""

    batch_size = 200

    def __init__(self, a):
        self.dataset, self.labels = a.train_features, a.train_labels

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        for i in range(0, len(self.dataset), self.batch_size):
            yield {"data": self.dataset[i : i + self.batch_size], "label": self.labels[i : i + self.batch_size]}


def config(classes, arguments):
    from openood.postprocessors.info import num_classes_dict

    num_classes_dict["peers"] = classes
    namespace = types.SimpleNamespace
    return namespace(
        dataset=namespace(name="peers", num_classes=classes),
        ood_dataset=namespace(num_classes=classes),
        postprocessor=namespace(
            APS_mode=False, postprocessor_args=namespace(**arguments), postprocessor_sweep=namespace()
        ),
    )


def load(module, name):
    try:
        return getattr(importlib.import_module(f"openood.{module}"), name)
    except ImportError as error:
        raise Skip(f"cannot be imported: {error}") from error


def postprocessor(module, name, wrapper=None, **arguments):
    def fit(a):
        net = Backbone(a.head)
        if wrapper:
            net = load(f"networks.{wrapper[0]}", wrapper[1])(net)
        net.eval()
        with contextlib.redirect_stdout(sys.stderr):  # they print while they learn
            made = load(f"postprocessors.{module}_postprocessor", name)(config(a.classes, arguments))
            loader = Loader(a)
            made.setup(net, {"train": loader, "val": loader, "test": loader}, {"val": loader})
        return lambda h, z: torch.as_tensor(made.postprocess(net, h)[1])

    return fit


DETECTORS = {
    "msp": postprocessor("base", "BasePostprocessor"),
    "mls": postprocessor("maxlogit", "MaxLogitPostprocessor"),
    "ebo": postprocessor("ebo", "EBOPostprocessor", temperature=1),
    "gen": postprocessor("gen", "GENPostprocessor", gamma=0.1, M=100),
    "klm": postprocessor("kl_matching", "KLMatchingPostprocessor"),
    "openmax": postprocessor("openmax", "OpenMax"),
    "mds": postprocessor(
        "mds", "MDSPostprocessor", noise=0, feature_type_list=["flat"], reduce_dim_list=["none"], alpha_list=[1]
    ),
    "rmds": postprocessor("rmds", "RMDSPostprocessor"),
    "knn": postprocessor("knn", "KNNPostprocessor", K=50),
    "vim": postprocessor("vim", "VIMPostprocessor", dim=256),
    "residual": postprocessor("residual", "ResidualPostprocessor", dim=256),
    "she": postprocessor("she", "SHEPostprocessor", metric="inner_product"),
    "nnguide": postprocessor("nnguide", "NNGuidePostprocessor", K=100, alpha=0.01),
    "relation": postprocessor("relation", "RelationPostprocessor", pow=1),
    "fdbd": postprocessor("fdbd", "fDBDPostprocessor", distance_as_normalizer=True),
    "nci": postprocessor("nci", "NCIPostprocessor", alpha=0.0001),
    "react": postprocessor("react", "ReactPostprocessor", percentile=90),
    "vra": postprocessor("vra", "VRAPostprocessor", percentile_high=90, percentile_low=10),
    "dice": postprocessor("dice", "DICEPostprocessor", p=90),
    "ash": postprocessor("ash", "ASHPostprocessor", ("ash_net", "ASHNet"), percentile=90),
    "scale": postprocessor("scale", "ScalePostprocessor", ("scale_net", "ScaleNet"), percentile=85),
    "gradnorm": postprocessor("gradnorm", "GradNormPostprocessor"),
}

main(DETECTORS)
