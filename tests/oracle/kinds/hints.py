# SPDX-License-Identifier: MIT
"""hints.py: what the typing module and the syntax of annotations make."""
import collections.abc
import typing

from kinds import keep, make, run

LINES = """
list[int]
dict[str, [1]]
tuple[int, ...]
type[int]
list[list[int]]
list[typing.TypeVar("T")]
dict[typing.TypeVar("K"), int][str]
collections.abc.Callable[[int], str]
collections.abc.Iterator[int]
(*tuple[int, str],)
int | str
int | None
typing.Union[int, "text"]
list[int] | None | str
int | typing.TypeVar("T")
typing.Optional[int]
typing.Union[int, str]
typing.Union[int, typing.List[str]]
typing.List[int]
typing.Dict[str, typing.Any]
typing.Callable[[int], str]
typing.Callable[..., typing.Any]
typing.Tuple[int, ...]
typing.Literal["a", 1]
typing.Annotated[int, [1]]
typing.Final[int]
typing.ClassVar[int]
typing.Type[int]
typing.Any
typing.NoReturn
typing.Self
typing.Never
typing.LiteralString
typing.Required[int]
typing.NoDefault
typing.TypeVar("T")
typing.TypeVar("T", int, str)
typing.TypeVar("T", bound=typing.List[int], covariant=True)
typing.TypeVar("T", default=int)
typing.TypeVar("T", infer_variance=True)
typing.AnyStr
typing.ParamSpec("P")
typing.ParamSpec("P", bound=int, default=[int])
typing.ParamSpec("P").args
typing.ParamSpec("P").kwargs
typing.Concatenate[int, typing.ParamSpec("P")]
typing.TypeVarTuple("Ts")
typing.TypeVarTuple("Ts", default=typing.Unpack[tuple[int]])
typing.Unpack[typing.TypeVarTuple("Ts")]
typing.NewType("New", int)
typing.ForwardRef("Later")
typing.ForwardRef("Later", module="typing")
typing.NamedTuple("Named", [("a", int)])(1)
typing.TypedDict("Typed", {"a": int})
typing.TypeAliasType("Alias", list[int])
typing.TypeAliasType("Alias", list[int], type_params=(typing.TypeVar("T"),))
typing.get_type_hints(annotated)
typing.runtime_checkable(type("Proto", (typing.Protocol,), {}))
typing.IO[str]
typing.Pattern[str]
typing.SupportsInt
typing.TypeVar("T", int, str).evaluate_constraints
typing.TypeVar("T", bound=int).evaluate_bound
typing.Generic
sentinel("SENTINEL")
sentinel("SENTINEL", repr="shown")
"""


def annotated(a: int, b: "typing.List[int]" = None) -> typing.Dict[str, int]:
    return a, b


GENERIC = """
import typing
class Box[T]:
    item: T
    def get[U: (int, str)](self, other: U) -> T:
        return self.item
class Many[*Ts, **P, T: list[int]]:
    pass
type Alias = int | str
type Lazy[T] = list[Lazy[T]]
type Many2[*Ts, **P] = typing.Callable[P, tuple[*Ts]]
type Evaluated = list[int]
Evaluated.__value__
evaluated = [Box[int], Box[int](), Lazy[int], Many2[int, str, [int]]]
bound = Box.get.__type_params__[0].__constraints__
params = Many.__type_params__
params[2].__bound__
def lazily[T: undefined](x: T):
    pass
later = lazily.__type_params__
"""

DEFAULTS = """
class Default[T = int, **P = [int]]:
    pass
class Variadic[*Ts = *tuple[int, ...]]:
    pass
params = Default.__type_params__ + Variadic.__type_params__
params[0].__default__
has = [param.has_default() for param in params]
type Alias[T = list[int]] = T
"""

LAZY = """
def annotated(a: undefined, b: list[int] = 1) -> later:
    pass
annotate = annotated.__annotate__
class Annotated:
    a: int
    b: undefined
import annotationlib
forward = annotationlib.get_annotations(annotated, format=annotationlib.Format.FORWARDREF)
texts = annotationlib.get_annotations(Annotated, format=annotationlib.Format.STRING)
def generic[T: int](x: T):
    pass
evaluated = [param.evaluate_bound for param in generic.__type_params__]
"""

PROTOCOLS = """
import typing
@typing.runtime_checkable
class Sized(typing.Protocol):
    def size(self) -> int: ...
class Thing:
    def size(self):
        return 1
checked = isinstance(Thing(), Sized), issubclass(Thing, Sized)
T = typing.TypeVar("T")
class Generic(Sized, typing.Generic[T]):
    pass
made = Generic[int]
cast = typing.cast(int, "x")
@typing.overload
def over(a: int) -> int: ...
@typing.overload
def over(a: str) -> str: ...
def over(a): return a
"""


def build():
    make(globals(), LINES)
    for text in (GENERIC, DEFAULTS, LAZY, PROTOCOLS):
        made = {"__name__": "kinds.hints"}
        run(made, text)
        keep(made)
