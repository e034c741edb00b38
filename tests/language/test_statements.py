"""The statements of a derive fence become the parts of nodes, graphs and claims, each with its place."""

from fractions import Fraction

import pytest

from backproof.domains import Domain
from backproof.language import Node, Span, parse_document, to_source
from backproof.terms import idx, num, sym
from tests.language.trees import tree


def node(text: str, known: list[str] | None = None) -> Node:
    return parse_document(f"```derive\n{text}\n```", known=known).nodes[-1]


SIGMOID = """node sigmoid(x)
a = -x
y = 1/(1 + exp(a))  # the output
# the gradient
dx = dy * y^2 * exp(-x)   -- chain rule
   = dy * (y
      - y^2)

   = dy * y * (1 - y)     -- factor
da = -dx
at x = 0: dx = dy/4, da = -dy/4 -- convention
example x = 0, dy = 1 -> y = 0.5, dx = 1/4"""


def test_reads_the_lines_of_the_forward_pass() -> None:
    lines = node(SIGMOID).lines
    assert [(line.name, to_source(line.term), line.axes) for line in lines] == [
        ("a", "-x", ()),
        ("y", "1/(1 + exp(a))", ()),
    ]
    assert [line.span for line in lines] == [Span(3, 1, 7), Span(4, 1, 19)]


def test_reads_a_chain_as_steps_from_the_target_on() -> None:
    chain = node(SIGMOID).chains[0]
    assert chain.target is sym("dx")
    assert [(to_source(step.left), to_source(step.right)) for step in chain.steps] == [
        ("dx", "dy*y^2*exp(-x)"),
        ("dy*y^2*exp(-x)", "dy*(y - y^2)"),
        ("dy*(y - y^2)", "dy*y*(1 - y)"),
    ]


def test_every_step_has_its_own_reason_and_place() -> None:
    steps = node(SIGMOID).chains[0].steps
    assert [step.reason for step in steps] == ["chain rule", "", "factor"]
    assert [step.span for step in steps] == [Span(6, 6, 24), Span(7, 6, 8), Span(10, 6, 22)]


def test_a_node_has_one_chain_for_each_gradient() -> None:
    assert [chain.target.data for chain in node(SIGMOID).chains] == ["dx", "da"]


def test_reads_the_gradients_at_a_kink() -> None:
    kinks = node(SIGMOID).kinks
    assert [(to_source(k.condition), k.gradient, to_source(k.value), k.reason) for k in kinks] == [
        ("x = 0", "dx", "dy/4", "convention"),
        ("x = 0", "da", "-dy/4", "convention"),
    ]


def test_reads_the_exact_numbers_of_an_example() -> None:
    example = node(SIGMOID).examples[0]
    assert example.given == (("x", num(0)), ("dy", num(1)))
    assert example.expected == (("y", num("1/2")), ("dx", num("1/4")))


@pytest.mark.parametrize(
    ("header", "name"),
    [("node leaky-relu(x)", "leaky-relu"), ("node leaky_relu(x)", "leaky-relu"), ("node log-1(x)", "log-1")],
)
def test_the_name_of_a_node_has_hyphens(header: str, name: str) -> None:
    assert node(f"{header}\ny = x").name == name


def test_a_built_in_function_may_have_a_node_of_its_name() -> None:
    assert node("node exp(x)\ny = exp(x)").lines[0].term.head == "exp"


def test_the_header_names_the_outputs() -> None:
    assert node("node f(x) -> y, z\ny = x\nz = y").outputs == ("y", "z")


def test_without_a_header_for_them_no_outputs_are_named() -> None:
    assert node("node f(x)\ny = x").outputs == ()


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x", Domain()),
        ("x: real", Domain()),
        ("x: positive", Domain(low=Fraction(0))),
        ("x: (0, 1)", Domain(Fraction(0), Fraction(1))),
        ("x: [-1/2, 1e-3]", Domain(Fraction(-1, 2), Fraction(1, 1000), low_open=False, high_open=False)),
        ("x: (-inf, 2]", Domain(high=Fraction(2), high_open=False)),
        ("x: (-inf, inf) nonzero", Domain(nonzero=True)),
        ("x: [0, 9] nonzero integer", Domain(Fraction(0), Fraction(9), False, False, integer=True, nonzero=True)),
        ("x: [2, 2]", Domain(Fraction(2), Fraction(2), False, False)),
    ],
)
def test_reads_the_domain_of_an_input(text: str, domain: Domain) -> None:
    assert node(f"node f({text})\ny = x").inputs[0].domain == domain


@pytest.mark.parametrize(("kind", "integer"), [("onehot", True), ("simplex", False)])
def test_reads_a_constraint_over_an_axis(kind: str, integer: bool) -> None:
    given = node(f"node f(t[n, k]: {kind}(k))\ny[n] = sum[k](t[n, k])").inputs[0]
    assert given.axes == ("n", "k")
    assert given.domain == Domain(Fraction(0), Fraction(1), False, False, integer, False, kind, "k")


@pytest.mark.parametrize(
    "text",
    ["real", "positive", "(0, 1)", "[0, 1/2)", "(-inf, -3]", "(0, 9) integer", "natural", "[-2, 5] integer"],
)
def test_a_domain_is_shown_as_it_is_written(text: str) -> None:
    assert str(node(f"node f(x: {text})\ny = x").inputs[0].domain) == text


AFFINE = """node affine(x[n, d], W[d, k], b[k])
y[n, k] = sum[d](x[n, d]*W[d, k]) + b[k]
dx[n, d] = sum[k](dy[n, k]*W[d, k])
at y[n, k] = 0: dy[n, k] = 0"""


def test_lines_and_gradients_have_axes() -> None:
    affine = node(AFFINE)
    assert (affine.lines[0].axes, affine.lines[0].term.axes) == (("n", "k"), ("k", "n"))
    assert affine.chains[0].target is sym("dx", idx("n"), idx("d"))


def test_a_scalar_between_index_brackets_stays_a_variable() -> None:
    window = node("node f(x[p], w[u], s: integer)\ny[q] = sum[u](x[q*s + u]*w[u])")
    assert "sym:x(add(mul(q, s), u))" in tree(window.lines[0].term)


def test_a_reduction_may_bind_an_axis_of_its_own_line() -> None:
    softmax = node("node softmax(x[n, k])\ny[n, k] = exp(x[n, k])/sum[k](exp(x[n, k]))")
    assert softmax.lines[0].term.axes == ("k", "n")


GRAPH = """graph fruit
apple = 100
n: natural = 2   # of them
cost = mul(apple, n)
tax: positive = 11/10
price = mul(cost, tax)
example -> price = 220"""


def test_numbers_of_a_graph_are_inputs_with_values() -> None:
    graph = node(GRAPH)
    assert graph.is_graph
    assert [given.name for given in graph.inputs] == ["apple", "n", "tax"]
    assert graph.values == (("apple", num(100)), ("n", num(2)), ("tax", num("11/10")))
    assert [line.name for line in graph.lines] == ["cost", "price"]


def test_a_graph_may_also_have_inputs_without_numbers() -> None:
    graph = node("graph g(x: positive) -> y\nk = -2\ny = mul(k, x)")
    assert [given.name for given in graph.inputs] == ["x", "k"]


def test_a_number_in_a_node_is_a_line() -> None:
    assert [line.name for line in node("node f(x)\nc = 2\ny = c*x").lines] == ["c", "y"]


def test_a_call_of_an_earlier_node_is_a_call_term() -> None:
    assert node("node twice(x)\ny = 2*x\nnode f(x)\ny = twice(x)", known=[]).lines[0].term.data == "twice"


CLAIMS = """given x: positive, v[n]
claim log(x^2) = 2*log(x)            -- log of a power
               = log(x) + log(x)
claim sum[n](v[n]*x) = x*sum[n](v[n]) given w: (0, 1) -- pull out

given x: negative
claim abs(x) = -x"""


def test_reads_claims_with_the_declarations_in_force() -> None:
    claims = parse_document(f"```derive\n{CLAIMS}\n```").claims
    names = [[(given.name, str(given.domain)) for given in claim.given] for claim in claims]
    first = [("x", "positive"), ("v", "real")]
    assert names == [first, [*first, ("w", "(0, 1)")], [("x", "negative")]]


def test_a_claim_is_a_chain_with_reasons() -> None:
    claim = parse_document(f"```derive\n{CLAIMS}\n```").claims[0]
    assert to_source(claim.chain.target) == "log(x^2)"
    assert [step.reason for step in claim.chain.steps] == ["log of a power", ""]
    assert claim.chain.span == Span(3, 7, 15)


def test_declarations_for_claims_end_with_their_fence() -> None:
    text = "```derive\ngiven x: positive\nclaim x = x\n```\n\n```derive\nclaim x = x\n```"
    assert [len(claim.given) for claim in parse_document(text).claims] == [1, 0]


def test_names_of_a_claim_are_real_numbers_unless_declared() -> None:
    claim = parse_document("```derive\nclaim D(tanh(x), x) = 1 - tanh(x)^2\n```").claims[0]
    assert claim.given == ()


def test_a_chain_goes_on_in_a_later_fence() -> None:
    text = "```derive\nnode f(x)\ny = 2*x\ndx = dy*2\n```\nthat is\n```derive\n   = 2*dy\n```"
    assert len(parse_document(text).nodes[0].chains[0].steps) == 2


def test_an_example_goes_on_after_a_comma_and_before_an_arrow() -> None:
    header = "node f(x[n], w[n])\ny = sum[n](x[n]*w[n])\n"
    text = header + "example x = [1, -2],\n  w = [1/2, 3]\n  -> y = -5.5,\n  dx = [0.5, 3]"
    example = node(text).examples[0]
    assert [(name, to_source(value)) for name, value in (*example.given, *example.expected)] == [
        ("x", "[1, -2]"), ("w", "[0.5, 3]"), ("y", "-5.5"), ("dx", "[0.5, 3]"),
    ]  # fmt: skip


def test_an_example_may_stand_after_a_claim() -> None:
    text = "node f(x)\ny = x\nclaim 1 = 1\nexample x = 2 -> y = 2"
    assert len(node(text).examples) == 1


def test_a_name_that_starts_with_d_is_a_line_where_it_is_no_gradient() -> None:
    assert [line.name for line in node("node f(x)\ndelta = x^2\ny = 2*delta").lines] == ["delta", "y"]


def test_reasons_and_comments_may_be_in_any_script() -> None:
    found = node("node f(x)  # η – größer\ny = x  -- Definition von ŷ")
    assert found.lines[0].reason == "Definition von ŷ"


def test_a_document_keeps_its_text_and_path() -> None:
    document = parse_document("# T\n", "a/b.md")
    assert (document.path, document.text, document.title) == ("a/b.md", "# T\n", "T")
