"""Further backbones in plain PyTorch, written from their formulas: the oracle of parity tests, and what the benchmark
is compared with. Like `torch_steps` it imports no program of inr_sae.

A model maps (N, 2) coordinates to (M, N, C). `tree(get)` has get(parameter) of each, in the layout and by the names of
inr_sae's parameters; `load` takes these over.
"""

import math

import torch
from torch import nn


class Cohort(nn.Module):
    """M linear heads, as one of M * C outputs, on what `encode` gives."""

    def __init__(self, width, n_signals, channels, dtype=torch.float32):
        super().__init__()
        self.n_signals = n_signals
        self.heads = nn.Linear(width, n_signals * channels, dtype=dtype)

    def forward(self, x):
        return self.heads(self.encode(x)).unflatten(-1, (self.n_signals, -1)).transpose(0, 1)

    def tree(self, get):
        weight = get(self.heads.weight).unflatten(0, (self.n_signals, -1)).transpose(1, 2)
        bias = get(self.heads.bias).unflatten(0, (self.n_signals, -1))
        return {"units": self.units(get), "heads": {"w": weight, "b": bias}}

    @torch.no_grad()
    def load(self, params):
        copy_into(self.tree(lambda parameter: parameter.data), params["encoder"] | {"heads": params["heads"]})
        for name, value in self.named_buffers():
            value.copy_(torch.as_tensor(params["encoder"]["constants"][name]))


def copy_into(tree, values):
    """Copy arrays into the tensors of a tree, which are views of parameters."""
    for name, branch in tree.items():
        copy_into(branch, values[name]) if isinstance(branch, dict) else branch.copy_(torch.as_tensor(values[name]))


class Layered(Cohort):
    """Layers (2 -> width -> ... -> width) with one activation."""

    def __init__(self, n_signals, channels, width=256, n_layers=5, **settings):
        super().__init__(width, n_signals, channels)
        self.settings = self.DEFAULTS | settings
        sizes = [2] + [width] * n_layers
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def encode(self, x):
        for linear in self.hidden:
            x = self.activation(linear(x))
        return x

    def units(self, get):
        return {f"hidden_{i}": {"w": get(a.weight).T, "b": get(a.bias)} for i, a in enumerate(self.hidden)}

    @torch.no_grad()
    def load(self, params):
        super().load(params | {"encoder": {"units": params["encoder"]["units"], "constants": {}}})


class Finer(Layered):
    """sin(omega (|z| + 1) z), |z| + 1 detached."""

    DEFAULTS = {"omega": 30.0}

    def activation(self, z):
        with torch.no_grad():
            factor = z.abs() + 1
        return torch.sin(self.settings["omega"] * factor * z)


class Gaussian(Layered):
    """exp(-(s z)^2)."""

    DEFAULTS = {"scale": 10.0}

    def activation(self, z):
        return torch.exp(-((self.settings["scale"] * z) ** 2))


class Wire(Cohort):
    """exp(i omega z - |s z|^2) by complex numbers, a complex head, of which the real part counts."""

    def __init__(self, n_signals, channels, width=256, n_layers=5, omega=5.0, sigma=10.0):
        d = int(width / math.sqrt(2))
        super().__init__(d, n_signals, channels, torch.cfloat)
        self.omega, self.sigma = omega, sigma
        self.hidden = nn.ModuleList(
            nn.Linear(2 if i == 0 else d, d, dtype=torch.float32 if i == 0 else torch.cfloat) for i in range(n_layers)
        )

    def double(self):
        """In float64 and complex128, where nn.Module's would drop the imaginary parts."""
        for parameter in self.parameters():
            parameter.data = parameter.data.to(torch.complex128 if parameter.is_complex() else torch.float64)
        return self

    def encode(self, x):
        for linear in self.hidden:
            z = linear(x)
            x = torch.exp(1j * self.omega * z - (self.sigma * z).abs().square())
        return x

    def forward(self, x):
        return super().forward(x).real

    def units(self, get):
        first, *others = self.hidden
        found = {"hidden_0": {"w": get(first.weight).T, "b": get(first.bias)}}
        for i, linear in enumerate(others, 1):
            w, b = get(linear.weight).T, get(linear.bias)
            found[f"hidden_{i}"] = {"w_re": w.real, "w_im": w.imag, "b_re": b.real, "b_im": b.imag}
        return found

    def tree(self, get):
        found = super().tree(get)
        w, b = found["heads"]["w"], found["heads"]["b"]
        return found | {"heads": {"w": torch.cat([w.real, -w.imag], dim=1), "b": b.real}}

    @torch.no_grad()
    def load(self, params):
        copy_into(self.units(lambda parameter: parameter.data), params["encoder"]["units"])
        w = torch.as_tensor(params["heads"]["w"])
        re, im = w.transpose(1, 2).flatten(0, 1).chunk(2, dim=1)
        self.heads.weight.copy_(torch.complex(re, -im))
        bias = torch.as_tensor(params["heads"]["b"]).flatten()
        self.heads.bias.copy_(torch.complex(bias, torch.zeros_like(bias)))


class Levels(nn.Module):
    """Bilinear features of several levels over [0, 1]^2, whose entries stand in one table; see `scales`."""

    def __init__(self, scale, n_features, most):
        super().__init__()
        self.scale = scale
        self.side = [math.ceil(s) + 1 for s in scale]
        self.size = [min(side * side, most) for side in self.side]
        self.table = nn.Parameter(1e-4 * (2 * torch.rand(sum(self.size), n_features) - 1))

    def forward(self, x):
        found, begin = [], 0
        for scale, side, size in zip(self.scale, self.side, self.size):
            place = scale * x + 0.5
            node = place.floor()
            share, node, total = place - node, node.long(), 0.0
            for down in (0, 1):
                for right in (0, 1):
                    row, column = node[:, 0] + down, node[:, 1] + right
                    index = row * side + column if side * side <= size else row ^ (column * 2654435761 % 2**32)
                    weight = (share[:, 0] if down else 1 - share[:, 0]) * (share[:, 1] if right else 1 - share[:, 1])
                    total = total + weight[:, None] * self.table[begin + index % size]
            found.append(total)
            begin += size
        return torch.cat(found, dim=1)


def scales(coarsest, finest, n_levels):
    """Scales of levels whose cells grow by one factor."""
    growth = math.exp(math.log(max(finest, coarsest) / coarsest) / max(n_levels - 1, 1))
    return torch.tensor([coarsest * growth**i - 1 for i in range(n_levels)], dtype=torch.float32).tolist()


class Hashgrid(Cohort):
    """A hash grid and a ReLU network without biases; coordinates in `ends`."""

    def __init__(self, n_signals, channels, shape, ends=(0.0, 1.0), cells_per_pixel=0.5, coarsest=16, n_levels=16,
                 n_features=2, log2_table=19, hidden=64, n_hidden=2):  # fmt: skip
        super().__init__(hidden, n_signals, channels)
        self.ends = ends
        self.levels = Levels(scales(coarsest, cells_per_pixel * max(shape), n_levels), n_features, 2**log2_table)
        sizes = [n_levels * n_features] + [hidden] * n_hidden
        self.mlp = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in zip(sizes, sizes[1:]))

    def encode(self, x):
        h = self.levels((x - self.ends[0]) / (self.ends[1] - self.ends[0]))
        for linear in self.mlp:
            h = torch.relu(linear(h))
        return h

    def units(self, get):
        found = {f"mlp_{i}": {"w": get(linear.weight).T} for i, linear in enumerate(self.mlp)}
        return found | {"grid": {"table": get(self.levels.table)}}


class Neurbf(Cohort):
    """NeuRBF with fixed kernels; a coordinate's nearest four are found once, as in the authors' code."""

    def __init__(self, n_signals, channels, shape, ends=(0.0, 1.0), highest=4096.0, pixels_per_kernel=8.0,
                 n_channels=32, coarsest=16, n_features=2, hidden=64):  # fmt: skip
        super().__init__(hidden, n_signals, channels)
        n = max(4, round(shape[0] * shape[1] / pixels_per_kernel))
        self.ends, self.neighbours = ends, None
        self.register_buffer("pixels_per_unit", (torch.tensor(shape) - 1.0) / (ends[1] - ends[0]))
        self.register_buffer("centres", torch.rand(n, 2) * (torch.tensor(shape) - 1))
        self.register_buffer("shapes", torch.eye(2).repeat(n, 1, 1))
        self.register_buffer("multipliers", torch.logspace(-3, math.log2(highest), n_channels, base=2.0))
        self.register_buffer("frequencies", torch.logspace(1, 2, hidden))
        self.weights = nn.Parameter(1e-4 * torch.rand(n, n_channels))
        self.bias = nn.Parameter(1e-4 * torch.rand(n_channels))
        self.levels = Levels(scales(coarsest, max(shape) / 4, 2), n_features, 2**23)
        sizes = [n_channels + 2 * n_features, hidden, hidden]
        self.mlp = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def encode(self, x):
        pixels = (x - self.ends[0]) * self.pixels_per_unit
        if self.neighbours is None:
            chunks = (torch.cdist(part, self.centres).topk(4, largest=False)[1] for part in pixels.split(4096))
            self.neighbours = torch.cat(list(chunks))
        away = pixels[:, None] - self.centres[self.neighbours]
        phi = 1 / (1 + torch.einsum("nki,nkij,nkj->nk", away, self.shapes[self.neighbours], away))
        phi = phi / (phi.sum(dim=1, keepdim=True).detach() + 1e-8)
        radial = (self.weights[self.neighbours] * torch.sin(phi[:, :, None] * self.multipliers)).sum(dim=1)
        grid = self.levels((x - self.ends[0]) / (self.ends[1] - self.ends[0]))
        z = self.mlp[0](torch.cat([radial + self.bias, grid], dim=1))
        return torch.relu(self.mlp[1](z + torch.sin(z * self.frequencies)))

    def units(self, get):
        found = {f"mlp_{i}": {"w": get(a.weight).T, "b": get(a.bias)} for i, a in enumerate(self.mlp)}
        own = {"weights": get(self.weights), "bias": get(self.bias), "table": get(self.levels.table)}
        return found | {"kernels": own}


LAYERED = {"finer": Finer, "gaussian": Gaussian, "wire": Wire}
OF_IMAGES = {"hashgrid": Hashgrid, "neurbf": Neurbf}  # whose tables follow the image's size
ADAM = {name: {"betas": (0.9, 0.99), "eps": 1e-15} for name in OF_IMAGES}


def model(name, n_signals, channels, shape, **settings):
    """The model of a backbone for images of a shape (height, width)."""
    if name in LAYERED:
        return LAYERED[name](n_signals, channels, **settings)
    return OF_IMAGES[name](n_signals, channels, shape, **settings)
