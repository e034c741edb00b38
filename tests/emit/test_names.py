"""How names are shown."""

import pytest

from backproof.emit.names import Name, Scope, split_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("x", Name("x")),
        ("x1", Name("x", "1")),
        ("x_12", Name("x", "12")),
        ("alpha", Name("alpha")),
        ("beta2", Name("beta", "2")),
        ("w_max", Name("w", "max")),
        ("apple_price", Name("apple_price")),
        ("tax", Name("tax")),
        ("k'", Name("k'")),
        ("conv1", Name("conv1")),
        ("a" * 30, Name("a" * 10 + "…" + "a" * 8)),
    ],
)
def test_a_letter_takes_its_digits_as_a_subscript_and_a_word_stays_whole(name: str, parts: Name) -> None:
    assert split_name(name) == parts


def test_two_names_are_never_shown_alike() -> None:
    names = ["x1", "x_1", "w" * 40, "w" * 41, "w" * 42]
    shown = [Scope.of(names).name(name) for name in names]
    assert len(set(shown)) == len(names)


def test_a_name_outside_the_scope_is_not_shown_like_one_inside() -> None:
    assert Scope.of(["x1"]).name("x_1") == Name("x_1")


@pytest.mark.parametrize(("name", "variable"), [("dx", "x"), ("dtax", "tax"), ("dz", None), ("d", None), ("dt", None)])
def test_a_gradient_is_d_before_a_variable_unless_it_is_a_variable_itself(name: str, variable: str | None) -> None:
    assert Scope.of(["x", "tax", "t", "dt"]).gradient_of(name) == variable
