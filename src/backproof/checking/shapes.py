"""Knows what to feed to a layer that nobody has described: roles by name, shapes by role, sizes that differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from backproof.checking.layer import Argument, Layer

Rng = np.random.Generator

#: Role of an argument, by its name; the first that matches.  The last row takes the rest.
ROLES: Final[tuple[tuple[str, str], ...]] = (
    ("wx", r"w_?x\w*|w_?ih|w_?xh"),
    ("wh", r"w_?h\w*|w_?hh"),
    ("weight", r"w\d?|weights?|kernels?|filters?|theta"),
    ("bias", r"b\d?|bias(es)?|b_?h|b_?f"),
    ("gamma", r"gamma|beta|scale|shift|gain"),
    ("variance", r"(running_|moving_)?var(iance)?|(running_|moving_)mean"),
    ("target", r"t|targets?|labels?|y_true|ys_true|true|y_target|ground_truth|onehot|one_hot"),
    ("ids", r"ids|idx|indices|index|tokens"),
    ("state", r"h|h_?prev|prev_?h|hidden"),
    ("cell", r"c|c_?prev|prev_?c"),
    ("query", r"q|query|queries"),
    ("key", r"k|keys?"),
    ("value", r"v|values?"),
    ("options", r"\w+_params?|cfg|config|options"),
    ("data", r".*"),
)
#: Required settings that are no arrays: by name, a number or a size.
SETTINGS: Final[tuple[tuple[str, Any], ...]] = (
    (
        r"(in|n_?in|inputs?|n_?inputs?)(_?(size|dim|features|channels))?|d_?in|dim|num_features|features|d_model|n_features"
        r"|size",
        "d",
    ),
    (r"(out|n_?out|outputs?|n_?outputs?|hidden)(_?(size|dim|features|channels))?|d_?out|units|n_?neurons|neurons", "m"),
    (r"(num|n)_classes|classes", "k"),
    (r"stride\w*", 1),
    (r"pad\w*", 1),
    (r"(pool|kernel|filter|window)\w*|ksize|fh|fw|size|height|width", 2),
    (r"eps\w*", 1e-5),
    (r"momentum", 0.9),
    (r"(dropout_?)?(ratio|rate|p|prob|keep_prob)|p_?drop\w*", 0.4),
    (r"(alpha|slope|negative_slope|leak|delta|lambda_?|margin|temperature|tau)", 0.3),
    (r"(k|n|power|exponent)", 2.0),
    (r"(low|lo|min|a_min|lower)\w*", -1.0),
    (r"(high|hi|max|a_max|upper)\w*", 1.5),
    (r"axis|dim", -1),
    (r"seed", 0),
    (r"train\w*|training", True),
)
#: What dictionaries of options hold, as CS231n's layers read them.
OPTIONS: Final[dict[str, Any]] = {
    "mode": "train", "stride": 1, "pad": 1, "eps": 1e-5, "momentum": 0.9, "p": 0.6, "seed": 3, "pool_height": 2,
    "pool_width": 2,
}  # fmt: skip

#: Shapes by role, tried in this order, with the roles that must be there.  ``data2`` is the second data argument.
PROFILES: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("attention", "query key value", {"query": "m d", "key": "n d", "value": "n e"}),
    ("attention in batches", "query key value", {"query": "b m d", "key": "b n d", "value": "b n e"}),
    ("embedding", "weight ids", {"weight": "v d", "ids": "n ids"}),
    ("recurrent", "wx wh", {"data": "n d", "state": "n m", "wx": "d m", "wh": "m m", "bias": "m"}),
    ("gates of four", "cell wx wh", {
        "data": "n d", "state": "n m", "cell": "n m", "wx": "d 4m", "wh": "m 4m", "bias": "4m"}),
    ("gates of three", "wx wh", {"data": "n d", "state": "n m", "wx": "d 3m", "wh": "m 3m", "bias": "3m"}),
    ("dense", "weight", {"data": "n d", "weight": "d m", "bias": "m"}),
    ("dense, weights transposed", "weight", {"data": "n d", "weight": "m d", "bias": "m"}),
    ("embedding", "weight", {"weight": "v d", "data": "n ids"}),
    ("convolution", "weight", {"data": "n c h w", "weight": "f c p q", "bias": "f", "options": "dict"}),
    ("square convolution", "weight", {"data": "n c h w", "weight": "f c p p", "bias": "f", "options": "dict"}),
    ("convolution of lines", "weight", {"data": "n c h", "weight": "f c p", "bias": "f"}),
    ("dense, one vector", "weight", {"data": "d", "weight": "d m", "bias": "m"}),
    ("normalisation", "gamma", {"data": "n d", "gamma": "d", "variance": "d positive", "options": "dict"}),
    ("normalisation, one column", "gamma", {"data": "n d", "gamma": "1 d", "options": "dict"}),
    ("normalisation of images", "gamma", {"data": "n c h w", "gamma": "c", "options": "dict"}),
    ("loss of classes", "target", {"data": "n k", "target": "n k onehot"}),
    ("loss of labels", "target", {"data": "n k", "target": "n labels"}),
    ("loss of probabilities", "target", {"data": "n k simplex", "target": "n k onehot"}),
    ("loss of probabilities, labels", "target", {"data": "n k simplex", "target": "n labels"}),
    ("loss of two classes", "target", {"data": "n d unit", "target": "n d binary"}),
    ("loss of numbers", "target", {"data": "n d", "target": "n d"}),
    ("loss of one row", "target", {"data": "k simplex", "target": "k onehot"}),
    ("rows", "", {"data": "n d", "options": "dict"} | dict.fromkeys(
        ("state", "cell", "query", "key", "value", "gamma", "bias", "target"), "n d")),
    ("rows of positive numbers", "", {"data": "n d positive", "options": "dict"}),
    ("product", "data", {"data": "n d", "data2": "d m"}),
    ("images", "", {"data": "n c h w", "options": "dict"}),
    ("sequences", "", {"data": "n s d"}),
    ("rows with a weight each", "weight", {"data": "n d", "weight": "n d", "bias": "n d"}),
    ("one number", "", {"data": "", "target": ""}),
)  # fmt: skip

#: No two sizes of a sample are equal.
SIZES: Final[dict[str, int]] = {
    "n": 4, "d": 3, "m": 2, "k": 5, "e": 6, "c": 2, "h": 6, "w": 4, "f": 5, "p": 3, "q": 2, "v": 7, "s": 2, "b": 2,
}  # fmt: skip
#: Other sizes that a layer is run at, beside the ordinary ones.
VARIATIONS: Final[tuple[tuple[str, dict[str, int]], ...]] = (
    ("ordinary", {}),
    ("other values", {}),
    ("one sample", {"n": 1}),
    ("other sizes", {"n": 3, "d": 4, "m": 6, "k": 2, "c": 1, "f": 2, "h": 4, "w": 6}),
    ("one feature", {"d": 1, "c": 1}),
)
CLASSES: Final = "k"


@dataclass(frozen=True, slots=True)
class Size:
    """A setting that is one of the sizes: the number of features, of classes."""

    letter: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What a layer is given in one run: its arguments by name; ``constants`` have no gradient."""

    name: str
    values: dict[str, Any]
    constants: frozenset[str] = frozenset()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a layer is to be fed: a specification per argument, ``"n d"``, and fixed settings."""

    profile: str
    shapes: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_rows(self) -> bool:
        """Say whether every array has one shape, (n, d) or as given, so that any other shape may be tried."""
        words = next(iter(self.shapes.values()), "").split()
        return self.is_uniform and (words[:2] == ["n", "d"] or (bool(words) and words[0].isdigit()))

    @property
    def is_uniform(self) -> bool:
        """Say whether all arrays have one shape."""
        shapes = {tuple(word for word in text.split() if word not in KINDS) for text in self.shapes.values()}
        return len(shapes) == 1


def role(name: str) -> str:
    """Return the role of an argument of that name."""
    return next(role for role, pattern in ROLES if re.fullmatch(pattern, name, re.IGNORECASE))


def setting(name: str) -> Any:
    """Return what a required setting of that name is given, or None if the name says nothing."""
    for pattern, value in SETTINGS:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return Size(value) if isinstance(value, str) else value
    return None


def plans(layer: Layer, given: Mapping[str, Any] | None = None) -> Iterator[Plan]:
    """Yield the ways in which a layer may be meant to be fed, the likeliest first."""
    given = given or {}
    tried: list[Any] = []
    for moved, sized in ((True, False), (False, False), (False, True)):
        split = _split(layer, given, moved, sized)
        if split not in tried:
            tried.append(split)
            yield from _plans(layer, given, *split)


def _plans(layer: Layer, given: Mapping[str, Any], arrays: list[str], settings: dict[str, Any]) -> Iterator[Plan]:
    shapes = {name: _text(value) for name, value in given.get("shapes", {}).items()}
    roles = {name: role(name) for name in arrays if name not in shapes}
    if _is_loss(layer.name):
        data = [name for name, kind in roles.items() if kind == "data"]
        roles |= {name: "target" for name in data[1:]}
    forward = set(layer.forward_names)
    for known in (roles, {n: "data" if n in forward and kind != "target" else kind for n, kind in roles.items()}):
        for profile, needed, table in PROFILES:
            present = set(known.values())
            pair = "data2" not in table or _count(known) == 2
            if present <= table.keys() and present >= set(needed.split()) and pair:
                yield Plan(profile, shapes | _assign(known, table), settings)


def _count(roles: Mapping[str, str]) -> int:
    return list(roles.values()).count("data")


def _is_loss(name: str) -> bool:
    return bool(re.search("loss|entropy|mse|error|softmax_?with|huber|hinge", name, re.IGNORECASE))


#: What an argument is given that is annotated as a plain number, if its name says nothing else.
NUMBERS: Final[dict[str, Any]] = {"float": 0.7, "int": 2, "bool": True}
#: What a setting is given whose default is neutral: a factor of 1 that is forgotten would change nothing.
TELLING: Final[dict[float, float]] = {0.0: 0.3, 1.0: 0.7}


def _split(layer: Layer, given: Mapping[str, Any], moved: bool, sized: bool) -> tuple[list[str], dict[str, Any]]:
    """Return the names of the arguments that are arrays, and the settings with their values.

    ``moved``: settings whose default is 0.0 or 1.0 are given another number.  ``sized``: settings that must be given
    and whose names say nothing are sizes, the number of features first.
    """
    arrays, settings = [], dict(given.get("arguments", {}))
    sizes = iter("dmke")
    for argument in layer.arguments:
        if argument.name in settings:
            continue
        value = setting(argument.name) if argument.is_required else None
        if argument.is_required and argument.kind in NUMBERS:
            settings[argument.name] = NUMBERS[argument.kind] if value is None else value
            continue
        if argument.is_setting and value is not None and role(argument.name) in ("data", "key", "value", "cell"):
            settings[argument.name] = value
        elif sized and argument.is_setting and argument.is_required and (letter := next(sizes, "")):
            settings[argument.name] = Size(letter)
        elif argument.is_required or _is_missing_array(argument):
            arrays.append(argument.name)
        elif not argument.is_setting:
            settings[argument.name] = argument.default
        elif isinstance(argument.default, float) and argument.default in TELLING and moved:
            settings[argument.name] = TELLING[argument.default]
    return arrays, settings


def _is_missing_array(argument: Argument) -> bool:
    return (
        argument.default is None
        and role(argument.name) in ("bias", "gamma", "weight", "target")
        and not argument.is_setting
    )


def _assign(roles: Mapping[str, str], table: Mapping[str, str]) -> dict[str, str]:
    seen = 0
    shapes = {}
    for name, kind in roles.items():
        seen += kind == "data"
        shapes[name] = table["data2"] if kind == "data" and seen == 2 and "data2" in table else table[kind]
    return shapes


def _text(shape: Any) -> str:
    return shape if isinstance(shape, str) else " ".join(map(str, shape))


# ------------------------------------------------------------------ values

KINDS: Final[dict[str, Callable[[Rng, tuple[int, ...], float], Any]]] = {
    "real": lambda rng, shape, scale: rng.uniform(0.15, 2, shape) * rng.choice([-1.0, 1.0], shape) * scale,
    "positive": lambda rng, shape, scale: rng.uniform(0.3, 2, shape),
    "unit": lambda rng, shape, scale: rng.uniform(0.1, 0.9, shape),
    "parameter": lambda rng, shape, scale: rng.uniform(1.15, 1.9, shape) * rng.choice([-1.0, 1.0], shape),
    "binary": lambda rng, shape, scale: rng.integers(0, 2, shape).astype(np.float64),
    "simplex": lambda rng, shape, scale: _normalised(rng.uniform(0.2, 1, shape)),
    "onehot": lambda rng, shape, scale: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
}  # fmt: skip


def _normalised(values: Any) -> Any:
    return values / values.sum(axis=-1, keepdims=True)


def draw(text: str, sizes: Mapping[str, int], rng: Rng, scale: float = 1.0, is_parameter: bool = False) -> Any:
    """Return random values for a specification such as ``"n k onehot"`` or ``"4 3 positive"``."""
    words = text.split()
    if words == ["dict"]:
        return dict(OPTIONS)
    if words and words[-1] in ("ids", "labels"):
        limit = sizes["v" if words[-1] == "ids" else CLASSES]
        return rng.integers(0, limit, _shape(words[:-1], sizes))
    kind = words.pop() if words and words[-1] in KINDS else "parameter" if is_parameter else "real"
    shape = _shape(words, sizes)
    return np.asarray(KINDS[kind](rng, shape, scale))


def _shape(words: Iterable[str], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(int(word) if word.isdigit() else int(word[:-1] or 1) * sizes[word[-1]] for word in words)


CONSTANT_KINDS: Final = frozenset({"onehot", "binary", "ids", "labels", "dict"})


def sample(layer: Layer, plan: Plan, name: str, sizes: Mapping[str, int], seed: int, scale: float = 1.0) -> Sample:
    """Return one random sample of a plan."""
    rng = np.random.default_rng([seed, *name.encode()])
    values: dict[str, Any] = {}
    for argument, text in plan.shapes.items():
        parameter = argument in layer.setting_names or role(argument) in ("gamma", "weight", "bias", "wx", "wh")
        values[argument] = draw(text, sizes, rng, scale, parameter)
    constants = {name for name, text in plan.shapes.items() if text.split()[-1:] and text.split()[-1] in CONSTANT_KINDS}
    for name_, value in plan.settings.items():
        values[name_] = sizes[value.letter] if isinstance(value, Size) else value
        constants.add(name_)
    return Sample(name, values, frozenset(constants), seed)
