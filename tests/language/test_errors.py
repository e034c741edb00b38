"""Every mistake answers with its exact place and the smallest thing that differs."""

import pytest

from backproof.errors import SourceError
from backproof.language import parse_document, parse_expression

NODE = "node f(x)\ny = x^2\n"
AXES = "node f(x[n, d], W[d, k])\n"
TOTAL = "y = sum[n,d](x[n,d])\nexample "
PICK = "node f(t[n, k]: onehot(k))\ny[n] = sum[k](t[n, k]*size(k))\nexample "
IN_LISTS = "x[n, d] is written as lists 2 deep, such as [[1, 2]]; this is "
HOW_LONG = "the example does not say how long the axis 'p' is; give an array that has it, or size(p) = 2"
NO_LENGTH = "the length of the axis 'k' is a whole number above zero"
NO_CHAIN = "'=' continues a gradient or a claim; none stands right above"
NO_REASON = "a reason explains an equality; other lines have comments, with '#'"

#: What stands in a fence that line 1 opens, the line, the column, and what is said.
MISTAKES = [
    ("y = 2*x", 2, 1, "no node is started yet; start one with node NAME(x)"),
    ("dx = dy", 2, 1, "no node is started yet; start one with node NAME(x)"),
    ("at x = 0: dx = 0", 2, 1, "no node is started yet; start one with node NAME(x)"),
    ("example x = 1 -> y = 1", 2, 1, "no node is started yet; start one with node NAME(x)"),
    ("= x", 2, 1, "'=' continues a gradient or a claim; none stands right above"),
    ("y", 2, 1, "no node is started yet; start one with node NAME(x)"),
    ("node", 2, 5, "expected the name of the node, found the end of the line"),
    ("node f", 2, 7, "expected '(' and the inputs, found the end of the line"),
    ("node f()", 2, 8, "expected the name of a variable, found ')'"),
    ("node f(x", 2, 9, "expected ')' to close '(' at 2:7, found the end of the line"),
    ("node f(x) y", 2, 11, "expected the end of the line, found 'y'"),
    ("node f(x y)", 2, 10, "expected ')' to close '(' at 2:7, found 'y'"),
    ("node f(x, x)", 2, 11, "'x' is already defined, on line 2"),
    ("node f(exp)", 2, 8, "'exp' is a word of the language; choose another name"),
    ("node where(x)\ny = x", 2, 6, "'where' is a word of the language; choose another name"),
    ("node 2f(x)", 2, 6, "'2f' is no number; write 2*f"),
    ("node f- (x)", 2, 9, "expected the rest of the name 'f-', found '('"),
    ("node f(x) ->", 2, 13, "expected the name of an output, found the end of the line"),
    ("node f(x) -> z\ny = x", 2, 14, "the output 'z' is no line of the node 'f'"),
    ("node f(x) -- why", 2, 11, NO_REASON),
    ("node f(x)", 2, 1, "node 'f' has no forward line, such as y = 2*x"),
    (NODE + "node f(x)\ny = x", 4, 6, "the node 'f' is already defined"),
    ("node f(x, dx)\ny = x", 2, 11, "'dx' is the gradient of 'x'; choose another name"),
    ("node f(dx, x)\ny=x", 2, 12, "'dx' (line 2) would be the gradient of 'x'"),
    ("node f(x)\ndy = x\ny = dy", 4, 1, "'dy' (line 3) would be the gradient of 'y'"),
    (NODE + "y = x", 4, 1, "'y' is already defined, on line 3"),
    (NODE + "x = y", 4, 1, "'x' is already defined, on line 2"),
    (NODE + "z = q + x", 4, 5, "undefined name 'q'"),
    ("node f(x)\ny = a + x\na = x", 3, 5, "'a' is used before it is defined, on line 4"),
    ("node f(x)\ny = y + x", 3, 5, "'y' is used before it is defined, on line 3"),
    (NODE + "z = dx*2", 4, 5, "'dx' is the gradient of 'x'; forward lines use values only"),
    (NODE + "dx = dz", 4, 6, "undefined name 'dz'"),
    (NODE + "dz = dy*2", 4, 1, "'dz' is a gradient, but no variable is named 'z'"),
    (NODE + "dz = x\n = 2", 4, 1, "'dz' is a gradient, but no variable is named 'z'"),
    (NODE + "dx = dy\ndx = dy", 5, 1, "'dx' is already given, on line 4"),
    (NODE + "dx = dy\nz = y", 5, 1, "a forward line stands above the gradients"),
    (NODE + "dx = dy\nexample x = 1 -> y = 1\n= 2", 6, 1, NO_CHAIN),
    (NODE + "y = x = 2", 4, 7, "a forward line has one expression; only gradients and claims are chains"),
    ("node f(x)\ny = x = 2", 3, 7, "a forward line has one expression; only gradients and claims are chains"),
    (NODE + "dL/dx = 2", 4, 3, "expected '=' and an expression, found '/'; the gradient of x is written dx"),
    (NODE + "z := 2", 4, 3, "expected '=' and an expression, found ':'"),
    (NODE + "z == 2", 4, 3, "'==' is not used here; write ="),
    (NODE + "dx = dy*2 ** 3", 4, 11, "'**' is not used here; write ^"),
    (NODE + "dx = (dy*2 -- chain", 4, 6, "'(' is not closed before the reason"),
    (NODE + "dx = dy*2)", 4, 10, "expected an operator or the end of the line, found ')'; it closes nothing"),
    (NODE + "dx = dy*(2]", 4, 11, "expected ')' to close '(' at 4:9, found ']'"),
    (NODE + "dx == dy", 4, 4, "'==' is not used here; write ="),
    (NODE + "dx = 2 x", 4, 8, "expected an operator or the end of the line, found 'x'; a product is written with '*'"),
    (NODE + "dx = 2(x)", 4, 7, "expected an operator or the end of the line, found '('; a product is written with '*'"),
    (NODE + "dx = x(2)", 4, 6, "'x' is a variable; a product is written x*(…)"),
    (NODE + "dx =", 4, 5, "expected an expression, found the end of the line"),
    (NODE + "dx = -- why", 4, 6, "expected an expression, found '--'; '--' starts a reason, write -(-x)"),
    (NODE + "dx", 4, 3, "expected '=' and the gradient, found the end of the line"),
    (NODE + "dx = dy +* 2", 4, 10, "expected an expression, found '*'"),
    (NODE + "dx = x--2", 4, 7, "'--' starts a reason, with a space before it; two signs are written -(-x)"),
    ("node f(x: (1, 0))\ny=x", 2, 11, "the domain (1, 0) is empty"),
    ("node f(x: positve)\ny=x", 2, 11, "unknown domain 'positve'; did you mean positive?"),
    ("node f(x: (0, 1)\ny=x", 3, 1, "expected ')' to close '(' at 2:7, found 'y'"),
    ("node f(x: (0 1))\ny=x", 2, 14, "expected ',' and the upper end, found '1'"),
    ("node f(x: [0, inf])\ny=x", 2, 15, "inf is not a number: close the interval with ')'"),
    ("node f(x: [-inf, 0))\ny=x", 2, 12, "-inf is not a number: open the interval with '('"),
    ("node f(x: (0, 1) integer)\ny=x", 2, 11, "the domain (0, 1) integer is empty"),
    ("node f(x: (1/0, 2))\ny=x", 2, 14, "division by zero"),
    ("node f(x: 3)\ny=x", 2, 11, "expected a domain such as positive or (0, 1), found '3'"),
    ("node f(x[k]: onehot)\ny=x[k]", 2, 20, "expected the axis, as in onehot(k), found ')'"),
    ("node f(x[k]: onehot(j))\ny=x[k]", 2, 21, "'j' is no axis of this variable"),
    ("node f(x: )\ny=x", 2, 11, "expected a domain such as positive or (0, 1), found ')'"),
    ("node f(x: (0, 1})\ny=x", 2, 16, "unexpected character '}'; write )"),
    (NODE + "at x: dx = 0", 4, 4, "expected a comparison such as x > 0, found a number"),
    (NODE + "at x = 0 dx = 0", 4, 10, "expected ':' and a gradient, as in at x = 0: dx = 0, found 'dx'"),
    (NODE + "at x = 0: y = 0", 4, 11, "'y' is the gradient of no variable; did you mean dy?"),
    (NODE + "at x = 0: dz = 0", 4, 11, "'dz' is the gradient of no variable"),
    (NODE + "at x = 0: dx = 0, dx = 1", 4, 19, "'dx' is already given there"),
    (NODE + "at 0 < x < 1: dx = 0", 4, 10, "comparisons do not chain; write a < b and b < c"),
    (NODE + "example -> y = 1", 4, 1, "the example gives no value of 'x'"),
    (NODE + "example x = 1, x = 2 -> y = 1", 4, 16, "'x' stands twice"),
    (NODE + "example x = 1", 4, 14, "expected '->' and the expected values, found the end of the line"),
    (NODE + "example x = 1 -> z = 1", 4, 18, "'z' is no variable and no gradient"),
    (NODE + "example x = y -> y = 1", 4, 13, "expected a number, found 'y'"),
    (NODE + "example x = 1 -> y = 1 -- exact", 4, 24, NO_REASON),
    (NODE + "example y = 1 -> x = 1", 4, 9, "'y' is neither an input nor the upstream gradient; did you mean dy?"),
    (NODE + "example x = 1/0 -> y = 1", 4, 15, "division by zero"),
    ("node f(x: positive)\ny = x\nexample x = -1 -> y = -1", 4, 9, "-1 is outside the domain of 'x': positive"),
    (AXES + "y[n, k] = sum[d](x[n, d]*W[d])", 3, 26, "'W' has 2 axes, not 1; write W[d, k]"),
    (AXES + "y[n, k] = x[n, d]*W[d, k]", 3, 16, "the index 'd' is neither bound, as in sum[d](…), nor an axis of 'y'"),
    (AXES + "y[n, k] = sum[d](x[n, d]*W[d, j])", 3, 31, "undeclared axis 'j'"),
    (AXES + "y[n, k] = sum[j](x[n, j]*W[j, k])", 3, 15, "undeclared axis 'j'"),
    (AXES + "y[n, k] = sum[d](x*W[d, k])", 3, 18, "'x' has 2 axes, not 0; write x[n, d]"),
    (AXES + "y[n] = sum[d](x[n, d])/d", 3, 24, "'d' is an axis; its length is written size(d)"),
    (AXES + "y[n] = sum(x[n, d])", 3, 8, "'sum' names its axis: sum[k](…)"),
    (AXES + "y[n, n] = 1", 3, 6, "the axis 'n' stands twice"),
    (AXES + "y[x] = 1", 3, 3, "'x' is a variable (line 2), not an axis"),
    (AXES + "n = 1", 3, 1, "'n' is an axis; give the variable another name"),
    (AXES + "y[n] = sum[d](x[n, d])/size(q)", 3, 29, "undeclared axis 'q'"),
    (AXES + "y = sum[n, d](x[n, d])\ndx = dy", 4, 1, "this gradient is written dx[n, d]"),
    (AXES + "y = sum[n, d](x[n, d])\ndx[d, n] = dy", 4, 1, "this gradient is written dx[n, d]"),
    (AXES + TOTAL + "x = 1, W = [[1]] -> y = 1", 4, 9, IN_LISTS + "a single number"),
    (AXES + TOTAL + "x = [1, 2], W = [[1]] -> y = 1", 4, 9, IN_LISTS + "1 deep"),
    (AXES + TOTAL + "x = [[1], [1, 2]], W = [[1]] -> y = 1", 4, 9, "the rows of 'x' have different lengths"),
    (AXES + TOTAL + "x = [[1, 2]], W = [[1]] -> y = 1", 4, 23, "the axis 'd' has 1 entry in 'W', but 2 in 'x'"),
    (AXES + TOTAL + "x = [[1]], W = [[1]] -> y = [1]", 4, 33, "'y' has no axes; its value is a single number"),
    (AXES + TOTAL + "x = [[1]], W = [[1, y]] -> y = 1", 4, 29, "expected a number, found 'y'"),
    (AXES + TOTAL + "x = [[1]], W = [[1, 2] -> y = 1", 4, 32, "expected ']' to close '[' at 4:24, found '->'"),
    (PICK + "t = [[1, 0]], size(k) = 3 -> y = [1]", 4, 9, "the axis 'k' has 2 entries in 't', but 3 in 'size(k)'"),
    (PICK + "t = [[1, 0]], size(j) = 3 -> y = [1]", 4, 23, "'j' is no axis of this node"),
    (PICK + "t = [[1, 0]], size(k) = 1/2 -> y = [1]", 4, 23, NO_LENGTH),
    (PICK + "t = [[1, 0]] -> size(k) = 2", 4, 25, "'size(k)' is no variable and no gradient"),
    (PICK + "t = [[1, 1]] -> y = [1]", 4, 9, "'t' sums to 2 along the axis 'k', not to 1"),
    (PICK + "t = [[1, 1/2]] -> y = [1]", 4, 9, "1/2 is outside the domain of 't[0, 1]': onehot(k)"),
    (PICK + "t = [[1, 0]] -> dt = [[1, 1]]", 4, 1, "the example gives no 'dy', on which 'dt' depends"),
    ("node f(x[n])\nz[p] = x[2*p]\ny = sum[p](z[p])\nexample x = [1] -> y = 1", 5, 1, HOW_LONG),
    (AXES + "y = sum[n,d](x[n,d][n])", 3, 20, "expected ')' to close '(' at 3:13, found '['"),
    ("node f(x)\ny = x[n]", 3, 5, "'x' has no axes; write x"),
    (AXES + "y = sum[d d](x[d, d])", 3, 11, "expected ']' to close '[' at 3:8, found 'd'"),
    ("graph g", 2, 1, "graph 'g' has no forward line, such as y = 2*x"),
    ("graph g\na = 1", 2, 1, "graph 'g' has no forward line, such as y = 2*x"),
    ("graph g\na: positive = -1\nb = a", 3, 15, "-1 is outside the domain of 'a': positive"),
    ("graph g\na: positive = b\nb = a", 3, 15, "expected a number, found 'b'"),
    ("graph g\na = 100\nb = mul(a, c)", 4, 12, "undefined name 'c'"),
    (NODE + "graph g\na = 1\nb = f(a, a)", 6, 5, "'f' has 1 input; this call gives it 2"),
    ("node f(x)\ny = g_h(x)\nnode g-h(x)\ny = x", 3, 5, "the node 'g-h' is called before it is defined, on line 4"),
    ("node f(x)\ny = f(x)", 3, 1, "the node 'f' calls itself"),
    ("claim x", 2, 1, "a claim has two sides: claim A = B"),
    ("claim x = 1 = ", 2, 15, "expected an expression, found the end of the line"),
    ("claim x > 1", 2, 9, "a claim is an equality: claim A = B"),
    ("claim 1 = 1 given", 2, 18, "expected the name of a variable, found the end of the line"),
    ("given x", 2, 1, "no claim follows; 'given' stands before its claim"),
    ("given x: positive\nclaim x[n] = 1", 3, 7, "'x' has no axes; write x"),
    ("claim sum[n](v[n]) = 1", 2, 11, "undeclared axis 'n'; declare it, as in given v[n]"),
    ("claim x = y given x, x", 2, 22, "'x' is already defined, on line 2"),
    ("claim x = given", 2, 16, "expected the name of a variable, found the end of the line"),
    (NODE + "y\xb2 = 2", 4, 2, "unexpected character '²' (U+00B2 SUPERSCRIPT TWO); write ^2"),
    (NODE + "dx = dy \xd7 2", 4, 9, "unexpected character '×' (U+00D7 MULTIPLICATION SIGN); write *"),
    (NODE + "dx = \u03c3", 4, 6, "unexpected character 'σ' (U+03C3 GREEK SMALL LETTER SIGMA); write sigma"),
    (NODE + "dx = dy -- \u202etrick", 4, 12, "unexpected character (U+202E RIGHT-TO-LEFT OVERRIDE)"),
    (NODE + "# \x00", 4, 3, "unexpected character (U+0000 a control character)"),
    (NODE + "d\u0445 = 1", 4, 2, "unexpected character 'х' (U+0445 CYRILLIC SMALL LETTER HA)"),
    (NODE + "dx = {2}", 4, 6, "unexpected character '{'; write ("),
    (NODE + "dx = 'a'", 4, 6, "unexpected character '''"),
    (NODE + "dx = x@y", 4, 7, "unexpected character '@'"),
    (NODE + "dx = 1_000", 4, 6, "'1_000' is no number; write it as 1000 or 0.5"),
    (NODE + "dx = .5", 4, 6, "a number starts with a digit; write 0.5"),
    (NODE + "dx = 1.", 4, 6, "'1.' is no number; write it as 1000 or 0.5"),
    (NODE + "dx = x.y", 4, 7, "unexpected character '.'"),
    (NODE + "dx = ln(x)", 4, 6, "unknown function 'ln'; it is written log(…)"),
    (NODE + "dx = sgn(x)", 4, 6, "unknown function 'sgn'; it is written sign(…)"),
    (NODE + "dx = exp x", 4, 6, "'exp' is a function; its argument stands in parentheses"),
    (NODE + "dx = exp(x, 2)", 4, 6, "'exp' takes one argument, not 2"),
    (NODE + "dx = exp()", 4, 10, "expected an expression, found ')'"),
    (NODE + "dx = where(x, 1, 2)", 4, 12, "expected a comparison such as x > 0, found a number"),
    (NODE + "dx = where(x > 0, 1)", 4, 6, "'where' takes 3 arguments: where(condition, value, otherwise), not 2"),
    (NODE + "dx = D(x, 2)", 4, 6, "'D' takes an expression and a variable: D(x^2, x)"),
    (NODE + "dx = (x > 1)*2", 4, 6, "expected a number, found a comparison; write where(…, 1, 0)"),
    (NODE + "dx = [x]", 4, 6, "expected one comparison in the brackets, such as [i = j]"),
    (NODE + "dx = not x", 4, 6, "'not' is for comparisons; put them in parentheses"),
    (NODE + "dx = 2 + not x > 1", 4, 10, "'not' is for comparisons; put them in parentheses"),
    (NODE + "max = 2", 4, 1, "'max' is a word of the language; choose another name"),
    (NODE + "dx = foo(x)", 4, 6, "unknown function 'foo'"),
    (NODE + "dx = sigmoidd(x)", 4, 6, "unknown function 'sigmoidd'; did you mean sigmoid?"),
    (NODE + "dx = inf", 4, 6, "expected an expression, found the word 'inf'"),
    (NODE + "dx = pi[2]", 4, 6, "'pi' has no axes"),
    (NODE + "pi = 3", 4, 1, "'pi' is a word of the language; choose another name"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), MISTAKES)
def test_names_the_place_and_the_mistake(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_document(f"```derive\n{text}\n```\n", "notes.md", known=["sigmoid", "relu"])
    found = caught.value
    assert (found.line, found.column, found.message) == (line, column, message)


def test_shows_the_line_with_a_caret_below_the_place() -> None:
    with pytest.raises(SourceError) as caught:
        parse_document("```derive\nnode f(x)\n\ty = 2*z -- why\n```", "notes.md")
    assert str(caught.value) == "notes.md:3:8: undefined name 'z'\n     y = 2*z -- why\n           ^"


def test_shows_only_the_neighbourhood_in_a_long_line() -> None:
    with pytest.raises(SourceError) as caught:
        parse_expression("x + " * 1000 + "+" + " x" * 500)
    place, shown, caret = str(caught.value).splitlines()
    assert place == "<expression>:1:4001: expected an expression, found '+'; a number has no sign '+'"
    assert (shown[84], len(shown), caret) == ("+", 124, " " * 84 + "^")


def test_an_error_never_shows_a_control_character() -> None:
    with pytest.raises(SourceError) as caught:
        parse_expression("x + \x1b[31m + \u202e")
    message = "<expression>:1:5: unexpected character (U+001B a control character)"
    assert str(caught.value) == f"{message}\n    x +  [31m +  \n        ^"
