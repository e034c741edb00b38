# ruff: noqa: E501 - a row of the table is one line
"""Mistakes in the package's own layers, as a table of replacements: each fault of the list wherever it can be made."""

from __future__ import annotations

from pathlib import Path

from tests.checking.elementwise_sources import Mutant

FOLDER = Path(__file__).parents[2] / "src" / "backproof" / "layers"
PACKAGE = "backproof.layers"
Row = tuple[str, str, str, str, str, str]

#: file, layer, fault, text, replacement, names that say what it is.
ROWS: tuple[Row, ...] = (
    ("affine", "Affine", "sign", "cast(upstream @ self.W.T, self._x)", "cast(-upstream @ self.W.T, self._x)", "sign"),
    ("affine", "Affine", "factor", "cast(np.tensordot(self._x, upstream, (batch, batch)), self.W)", "cast(2 * np.tensordot(self._x, upstream, (batch, batch)), self.W)", "factor"),
    ("affine", "Affine", "extra 1/N", "cast(np.tensordot(self._x, upstream, (batch, batch)), self.W)", "cast(np.tensordot(self._x, upstream, (batch, batch)) / len(upstream), self.W)", "1/N|mean for sum"),
    ("affine", "Affine", "mean for sum", "upstream.sum(axis=batch)", "upstream.mean(axis=batch)", "mean for sum"),
    ("affine", "Affine", "missing batch sum", "cast(upstream.sum(axis=batch), self.b)", "cast(upstream, self.b)", "missing batch sum"),
    ("affine", "Affine", "wrong axis", "upstream.sum(axis=batch)", "upstream.sum(axis=-1)", "wrong axis|wrong shape"),
    ("affine", "Affine", "transposed gradient", "cast(np.tensordot(self._x, upstream, (batch, batch)), self.W)", "cast(np.tensordot(upstream, self._x, (batch, batch)), self.W)", "transposed"),
    ("affine", "Affine", "transposed operand", "upstream @ self.W.T", "upstream @ self.W", "transposed"),
    ("affine", "Affine", "upstream ignored", "self.db = cast(upstream.sum(axis=batch), self.b)", "self.db = cast(np.ones_like(upstream).sum(axis=batch), self.b)", "upstream ignored"),
    ("affine", "Affine", "upstream applied twice", "cast(upstream @ self.W.T, self._x)", "cast(upstream**2 @ self.W.T, self._x)", "upstream applied twice|power"),
    ("affine", "Affine", "stale cache", "self._x = own(x)", "self._x = getattr(self, '_x', own(x))", "stale cache"),
    ("softmax", "Softmax", "dropped path", "softmax_pullback(spread(dout, self._y.shape), self._y)", "spread(dout, self._y.shape) * self._y", "dropped"),
    ("softmax", "Softmax", "elementwise derivative", "softmax_pullback(spread(dout, self._y.shape), self._y)", "spread(dout, self._y.shape) * self._y * (1 - self._y)", "another|dropped|used for"),
    ("softmax", "Softmax", "sign", "softmax_pullback(spread(dout, self._y.shape), self._y)", "softmax_pullback(spread(dout, self._y.shape), -self._y)", "sign"),
    ("softmax", "Softmax", "upstream ignored", "softmax_pullback(spread(dout, self._y.shape), self._y)", "softmax_pullback(np.ones(self._y.shape), self._y)", "upstream ignored|vacuous"),
    ("softmax", "Softmax", "output is the cache", "return self._y.copy()", "return self._y", "output is the cache"),
    ("losses", "SoftmaxWithLoss", "missing 1/N", "difference / _rows(difference)", "difference", "missing 1/N"),
    ("losses", "SoftmaxWithLoss", "mean over entries", "difference / _rows(difference)", "difference / difference.size", "1/N"),
    ("losses", "SoftmaxWithLoss", "upstream ignored", "spread(dout, ()) * difference / _rows", "difference / _rows", "upstream ignored"),
    ("losses", "SoftmaxWithLoss", "sign", "self._t.sum(axis=-1, keepdims=True) - self._t", "self._t.sum(axis=-1, keepdims=True) + self._t", "sign"),
    ("losses", "SoftmaxWithLoss", "dropped term", "self._y * self._t.sum(axis=-1, keepdims=True) - self._t", "self._y * self._t.sum(axis=-1, keepdims=True)", "dropped|superfluous"),
    ("losses", "SoftmaxWithLoss", "factor", "difference / _rows", "2 * difference / _rows", "factor"),
    ("losses", "CrossEntropy", "missing 1/N", "ratio / _rows(ratio)", "ratio", "missing 1/N"),
    ("losses", "CrossEntropy", "sign", "-spread(dout, ()) * ratio", "spread(dout, ()) * ratio", "sign"),
    ("losses", "CrossEntropy", "upstream ignored", "-spread(dout, ()) * ratio", "-ratio", "upstream ignored"),
    ("losses", "CrossEntropy", "power", "np.divide(self._t, self._y,", "np.divide(self._t, self._y**2,", "power|factor|y"),
    ("losses", "MeanSquaredError", "factor", "2 * spread(dout, ())", "spread(dout, ())", "factor"),
    ("losses", "MeanSquaredError", "missing 1/N", " / max(1, self._y.size)", "", "missing 1/N"),
    ("losses", "MeanSquaredError", "sign of t", "cast(-dy, self._t)", "cast(dy, self._t)", "sign"),
    ("losses", "MeanSquaredError", "argument order", "self._y - self._t) / max", "self._t - self._y) / max", "sign|order"),
    ("losses", "MeanSquaredError", "upstream ignored", "2 * spread(dout, ()) * (self", "2 * (self", "upstream ignored"),
    ("batch_norm", "BatchNorm", "gamma ignored", "cast(self.gamma * self._scale * inner, xhat)", "cast(self._scale * inner, xhat)", "gamma ignored"),
    ("batch_norm", "BatchNorm", "mean path dropped", " - _mean(upstream) - xhat", " - xhat", "dropped"),
    ("batch_norm", "BatchNorm", "variance path dropped", " - xhat * _mean(upstream * xhat)", "", "dropped"),
    ("batch_norm", "BatchNorm", "scale forgotten", "self.gamma * self._scale * inner", "self.gamma * inner", "ignored|dropped|scale"),
    ("batch_norm", "BatchNorm", "sign", "upstream - _mean(upstream)", "upstream + _mean(upstream)", "sign"),
    ("batch_norm", "BatchNorm", "missing batch sum", "cast(upstream.sum(axis=0), self.beta)", "cast(upstream, self.beta)", "missing batch sum"),
    ("batch_norm", "BatchNorm", "mean for sum", "cast(upstream.sum(axis=0), self.beta)", "cast(upstream.mean(axis=0), self.beta)", "mean for sum"),
    ("batch_norm", "BatchNorm", "wrong axis", "(upstream * xhat).sum(axis=0)", "(upstream * xhat).sum(axis=1)", "wrong axis|wrong shape"),
    ("batch_norm", "BatchNorm", "upstream ignored", "(upstream * xhat).sum(axis=0)", "xhat.sum(axis=0)", "upstream ignored|vacuous"),
    ("batch_norm", "BatchNorm", "gamma applied twice", "cast(self.gamma * self._scale * inner, xhat)", "cast(self.gamma**2 * self._scale * inner, xhat)", "gamma applied twice|power|superfluous"),
    ("convolution", "Convolution", "sign", "cast(np.tensordot(upstream, seen,", "cast(-np.tensordot(upstream, seen,", "sign"),
    ("convolution", "Convolution", "mean for sum", "upstream.sum(axis=(0, 2, 3))", "upstream.mean(axis=(0, 2, 3))", "mean for sum|1/N"),
    ("convolution", "Convolution", "missing sum over places", "upstream.sum(axis=(0, 2, 3))", "upstream.sum(axis=0)[:, 0, 0]", "axis|sum|wrong"),
    ("convolution", "Convolution", "upstream ignored", "cast(upstream.sum(axis=(0, 2, 3)), self.b)", "cast(np.ones_like(upstream).sum(axis=(0, 2, 3)), self.b)", "upstream ignored"),
    ("convolution", "Convolution", "extra 1/N", "((0, 2, 3), (0, 2, 3))), self.W)", "((0, 2, 3), (0, 2, 3))) / samples, self.W)", "mean for sum|1/N"),
    ("convolution", "Convolution", "factor", "cast(np.ascontiguousarray(folded), padded)", "cast(2 * np.ascontiguousarray(folded), padded)", "factor"),
    ("convolution", "Convolution", "flipped filter", "columns = np.tensordot(self.W, upstream", "columns = np.tensordot(self.W[:, :, ::-1], upstream", "flip|order|index|reversed"),
    ("pooling", "MaxPooling", "mask missing", "np.where(offsets == self._places, upstream, np.zeros((), upstream.dtype))", "np.broadcast_to(upstream, (self.height, self.width, *self._pooled))", "mask"),
    ("pooling", "MaxPooling", "mask inverted", "np.where(offsets == self._places", "np.where(offsets != self._places", "mask"),
    ("pooling", "MaxPooling", "sign", "upstream, np.zeros((), upstream.dtype)", "-upstream, np.zeros((), upstream.dtype)", "sign"),
    ("pooling", "MaxPooling", "first entry only", "np.where(offsets == self._places", "np.where(offsets == 0 * self._places", "mask|wrong|another"),
    ("pooling", "AveragePooling", "missing 1/N", " / (self.height * self.width)\n        return", "\n        return", "1/N|factor|height|width"),
    ("pooling", "AveragePooling", "sign", "spread(dout, self._pooled) / (", "-spread(dout, self._pooled) / (", "sign"),
    ("pooling", "AveragePooling", "upstream ignored", "spread(dout, self._pooled) / (", "np.ones(self._pooled) / (", "upstream ignored"),
    ("embedding", "Embedding", "last occurrence only", "np.add.at(self.dW, self._ids, upstream.astype(self.W.dtype))", "self.dW[self._ids] = upstream", "dropped|overwritten"),
    ("embedding", "Embedding", "sign", "np.add.at(self.dW, self._ids, upstream", "np.subtract.at(self.dW, self._ids, upstream", "sign"),
    ("embedding", "Embedding", "gradients accumulated", "self.dW = np.zeros_like(self.W, subok=False)", "self.dW = getattr(self, 'dW', np.zeros_like(self.W))", "accumulated"),
    ("embedding", "Embedding", "upstream ignored", "upstream.astype(self.W.dtype)", "np.ones_like(upstream)", "upstream ignored"),
    ("dropout", "Dropout", "mask missing", "spread(dout, self._factor.shape) * self._factor", "spread(dout, self._factor.shape) * 1.0", "mask"),
    ("dropout", "Dropout", "factor", "spread(dout, self._factor.shape) * self._factor", "spread(dout, self._factor.shape) * (self._factor > 0)", "factor"),
    ("dropout", "Dropout", "mask redrawn", "spread(dout, self._factor.shape) * self._factor", "spread(dout, self._factor.shape) * (self._rng.random(self._factor.shape) >= self.ratio) / (1 - self.ratio)", "mask redrawn|mask"),
    ("dropout", "Dropout", "upstream ignored", "spread(dout, self._factor.shape) * self._factor", "self._factor + 0.0", "upstream ignored"),
    ("recurrent", "RNNStep", "slope forgotten", "spread(dout, self._slope.shape) * self._slope", "spread(dout, self._slope.shape)", "dropped|ignored|slope"),
    ("recurrent", "RNNStep", "sign", "spread(dout, self._slope.shape) * self._slope", "-spread(dout, self._slope.shape) * self._slope", "sign"),
    ("recurrent", "RNNStep", "missing batch sum", "cast(da.sum(axis=0), self.b)\n        return cast(da @ self.Wx.T, self._x), cast(da @ self.Wh.T", "cast(da, self.b)\n        return cast(da @ self.Wx.T, self._x), cast(da @ self.Wh.T", "missing batch sum"),
    ("recurrent", "RNNStep", "mean for sum", "self.db = cast(da.sum(axis=0), self.b)\n        return", "self.db = cast(da.mean(axis=0), self.b)\n        return", "mean for sum"),
    ("recurrent", "RNNStep", "argument order", "return cast(da @ self.Wx.T, self._x), cast(da @ self.Wh.T, self._h)", "return cast(da @ self.Wh.T, self._h), cast(da @ self.Wx.T, self._x)", "argument order"),
    ("recurrent", "RNNStep", "transposed operand", "cast(da @ self.Wh.T, self._h)", "cast(da @ self.Wh, self._h)", "transposed"),
    ("recurrent", "RNNStep", "x used for h", "self.dWh = cast(self._h.T @ da, self.Wh)", "self.dWh = cast(self._x.T @ da, self.Wh)", "used for|shape"),
    ("recurrent", "LSTMStep", "dropped path", "total = cell + state * read * slope", "total = state * read * slope", "dropped"),
    ("recurrent", "LSTMStep", "dropped path of the state", "total = cell + state * read * slope", "total = cell * 1.0", "dropped"),
    ("recurrent", "LSTMStep", "slope forgotten", "total = cell + state * read * slope", "total = cell + state * read", "dropped|ignored|slope"),
    ("recurrent", "LSTMStep", "gates exchanged", "total * write, total * new, state", "total * new, total * write, state", "order|used for"),
    ("recurrent", "LSTMStep", "wrong gate", "cast(total * forget, self._c)", "cast(total * read, self._c)", "used for"),
    ("recurrent", "LSTMStep", "argument order", "spread(dh, slope.shape), spread(dc, slope.shape)", "spread(dc, slope.shape), spread(dh, slope.shape)", "order|used for"),
    ("recurrent", "LSTMStep", "sign", "state * squashed)", "-state * squashed)", "sign"),
    ("recurrent", "GRUStep", "dropped path", "upstream * (1 - z) + reset * r", "reset * r", "dropped"),
    ("recurrent", "GRUStep", "dropped path of the reset gate", " + reset * r + da_gates", " + da_gates", "dropped"),
    ("recurrent", "GRUStep", "sign", "upstream * (new - h) * dz", "upstream * (new + h) * dz", "sign"),
    ("recurrent", "GRUStep", "slope forgotten", "da_new = upstream * z * slope", "da_new = upstream * z", "dropped|ignored|slope"),
    ("recurrent", "GRUStep", "wrong gate", "upstream * (1 - z) + reset", "upstream * z + reset", "used for|sign|dropped|another|1 - z"),
    ("recurrent", "GRUStep", "mean for sum", "cast(da.sum(axis=0), self.b)\n        recurrent", "cast(da.mean(axis=0), self.b)\n        recurrent", "mean for sum"),
    ("recurrent", "GRUStep", "transposed operand", "cast(da @ self.Wx.T, self._x), cast(dh", "cast(da @ self.Wx, self._x), cast(dh", "transposed"),
    ("attention", "DotProductAttention", "scale forgotten", "self.scale * softmax_pullback", "softmax_pullback", "factor|scale"),
    ("attention", "DotProductAttention", "dropped path", "softmax_pullback(upstream @ v.swapaxes(-1, -2), weights)", "(weights * (upstream @ v.swapaxes(-1, -2)))", "dropped"),
    ("attention", "DotProductAttention", "argument order", "gradients = (scores @ k, scores.swapaxes(-1, -2) @ q, dv)", "gradients = (scores.swapaxes(-1, -2) @ q, scores @ k, dv)", "order|shape"),
    ("attention", "DotProductAttention", "transposed operand", "dv = weights.swapaxes(-1, -2) @ upstream", "dv = weights @ upstream", "transposed"),
    ("attention", "DotProductAttention", "sign", "scores.swapaxes(-1, -2) @ q, dv", "-scores.swapaxes(-1, -2) @ q, dv", "sign"),
    ("attention", "DotProductAttention", "factor", "scores.swapaxes(-1, -2) @ q, dv", "scores.swapaxes(-1, -2) @ q, 2 * dv", "factor"),
    ("attention", "DotProductAttention", "upstream ignored", "dv = weights.swapaxes(-1, -2) @ upstream", "dv = weights.swapaxes(-1, -2) @ np.ones_like(upstream)", "upstream ignored"),
    ("elementwise", "Mul", "argument order", "cast(dx, self._x), cast(dy, self._y)", "cast(dy, self._x), cast(dx, self._y)", "argument order"),
    ("elementwise", "Mul", "x used for y", "sum_to(upstream * self._y, self._x.shape)", "sum_to(upstream * self._x, self._x.shape)", "used for|order"),
    ("elementwise", "Mul", "upstream ignored", "sum_to(upstream * self._y, self._x.shape)", "sum_to(self._y, self._x.shape)", "upstream ignored"),
    ("elementwise", "Add", "sign", "sum_to(upstream, z.shape)", "sum_to(-upstream, z.shape)", "sign"),
    ("elementwise", "Add", "upstream ignored", "sum_to(upstream, z.shape)", "sum_to(np.ones_like(upstream), z.shape)", "upstream ignored"),
    ("elementwise", "ReLU", "mask missing", "np.where(self._active, upstream, self._zero)", "upstream", "mask missing"),
    ("elementwise", "ReLU", "mask inverted", "np.where(self._active, upstream, self._zero)", "np.where(self._active, self._zero, upstream)", "mask inverted"),
    ("elementwise", "Sigmoid", "slope forgotten", "spread(dout, self._slope.shape) * self._slope, self._slope", "spread(dout, self._slope.shape), self._slope", "dropped|ignored|slope"),
    ("elementwise", "Sigmoid", "upstream applied twice", "spread(dout, self._slope.shape) * self._slope, self._slope", "spread(dout, self._slope.shape) ** 2 * self._slope, self._slope", "upstream applied twice|power"),
    ("elementwise", "Sigmoid", "derivative of another function", "out, self._slope = sigmoid_and_slope(floats(x))\n        return out", "out, self._slope = sigmoid_and_slope(floats(x))\n        self._slope = 1 - out**2\n        return out", "another"),
)  # fmt: skip


def mutants() -> list[Mutant]:
    """Return every row as a whole source with the one mistake in it; a text that is not there is an error."""
    found = []
    for file, layer, fault, text, replacement, accepted in ROWS:
        original = (FOLDER / f"{'losses' if file == 'softmax' else file}.py").read_text(encoding="utf-8")
        place = original.find(text, original.index(f"class {layer}"))
        place = place if place >= 0 else original.index(text)
        source = original[:place] + replacement + original[place + len(text) :]
        found.append(Mutant(f"layers/{file}.{layer}", fault, source, accepted, original))
    return found


def correct() -> dict[str, str]:
    """Return the sources of all layers of the package."""
    names = sorted({"losses" if row[0] == "softmax" else row[0] for row in ROWS})
    return {f"layers/{name}": (FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in names}
