# SPDX-License-Identifier: MIT
"""tools/setup beside another package manager: apt-get and dpkg-query are the test's own."""
import os
import subprocess

import pytest

from ternd import ROOT

LOCKED = ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)\\n"
          "E: Unable to acquire the dpkg frontend lock, is another process using it?")
# Fails with $PROBLEM for its first $FAILURES calls of a command, then installs.
APT = """#!/bin/sh
for word; do case "$word" in update|install) command=$word ;; esac; done
echo "$command" >>"$STATE/calls"
if [ "$(grep -c "$command" "$STATE/calls")" -le "$FAILURES" ]; then
	printf '%b\\n' "$PROBLEM" >&2
	exit 100
fi
[ "$command" != install ] || touch "$STATE/installed"
"""
QUERY = '#!/bin/sh\n[ ! -e "$STATE/installed" ] || printf installed\n'


@pytest.fixture
def setup(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"apt-get": APT, "dpkg-query": QUERY, "apt-cache": "#!/bin/sh\necho x\n",
                       "sudo": '#!/bin/sh\nexec "$@"\n'}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    def run(failures, problem):
        environment = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}", "STATE": str(tmp_path), "PROBLEM": problem,
            "FAILURES": str(failures), "TERN_SETUP_LOCK_WAIT_S": "0"}
        return subprocess.run([ROOT / "tools/setup", "build"], env=environment, text=True,
                              capture_output=True, timeout=60, check=False)

    return run, tmp_path


def test_setup_waits_while_another_package_manager_holds_the_lock(setup):
    run, state = setup
    result = run(3, LOCKED)
    assert result.returncode == 0, result.stderr
    assert (state / "installed").exists()
    assert (state / "calls").read_text().split().count("install") == 4
    assert "waiting" in result.stdout


def test_setup_fails_at_once_for_another_reason(setup):
    run, state = setup
    result = run(1, "E: Unable to locate package gcc")
    assert result.returncode == 1
    assert "Unable to locate package" in result.stderr
    assert (state / "calls").read_text().split() == ["update"]
    assert not (state / "installed").exists()
