"""A small neural network, by PyTorch: the optional extra `torch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import MissingExtraError
from controller.strategy.forecast.protocol import Fitted

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Network:
    """One hidden layer, trained on all samples at once with a penalty on large weights.

    Parameters
    ----------
    width : of the hidden layer.
    epochs : passes over the samples.
    rate : {1} of Adam's steps.
    penalty : {1} weight decay.
    seed : of the first weights; the same seed and samples give the same network.
    """

    width: int = 8
    epochs: int = 150
    rate: float = 0.01
    penalty: float = 0.1
    seed: int = 1

    def fit(self, features: FloatArray, outcomes: FloatArray) -> Fitted:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("torch", "torch") from None
        inputs, wanted = torch.from_numpy(features), torch.from_numpy(outcomes)[:, None]
        with torch.random.fork_rng(devices=[]):  # the caller's own random numbers stay as they are
            torch.manual_seed(self.seed)
            layers = torch.nn.Sequential(
                torch.nn.Linear(features.shape[1], self.width), torch.nn.Tanh(), torch.nn.Linear(self.width, 1)
            ).double()
            optimiser = torch.optim.AdamW(layers.parameters(), lr=self.rate, weight_decay=self.penalty)
            for _ in range(self.epochs):
                optimiser.zero_grad()
                torch.nn.functional.mse_loss(layers(inputs), wanted).backward()
                optimiser.step()
        return _Trained(layers)


@dataclass(frozen=True, slots=True)
class _Trained:
    layers: Any

    def predict(self, features: FloatArray) -> FloatArray:
        import torch

        with torch.no_grad():
            found: FloatArray = self.layers(torch.from_numpy(features))[:, 0].numpy()
        return found
