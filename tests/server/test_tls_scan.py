# SPDX-License-Identifier: MIT
"""What a scanner would find: each version and cipher suite of OpenSSL, one by one, and habits."""
import contextlib
import re
import socket
import ssl
import subprocess
import warnings

import pytest

from test_tls import Authority, connect, port_of, serve
from ternd import Server, eventually

GOOD_1_2 = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}
GOOD_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
REQUEST = b"GET /_tern/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST_REQUEST = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory, authority):
    key, certificate = authority.issue("server")
    directory = tmp_path_factory.mktemp("scanned")
    with Server(directory, "--durability", "memory", "--listen", "tls:127.0.0.1:0", "--tls-cert",
                certificate, "--tls-key", key) as server:
        server.tls_port = port_of(server)
        yield server


def s_client(server, *arguments, said=b"", **options):
    """What openssl s_client prints; it ends when its input does."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", *arguments],
        input=said, capture_output=True, timeout=60, check=False, **options)
    return (done.stdout + done.stderr).decode(errors="replace")


def suites(*arguments):
    told = subprocess.run(
        ["openssl", "ciphers", "-s", *arguments, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True, text=True, check=True).stdout
    return set(told.strip().split(":"))


def handshake(server, version=None, cipher=None):
    """The suite that a client agrees on with the server, or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    if cipher:
        context.set_ciphers(cipher + ":@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=60) as plain:
        try:
            with context.wrap_socket(plain) as wire:
                return wire.cipher()[0]
        except (ssl.SSLError, ConnectionResetError):
            return None


# -- versions and suites --

@pytest.mark.parametrize("version, is_spoken", [
    (ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
    (ssl.TLSVersion.TLSv1_3, True)])
def test_versions(scanned, version, is_spoken):
    cipher = None if is_spoken else "ALL"
    assert (handshake(scanned, version, cipher) is not None) == is_spoken


def test_every_suite_of_tls_1_2_is_offered_and_only_good_ones_are_taken(scanned):
    offered = suites("-tls1_2") - GOOD_1_3
    assert len(offered) > 60 and GOOD_1_2 <= offered
    taken = set()
    for cipher in sorted(offered):
        with contextlib.suppress(ssl.SSLError):  # this build's ssl module lacks it
            taken.add(handshake(scanned, ssl.TLSVersion.TLSv1_2, cipher))
    # The certificate's key is of an elliptic curve.
    assert taken - {None} == {name for name in GOOD_1_2 if "-ECDSA-" in name}


@pytest.mark.parametrize("cipher", sorted(GOOD_1_3 | {"TLS_AES_128_CCM_SHA256"}))
def test_suites_of_tls_1_3(scanned, cipher):
    told = s_client(scanned, "-tls1_3", "-ciphersuites", cipher)
    assert (f"Cipher is {cipher}" in told) == (cipher in GOOD_1_3)


def test_the_server_chooses(scanned):
    both = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
    assert handshake(scanned, ssl.TLSVersion.TLSv1_2, both) == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_an_rsa_certificate_has_no_other_suites(with_rsa):
    taken = set()
    for cipher in sorted(suites("-tls1_2") - GOOD_1_3):
        with contextlib.suppress(ssl.SSLError):
            taken.add(handshake(with_rsa, ssl.TLSVersion.TLSv1_2, cipher))
    assert taken - {None} == {name for name in GOOD_1_2 if "-RSA-" in name}


@pytest.fixture(scope="module")
def with_rsa(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rsa")
    key, certificate = directory / "key", directory / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "2", "-subj", "/CN=x"], check=True,
                   capture_output=True)
    with Server(directory / "server", "--durability", "memory", "--listen", "tls:127.0.0.1:0",
                "--tls-cert", certificate, "--tls-key", key) as server:
        server.tls_port = port_of(server)
        yield server


@pytest.mark.parametrize("group, is_good", [
    ("X25519", True), ("P-256", True), ("P-384", True), ("sect163k1", False), ("P-192", False)])
def test_groups(with_rsa, group, is_good):
    told = s_client(with_rsa, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-curves", group)
    assert ("Cipher is ECDHE" in told) == is_good


# -- habits --

def test_nobody_may_renegotiate(scanned):
    told = s_client(scanned, "-tls1_2", said=b"R\n")
    assert "RENEGOTIATING" in told
    assert "no renegotiation" in told
    assert "Secure Renegotiation IS supported" in told


def test_nothing_is_compressed(scanned):
    told = s_client(scanned, "-tls1_2", "-comp")
    assert "Compression: NONE" in told


@pytest.mark.parametrize("offered, chosen", [
    ("http/1.1", "ALPN protocol: http/1.1"), ("h2,http/1.1", "ALPN protocol: http/1.1"),
    ("h2", "No ALPN negotiated")])
def test_http_1_1_is_chosen(scanned, offered, chosen):
    assert chosen in s_client(scanned, "-alpn", offered)


def test_there_are_no_early_data(scanned):
    assert "Max Early Data: 0" in s_client(scanned, "-tls1_3", "-ign_eof", said=LAST_REQUEST)


def test_a_fallback_is_noticed(scanned):
    told = s_client(scanned, "-fallback_scsv", "-tls1_2")
    assert "inappropriate fallback" in told


def test_secrets_are_extended(scanned):
    assert "Extended master secret: yes" in s_client(scanned, "-tls1_2")


# -- sessions --

def keep(server, version, path):
    """Keeps a session in a file."""
    s_client(server, version, "-ign_eof", "-sess_out", path, said=LAST_REQUEST)
    assert path.exists()


def reuse(server, version, path):
    """Uses it again: "New" or "Reused", as openssl tells of the connection."""
    told = s_client(server, version, "-ign_eof", "-sess_in", path, said=LAST_REQUEST)
    return re.search(r"^(New|Reused), ", told, re.M)[1]


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_is_resumed(scanned, tmp_path, version):
    keep(scanned, version, tmp_path / "session")
    assert reuse(scanned, version, tmp_path / "session") == "Reused"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_keys_of_tickets_end_with_their_certificate(private, authority, tmp_path, version):
    server = serve(private, authority.issue("server"))
    keep(server, version, tmp_path / "session")
    assert reuse(server, version, tmp_path / "session") == "Reused"
    server.process.send_signal(1)
    eventually(lambda: "certificate read" in server.log())
    assert reuse(server, version, tmp_path / "session") == "New"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_keys_of_tickets_are_renewed_every_hour(private, authority, tmp_path, version):
    path = tmp_path / "session"
    server = serve(private, authority.issue("server"), "--test-clock")
    keep(server, version, path)
    server.advance(3601)
    assert reuse(server, version, path) == "Reused"  # under the key before
    server.advance(3601)
    assert reuse(server, version, path) == "New"
    keep(server, version, path)
    server.advance(7201)
    assert reuse(server, version, path) == "New"


def test_keys_of_tickets_end_with_the_process(private, authority, tmp_path):
    issued = authority.issue("server")
    first, second = serve(private, issued), serve(private, issued)
    keep(first, "-tls1_3", tmp_path / "session")
    assert reuse(first, "-tls1_3", tmp_path / "session") == "Reused"
    assert reuse(second, "-tls1_3", tmp_path / "session") == "New"


# -- SIGHUP --

def ask(wire):
    wire.sendall(REQUEST)
    return wire.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_many_connections_live_through_many_reloads(private, authority, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    issued = [authority.issue(f"server{number}") for number in range(2)]
    key.write_bytes(issued[0][0].read_bytes())
    certificate.write_bytes(issued[0][1].read_bytes())
    server = serve(private, (key, certificate), "--threads", "2")
    with contextlib.ExitStack() as open_ones:
        wires = []
        for number in range(1, 7):
            wires += [open_ones.enter_context(connect(server, authority)) for _ in range(5)]
            key.write_bytes(issued[number % 2][0].read_bytes())
            certificate.write_bytes(issued[number % 2][1].read_bytes())
            server.process.send_signal(1)
            eventually(lambda: server.log().count("certificate read") == number)
            assert all(ask(wire) for wire in wires)
        names = {dict(pair[0] for pair in wire.getpeercert()["subject"])["commonName"]
                 for wire in wires}
    assert names == {"server0", "server1"}


# -- certificates of clients --

def test_clients_of_another_authority_are_refused(private, authority, tmp_path):
    server = serve(private, authority.issue("server"), "--tls-client-ca", authority.certificate)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue("client")
    for (key, certificate), is_welcome in ((authority.issue("client"), True), (stranger, False)):
        context = ssl.create_default_context(cafile=authority.certificate)
        context.load_cert_chain(certificate, key)
        plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=60)
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as wire:
                answered = ask(wire)
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            answered = False
        assert answered == is_welcome


def test_the_authority_of_clients_is_named(private, authority):
    server = serve(private, authority.issue("server"), "--tls-client-ca", authority.certificate)
    told = s_client(server, "-tls1_2")
    assert "Acceptable client certificate CA names\nCN = test CA" in told
