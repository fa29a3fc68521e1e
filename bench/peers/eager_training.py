"""Training steps and forward passes of eager PyTorch, as people write them: channels last, autocast to bfloat16, SGD with
momentum, fused where the device has it.

  python eager_training.py DEVICE      reads lines "train|forward NETWORK BATCH SIDE CLASSES float32|bfloat16 SECONDS" and
                                       answers each with a line of JSON: images_per_second, or error

The step is bare: one batch that lies on the device, no loader, no augmentation, no log; the device is waited for at the end
alone. NETWORK: resnet20 (shortcuts without parameters), wrn_40_2, densenet_bc_100_12 (32 px), resnet50, vit_base_patch16_224.
tools/gpu_check compares `nescio train` with it.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv(i, o, side=3, stride=1, padding=None):
    return nn.Conv2d(i, o, side, stride, side // 2 if padding is None else padding, bias=False)


class BasicBlock(nn.Module):
    """Of a ResNet for CIFAR-10; the shortcut leaves out every second value and fills up with zeros."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = conv(o, o), nn.BatchNorm2d(o)
        self.stride, self.side = stride, (o - i) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.side:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.side, self.side))
        return F.relu(y + x)


def resnet20(classes):
    layers, width = [conv(3, 16), nn.BatchNorm2d(16), nn.ReLU()], 16
    for o, stride in ((16, 1), (32, 2), (64, 2)):
        for n in range(3):
            layers.append(BasicBlock(width, o, stride if n == 0 else 1))
            width = o
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


class WideBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), conv(o, o)
        self.shortcut = None if i == o else conv(i, o, 1, stride)

    def forward(self, x):
        y = F.relu(self.bn1(x))
        x = x if self.shortcut is None else self.shortcut(y)
        return x + self.conv2(F.relu(self.bn2(self.conv1(y))))


def wrn_40_2(classes):
    layers, width = [conv(3, 16)], 16
    for o, stride in ((32, 1), (64, 2), (128, 2)):
        for n in range(6):
            layers.append(WideBlock(width, o, stride if n == 0 else 1))
            width = o
    return nn.Sequential(*layers, nn.BatchNorm2d(128), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


class Dense(nn.Module):
    def __init__(self, i, growth):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, 4 * growth, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * growth), conv(4 * growth, growth)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))], 1)


def densenet_bc_100_12(classes):
    growth, width = 12, 24
    layers = [conv(3, width)]
    for block in range(3):
        for _ in range(16):
            layers.append(Dense(width, growth))
            width += growth
        if block < 2:
            layers += [nn.BatchNorm2d(width), nn.ReLU(), conv(width, width // 2, 1), nn.AvgPool2d(2)]
            width //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


class Bottleneck(nn.Module):
    def __init__(self, i, width, stride):
        super().__init__()
        o = 4 * width
        self.conv1, self.bn1 = conv(i, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, o, 1), nn.BatchNorm2d(o)
        self.shortcut = nn.Identity() if i == o else nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


def resnet50(classes):
    layers, i = [conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for n in range(count):
            layers.append(Bottleneck(i, width, stride if n == 0 else 1))
            i = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(i, classes))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, w))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, classes, width=768, depth=12, heads=12, patches=196):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 16, 16)
        self.cls, self.position = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(0.02 * torch.randn(1, patches + 1, width))
        self.blocks = nn.Sequential(*[TransformerBlock(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


NETWORKS = {"resnet20": resnet20, "wrn_40_2": wrn_40_2, "densenet_bc_100_12": densenet_bc_100_12, "resnet50": resnet50,
            "vit_base_patch16_224": VisionTransformer}


def works(kind, network, batch, side, classes, precision, device):
    """A function that takes a step, or goes forward once."""
    model = NETWORKS[network](classes).to(device, memory_format=torch.channels_last)
    images = torch.randn(batch, 3, side, side, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(classes, (batch,), device=device)
    half = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
    if kind == "forward":
        model.eval()

        def forward():
            with torch.inference_mode(), half:
                model(images)
        return forward
    optimiser = torch.optim.SGD(model.parameters(), 0.001, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True)

    def step():
        optimiser.zero_grad(set_to_none=True)
        with half:
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
    return step


def rate(work, batch, seconds, device):
    """Images a second, after a tenth of the time that does not count."""
    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    for _ in range(3):
        work()
    wait()
    start, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - start < 0.1 * seconds:
        work()
        done += 1
        wait()
    each = (time.perf_counter() - start) / done
    count = max(3, int(seconds / each))
    start = time.perf_counter()
    for _ in range(count):
        work()
    wait()
    return batch * count / (time.perf_counter() - start)


def main():
    device = torch.device(sys.argv[1])
    torch.backends.cudnn.benchmark = True
    for line in sys.stdin:
        kind, network, batch, side, classes, precision, seconds = line.split()
        try:
            work = works(kind, network, int(batch), int(side), int(classes), precision, device)
            answer = {"images_per_second": rate(work, int(batch), float(seconds), device)}
            del work
            if device.type == "cuda":
                answer["peak_gib"] = torch.cuda.max_memory_allocated(device) / 2**30
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats(device)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({**answer, "torch": torch.__version__}), flush=True)


main()
