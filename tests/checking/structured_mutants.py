# ruff: noqa: E501 - a row of the table is one line
"""Mistakes in layers with several inputs, as a table of replacements in the example files."""

from __future__ import annotations

from pathlib import Path

from tests.checking.elementwise_sources import Mutant

FOLDER = Path(__file__).parents[1] / "mylayers"
Row = tuple[str, str, str, str, str, str]

#: file, layer, fault, text, replacement, names that say what it is.
ROWS: tuple[Row, ...] = (
    ("book", "Affine", "sign", "dx = np.dot(dout, self.W.T)", "dx = -np.dot(dout, self.W.T)", "sign"),
    ("book", "Affine", "transposed gradient", "self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(dout.T, self.x)", "transposed|order"),
    ("book", "Affine", "transposed operand", "dx = np.dot(dout, self.W.T)", "dx = np.dot(dout, self.W)", "transposed"),
    ("book", "Affine", "missing batch sum", "self.db = np.sum(dout, axis=0)", "self.db = dout", "missing batch sum"),
    ("book", "Affine", "mean for sum", "self.db = np.sum(dout, axis=0)", "self.db = np.mean(dout, axis=0)", "mean for sum"),
    ("book", "Affine", "wrong axis", "self.db = np.sum(dout, axis=0)", "self.db = np.sum(dout, axis=1)", "wrong axis"),
    ("book", "Affine", "extra 1/N", "self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(self.x.T, dout) / len(dout)", "1/N|mean"),
    ("book", "Affine", "upstream ignored", "self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(self.x.T, np.ones_like(dout))", "upstream ignored"),
    ("book", "Affine", "upstream applied twice", "dx = np.dot(dout, self.W.T)", "dx = np.dot(dout * dout, self.W.T)", "upstream applied twice"),
    ("book", "Affine", "stale cache", "        self.x = x\n        return np.dot(x, self.W)", "        self.x = x if self.x is None else self.x\n        return np.dot(x, self.W)", "stale cache"),
    ("book", "Affine", "factor", "self.dW = np.dot(self.x.T, dout)", "self.dW = 2 * np.dot(self.x.T, dout)", "factor"),
    ("book", "Affine", "gradients accumulated", "self.db = np.sum(dout, axis=0)", "self.db = np.sum(dout, axis=0) + (0 if self.db is None else self.db)", "accumulated|stale"),
    ("book", "Affine", "one row's gradient", "self.db = np.sum(dout, axis=0)", "self.db = dout[0].copy()", "batch sum|wrong"),
    ("book", "Affine", "two faults", "dx = np.dot(dout, self.W.T)", "dx = -2 * np.dot(dout, self.W.T)", "sign|factor"),
    ("book", "Softmax", "dropped path", "return dx - self.y * np.sum(dx, axis=-1, keepdims=True)", "return dx", "dropped"),
    ("book", "Softmax", "sign", "return dx - self.y * np.sum(dx", "return dx + self.y * np.sum(dx", "sign"),
    ("book", "Softmax", "mean for sum", "self.y * np.sum(dx, axis=-1", "self.y * np.mean(dx, axis=-1", "mean for sum|1/N"),
    ("book", "Softmax", "wrong axis", "self.y * np.sum(dx, axis=-1, keepdims=True)", "self.y * np.sum(dx, axis=0, keepdims=True)", "wrong axis"),
    ("book", "Softmax", "upstream ignored", "dx = self.y * dout", "dx = self.y * 1", "upstream ignored"),
    ("book", "Softmax", "elementwise derivative", "return dx - self.y * np.sum(dx, axis=-1, keepdims=True)", "return dx * (1 - self.y)", "another|dropped|used for"),
    ("book", "Softmax", "output is the cache", "return self.y.copy()\n\n    def backward(self, dout):\n        dx = self.y * dout", "return self.y\n\n    def backward(self, dout):\n        dx = self.y * dout", "output is the cache"),
    ("book", "SoftmaxWithLoss", "missing 1/N", "return dout * (self.y - self.t) / len(self.t)", "return dout * (self.y - self.t)", "missing 1/N"),
    ("book", "SoftmaxWithLoss", "upstream ignored", "return dout * (self.y - self.t) / len(self.t)", "return (self.y - self.t) / len(self.t)", "upstream ignored"),
    ("book", "SoftmaxWithLoss", "sign", "dout * (self.y - self.t)", "dout * (self.t - self.y)", "sign|order|used for"),
    ("book", "SoftmaxWithLoss", "mean over entries", "(self.y - self.t) / len(self.t)", "(self.y - self.t) / self.t.size", "1/N"),
    ("book", "SoftmaxWithLoss", "another forward", "np.log(self.y))", "np.log(self.y + 1e-7))", "slightly different"),
    ("book", "SoftmaxWithLoss", "dropped term", "dout * (self.y - self.t)", "dout * (self.y)", "dropped|used for"),
    ("book", "SoftmaxWithLoss", "cross-entropy's derivative", "dout * (self.y - self.t)", "dout * (-self.t / self.y)", "another|dropped|used for|superfluous"),
    ("book", "MeanSquaredError", "factor", "dx = dout * 2 * self.diff", "dx = dout * self.diff", "factor"),
    ("book", "MeanSquaredError", "missing 1/N", "self.diff / self.diff.size", "self.diff", "missing 1/N"),
    ("book", "MeanSquaredError", "wrong N", "self.diff / self.diff.size", "self.diff / len(self.diff)", "1/N"),
    ("book", "MeanSquaredError", "sign of t", "return dx, -dx", "return dx, dx", "sign"),
    ("book", "MeanSquaredError", "argument order", "return dx, -dx", "return -dx, dx", "sign|order"),
    ("book", "MeanSquaredError", "upstream ignored", "dx = dout * 2 * self.diff", "dx = 2 * self.diff", "upstream ignored"),
    ("book", "BatchNorm", "gamma ignored", "dnormed = self.gamma * dout", "dnormed = dout", "gamma ignored"),
    ("book", "BatchNorm", "mean path dropped", "return dcentred - np.mean(dcentred, axis=0)", "return dcentred", "dropped"),
    ("book", "BatchNorm", "variance path dropped", " + self.centred * dstd / (self.std * n)", "", "dropped"),
    ("book", "BatchNorm", "missing 1/N", "dstd / (self.std * n)", "dstd / self.std", "missing 1/N"),
    ("book", "BatchNorm", "sign inside", "dstd = -np.sum", "dstd = np.sum", "sign"),
    ("book", "BatchNorm", "missing batch sum", "self.dbeta = dout.sum(axis=0)", "self.dbeta = dout", "missing batch sum"),
    ("book", "BatchNorm", "mean for sum", "self.dbeta = dout.sum(axis=0)", "self.dbeta = dout.mean(axis=0)", "mean for sum"),
    ("book", "BatchNorm", "wrong axis", "self.dgamma = np.sum(self.normed * dout, axis=0)", "self.dgamma = np.sum(self.normed * dout, axis=1)", "wrong axis"),
    ("book", "BatchNorm", "x used for x hat", "self.dgamma = np.sum(self.normed * dout", "self.dgamma = np.sum(self.centred * dout", "used for"),
    ("book", "BatchNorm", "power", "/ self.std**2", "/ self.std", "factor|std ignored|power|used for"),
    ("book", "BatchNorm", "upstream ignored", "self.dgamma = np.sum(self.normed * dout, axis=0)", "self.dgamma = np.sum(self.normed, axis=0)", "upstream ignored"),
    ("book", "BatchNorm", "gamma applied twice", "self.dgamma = np.sum(self.normed * dout, axis=0)", "self.dgamma = np.sum(self.normed * dout * self.gamma, axis=0)", "gamma applied twice|superfluous"),
    ("book", "Dropout", "mask missing", "return dout * self.mask", "return dout.copy()", "mask"),
    ("book", "Dropout", "mask redrawn", "return dout * self.mask", "return dout * (np.random.rand(*dout.shape) > self.dropout_ratio)", "mask redrawn"),
    ("book", "Dropout", "mask inverted", "return dout * self.mask", "return dout * ~self.mask", "mask inverted"),
    ("book", "Dropout", "factor", "return dout * self.mask", "return dout * self.mask / (1 - self.dropout_ratio)", "factor"),
    ("book", "Dropout", "upstream ignored", "return dout * self.mask", "return self.mask * 1.0", "upstream ignored"),
    ("book", "Dropout", "upstream overwritten", "return dout * self.mask", "dout *= self.mask\n        return dout", "upstream overwritten"),
    ("book", "Convolution", "missing transposition", "np.dot(self.columns.T, dout).T.reshape(self.W.shape)", "np.dot(self.columns.T, dout).reshape(self.W.shape)", "transposed|order"),
    ("book", "Convolution", "missing 1/N for b", "self.db = np.sum(dout, axis=0)", "self.db = np.mean(dout, axis=0)", "mean for sum|1/N"),
    ("book", "Convolution", "overlaps overwritten", "images[:, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride] += columns[:, :, i, j]", "images[:, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride] = columns[:, :, i, j]", "dropped|overwritten"),
    ("book", "Convolution", "sign", "self.dW = np.dot(self.columns.T, dout)", "self.dW = -np.dot(self.columns.T, dout)", "sign"),
    ("book", "Pooling", "sign", "spread[np.arange(self.largest.size), self.largest] = dout.flatten()", "spread[np.arange(self.largest.size), self.largest] = -dout.flatten()", "sign"),
    ("book", "Pooling", "mask missing", "spread[np.arange(self.largest.size), self.largest] = dout.flatten()", "spread[...] = dout.reshape(-1, 1)", "mask"),
    ("book", "Pooling", "first entry only", "self.largest = np.argmax(columns, axis=1)", "self.largest = np.zeros(len(columns), dtype=int)", "mask|wrong"),
    ("book", "ReLU", "upstream overwritten", "dx = dout.copy()\n        dx[self.mask] = 0", "dx = dout\n        dx[self.mask] = 0", "upstream overwritten"),
    ("book", "ReLU", "mask missing", "dx[self.mask] = 0", "pass", "mask missing"),
    ("book", "ReLU", "mask inverted", "dx[self.mask] = 0", "dx[~self.mask] = 0", "mask inverted"),
    ("book", "ReLU", "mask of the upstream", "dx[self.mask] = 0", "dx[dout <= 0] = 0", "mask|used for|linear"),
    ("book", "ReLU", "stale cache", "self.mask = x <= 0", "self.mask = x <= 0 if self.mask is None or self.mask.shape != x.shape else self.mask", "stale cache"),
    ("book", "Mul", "argument order", "return dout * self.y, dout * self.x", "return dout * self.x, dout * self.y", "argument order"),
    ("book", "Mul", "upstream ignored", "return dout * self.y, dout * self.x", "return self.y * 1.0, dout * self.x", "upstream ignored"),
    ("book", "Mul", "x used for y", "return dout * self.y, dout * self.x", "return dout * self.x, dout * self.x", "used for|order"),
    ("lists", "RNN", "slope forgotten", "dt = dh_next * (1 - h_next**2)", "dt = dh_next.copy()", "dropped"),
    ("lists", "RNN", "derivative of another function", "dt = dh_next * (1 - h_next**2)", "dt = dh_next * h_next * (1 - h_next)", "another|used for|factor|dropped"),
    ("lists", "RNN", "missing batch sum", "self.grads[2][...] = np.sum(dt, axis=0)", "self.grads[2] = dt", "missing batch sum"),
    ("lists", "RNN", "x used for h", "self.grads[1][...] = np.dot(h_prev.T, dt)", "self.grads[1][...] = np.dot(h_next.T, dt)", "used for"),
    ("lists", "RNN", "argument order", "return np.dot(dt, Wx.T), np.dot(dt, Wh.T)", "return np.dot(dt, Wh.T), np.dot(dt, Wx.T)", "argument order"),
    ("lists", "RNN", "transposed operand", "np.dot(dt, Wh.T)", "np.dot(dt, Wh)", "transposed"),
    ("lists", "RNN", "sign inside", "(1 - h_next**2)", "(1 + h_next**2)", "sign"),
    ("lists", "MatMul", "sign", "self.grads[0][...] = np.dot(self.x.T, dout)", "self.grads[0][...] = -np.dot(self.x.T, dout)", "sign"),
    ("lists", "MatMul", "gradients accumulated", "self.grads[0][...] = np.dot(self.x.T, dout)", "self.grads[0] += np.dot(self.x.T, dout)", "accumulated"),
    ("lists", "Embedding", "last occurrence only", "np.add.at(dW, self.idx, dout)", "dW[self.idx] = dout", "dropped|overwritten|accumul"),
    ("lists", "Embedding", "gradients accumulated", "        dW[...] = 0\n", "", "accumulated"),
    ("lists", "Dense", "mean for sum", 'self.grads["b"] = grad.sum(axis=0)', 'self.grads["b"] = grad.mean(axis=0)', "mean for sum"),
    ("lists", "Dense", "extra 1/N", 'self.grads["W"] = self.inputs.T @ grad', 'self.grads["W"] = self.inputs.T @ grad / len(grad)', "mean for sum|1/N"),
    ("lists", "Dense", "transposed operand", 'return grad @ self.params["W"].T', 'return grad @ self.params["W"]', "transposed"),
    ("lists", "LayerNorm", "mean path dropped", " - np.mean(inner, axis=-1, keepdims=True)", "", "dropped"),
    ("lists", "LayerNorm", "variance path dropped", " - self.normed * along", "", "dropped"),
    ("lists", "LayerNorm", "gamma ignored", "inner = dout * self.gamma", "inner = dout * 1.0", "gamma ignored"),
    ("lists", "LayerNorm", "wrong axis", "np.mean(inner, axis=-1, keepdims=True)", "np.mean(inner, axis=0, keepdims=True)", "wrong axis"),
    ("lists", "LayerNorm", "wrong axis of gamma", 'self.grads["gamma"] = np.sum(dout * self.normed, axis=0)', 'self.grads["gamma"] = np.sum(dout * self.normed, axis=-1)', "wrong axis"),
    ("lists", "LayerNorm", "sign", "self.normed * along", "self.normed * -along", "sign"),
    ("pairs", "affine", "transposed operand", "dx = (dout @ w.T).reshape(x.shape)", "dx = (dout @ w).reshape(x.shape)", "transposed"),
    ("pairs", "affine", "argument order", "return dx, dw, dout.sum(axis=0)", "return dw, dx, dout.sum(axis=0)", "argument order"),
    ("pairs", "affine", "mean for sum", "return dx, dw, dout.sum(axis=0)", "return dx, dw, dout.mean(axis=0)", "mean for sum"),
    ("pairs", "relu", "mask inverted", "np.where(cache > 0, dout, 0)", "np.where(cache > 0, 0, dout)", "mask inverted"),
    ("pairs", "relu", "mask missing", "np.where(cache > 0, dout, 0)", "dout * 1.0", "mask missing"),
    ("pairs", "batchnorm", "gamma ignored", "dnormed = dout * gamma", "dnormed = dout * 1", "gamma ignored"),
    ("pairs", "batchnorm", "mean path dropped", "dnormed - dnormed.mean(axis=0) - normed", "dnormed - normed", "dropped"),
    ("pairs", "batchnorm", "variance path dropped", " - normed * np.mean(dnormed * normed, axis=0)", "", "dropped"),
    ("pairs", "batchnorm", "sum for mean", "dnormed - dnormed.mean(axis=0)", "dnormed - dnormed.sum(axis=0)", "missing 1/N|mean|sum"),
    ("pairs", "dropout", "mask missing", "return dout * cache", "return dout * 1.0", "mask missing"),
    ("pairs", "dropout", "factor", "return dout * cache", "return dout * (cache > 0)", "factor"),
    ("pairs", "conv", "wrong axes of b", "dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))", "mean for sum|1/N"),
    ("pairs", "conv", "overlaps overwritten", "dpadded[:, :, rows, columns] += np.tensordot", "dpadded[:, :, rows, columns] = np.tensordot", "dropped|overwritten|accumul"),
    ("pairs", "svm_loss", "missing 1/N", "return dout * dx / len(y)", "return dout * dx", "missing 1/N"),
    ("pairs", "svm_loss", "dropped path", "    dx[np.arange(len(y)), y] -= dx.sum(axis=1)\n", "", "dropped"),
    ("pairs", "svm_loss", "upstream ignored", "return dout * dx / len(y)", "return dx / len(y)", "upstream ignored"),
    ("slopes", "sigmoid", "sign", "return (1 - sigmoid(x)) * sigmoid(x)", "return (1 + sigmoid(x)) * sigmoid(x)", "sign"),
    ("slopes", "sigmoid", "y for x", "return (1 - sigmoid(x)) * sigmoid(x)", "return (1 - x) * x", "used for"),
    ("slopes", "tanh", "power", "1 - np.tanh(x) ** 2", "1 - np.tanh(x)", "factor|power|dropped"),
    ("slopes", "leaky_relu", "branches swapped", "np.where(x > 0, 1, alpha)", "np.where(x > 0, alpha, 1)", "mask|branch|order"),
    ("slopes", "gelu", "constant", "3 * 0.044715", "2 * 0.044715", "factor"),
    ("slopes", "gelu", "dropped term", " + 0.5 * x * (1 - inner**2) * scale * (1 + 3 * 0.044715 * x**2)", "", "dropped"),
    ("functions", "Square", "factor", "return 2 * x * gy", "return x * gy", "factor"),
    ("functions", "Exp", "derivative of another function", "return np.exp(x) * gy", "return np.cos(x) * gy", "another"),
    ("functions", "Sin", "sign", "return gy * np.cos(x.data)", "return -gy * np.cos(x.data)", "sign"),
    ("functions", "Div", "sign", "gy * (-x0 / x1**2)", "gy * (x0 / x1**2)", "sign"),
    ("functions", "Div", "power", "gy * (-x0 / x1**2)", "gy * (-x0 / x1)", "factor|x1|power"),
    ("functions", "Div", "argument order", "gy / x1, gy * (-x0 / x1**2)", "gy * (-x0 / x1**2), gy / x1", "argument order"),
    ("functions", "MatMul", "transposed operand", "np.dot(x.data.T, gy)", "np.dot(gy.T, x.data)", "transposed|order"),
)  # fmt: skip


def mutants() -> list[Mutant]:
    """Return every row as a whole source with the one mistake in it; a text that is not there is an error."""
    found = []
    for file, layer, fault, text, replacement, accepted in ROWS:
        original = (FOLDER / f"{file}.py").read_text()
        if text not in original:
            raise LookupError(f"{file}: {text}")
        start = original.index(f"class {layer}") if f"class {layer}" in original else original.index(f"def {layer}")
        start = 0 if original.find(text, start) < 0 else start
        place = original.index(text, start)
        source = original[:place] + replacement + original[place + len(text) :]
        found.append(Mutant(f"{file}.{layer}", fault, source, accepted, original))
    return found


def correct() -> dict[str, str]:
    """Return the sources of all example files that need neither torch nor jax."""
    return {
        path.stem: path.read_text()
        for path in sorted(FOLDER.glob("*.py"))
        if "torch" not in path.stem and "jax" not in path.stem and "marked" not in path.stem
    }
