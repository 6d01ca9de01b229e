"""Follow values of the policy's models through code, and note which of their keys it reads."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

Model = type[BaseModel]
Key = tuple[str, str]


def models(annotation: object) -> Iterator[Model]:
    """The models in an annotation, such as that of list[Stage] or Filter | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models(part)


def named(annotation: ast.expr | None, known: Mapping[str, Model]) -> Model | None:
    """The one model that an annotation in the code names, by itself or in a list."""
    if annotation is None:
        return None
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(annotation) if isinstance(node, ast.Attribute)}
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        names = {annotation.value}
    found = [known[name] for name in names if name in known]
    return found[0] if len(found) == 1 else None


class Reader(ast.NodeVisitor):
    """Reads of keys in one module, scope by scope.

    Attributes:
        read: model and field of every read.
        attributes, functions: what an attribute or a function of the product gives, by its name.
    """

    def __init__(
        self, known: Mapping[str, Model], attributes: dict[str, Model], functions: dict[str, Model]
    ) -> None:
        self.read: set[Key] = set()
        self.known, self.attributes, self.functions = known, attributes, functions
        self.names: dict[str, Model | None] = {}
        self.owner: Model | None = None

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before, self.owner = self.owner, self.known.get(node.name)
        self.generic_visit(node)
        self.owner = before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if any("validator" in ast.unparse(one) for one in node.decorator_list):
            return
        before = dict(self.names)
        stated = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.names |= {one.arg: named(one.annotation, self.known) for one in stated}
        if stated and stated[0].arg == "self":
            self.names["self"] = self.owner
        self.generic_visit(node)
        self.names = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (the name ast looks for)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self.bind(target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self.bind(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        self.bind(node.target, node.iter)
        self.generic_visit(node)

    def comprehend(self, node: typing.Any) -> None:
        before = dict(self.names)
        for part in node.generators:
            self.bind(part.target, part.iter)
        self.generic_visit(node)
        self.names = before

    visit_ListComp = comprehend  # noqa: N815
    visit_SetComp = comprehend  # noqa: N815
    visit_DictComp = comprehend  # noqa: N815
    visit_GeneratorExp = comprehend  # noqa: N815

    def visit_match_case(self, node: ast.match_case) -> None:
        for pattern in ast.walk(node.pattern):
            if isinstance(pattern, ast.MatchClass) and isinstance(pattern.cls, ast.Name):
                self.matched = self.known.get(pattern.cls.id)
                if isinstance(self.subject, ast.Name) and self.matched:
                    self.names[self.subject.id] = self.matched
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        self.subject = node.subject
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        owner = self.sort(node.value)
        if owner is not None and node.attr in owner.model_fields and isinstance(node.ctx, ast.Load):
            self.read.add((owner.__name__, node.attr))

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = self.sort(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self.bind(one, other)
        elif isinstance(target, ast.Tuple):
            # `for number, rule in enumerate(rules)`, `for name, field in attributes.items()`
            self.bind(target.elts[-1], value)

    def sort(self, value: ast.expr) -> Model | None:
        """The model a value is of, or a list of, where the code says so."""
        found: Model | None = None
        match value:
            case ast.Name():
                found = self.names.get(value.id)
            case ast.Attribute():
                owner = self.sort(value.value)
                if owner is None or value.attr not in owner.model_fields:
                    found = self.attributes.get(value.attr)
                else:
                    found = next(models(owner.model_fields[value.attr].annotation), None)
            case ast.Call():
                found = self.sort_of_call(value)
            case ast.GeneratorExp(elt=ast.Name(id=name)) | ast.ListComp(elt=ast.Name(id=name)):
                made = [part.iter for part in value.generators if ast.unparse(part.target) == name]
                found = self.sort(made[0]) if made else None
            case ast.Subscript():
                found = self.sort(value.value)
        return found

    def sort_of_call(self, call: ast.Call) -> Model | None:
        """What a call gives: an element or view of something known, or what the function says it returns."""
        match call:
            case ast.Call(func=ast.Attribute(attr="items" | "values" | "get", value=owner)):
                return self.sort(owner)
            case ast.Call(func=ast.Name(id="enumerate" | "reversed" | "sorted" | "next"), args=[first, *_]):
                return self.sort(first)
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                return self.functions.get(name)
        return None


def reads(modules: Iterable[ast.Module], known: Mapping[str, Model]) -> set[Key]:
    """Model and field of every read of a key; a field that models inherit is read for all of them.

    Args:
        modules: the code.
        known: the models by name, those they inherit from included.
    """
    modules = list(modules)
    attributes, functions = _annotated(modules, known)
    read: set[Key] = set()
    for tree in modules:
        reader = Reader(known, attributes, functions)
        reader.visit(tree)
        read |= reader.read
    return {
        (heir.__name__, name)
        for model, name in read
        for heir in known.values()
        if issubclass(heir, known[model]) or issubclass(known[model], heir)
    }


def _annotated(
    modules: Iterable[ast.Module], known: Mapping[str, Model]
) -> tuple[dict[str, Model], dict[str, Model]]:
    """What attributes and functions give, by their name, wherever they stand."""
    attributes: dict[str, Model] = {}
    functions: dict[str, Model] = {"target": known["TargetRules"]}
    for node in (node for tree in modules for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (model := named(node.returns, known)):
            functions[node.name] = attributes[node.name] = model
        if isinstance(node, ast.AnnAssign) and (model := named(node.annotation, known)):
            attributes[ast.unparse(node.target).rpartition(".")[2]] = model
    return attributes, functions
