# SPDX-License-Identifier: MIT
"""promtool, of Debian's prometheus, reads what ternd serves and what packaging/ has for it."""
import shutil
import subprocess

import pytest

from ternd import ROOT

PROMTOOL = shutil.which("promtool") or ROOT / ".venv/bin/promtool"
FOLDER = ROOT / "packaging/prometheus"


def promtool(*arguments, text=None):
    return subprocess.run([PROMTOOL, *arguments], cwd=FOLDER, input=text, capture_output=True,
                          text=True, timeout=60, check=False)


def test_alert_rules_are_valid():
    done = promtool("check", "rules", "tern-alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_for_what_they_are_for():
    done = promtool("test", "rules", "tern-alerts-test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("queue")
def test_metrics_are_in_prometheus_form(server):
    done = promtool("check", "metrics", text=server.metrics_text())
    assert "error" not in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
