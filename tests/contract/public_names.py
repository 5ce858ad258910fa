"""What a module says of its public names, read from its source."""

import ast
import re


def exported(tree):
    """The names in a module's `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def _targets(node):
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets]
    return [ast.unparse(node.target)] if isinstance(node, ast.AnnAssign) else []


def undescribed(source):
    """Public constants and aliases of a module that no string after them describes."""
    tree = ast.parse(source)
    public = set(exported(tree))
    found = []
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        found += [] if told else [name for name in _targets(node) if name in public]
    return found


def undocumented(source):
    """Parameters of a module's public functions and classes that their docstrings pass over.

    A docstring says something of a parameter where it names it: in a section `Args`, or between
    backticks in a sentence. One parameter that is all a short function is about needs neither.
    """
    tree = ast.parse(source)
    public = set(exported(tree))
    found = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name not in public:
            continue
        text = ast.get_docstring(node) or ""
        names = _parameters(node)
        missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
        found += [f"{node.name}({name})" for name in missing] if len(names) > 1 or not text else []
    return found


def _parameters(node):
    if isinstance(node, ast.ClassDef):
        makers = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        if not makers:
            return []
        node = makers[0]
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [a.arg for a in every if a.arg not in {"self", "cls"} and not a.arg.startswith("_")]
