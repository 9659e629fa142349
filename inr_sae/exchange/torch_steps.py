"""The same models in plain PyTorch: the oracle of the parity tests, and what the benchmark is compared with.

    python -m inr_sae.exchange.torch_steps [--height=218] [--topk.n_atoms=4096]

prints a JSON object {name: [seconds of each step]}, with the names of the benchmark's rows. It stands alone: no program
of inr_sae but `torch_backbones` is imported, so that neither's threads disturb the other's.
"""

import argparse
import json
import time

import torch
from torch import nn

from inr_sae.exchange import torch_backbones


class Sine(nn.Module):
    """sin(omega_0 x)."""

    def __init__(self, omega_0):
        super().__init__()
        self.omega_0 = omega_0

    def forward(self, x):
        return torch.sin(self.omega_0 * x)


class Fourier(nn.Module):
    """[sin 2 pi x B, cos 2 pi x B]."""

    def __init__(self, n_fourier, sigma):
        super().__init__()
        self.register_buffer("b", sigma * torch.randn(2, n_fourier))

    def forward(self, x):
        projected = 2 * torch.pi * (x @ self.b)
        return torch.cat([torch.sin(projected), torch.cos(projected)], dim=-1)


class CohortINR(nn.Module):
    """A shared encoder and M heads, which are one linear layer of M * C outputs; (N, 2) -> (M, N, C)."""

    def __init__(self, backbone, n_signals, channels, width=256, n_layers=5, omega_0=30.0, sigma=10.0, n_fourier=256):
        super().__init__()
        siren = backbone == "siren"
        self.embed = nn.Identity() if siren else Fourier(n_fourier, sigma)
        sizes = [2 if siren else 2 * n_fourier] + [width] * n_layers
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.heads = nn.Linear(width, n_signals * channels)
        self.activation = Sine(omega_0) if siren else nn.ReLU()
        self.n_signals = n_signals
        if siren:
            for i, linear in enumerate([*self.hidden, self.heads]):
                bound = 1 / linear.in_features if i == 0 else (6 / linear.in_features) ** 0.5 / omega_0
                nn.init.uniform_(linear.weight, -bound, bound)

    def encode(self, x):
        h = self.embed(x)
        for linear in self.hidden:
            h = self.activation(linear(h))
        return h

    def forward(self, x):
        return self.heads(self.encode(x)).unflatten(-1, (self.n_signals, -1)).transpose(0, 1)

    def load(self, params):
        """Take over inr_sae's parameters, nested dicts of arrays."""
        with torch.no_grad():
            for i, linear in enumerate(self.hidden):
                unit = params["encoder"]["units"][f"hidden_{i}"]
                linear.weight.copy_(torch.as_tensor(unit["w"]).T)
                linear.bias.copy_(torch.as_tensor(unit["b"]))
            self.heads.weight.copy_(torch.as_tensor(params["heads"]["w"]).transpose(1, 2).flatten(0, 1))
            self.heads.bias.copy_(torch.as_tensor(params["heads"]["b"]).flatten())
            if isinstance(self.embed, Fourier):
                self.embed.b.copy_(torch.as_tensor(params["encoder"]["constants"]["frequencies"]))


def cohort_loss(model, x, targets):
    """Sum over signals of the mean over pixels and channels; targets (M, N, C)."""
    return (model(x) - targets).square().mean(dim=(1, 2)).sum()


class TopKSAE(nn.Module):
    """TopK sparse autoencoder with a sparse decoder."""

    def __init__(self, d, n_atoms, k):
        super().__init__()
        self.k = k
        self.w_dec = nn.Parameter(nn.functional.normalize(torch.randn(n_atoms, d), dim=1))
        self.w_enc = nn.Parameter(self.w_dec.detach().clone())
        self.b_enc = nn.Parameter(torch.zeros(n_atoms))
        self.b_pre = nn.Parameter(torch.zeros(d))

    def forward(self, h):
        pre = torch.relu(nn.functional.linear(h - self.b_pre, self.w_enc, self.b_enc))
        values, indices = pre.topk(self.k, dim=1, sorted=False)
        decoded = nn.functional.embedding_bag(indices, self.w_dec, per_sample_weights=values, mode="sum")
        return decoded + self.b_pre

    @torch.no_grad()
    def normalise(self):
        self.w_dec.copy_(nn.functional.normalize(self.w_dec, dim=1))


def timed(step, repeats, warmup=2):
    """Seconds of each of `repeats` calls."""
    seconds = []
    for i in range(warmup + repeats):
        start = time.perf_counter()
        step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if i >= warmup:
            seconds.append(time.perf_counter() - start)
    return seconds


def cohort_step(backbone, n_signals, shape, device):
    """A function that makes one Adam step of the cohort on images of a shape (height, width)."""
    n_pixels = shape[0] * shape[1]
    if backbone in ("siren", "ffmlp"):
        model = CohortINR(backbone, n_signals, 3).to(device)
    else:
        model = torch_backbones.model(backbone, n_signals, 3, shape).to(device)
    x, targets = torch.rand(n_pixels, 2, device=device), torch.rand(n_signals, n_pixels, 3, device=device)
    adam = torch.optim.Adam(model.parameters(), 1e-4, **torch_backbones.ADAM.get(backbone, {}))

    def step():
        adam.zero_grad(set_to_none=True)
        cohort_loss(model, x, targets).backward()
        adam.step()

    return step


def dictionary_step(n_atoms, k, batch, n_pixels, device):
    """A function that makes one Adam step of the autoencoder on a fresh batch of activations of width 256."""
    sae = TopKSAE(256, n_atoms, k).to(device)
    data = torch.randn(n_pixels, 256, device=device)
    adam = torch.optim.Adam(sae.parameters(), 1e-4)

    def step():
        h = data[torch.randint(len(data), (batch,), device=device)]
        adam.zero_grad(set_to_none=True)
        (sae(h) - h).square().mean().backward()
        adam.step()
        sae.normalise()

    return step


def parse(arguments):
    """{name: int} of the sizes; flags that are not known, as of dictionary methods that are not here, are left out."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    defaults = {"height": 218, "width": 178, "signals": 10, "repeats": 5}
    defaults |= {"topk.n_atoms": 4096, "topk.k": 32, "topk.batch": 4096}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return vars(parser.parse_known_args(arguments)[0])


BACKBONES = ("siren", "ffmlp", *torch_backbones.LAYERED, *torch_backbones.OF_IMAGES)


def main():
    sizes = parse(None)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = sizes["height"], sizes["width"]
    of_topk = [sizes[f"topk.{key}"] for key in ("n_atoms", "k", "batch")]
    steps = {
        **{f"cohort step, {name}": cohort_step(name, sizes["signals"], shape, device) for name in BACKBONES},
        "test-time step, siren, full": cohort_step("siren", 1, shape, device),
        "dictionary step, topk": dictionary_step(*of_topk, shape[0] * shape[1], device),
    }
    print(json.dumps({name: timed(step, sizes["repeats"]) for name, step in steps.items()}))


if __name__ == "__main__":
    main()
