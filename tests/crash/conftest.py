# SPDX-License-Identifier: MIT
"""Options of the crash tests: --rounds N kills the server N times in each of them."""
import os


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=int(os.environ.get("TERN_CRASH_ROUNDS", "0")),
                     help="how often the crash tests kill their server; 0: as marked")


def pytest_generate_tests(metafunc):
    if "rounds" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("rounds")
        metafunc.parametrize("rounds", [metafunc.config.getoption("--rounds", 0) or marker.args[0]])
