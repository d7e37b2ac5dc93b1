"""Run by torchrun: four steps of all ranks beside four of one, in float64; the greatest difference.

BatchNorm sees the whole batch of 13, of which one rank has 7 images, the other 6. Then, in the same
processes, what the words say, as ``-m train`` would.
"""

from __future__ import annotations

import copy
import sys

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from train.cli import run
from train.learn import ranks
from train.networks.galaxy_cnn import GalaxyCNN

torch.set_num_threads(1)
with ranks.joined("cpu"):
    torch.manual_seed(0)
    alone = GalaxyCNN(2).double()
    shared = ranks.share_norms(copy.deepcopy(alone))
    optimizers = [torch.optim.SGD(m.parameters(), 0.01, momentum=0.9) for m in (alone, shared)]
    own = torch.from_numpy(ranks.mine(np.arange(13)))
    for _ in range(4):
        images, label = torch.randn(13, 3, 16, 16).double(), torch.randint(0, 2, (13,))
        F.cross_entropy(alone(images), label).backward()
        part = F.cross_entropy(shared(images[own]), label[own]) * len(own) / 13
        (part * ranks.size()).backward()
        ranks.average_gradients(shared.parameters())
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    pairs = zip(alone.state_dict().values(), shared.state_dict().values(), strict=True)
    if ranks.leads():
        sys.stdout.write(f"{max((a - b).abs().max().item() for a, b in pairs)}\n")
        sys.stdout.flush()
    # within the group, which these processes cannot leave and join again
    exit_code = run(sys.argv[1:])
sys.exit(exit_code)
