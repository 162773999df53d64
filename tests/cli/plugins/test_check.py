from pathlib import Path

import pytest

from pitchpipe import deprecations
from pitchpipe.deprecations import Deprecation

HEAD = """
from dataclasses import dataclass
from pitchpipe import hookimpl
from pitchpipe.stages import Formatter, Learner, Splitter
"""

STAGE = '''
@dataclass(frozen=True)
class Half(Splitter):
    """Holds out half.

    Attributes:
        seed: of the draw.
    """

    seed: int = 1

    def split(self, index):
        return index["prompt"] % 2 == 0

@hookimpl
def register_splitters(register):
    register("half", Half)
'''


@pytest.fixture
def faults(cli, tmp_path):
    """Checks a module of this source; gives the faults that were told."""

    def check(source, *flags):
        Path("candidate.py").write_text(HEAD + source, encoding="utf-8")
        result = cli("plugins", "check", "candidate.py", "--json", *flags)
        [checked] = result.json
        assert (checked["plugin"], checked["distribution"]) == ("candidate", "candidate")
        assert result.code == bool(checked["faults"])
        return checked["faults"]

    return check


def test_nothing_is_found_where_nothing_is_wrong(cli, faults):
    assert faults(STAGE) == []
    told = cli("plugins", "check", "candidate.py")
    assert (told.code, told.out) == (0, "plugin 'candidate' of candidate: no faults\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import no_such", "does not import: ModuleNotFoundError: No module named 'no_such'"),
        ("raise SystemExit('no licence')", "does not import: SystemExit: no licence"),
        ("x = 1", "implements no hook"),
        (
            "@hookimpl\ndef register_spliters(register): ...",
            "'register_spliters' that does not exist; did you mean 'register_splitters'?",
        ),
        ("@hookimpl\ndef something(): ...", "'something' that does not exist; known: job_est"),
        ("@hookimpl\ndef run_started(runner): ...", "takes 'runner', which run_started does not"),
        (
            "@hookimpl(specname='run_begun')\ndef begins(run): ...",
            "begins implements a hook 'run_begun' that does not exist",
        ),
        ("def run_finished(error): ...", "run_finished is named like a hook and is not marked"),
        ("def run_finish(error): ...", "not marked and close to the hook 'run_finished'"),
        ("@hookimpl\ndef register_engines(register): 1 / 0", "raises ZeroDivisionError"),
        (STAGE + '    register("half", Half)\n', "splitter 'half' is offered 2 times"),
        (STAGE.replace('"half"', '"Half_Way"'), "expected lower case, words joined by hyphens"),
        (STAGE.replace('"half"', "3"), "its name is 3"),
        (STAGE.replace(", Half)", ", Half())"), "Half(seed=1) was offered; expected a class"),
        (STAGE.replace("(Splitter)", ""), "does not extend pitchpipe.stages.Splitter"),
        (STAGE.replace("def split", "def divide"), "Half lacks split"),
        (STAGE.replace("frozen=True", ""), "not a frozen dataclass"),
        (STAGE.replace("seed: int", "seed: 'Unknown'"), "name 'Unknown' is not defined"),
        (STAGE.replace("seed: of the", "salt: of the"), "its option seed is not described"),
        (STAGE.replace('"""', "#", 1).replace('"""', "#"), "SyntaxError"),
        (STAGE.replace('"half"', '"random"'), "'random' is also offered by pitchpipe"),
    ],
)
def test_every_fault_is_told(faults, source, expected):
    told = faults(source)
    assert any(expected in fault for fault in told), told


def test_a_hook_of_another_version_is_no_fault_where_it_is_optional(faults):
    source = STAGE + "@hookimpl(optionalhook=True)\ndef run_paused(run): ...\n"
    assert faults(source) == []


def test_a_stage_without_docstring_or_what_its_contract_wants_set(faults):
    source = """
@dataclass(frozen=True)
class Bare(Formatter):
    pass

@hookimpl
def register_formatters(register):
    register("bare", Bare)
"""
    told = faults(source)
    assert any("has no docstring" in fault for fault in told)
    assert any("Bare does not set format" in fault for fault in told)
    assert any("Bare lacks answer" in f or "Bare lacks apply" in f for f in told)


def test_what_is_deprecated_is_told(faults, monkeypatch):
    table = (
        Deprecation("hook", "register_splitters", "0.2", "0.4", "Offer cutters."),
        Deprecation("argument", "register_splitters.register", "0.2", "0.4", "Take offer."),
        Deprecation("member", "Splitter.split", "0.3", "0.5", "Define cut."),
        Deprecation("member", "Splitter.order", "0.3", "0.5", "It is not defined here."),
    )
    monkeypatch.setattr(deprecations, "DEPRECATIONS", table)
    told = [fault for fault in faults(STAGE) if "deprecated" in fault]
    assert told == [
        "it uses the hook 'register_splitters', deprecated since 0.2 and removed in 0.4. "
        "Offer cutters",
        "it uses the argument 'register_splitters.register', deprecated since 0.2 and removed in "
        "0.4. Take offer",
        "it uses the member 'Splitter.split', deprecated since 0.3 and removed in 0.5. Define cut",
    ]


def test_a_class_is_told_from_an_instance(cli):
    body = "class Plugin:\n    @hookimpl\n    def run_started(self, run): ...\n"
    folder = Path("dist")
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "late.py").write_text(f"{HEAD}{body}plugin = Plugin()\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "late-plugin"\nversion = "2.0"\n'
        '[project.entry-points.pitchpipe]\ngood = "late:plugin"\nbad = "late:Plugin"\n'
    )
    result = cli("plugins", "check", "dist", "--json")
    assert result.code == 1
    checked = {row["plugin"]: row["faults"] for row in result.json}
    assert checked == {"good": [], "bad": ["Plugin is a class; give an instance of it"]}
    assert {row["version"] for row in result.json} == {"2.0"}
    assert cli("plugins", "check", "late").code == 2, "importable while it was checked, only"


def test_an_installed_plugin_is_checked_by_either_name(cli, install):
    install("brass-plugin", {"brass": "brass_mod"}, {"brass_mod": HEAD + STAGE}, "3.1")
    for name in ("brass", "brass-plugin", "brass_mod"):
        result = cli("plugins", "check", name)
        assert result.code == (name == "brass_mod"), "as a module it collides with the installed"
    assert "plugin 'brass' of brass-plugin 3.1: no faults" in cli("plugins", "check", "brass").out


def test_the_traceback_is_shown_on_request(cli):
    Path("torn.py").write_text("import no_such\n", encoding="utf-8")
    assert "torn.py" not in cli("plugins", "check", "torn.py").err
    assert 'torn.py", line 1' in cli("plugins", "check", "torn.py", "--traceback").err


def test_a_file_named_like_a_module_in_use(cli):
    Path("json.py").write_text(HEAD, encoding="utf-8")
    result = cli("plugins", "check", "json.py")
    assert result.code == 2
    assert "another module named 'json' is in use already" in result.err


@pytest.mark.parametrize(
    ("project", "message"),
    [
        (None, "expected a Python file, a package with __init__.py, or a folder"),
        ("[project", "not valid TOML"),
        ("[project]\nname = 'x'\n", "announces no plugin"),
    ],
)
def test_a_folder_without_a_plugin(cli, project, message):
    Path("empty").mkdir()
    if project is not None:
        Path("empty/pyproject.toml").write_text(project, encoding="utf-8")
    result = cli("plugins", "check", "empty")
    assert result.code == 2
    assert message in result.err
