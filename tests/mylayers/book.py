"""Layers as a book would write them: classes that leave the gradients of their parameters in attributes."""

import numpy as np


class Mul:
    def __init__(self):
        self.x = None
        self.y = None

    def forward(self, x, y):
        self.x = x
        self.y = y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class ReLU:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[self.mask] = 0
        return dx


class Sigmoid:
    def __init__(self):
        self.y = None

    def forward(self, x):
        decay = np.exp(-np.abs(x))
        self.y = np.where(x >= 0, 1, decay) / (1 + decay)
        return self.y.copy()

    def backward(self, dout):
        return dout * self.y * (1 - self.y)


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y.copy()

    def backward(self, dout):
        return dout * (1 - self.y**2)


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    powers = np.exp(x)
    return powers / np.sum(powers, axis=-1, keepdims=True)


class Softmax:
    def forward(self, x):
        self.y = softmax(x)
        return self.y.copy()

    def backward(self, dout):
        dx = self.y * dout
        return dx - self.y * np.sum(dx, axis=-1, keepdims=True)


class SoftmaxWithLoss:
    def __init__(self):
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        return -np.sum(t * np.log(self.y)) / len(x)

    def backward(self, dout=1):
        return dout * (self.y - self.t) / len(self.t)


class MeanSquaredError:
    def forward(self, x, t):
        self.diff = x - t
        return np.mean(self.diff**2)

    def backward(self, dout=1):
        dx = dout * 2 * self.diff / self.diff.size
        return dx, -dx


class BatchNorm:
    def __init__(self, gamma, beta, eps=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.eps = eps

    def forward(self, x):
        self.centred = x - x.mean(axis=0)
        self.std = np.sqrt(np.mean(self.centred**2, axis=0) + self.eps)
        self.normed = self.centred / self.std
        return self.gamma * self.normed + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.normed * dout, axis=0)
        dnormed = self.gamma * dout
        dstd = -np.sum(dnormed * self.centred, axis=0) / self.std**2
        dcentred = dnormed / self.std + self.centred * dstd / (self.std * n)
        return dcentred - np.mean(dcentred, axis=0)


class Dropout:
    def __init__(self, dropout_ratio=0.3):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if not train_flg:
            return x * (1 - self.dropout_ratio)
        self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def im2col(images, height, width, stride, pad):
    n, c, h, w = images.shape
    out_h = (h + 2 * pad - height) // stride + 1
    out_w = (w + 2 * pad - width) // stride + 1
    padded = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    columns = np.zeros((n, c, height, width, out_h, out_w), dtype=images.dtype)
    for i in range(height):
        for j in range(width):
            columns[:, :, i, j] = padded[:, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride]
    return columns.transpose(0, 4, 5, 1, 2, 3).reshape(n * out_h * out_w, -1)


def col2im(columns, shape, height, width, stride, pad):
    n, c, h, w = shape
    out_h = (h + 2 * pad - height) // stride + 1
    out_w = (w + 2 * pad - width) // stride + 1
    columns = columns.reshape(n, out_h, out_w, c, height, width).transpose(0, 3, 4, 5, 1, 2)
    images = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=columns.dtype)
    for i in range(height):
        for j in range(width):
            images[:, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride] += columns[:, :, i, j]
    return images[:, :, pad : h + pad, pad : w + pad]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        filters, _, height, width = self.W.shape
        n, _, h, _ = x.shape
        self.shape = x.shape
        self.columns = im2col(x, height, width, self.stride, self.pad)
        self.flat = self.W.reshape(filters, -1).T
        out = np.dot(self.columns, self.flat) + self.b
        out_h = (h + 2 * self.pad - height) // self.stride + 1
        return out.reshape(n, out_h, -1, filters).transpose(0, 3, 1, 2)

    def backward(self, dout):
        filters, _, height, width = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, filters)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.columns.T, dout).T.reshape(self.W.shape)
        return col2im(np.dot(dout, self.flat.T), self.shape, height, width, self.stride, self.pad)


class Pooling:
    def __init__(self, pool_h, pool_w, stride=2, pad=0):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        n, c, h, w = x.shape
        out_h = (h - self.pool_h) // self.stride + 1
        out_w = (w - self.pool_w) // self.stride + 1
        columns = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad).reshape(-1, self.pool_h * self.pool_w)
        self.largest = np.argmax(columns, axis=1)
        self.shape = x.shape
        return np.max(columns, axis=1).reshape(n, out_h, out_w, c).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dout = dout.transpose(0, 2, 3, 1)
        spread = np.zeros((dout.size, self.pool_h * self.pool_w), dtype=dout.dtype)
        spread[np.arange(self.largest.size), self.largest] = dout.flatten()
        columns = spread.reshape(dout.shape[0] * dout.shape[1] * dout.shape[2], -1)
        return col2im(columns, self.shape, self.pool_h, self.pool_w, self.stride, self.pad)
