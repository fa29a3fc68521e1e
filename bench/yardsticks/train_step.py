"""Training steps in Python: train_step.py THREADS BATCH METHOD.

ResNet-20 with SGD for classifiers, a vision transformer for 32 px with AdamW for the masked autoencoder.

Takes as many steps as each line of stdin says and prints the seconds that they took, or, for the line
"memory", the most memory that the process has held, in MiB. METHOD is a spec of Nescio's; its loss is
written here as its paper states it.
"""

import math
import random
import resource
import sys

import torch
from clock import seconds
from torch import nn
from torch.nn.functional import cross_entropy, gelu, linear, log_softmax, mse_loss, one_hot, pad, relu
from torch.nn.functional import scaled_dot_product_attention as attention


def conv(channels_in, channels_out, stride):
    return nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(channels_in, channels_out, stride), nn.BatchNorm2d(channels_out)
        self.conv2, self.bn2 = conv(channels_out, channels_out, 1), nn.BatchNorm2d(channels_out)
        self.stride, self.side = stride, (channels_out - channels_in) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        if self.side:
            x = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.side, self.side))
        return relu(y + x)


def resnet20():
    blocks, channels_in = [], 16
    for channels_out, stride in (16, 1), (32, 2), (64, 2):
        for i in range(3):
            blocks.append(Block(channels_in, channels_out, stride if i == 0 else 1))
            channels_in = channels_out
    return nn.Sequential(
        conv(3, 16, 1), nn.BatchNorm2d(16), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    )


CLASSES = 10


def both(network, images, outliers):
    return network(torch.cat([images, outliers])).split(len(images))


def soft_cross_entropy(target, logits):
    return -(target * log_softmax(logits, 1)).sum(1).mean()


def uniform_cross_entropy(logits):
    return (logits.logsumexp(1) - logits.mean(1)).mean()


def mixed_labels(labels, share):
    return share * one_hot(labels, CLASSES) + (1 - share) / CLASSES


def mixed_pictures(x, o, share):
    return share * x + (1 - share) * o


def pasted_pictures(x, o, share):
    height, width = x.shape[2:]
    side_y, side_x = (int(math.sqrt(1 - share) * side) for side in (height, width))
    y, z = random.randrange(height), random.randrange(width)
    top, bottom = max(0, y - side_y // 2), min(height, y + side_y // 2)
    left, right = max(0, z - side_x // 2), min(width, z + side_x // 2)
    x = x.clone()
    x[:, :, top:bottom, left:right] = o[:, :, top:bottom, left:right]
    return x, 1 - (bottom - top) * (right - left) / (height * width)


def plain(network, x, y, o):
    logits = network(x)
    return logits, cross_entropy(logits, y)


def logit_norm(network, x, y, o):
    logits = network(x)
    return logits, cross_entropy(logits / (0.04 * (logits.norm(dim=1, keepdim=True) + 1e-7)), y)


def pairs_of_pictures(mix):
    def loss(network, x, y, o):
        other = torch.randperm(len(y))
        mixed, share = mix(x, x[other], random.betavariate(1, 1))
        logits = network(mixed)
        return logits, share * cross_entropy(logits, y) + (1 - share) * cross_entropy(logits, y[other])

    return loss


def outlier_exposure(network, x, y, o):
    zi, zo = both(network, x, o)
    return zi, cross_entropy(zi, y) + 0.5 * uniform_cross_entropy(zo)


def energy_bounded(network, x, y, o):
    zi, zo = both(network, x, o)
    hinge = relu(-zi.logsumexp(1) + 23).square().mean() + relu(-5 + zo.logsumexp(1)).square().mean()
    return zi, cross_entropy(zi, y) + 0.1 * hinge


def mixoe(network, x, y, o):
    zi, share = network(x), random.betavariate(1, 1)
    zm = network(mixed_pictures(x, o, share))
    return zi, cross_entropy(zi, y) + 5 * soft_cross_entropy(mixed_labels(y, share), zm)


def mixoe_cutmix(network, x, y, o):
    zi = network(x)
    mixed, share = pasted_pictures(x, o, random.betavariate(1, 1))
    return zi, cross_entropy(zi, y) + 5 * soft_cross_entropy(mixed_labels(y, share), network(mixed))


def logit_mixing(w_oe=0, w_mix=0, w_cons=0):
    def loss(network, x, y, o):
        share = random.betavariate(1, 1)
        zi, zo = both(network, x, o)
        zt, q = share * zi + (1 - share) * zo, mixed_labels(y, share)
        total = cross_entropy(zi, y) + soft_cross_entropy(q, zt)
        if w_oe:
            total = total + w_oe * uniform_cross_entropy(zo)
        if w_mix or w_cons:
            zm = network(mixed_pictures(x, o, share))
        if w_mix:
            total = total + w_mix * soft_cross_entropy(q, zm)
        if w_cons:
            total = total + w_cons * mse_loss(zt, zm)
        return zi, total

    return loss


class Vos(nn.Module):
    """Queues of 50 features a class, 10,000 draws of each class, of which the least likely one counts."""

    queue, draws = 50, 10_000

    def __init__(self):
        super().__init__()
        self.weight, self.logistic = nn.Parameter(torch.rand(CLASSES)), nn.Linear(1, 2)
        self.register_buffer("features", torch.randn(CLASSES, self.queue, 64))

    def energy(self, z):
        most = z.max(1, keepdim=True).values
        return most.squeeze(1) + (relu(self.weight) * (z - most).exp()).sum(1).log()

    def outliers(self):
        means = self.features.mean(1)
        centred = (self.features - means[:, None]).flatten(0, 1)
        covariance = centred.T @ centred / len(centred) + 1e-4 * torch.eye(64)
        out = []
        for mean in means:
            normal = torch.distributions.MultivariateNormal(mean, covariance)
            draws = normal.rsample((self.draws,))
            out.append(draws[normal.log_prob(draws).argmin()])
        return torch.stack(out)

    def forward(self, network, x, y, o):
        h = network[:-1](x)
        z = network[-1](h)
        for c in range(CLASSES):
            self.features[c] = torch.cat([self.features[c], h.detach()[y == c]])[-self.queue :]
        energies = self.energy(torch.cat([z, network[-1](self.outliers())]))
        is_data = (torch.arange(len(energies)) < len(z)).long()
        return z, cross_entropy(z, y) + 0.1 * cross_entropy(self.logistic(energies[:, None]), is_data)


class TransformerBlock(nn.Module):
    """Keys have a bias and residuals a scale only where BEiT's have (`scale` is None without)."""

    def __init__(self, width, heads, scale=None):
        super().__init__()
        self.heads, self.biased = heads, scale is None
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width, bias=self.biased)
        self.proj, self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        if not self.biased:
            self.q, self.v = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
            self.scale1, self.scale2 = (nn.Parameter(scale * torch.ones(width)) for _ in range(2))

    def forward(self, x):
        b, n, w = x.shape
        bias = self.qkv.bias if self.biased else torch.cat([self.q, torch.zeros(w), self.v])
        q, k, v = linear(self.norm1(x), self.qkv.weight, bias).view(b, n, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        y = self.proj(attention(q, k, v).transpose(1, 2).reshape(b, n, w))
        x = x + (y if self.biased else self.scale1 * y)
        y = self.fc2(gelu(self.fc1(self.norm2(x))))
        return x + (y if self.biased else self.scale2 * y)


class MaskedAutoencoder(nn.Module):
    """As the authors' code goes: noise is sorted, the first quarter of the patches is encoded, all are painted."""

    patch, patches, width, depth, heads, shown = 4, 64, 192, 9, 3, 16
    decoder_width, decoder_depth, decoder_heads = 96, 2, 3

    def __init__(self):
        super().__init__()
        w, d = self.width, self.decoder_width
        self.embed = nn.Conv2d(3, w, self.patch, self.patch)
        self.cls, self.token = nn.Parameter(torch.zeros(1, 1, w)), nn.Parameter(torch.zeros(1, 1, d))
        self.register_buffer("places", torch.randn(1, 1 + self.patches, w))
        self.register_buffer("decoder_places", torch.randn(1, 1 + self.patches, d))
        self.blocks = nn.Sequential(*[TransformerBlock(w, self.heads, 0.1) for _ in range(self.depth)])
        self.norm, self.decoder_norm = nn.LayerNorm(w, eps=1e-6), nn.LayerNorm(d, eps=1e-6)
        self.decoder_embed, self.paint = nn.Linear(w, d), nn.Linear(d, 3 * self.patch**2)
        self.decoder = nn.Sequential(*[TransformerBlock(d, self.decoder_heads) for _ in range(self.decoder_depth)])

    def forward(self, images):
        x = self.embed(images).flatten(2).transpose(1, 2) + self.places[:, 1:]
        b, n, w = x.shape
        order = torch.rand(b, n).argsort(1)
        back = order.argsort(1)
        x = x.gather(1, order[:, : self.shown, None].expand(-1, -1, w))
        x = torch.cat([(self.cls + self.places[:, :1]).expand(b, -1, -1), x], 1)
        x = self.decoder_embed(self.norm(self.blocks(x)))
        d = x.shape[2]
        y = torch.cat([x[:, 1:], self.token.expand(b, n - self.shown, -1)], 1).gather(1, back[:, :, None].expand(-1, -1, d))
        y = self.decoder(torch.cat([x[:, :1], y], 1) + self.decoder_places)
        painted = self.paint(self.decoder_norm(y))[:, 1:]
        p, side = self.patch, images.shape[2] // self.patch
        target = images.reshape(b, 3, side, p, side, p).permute(0, 2, 4, 3, 5, 1).reshape(b, n, -1)
        target = (target - target.mean(-1, True)) / (target.var(-1, keepdim=True) + 1e-6).sqrt()
        hidden = back >= self.shown
        return ((painted - target).square().mean(-1) * hidden).sum() / hidden.sum()


def mae(network, x, y, o):
    return None, network(x)


METHODS = {
    "mae(mask=0.75,decoder_width=96,decoder_depth=2,decoder_heads=3)": mae,
    "cross_entropy": plain,
    "logit_norm": logit_norm,
    "mixup": pairs_of_pictures(lambda x, o, share: (mixed_pictures(x, o, share), share)),
    "vos(start_epoch=0,queue=50)": Vos(),
    "cutmix(p=1)": pairs_of_pictures(pasted_pictures),
    "outlier_exposure": outlier_exposure,
    "energy_bounded": energy_bounded,
    "mixoe": mixoe,
    "mixoe(mix=cutmix)": mixoe_cutmix,
    "logit_mixoe": logit_mixing(w_cons=1),
    "logit_mixoe(preset=logit_mix_only)": logit_mixing(),
    "logit_mixoe(preset=logit_mixoe_full)": logit_mixing(w_oe=0.5, w_mix=1, w_cons=1),
}


def main(threads, batch, method):
    torch.set_num_threads(threads)
    loss_of = METHODS[method]
    network = (MaskedAutoencoder() if loss_of is mae else resnet20()).to(memory_format=torch.channels_last).train()
    assert loss_of is mae or sum(p.numel() for p in network.parameters()) == 269_722
    parameters = [*network.parameters(), *(loss_of.parameters() if isinstance(loss_of, nn.Module) else ())]
    if loss_of is mae:
        optimiser = torch.optim.AdamW(parameters, 0.001, weight_decay=0.05, fused=True)
    else:
        optimiser = torch.optim.SGD(parameters, 0.001, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True)
    images, outliers = (torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last) for _ in range(2))
    labels = torch.randint(CLASSES, (batch,))

    def step():
        optimiser.zero_grad()
        logits, loss = loss_of(network, images, labels, outliers)
        loss.backward()
        optimiser.step()
        return loss.item(), None if logits is None else (logits.argmax(1) == labels).sum().item()

    for line in sys.stdin:
        if line.strip() == "memory":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
            continue
        time, _ = seconds(lambda: [step() for _ in range(int(line))], threads)
        print(time, flush=True)


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
