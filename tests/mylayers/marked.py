"""Layers whose names say nothing, marked by hand."""

import numpy as np

import backproof


@backproof.layer("sigmoid")
class Squash:
    def forward(self, u):
        self.v = 1 / (1 + np.exp(-u))
        return self.v.copy()

    def backward(self, g):
        return g * self.v * (1 - self.v)


def unbend(v, g):
    return g * 2 * v


@backproof.layer(backward=unbend)
def bend(v):
    return v**2
