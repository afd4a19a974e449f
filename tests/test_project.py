"""The README says what is so, and CI runs what the README says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import segmind_widgets
from segmind_widgets.notebook.arguments import PARSERS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_two_commands_are_in_the_readme_as_they_stand() -> None:
    lines = README.splitlines()
    assert 'pip install -e ".[demo]" && jupyter lab notebooks/quickstart.ipynb' in lines
    assert 'pip install -e ".[test]" && pytest' in lines


def test_ci_takes_the_readmes_own_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"grep -oE '([^']+)' README.md", script)
    assert pattern
    assert re.search(pattern[1].replace(r"\.", "."), 'pip install -e ".[test]" && pytest')
    assert "chromium" in script


def test_every_magic_is_in_the_readme() -> None:
    assert set(re.findall(r"`%{1,2}(segmind_\w+)", README)) >= set(PARSERS)


def test_pictures_and_links_of_the_readme_exist() -> None:
    local = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_one_command_makes_the_pictures_of_the_readme() -> None:
    script = (ROOT / "tests" / "browser" / "readme_pictures.py").read_text()
    made = set(re.findall(r'^    "(\w+)": show_\1,$', script, re.MULTILINE))
    assert set(re.findall(r"\]\(docs/images/(\w+)\.jpg\)", README)) == made
    assert {path.stem for path in (ROOT / "docs" / "images").iterdir()} == made
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert "`python -m tests.browser.readme_pictures`" in guide


def test_the_public_names_are_these() -> None:
    classes = {"Asset", "Job", "Sandbox", "SegmindClient", "Sweep"}
    names = classes | {"__version__", "errors", "from_image"}
    assert set(segmind_widgets.__all__) == names
    assert all(getattr(segmind_widgets, name) is not None for name in names)


COVERED = {
    "_version": "test_project.py",
    "assets/containers": "assets/test_recipes.py",
    "assets/embedding": "assets/test_recipes.py",
    "assets/encoding": "assets/test_asset.py",
    "assets/mask_operations": "assets/test_masks.py",
    "assets/preview": "assets/test_asset.py",
    "assets/sources": "typing/test_typing.py",
    "assets/streams": "assets/test_media_types.py",
    "assets/xmp": "assets/test_recipes.py",
    "batches/feeder": "batches/test_batch.py",
    "batches/plan": "batches/test_batch.py",
    "batches/progress": "batches/test_batch.py",
    "batches/results": "batches/test_batch.py",
    "batches/row_planner": "batches/test_row_table.py",
    "catalog/listings": "catalog/test_catalog.py",
    "catalog/page_blocks": "catalog/test_model_page.py",
    "catalog/page_json": "catalog/test_model_page.py",
    "exports/curl": "exports/test_export.py",
    "exports/javascript": "exports/test_export.py",
    "exports/python": "exports/test_export.py",
    "exports/python_literals": "exports/test_export.py",
    "exports/request": "exports/test_export.py",
    "formatting": "notebook/test_tables.py",
    "jobs/history_search": "jobs/test_recovery.py",
    "jobs/input_files": "assets/test_compare.py",
    "jobs/poll_steps": "jobs/test_answers.py",
    "jobs/result_steps": "jobs/test_downloads.py",
    "jobs/run_state": "jobs/test_runner.py",
    "jobs/search_steps": "jobs/test_runner.py",
    "jobs/submit_steps": "jobs/test_answers.py",
    "network/account": "notebook/test_login.py",
    "network/shared_rate_limit": "network/test_rate_limit.py",
    "notebook/argument_parser": "notebook/test_arguments.py",
    "network/upload_progress": "network/test_at_once.py",
    "notebook/consent": "syntax/test_file_access.py",
    "notebook/kernel_messages": "kernels/matrix.py",
    "notebook/listings": "notebook/test_tables.py",
    "notebook/magics/_base": "journeys/test_magics.py",
    "notebook/magics/account": "journeys/test_magics.py",
    "notebook/magics/files": "journeys/test_magics.py",
    "notebook/magics/lists": "journeys/test_magics.py",
    "notebook/magics/panels": "panels/test_base.py",
    "notebook/magics/running": "journeys/test_magics.py",
    "notebook/pasted_code": "seeds/test_paste.py",
    "notebook/run_arguments": "notebook/test_arguments.py",
    "notebook/run_command": "journeys/test_magics.py",
    "notebook/sweep_command": "batches/test_sweeps.py",
    "panels/_run_base": "panels/test_run.py",
    "panels/workflow": "panels/test_run.py",
    "planning/fingerprint": "planning/test_budget.py",
    "planning/targets": "seeds/test_requests.py",
    "providers/_apimart_uploads": "providers/test_apimart.py",
    "providers/_completion": "journeys/test_recorded_replies.py",
    "providers/_facts": "journeys/test_recorded_replies.py",
    "providers/_names": "journeys/test_recorded_replies.py",
    "providers/_outputs": "providers/test_replies.py",
    "providers/_places": "journeys/test_generated_replies.py",
    "providers/_reasons": "journeys/test_recorded_replies.py",
    "providers/_segmind_replies": "journeys/test_recorded_replies.py",
    "providers/_segmind_storage": "providers/test_segmind.py",
    "providers/_segmind_targets": "seeds/test_requests.py",
    "providers/_statuses": "journeys/test_recorded_replies.py",
    "providers/_texts": "journeys/test_generated_replies.py",
    "sandbox/artist": "sandbox/artist/test_render.py",
    "sandbox/http/exchange": "sandbox/services/test_segmind_requests.py",
    "sandbox/http/log": "sandbox/test_server.py",
    "sandbox/http/multipart": "sandbox/services/test_apimart.py",
    "sandbox/http/wire": "sandbox/http/test_faults.py",
    "sandbox/services/endpoint": "sandbox/http/test_faults.py",
    "sandbox/services/history": "jobs/test_recovery.py",
    "sandbox/services/model_pages": "catalog/test_model_page.py",
    "sandbox/services/service": "sandbox/services/test_segmind.py",
    "sandbox/services/studio": "sandbox/services/test_segmind.py",
    "sandbox/state/models": "sandbox/services/test_segmind.py",
    "secret": "journeys/test_tracebacks.py",
    "session_parts": "test_session.py",
    "settings": "test_client.py",
    "stopping": "journeys/test_tracebacks.py",
    "storage/batch_rows": "batches/test_batch.py",
    "storage/cache": "storage/test_store.py",
    "storage/forms": "seeds/test_requests.py",
    "storage/locks": "storage/test_ownership.py",
    "storage/rate_limits": "network/test_rate_limit.py",
    "storage/spending": "planning/test_budget.py",
    "storage/texts": "storage/test_queries.py",
    "storage/totals": "storage/test_queries.py",
    "syntax/api_pages": "syntax/test_snippets.py",
    "syntax/page_facts": "catalog/test_model_page.py",
    "syntax/parameter_words": "catalog/test_model_page.py",
    "syntax/pasted/access": "syntax/pasted/test_program.py",
    "syntax/pasted/addresses": "syntax/pasted/test_program.py",
    "syntax/pasted/calls": "syntax/pasted/test_program.py",
    "syntax/pasted/curl": "syntax/pasted/test_program.py",
    "syntax/pasted/expressions": "syntax/pasted/test_program.py",
    "syntax/pasted/interpreter": "syntax/pasted/test_program.py",
    "syntax/pasted/javascript": "syntax/pasted/test_program.py",
    "syntax/pasted/library": "syntax/pasted/test_program.py",
    "syntax/pasted/result": "syntax/pasted/test_program.py",
    "syntax/pasted/sdk": "syntax/pasted/test_program.py",
    "syntax/pasted/values": "syntax/pasted/test_program.py",
    "syntax/samples": "syntax/test_snippets.py",
    "syntax/secrets": "syntax/test_snippets.py",
    "syntax/templates": "syntax/test_cells.py",
    "syntax/yaml_loader": "syntax/test_cells.py",
    "syntax/yaml_values": "syntax/test_cells.py",
    "widgets/archive": "panels/test_gallery.py",
    "widgets/base": "panels/test_base.py",
    "widgets/browser": "widgets/test_drop.py",
    "widgets/controls": "widgets/test_form.py",
    "widgets/copy_button": "browser/test_panels.py",
    "widgets/head": "panels/test_base.py",
    "widgets/host": "widgets/test_form.py",
    "widgets/insert_button": "browser/test_access.py",
    "widgets/job_details": "panels/test_jobs.py",
    "widgets/job_table": "panels/test_jobs.py",
    "widgets/media_field": "widgets/test_form.py",
    "widgets/recent": "widgets/test_form.py",
    "widgets/results": "panels/test_gallery.py",
    "widgets/search": "panels/test_run.py",
    "widgets/sizes": "widgets/test_form.py",
    "widgets/text_box": "seeds/test_paste.py",
    "widgets/values": "widgets/test_form.py",
    "workers/shared_folder": "workers/test_tasks.py",
}


def test_every_module_has_a_test_file_of_its_name_or_one_that_is_named_here() -> None:
    package, tests = ROOT / "segmind_widgets", ROOT / "tests"
    modules = {p.relative_to(package).with_suffix("") for p in package.rglob("*.py")}
    modules = {m for m in modules if m.name != "__init__"}
    artist = {m for m in modules if m.parts[:2] == ("sandbox", "artist")}
    names = {m.as_posix() for m in modules - artist} | {"sandbox/artist"}
    own = {
        name
        for name in names
        if (tests / name).with_name(f"test_{Path(name).name.strip('_')}.py").exists()
    }
    assert sorted(names - own) == sorted(COVERED)
    assert [name for name in COVERED.values() if not (tests / name).is_file()] == []


def test_every_folder_says_its_purpose() -> None:
    folders = {p.parent for p in (ROOT / "segmind_widgets").rglob("*.py")}
    for folder in folders:
        module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(module), folder


def test_the_architecture_page_names_modules_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", page))
    named |= {
        f"segmind_widgets/{one}" for one in re.findall(r"\]\(\.\./segmind_widgets/([^)]+)\)", page)
    }
    package = ROOT / "segmind_widgets"
    missing = [
        one
        for one in named
        if not any(
            (base / one).exists()
            for base in (
                package,
                package / "notebook",
                package / "widgets",
                package / "sandbox",
                ROOT,
            )
        )
    ]
    assert missing == []
    folders = {p.name for p in package.iterdir() if (p / "__init__.py").exists()}
    assert {f for f in folders if f"`{f}/`" not in page} == set()


def test_each_test_of_the_threat_model_exists() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "::" in line]
    assert len(rows) >= 10
    assert page.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", page))
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in tree.body if isinstance(node, functions)}
        assert name in names, f"{file} has no {name}"


def test_no_registry_host_is_named_in_what_is_committed() -> None:
    registries = ("pypi", "pythonhosted", "npmjs", "debian")
    hosts = re.compile(rf"\b({'|'.join(registries)})\.(org|com|net)\b")
    texts = [
        p for p in ROOT.rglob("*") if p.suffix in {".py", ".md", ".toml", ".ipynb", ".yml", ""}
    ]
    others = {ROOT / ".git", *(path.parent for path in ROOT.rglob("pyvenv.cfg"))}
    tracked = [p for p in texts if p.is_file() and not others & set(p.parents)]
    assert [str(p) for p in tracked if hosts.search(p.read_text("utf-8", "ignore"))] == []


def test_few_type_errors_are_ignored_each_with_its_rule_and_reason() -> None:
    ignores = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "segmind_widgets").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"# *(pyright|type): *ignore", line)
    ]
    complete = re.compile(r"# (pyright|type): ignore\[[\w, -]+\]  # \S.*$")
    assert len(ignores) <= 20, ignores
    assert [line for line in ignores if not complete.search(line)] == []
