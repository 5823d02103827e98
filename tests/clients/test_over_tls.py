# SPDX-License-Identifier: MIT
"""SDKs over TLS, with the authority that `tern cert` made, trusted as doc/operations.md says."""
import re
import subprocess

import pytest

from outside import run_outside
from ternd import BUILD, Server, eventually


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run([BUILD / "tern", "cert", "create", "--dir", directory], check=True,
                   capture_output=True, timeout=60)
    return directory


@pytest.fixture(scope="module")
def server(tmp_path_factory, authority):
    """Its url is that of its TLS address."""
    with Server(tmp_path_factory.mktemp("server"), "--auth", "required", "--durability", "os",
                "--listen", "tls:127.0.0.1:0", "--tls-cert", authority / "server.pem",
                "--tls-key", authority / "server.key") as made:
        made.read_credential()
        port = eventually(lambda: re.search(r"address=tls:\S+ port=(\d+)", made.log()),
                          what="the TLS address is logged")[1]
        yield Secure(made, f"https://127.0.0.1:{port}")


class Secure:
    """What run_outside asks of a server."""

    def __init__(self, server, url):
        self.url, self.key, self.secret = url, server.key, server.secret


@pytest.mark.timeout(600)  # the first run fetches and builds the SDKs
def test_go_sdk(server, authority):
    command = ["go", "test", "-count=1", "-v", "-run", "TestAMessageComesBackAsItWasSent", "./..."]
    output = run_outside(server, *command, directory="go", SSL_CERT_FILE=authority / "ca.pem")
    assert "--- PASS: TestAMessageComesBackAsItWasSent" in output
    refused = run_outside(server, *command, directory="go", status=1, wants="stdout")
    assert "certificate signed by unknown authority" in refused


@pytest.mark.timeout(600)  # the first run fetches Maven's plugins and the SDKs
def test_java_sdk(server, authority):
    store = authority / "trust.p12"
    subprocess.run(["keytool", "-importcert", "-file", authority / "ca.pem", "-keystore", store,
                    "-storepass", "changeit", "-noprompt"], check=True, capture_output=True,
                   timeout=60)
    trust = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    output = run_outside(
        server, "mvn", "-B", "-ntp", "-Dstyle.color=never", f"-DargLine={trust}", "-Dtest=SqsTest",
        "test", directory="java")
    ran = re.search(r"^\[INFO\] Tests run: (\d+), Failures: 0, Errors: 0", output, re.MULTILINE)
    assert ran and int(ran.group(1)) >= 1, output
