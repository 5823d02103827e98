# SPDX-License-Identifier: MIT
"""tools/new-service in a copy of the tree: it builds, and the new operation is served."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*command, cwd, **variables):
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False,
                            env={**os.environ, **variables})
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout


def copy_tree(target):
    names = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def lines(path):
    return len(path.read_text().splitlines())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_new_service_is_built_and_served(tmp_path):
    tree = tmp_path / "tree"
    copy_tree(tree)
    made = run(sys.executable, ROOT / "tools/new-service", "demo", "--root", tree, cwd=tree)
    assert "src/services/demo/demo.c" in made
    run(sys.executable, ROOT / "tools/tidy", "--root", tree, cwd=tree)
    # ccache has the objects of this build, whatever the folder.
    cache = {"CCACHE_NOHASHDIR": "1", "CCACHE_BASEDIR": str(tree)}
    run("meson", "setup", "build", cwd=tree, **cache)
    run("ninja", "-C", "build", "ternd", "demo_test", cwd=tree, **cache)
    run("build/demo_test", cwd=tree)
    run(sys.executable, "-m", "pytest", "-q", "tests/demo", cwd=tree, TERN_BUILD="build")
    folder = tree / "src/services/demo"
    print("a service with one operation:",
          lines(tree / "model/demo.ops"), "lines of model,",
          lines(folder / "demo.c") + lines(folder / "demo.h"), "of C,",
          lines(folder / "demo_test.c") + lines(tree / "tests/demo/test_demo.py"), "of tests,",
          lines(folder / "meson.build"), "of meson; 3 lines in files that exist")


@pytest.mark.parametrize("name", ["Sns", "a-b", "", "1a"])
def test_a_name_that_is_no_signing_name_is_refused(tmp_path, name):
    result = subprocess.run([sys.executable, ROOT / "tools/new-service", name, "--root", tmp_path],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "NAME must be" in result.stderr


def test_a_service_that_exists_is_refused():
    result = subprocess.run([sys.executable, ROOT / "tools/new-service", "sqs"],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "is there already" in result.stderr
