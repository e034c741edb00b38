"""DeZero-like functions: forward keeps nothing, backward looks into ``self.inputs``."""

import numpy as np


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None


class Function:
    def __call__(self, *inputs):
        self.inputs = inputs
        outputs = self.forward(*(x.data for x in inputs))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        self.outputs = [Variable(y) for y in outputs]
        return self.outputs[0] if len(outputs) == 1 else self.outputs

    def forward(self, x):
        raise NotImplementedError

    def backward(self, gy):
        raise NotImplementedError


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        x = self.inputs[0].data
        return np.exp(x) * gy


class Sin(Function):
    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy * np.cos(x.data)


class Div(Function):
    def forward(self, x0, x1):
        return x0 / x1

    def backward(self, gy):
        x0, x1 = (given.data for given in self.inputs)
        return gy / x1, gy * (-x0 / x1**2)


class MatMul(Function):
    def forward(self, x, W):
        return x.dot(W)

    def backward(self, gy):
        x, W = self.inputs
        return np.dot(gy, W.data.T), np.dot(x.data.T, gy)
