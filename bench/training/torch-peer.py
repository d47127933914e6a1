"""PyTorch as a `Peer` (peer.ts): torch-peer.py FOLDER THREADS [--without-dropout]

Trains the network of FOLDER (torch-input.ts) on its batch: forward, cross-entropy at the logits' size, backward, AdamW. Batch
norms have fixed statistics and trainable gamma and beta. Maps are channels_last, which took an eighth less processor time than
contiguous ones for compact-attention; folding batch norms into kernels saved nothing.
"""

import json
import pathlib
import resource
import sys
import time

import torch
import torch.nn.functional as F

EPSILON = 1e-5


class Network:
    def __init__(self, folder, options):
        self.description = json.loads((folder / "network.json").read_text())
        self.training = "--without-dropout" not in options
        layout = torch.channels_last
        tensors = read_tensors(folder, self.description["tensors"])
        truth = tensors.pop("truth")
        # All zeros where a pixel does not count.
        self.truth = torch.where(truth.sum(3) > 0, truth.argmax(3), torch.tensor(-100))
        self.given = {}
        for name, number in self.description["inputs"].items():
            if number is not None:
                value = tensors.pop(name)
                self.given[number] = value if name == "boxes" else nchw(value).contiguous(memory_format=layout)
        self.variables = {}
        for name, value in tensors.items():
            # [k, k, in, out] -> [out, in, k, k]; up-convolutions [2, 2, out, in] -> [in, out, 2, 2].
            if value.dim() == 4:
                value = value.permute(3, 2, 0, 1).contiguous(memory_format=layout)
            self.variables[name] = value.requires_grad_("/moving_" not in name)

    def trained(self, is_kernel):
        return [v for v in self.variables.values() if v.requires_grad and (v.dim() > 1) == is_kernel]

    def logits(self):
        values = dict(self.given)
        for operation in self.description["operations"]:
            inputs = [values[number] for number in operation["inputs"]]
            values[operation["output"]] = getattr(self, operation["op"])(operation, *inputs)
        return values[self.description["logits"]]

    def loss(self):
        return F.cross_entropy(self.logits(), self.truth)

    def conv2d(self, operation, x):
        name = operation["name"]
        bias = self.variables[name + "/bias"] if operation["bias"] else None
        return F.conv2d(x, self.variables[name + "/kernel"], bias, operation["stride"], operation["kernel"] // 2)

    def upConv2d(self, operation, x):
        name = operation["name"]
        return F.conv_transpose2d(x, self.variables[name + "/kernel"], self.variables[name + "/bias"], 2)

    def batchNorm(self, operation, x):
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        gamma, beta, mean, variance = (self.variables[f"{operation['name']}/{part}"] for part in parts)
        return F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=EPSILON)

    def relu(self, operation, x):
        return F.relu(x)

    def sigmoid(self, operation, x):
        return torch.sigmoid(x)

    def add(self, operation, a, b):
        return a + b

    def mul(self, operation, a, b):
        return a * b

    def concat(self, operation, *xs):
        return torch.cat(xs, 1)

    def maxPool(self, operation, x):
        return F.max_pool2d(x, operation["kernel"], operation["stride"], operation["pad"])

    def resizeBilinear(self, operation, x):
        return F.interpolate(x, operation["shape"][1:3], mode="bilinear", align_corners=True)

    def cropResize(self, operation, x, boxes):
        _, height, width, _ = operation["shape"]
        y1, x1, y2, x2 = boxes.reshape(-1, 4, 1).unbind(1)
        rows = y1 + (y2 - y1) * torch.linspace(0, 1, height)  # [n, height], fractions of the map
        columns = x1 + (x2 - x1) * torch.linspace(0, 1, width)
        grid = torch.stack(
            [columns[:, None, :].expand(-1, height, -1), rows[:, :, None].expand(-1, -1, width)], 3
        )
        inside = ((grid >= 0) & (grid <= 1)).all(3)[:, None]
        return F.grid_sample(x, 2 * grid - 1, align_corners=True) * inside

    def globalMean(self, operation, x):
        return x.mean((2, 3), keepdim=True)

    def dropout(self, operation, x):
        return F.dropout(x, operation["rate"], self.training)

    def affine(self, operation, x):
        scale, shift = (torch.tensor(operation[key]).reshape(1, -1, 1, 1) for key in ("scale", "shift"))
        return x * scale + shift


def read_tensors(folder, places):
    values = torch.frombuffer(bytearray((folder / "tensors.bin").read_bytes()), dtype=torch.float32)
    tensors, start = {}, 0
    for place in places:
        count = torch.Size(place["shape"]).numel()
        tensors[place["name"]] = values[start : start + count].reshape(place["shape"]).clone()
        start += count
    return tensors


def nchw(x):
    return x.permute(0, 3, 1, 2)


def main(folder, threads, *options):
    torch.set_num_threads(int(threads))
    network = Network(pathlib.Path(folder), options)
    description = network.description
    optimiser = torch.optim.AdamW(
        [
            {"params": network.trained(is_kernel=True), "weight_decay": description["weightDecay"]},
            {"params": network.trained(is_kernel=False), "weight_decay": 0},
        ],
        lr=description["learningRate"],
    )

    def steps(count):
        seconds, cpu_seconds, losses = [], [], []
        for _ in range(count):
            start, cpu_start = time.perf_counter(), time.process_time()
            optimiser.zero_grad(set_to_none=True)
            loss = network.loss()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
            seconds.append(time.perf_counter() - start)
            cpu_seconds.append(time.process_time() - cpu_start)
        return {"seconds": seconds, "cpuSeconds": cpu_seconds, "losses": losses}

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "steps":
            answer = steps(int(arguments[0]))
        else:
            answer = {"peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}
        print(json.dumps(answer), flush=True)


main(*sys.argv[1:])
