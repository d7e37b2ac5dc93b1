"""How a gradient becomes a step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass
class SGD:
    """Gradient descent with momentum: v <- momentum v + g, w <- w - lr v (Polyak 1964).

    The penalty `weight_decay` adds its own gradient: g <- g + weight_decay w. With `nesterov` the
    step is the one that the momentum will make next: w <- w - lr (g + momentum v).
    """

    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    nesterov: bool = False
    state: Arrays = field(default_factory=dict, repr=False)

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Change the weights in place, by one step."""
        for name, w in weights.items():
            g = gradients[name] + self.weight_decay * w
            v = self.state.get(f"{name}.speed", 0) * self.momentum + g
            self.state[f"{name}.speed"] = v
            w -= self.lr * (g + self.momentum * v if self.nesterov else v)


@dataclass
class Adam:
    """Every weight at its own pace (Kingma and Ba 2015, algorithm 1).

    m <- beta1 m + (1 - beta1) g and v <- beta2 v + (1 - beta2) g^2 are running means of the
    gradient and of its square; both begin at 0 and are too small at first, by 1 - beta^t. The step
    is w <- w - lr m' / (sqrt(v') + eps), with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t).

    The penalty `weight_decay` adds its own gradient, g <- g + weight_decay w, or, `decoupled` from
    it, shrinks the weights itself, w <- w - lr weight_decay w (AdamW; Loshchilov and Hutter 2019).
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    state: Arrays = field(default_factory=dict, repr=False)

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Change the weights in place, by one step."""
        t = int(self.state.get("steps", 0)) + 1
        self.state["steps"] = np.array(t)
        for name, w in weights.items():
            g = gradients[name] if self.decoupled else gradients[name] + self.weight_decay * w
            w *= 1 - self.lr * self.weight_decay * self.decoupled
            m = self.state.get(f"{name}.mean", 0) * self.beta1 + (1 - self.beta1) * g
            v = self.state.get(f"{name}.square", 0) * self.beta2 + (1 - self.beta2) * g * g
            self.state[f"{name}.mean"], self.state[f"{name}.square"] = m, v
            fair_m, fair_v = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
            w -= self.lr * fair_m / (np.sqrt(fair_v) + self.eps)
