"""Layers as pairs of functions: ``f_forward(…) -> (out, cache)`` and ``f_backward(dout, cache)``."""

import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    return dx, dw, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    mean, variance = x.mean(axis=0), x.var(axis=0)
    normed = (x - mean) / np.sqrt(variance + eps)
    return gamma * normed + beta, (normed, gamma, variance, eps)


def batchnorm_backward(dout, cache):
    normed, gamma, variance, eps = cache
    dnormed = dout * gamma
    inner = dnormed - dnormed.mean(axis=0) - normed * np.mean(dnormed * normed, axis=0)
    return inner / np.sqrt(variance + eps), np.sum(dout * normed, axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param):
    keep, seed = dropout_param["p"], dropout_param["seed"]
    mask = (np.random.default_rng(seed).random(x.shape) < keep) / keep
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    n, _, h, width = padded.shape
    f, _, kh, kw = w.shape
    out = np.zeros((n, f, (h - kh) // stride + 1, (width - kw) // stride + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x, w, conv_param)


def conv_backward(dout, cache):
    x, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
            dpadded[:, :, rows, columns] += np.tensordot(dout[:, :, i, j], w, axes=1)
            dw += np.tensordot(dout[:, :, i, j], padded[:, :, rows, columns], axes=([0], [0]))
    inner = dpadded[:, :, pad : dpadded.shape[2] - pad, pad : dpadded.shape[3] - pad]
    return inner, dw, dout.sum(axis=(0, 2, 3))


def svm_loss_forward(x, y):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    return margins.sum() / len(x), (margins, y)


def svm_loss_backward(dout, cache):
    margins, y = cache
    dx = (margins > 0).astype(margins.dtype)
    dx[np.arange(len(y)), y] -= dx.sum(axis=1)
    return dout * dx / len(y)
