"""What a module's source says of its public names."""

import ast
import re


def exported(tree):
    """The names in a module's `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def undescribed(source):
    """Public constants and aliases of a module that no string after them describes."""
    tree = ast.parse(source)
    public = set(exported(tree))
    found = {}
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        for name in _targets(node):
            found[name] = told or found.get(name, False)
    return [name for name, told in found.items() if name in public and not told]


def _targets(node):
    """The names that an assignment or a declaration binds."""
    if isinstance(node, ast.Assign):
        return [each.id for each in ast.walk(node) if _bound(each)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and _bound(node.target) else []


def _bound(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def passed_over(source, names):
    """Parameters of functions and classes of a module that their docstrings do not name.

    What takes one parameter tells of it in its sentence, and need not name it.
    """
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
            text = ast.get_docstring(node) or ""
            taken = _parameters(node)
            missing = [name for name in taken if not re.search(rf"\b{name}\b", text)]
            found += [f"{node.name}({name})" for name in missing] if len(taken) > 1 else []
    return found


def _parameters(node):
    if isinstance(node, ast.ClassDef):
        makers = [each for each in node.body if getattr(each, "name", "") == "__init__"]
        if not makers:
            return []
        node = makers[0]
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [a.arg for a in every if a.arg != "self" and not a.arg.startswith("_")]
