"""The house: which room may import which, which words stand where, how long files are. Read, not imported."""

import ast
import re
import statistics
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the top. A file imports its own room and those of lower floors; rooms of one floor do not import each other.
FLOORS = [
    {"launch"},
    {"command"},
    {"tools"},
    {"study", "notebook"},
    {"stages"},
    {"report"},
    {"paper"},
    {"run"},
    {"atoms", "weights"},
    {"dictionaries"},
    {"exchange"},
    {"inr"},
    {"signals"},
    {"measure"},
    {"folder"},
    {"machine"},
    {"rows", "protocols"},
    {"errors", "state"},
    {"__init__"},  # the package's own: its version
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
ROWS_ALONE = ("report", "paper")  # rooms that know rows and arrays, never networks
NETWORKS = {"inr", "run", "dictionaries", "atoms", "weights", "exchange", "signals"}
ARRAYS_ALONE = {"inr", "dictionaries", "atoms", "weights"}  # rooms without a path or a config
LONGEST, MEDIAN = 300, 120  # lines of a file


def files():
    """Every file of the package, relative to the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "inr_sae").rglob("*.py"))


@cache
def parsed(path):
    return ast.parse((ROOT / path).read_text(), str(path))


def room(path):
    """The room of a file or module: the first part of its name below the package."""
    return Path(path).with_suffix("").parts[1]


def module_file(name):
    """The file of a module "inr_sae.a.b", or None if it is no module."""
    base = Path(*name.split("."))
    found = [path for path in (base.with_suffix(".py"), base / "__init__.py") if (ROOT / path).is_file()]
    return found[0] if found else None


def imports(path):
    """[(line, file)] of what a file imports of the package, wherever in it."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names = [
                f"{node.module}.{alias.name}" if module_file(f"{node.module}.{alias.name}") else node.module
                for alias in node.names
            ]
        else:
            continue
        found += [(node.lineno, module_file(name)) for name in names if name.split(".")[0] == "inr_sae"]
    assert None not in [file for _, file in found], f"{path} imports a module that is not there"
    return found


def allowed(source, target):
    """Whether a room may import another."""
    if source in ROWS_ALONE and target in NETWORKS:
        return False
    return source == target or FLOOR[target] > FLOOR[source]


def test_the_rule_itself():
    assert allowed("atoms", "inr") and allowed("atoms", "atoms") and allowed("stages", "report")
    assert not allowed("inr", "atoms") and not allowed("rows", "protocols")
    assert allowed("report", "rows") and not allowed("report", "inr") and not allowed("paper", "exchange")


def test_every_room_has_a_floor():
    assert {room(path) for path in files()} == set(FLOOR)


def test_no_import_runs_upward_or_to_a_room_of_its_own_floor():
    wrong = [
        f"{path}:{line} imports {target}"
        for path in files()
        for line, target in imports(path)
        if not allowed(room(path), room(target))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_imports_run_in_a_circle():
    graph = {path: {target for _, target in imports(path)} - {path} for path in files()}
    while leaves := [path for path, targets in graph.items() if not targets]:
        graph = {path: targets - set(leaves) for path, targets in graph.items() if path not in leaves}
    assert graph == {}


# A word of one file's business, and the rooms or folders that may say it.
@pytest.mark.parametrize(
    "words, places",
    [
        ("siren|ffmlp", ("inr_sae/inr/backbones/", "inr_sae/exchange/", "inr_sae/paper/")),
        ("topk", ("inr_sae/dictionaries/", "inr_sae/exchange/", "inr_sae/paper/")),
    ],
)
def test_what_is_written_once_names_no_backbone_and_no_method(words, places):
    """Their own folder may, and what reads files or a paper that do."""
    said = [
        f"{path}:{number}: {line.strip()}"
        for path in files()
        if not path.as_posix().startswith(places)
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if re.search(words, line, re.IGNORECASE)
    ]
    assert not said, "shared code asks a backbone or a method, and names none:\n" + "\n".join(said)


def literals(path):
    """[(line, string)] of a file's strings, those of f-strings among them, without docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None
    }
    documented = {  # NAME.__doc__ = "..."
        id(child)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(".__doc__")
        for child in ast.walk(node.value)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | documented
    ]


def test_no_file_but_a_stages_names_a_stages_files():
    stages = "|".join(path.stem for path in (ROOT / "inr_sae/stages").glob("*.py") if path.stem != "__init__")
    named = [
        f"{path}:{line}: {string!r}"
        for path in files()
        if room(path) != "stages"
        for line, string in literals(path)
        if re.search(f"(^|/)({stages})/", string)
    ]
    assert not named, "\n".join(named)


def test_rooms_of_arrays_know_no_paths_and_no_configs():
    known = {"pathlib", "ml_collections", "absl"}
    wrong = [
        f"{path}:{node.lineno}"
        for path in files()
        if room(path) in ARRAYS_ALONE
        for node in ast.walk(parsed(path))
        for name in imported(node)
        if name.split(".")[0] in known
    ]
    assert not wrong, "\n".join(wrong)


def imported(node):
    """The names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_files_are_short():
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in files()}
    assert {str(path): n for path, n in lengths.items() if n > LONGEST} == {}
    assert statistics.median(lengths.values()) < MEDIAN
