"""Training steps of ResNet-20 in Python: train_step.py THREADS BATCH.

Takes as many steps as each line of stdin says and prints the seconds that they took.
"""

import sys

import torch
from clock import seconds
from torch import nn
from torch.nn.functional import cross_entropy, pad, relu


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


def main(threads, batch):
    torch.set_num_threads(threads)
    network = resnet20().to(memory_format=torch.channels_last).train()
    assert sum(p.numel() for p in network.parameters()) == 269_722
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True)
    images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,))

    def step():
        optimiser.zero_grad()
        logits = network(images)
        loss = cross_entropy(logits, labels)
        loss.backward()
        optimiser.step()
        return loss.item(), (logits.argmax(1) == labels).sum().item()

    for line in sys.stdin:
        time, _ = seconds(lambda: [step() for _ in range(int(line))], threads)
        print(time, flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))
