"""The shapes that go over the wire, for the OpenAPI document and for clients that validate.

The server does not build these objects: `service.answers` and `service.errors` write the JSON, and a test
holds that what they write is exactly what is described here.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Provenance = Literal["predicted", "certified", "solved"]
VerdictName = Literal["optimal", "infeasible", "unbounded", "abstain"]


class Shape(BaseModel):
    """Base of every shape: nothing beyond what is described."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class InstanceShape(Shape):
    """What was answered."""

    name: str = Field(description="Name of the model, from the file, else the file's own name")
    sha256: str = Field(
        description="Hash of the mathematical content: numbers and sense, not names or layout"
    )
    rows: int
    columns: int
    nonzeros: int
    integers: int = Field(description="Columns that must take integer values")


class Probabilities(Shape):
    """The network's calibrated probabilities; they sum to one and no certificate touches them."""

    optimal: float
    infeasible: float
    unbounded: float


class CertifiedInstance(Shape):
    """What was certified: the certificate can be checked against that instance and no other."""

    name: str
    sha256: str
    sense: Literal["minimise", "maximise"]


class ExactValues(Shape):
    """Rational numbers as text, "p/q" or "p", in the file's own sense."""

    objective: str | None
    dual_bound: str | None
    gap: str | None


class CertificateShape(Shape):
    """What was proved, and by which numbers."""

    kind: Literal["optimal", "feasible", "infeasible", "unbounded"]
    rigour: Literal["numeric", "exact"] = Field(description="float64 with stated tolerances, or rational")
    scope: Literal["instance", "relaxation"] = Field(
        description="Of what: the instance, or only its relaxation"
    )
    verdict: VerdictName | None = Field(description="The verdict it implies; null where it implies none")
    statement: str = Field(description="The claim in words, with what it rests on")
    tolerances: dict[str, float]
    residuals: dict[str, float | None] = Field(description="Violations found, absolute and relative")
    objective: float | None = Field(description="Of its point, in the file's own sense")
    dual_bound: float | None = Field(
        description="Safe bound in the file's own sense; null where it is infinite"
    )
    gap: float | None = Field(description="Relative gap of objective and bound; null where either is missing")
    instance: CertifiedInstance
    vectors_sense: Literal["minimise"] | None = Field(
        None, description="Only with vectors=true, as what follows"
    )
    point: list[float] | list[str] | None = Field(
        default=None, description="A feasible point, in column order"
    )
    dual: list[float] | list[str] | None = Field(
        default=None, description="The dual solution behind the bound, in row order"
    )
    ray: list[float] | list[str] | None = Field(
        None, description="A Farkas ray in row order, or an unbounded one in column order"
    )
    exact: ExactValues | None = Field(
        default=None, description="Of an exact certificate, with its vectors: its values as rational numbers"
    )


class StartShape(Shape):
    """Where the solver began."""

    origin: Literal["prediction", "user"]
    use: Literal["none", "crossover", "working-set", "mip-start"] = Field(description="What was made of it")
    used: bool | None = Field(description="Whether the solver took it; null where that cannot be known")
    detail: str


class SubsetShape(Shape):
    """Rows and bounds that cannot hold together."""

    rows: list[str] = Field(description="By name, with the sides that take part")
    bounds: list[str]
    irreducible: bool | None = Field(
        description="Whether every one is needed; null where that was not settled"
    )
    integral: bool = Field(description="Integrality takes part: the relaxation of the subset is feasible")
    proved: bool = Field(description="We certified that the subset alone is infeasible")
    statement: str


class SolverShape(Shape):
    """What an exact solver said, and what our recheck made of it."""

    solver: str = Field(description="Name and version")
    status: Literal[
        "optimal", "infeasible", "unbounded", "feasible", "unknown", "infeasible-or-unbounded", "error"
    ] = Field(description='Its own; "feasible": a limit stopped it with a point in hand')
    detail: str
    accepted: bool = Field(description="Whether the recheck found nothing against it")
    reason: str | None = Field(description="Why it is not accepted")
    failure: str | None = Field(description="What became of its process where it gave no answer")
    earlier: list[str] = Field(description="What was refused or failed before this answer")
    objective: float | None = Field(description="Of its point by our arithmetic, in the file's own sense")
    dual_bound: float | None = Field(description="Its own claim, unproved, in the file's own sense")
    seconds: float
    start: StartShape | None
    irreducible_subset: SubsetShape | None = Field(
        description="Only with explain=true, of what is infeasible"
    )


class ModelShape(Shape):
    """Which network spoke."""

    name: str
    version: str
    sha256: str


class SecondsShape(Shape):
    """Wall time; `predict` is graph and network together."""

    read: float
    predict: float
    certify: float
    polish: float
    solve: float
    total: float


class AnswerShape(Shape):
    """The answer to one instance."""

    instance: InstanceShape
    verdict: VerdictName = Field(description='"optimal" means feasible and bounded; "abstain" is an answer')
    probabilities: Probabilities
    confidence: float = Field(description="The network's: the largest of its probabilities")
    out_of_distribution: float | None = Field(
        description="How far the instance lies from the training data; above 1 is outside, null is infinite"
    )
    provenance: Provenance = Field(description='Of the verdict; "certified" when the certificate implies it')
    lane: Literal["predict", "certify", "solve"] = Field(description="The way the answer took")
    objective: float | None = Field(description="In the file's own sense; null unless the verdict is optimal")
    objective_provenance: Provenance | None = Field(description='"certified" only by a gap within tolerance')
    dual_bound: float | None = Field(
        description="Safe bound on the optimum in the file's own sense; null where there is none"
    )
    solution: dict[str, float] | None = Field(
        description="Nonzeros by variable name; only with solution=true"
    )
    solution_provenance: Provenance | None
    certificate: CertificateShape | None
    solver: SolverShape | None = Field(description="Null unless an exact solver was asked")
    model: ModelShape
    seconds: SecondsShape


class ProblemShape(Shape):
    """An RFC 9457 problem document."""

    type: str = Field(description="Stable name of the problem, urn:farkas:problem:…")
    title: str
    status: int
    detail: str
    instance: str | None = Field(
        default=None, description="The request, urn:farkas:request:…; also in X-Request-ID"
    )
    line: int | None = Field(default=None, description="Line of the first wrong token, from 1")
    column: int | None = Field(default=None, description="Column of that token, from 1")
    hint: str | None = Field(default=None, description="What to do about it")


class ItemErrorShape(Shape):
    """In a list of answers: what stands in the place of an instance that has none."""

    error: ProblemShape


class SparseFactsShape(Shape):
    """What is to be known of a dictionary, or of what was tuned for sparse recovery."""

    variant: str | None = Field(description="Null of a dictionary")
    layers: int | None = Field(description="Of a trained network")
    rows: int | None = Field(description="Of the dictionary; null of numbers, which go with any")
    columns: int | None
    dictionary: str | None = Field(
        description="name@version of the registry’s dictionary of that content; null where it has none"
    )
    dictionary_sha256: str | None = Field(description="Hash of the dictionary’s content, as answers have it")


class ImplicitFactsShape(Shape):
    """What is to be known of a network that reconstructs pictures, or predicts equilibria of a game."""

    form: str | None = Field(description="Of one for pictures: gradient or proximal")
    mode: str | None = Field(description="Of one for pictures: equilibrium or unrolled")
    operator: dict[str, Any] | None = Field(description="Of one for pictures: what it was trained for")
    game: dict[str, Any] | None = Field(
        description="Of one for equilibria: its game, with the box of contexts that it was trained on in "
        "`context_lower` and `context_upper`"
    )
    trained_on: str | None = Field(description="The data that it has seen, in its card's words")
    beats_classical: bool | None = Field(
        description="Of one for pictures: whether its test pictures, and those of a second source, came out "
        "nearer to the truth than by the classical inverse; it is the usual method only then. Null where its "
        "card does not say"
    )


class ModelEntryShape(Shape):
    """A model in the list of models."""

    name: str
    version: str
    kind: str | None = Field(
        description="predictor, dictionary, sparse-network, hyperlista, reconstruction-network, "
        "equilibrium-network or implicit-classifier; null where its card cannot be read"
    )
    sha256: str | None = Field(description="Hash of its weights; null where its card cannot be read")
    current: bool = Field(description="The version that the bare name stands for")
    default: bool = Field(description="The model that answers when none is named")
    bundled: bool = Field(description="It came with the package")
    sparse: SparseFactsShape | None = Field(description="Null of what is not for sparse recovery")
    implicit: ImplicitFactsShape | None = Field(description="Null of what is not for pictures or games")


class ModelListShape(Shape):
    models: list[ModelEntryShape]


class ModelCardShape(ModelEntryShape):
    """One model with everything its checkpoint's card says."""

    history: list[str] = Field(description="Versions that were current before, oldest first")
    card: dict[str, Any]


class LiveShape(Shape):
    status: Literal["live"]


class ReadyShape(Shape):
    status: Literal["ready"]
    model: ModelShape
