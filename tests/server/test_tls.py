# SPDX-License-Identifier: MIT
"""tls: addresses: TLS 1.2 and 1.3, certificates that change, clients that must show one."""
import re
import signal
import socket
import ssl
import subprocess
import threading

import boto3
import botocore.config
import pytest
import requests

from ternd import BUILD, eventually


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


class Authority:
    """A CA in a directory, and certificates of it for 127.0.0.1."""

    def __init__(self, directory):
        self.directory = directory
        self.key, self.certificate = directory / "ca.key", directory / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.certificate, "-days", "2", "-subj", "/CN=test CA",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name):
        """Paths of a new key and certificate; the certificate's common name is `name`."""
        key, request = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        certificate, names = self.directory / f"{name}.pem", self.directory / "names"
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", "2", "-extfile", names, "-out", certificate)
        return key, certificate


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def issued(authority):
    return authority.issue("server")


def port_of(server):
    """The port of the server's second listener, which speaks TLS."""
    return int(eventually(lambda: re.search(r"address=tls:\S+ port=(\d+)", server.log()),
                          what="the TLS address is logged")[1])


def serve(private, issued, *flags):
    key, certificate = issued
    server = private("--durability", "os", "--listen", "tls:127.0.0.1:0", "--tls-cert",
                     certificate, "--tls-key", key, *flags)
    server.tls_port = port_of(server)
    server.tls_url = f"https://127.0.0.1:{server.tls_port}"
    return server


def client(server, authority, **options):
    return boto3.client("sqs", endpoint_url=server.tls_url, region_name="us-east-1",
                        aws_access_key_id="000000000000", aws_secret_access_key="secret",
                        verify=str(authority.certificate), **options)


def connect(server, authority, **options):
    context = ssl.create_default_context(cafile=authority.certificate)
    for name, value in options.items():
        setattr(context, name, value)
    plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=60)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def name_of(connection):
    subject = dict(pair[0] for pair in connection.getpeercert()["subject"])
    return subject["commonName"]


def test_boto_works_over_tls_and_plain_beside_it(private, authority, issued):
    server = serve(private, issued)
    sqs = client(server, authority)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert url == f"{server.tls_url}/000000000000/q"
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1_000_000)
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    assert message["Body"] == "x" * 1_000_000
    plain = server.client().get_queue_url(QueueName="q")["QueueUrl"]
    assert plain.startswith("http://")


def test_a_long_poll_is_woken_over_tls(private, authority, issued):
    server = serve(private, issued)
    sqs = client(server, authority)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    got = []
    poll = threading.Thread(target=lambda: got.append(
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    poll.start()
    eventually(lambda: server.metrics()["tern_waiting_receives"] == 1)
    server.client().send_message(QueueUrl="q", MessageBody="woken")
    poll.join(timeout=15)
    assert got[0]["Messages"][0]["Body"] == "woken"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_spoken(private, authority, issued, version):
    server = serve(private, issued)
    with connect(server, authority, minimum_version=version, maximum_version=version) as wire:
        assert wire.version() == version.name.replace("_", ".")
        wire.sendall(b"GET /_tern/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_old_versions_are_refused(private, authority, issued):
    server = serve(private, issued)
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_1",
         "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode != 0
    assert b"Cipher is (NONE)" in done.stdout
    assert server.get("/_tern/health").status_code == 200


def test_only_ciphers_with_forward_secrecy(private, authority, issued):
    server = serve(private, issued)
    for cipher, is_spoken in (("ECDHE-ECDSA-AES128-GCM-SHA256", True),
                              ("ECDHE-ECDSA-AES128-SHA", False)):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_2",
             "-cipher", cipher], input=b"", capture_output=True, timeout=60, check=False)
        assert (b"Cipher is " + cipher.encode() in done.stdout) == is_spoken, cipher


def test_what_is_no_tls_ends_the_connection_only(private, authority, issued):
    server = serve(private, issued)
    for bytes_sent in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x00\x05hello",
                       b"\x00" * 1000):
        with socket.create_connection(("127.0.0.1", server.tls_port), timeout=60) as wire:
            wire.sendall(bytes_sent)
            try:
                while wire.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert client(server, authority).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_handshake_that_never_ends_is_ended(private, authority, issued):
    server = serve(private, issued, "--head-timeout-ms", "100")
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=60) as wire:
        wire.sendall(b"\x16\x03\x01")
        assert wire.recv(1) == b""


def test_pipelined_and_split_requests(private, authority, issued):
    server = serve(private, issued)
    request = b"GET /_tern/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server, authority) as wire:
        wire.sendall(request * 3)
        for byte in request:
            wire.sendall(bytes([byte]))
        answer = b""
        while answer.count(b'"status":"ok"') < 4:
            piece = wire.recv(65536)
            assert piece, answer
            answer += piece
    assert answer.count(b"HTTP/1.1 200 OK") == 4


def test_a_new_certificate_on_sighup_drops_nobody(private, authority, issued, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    key.write_bytes(issued[0].read_bytes())
    certificate.write_bytes(issued[1].read_bytes())
    server = serve(private, (key, certificate))
    request = b"GET /_tern/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server, authority) as old:
        assert name_of(old) == "server"
        renewed = authority.issue("renewed")
        key.write_bytes(renewed[0].read_bytes())
        certificate.write_bytes(renewed[1].read_bytes())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "certificate read" in server.log())
        with connect(server, authority) as new:
            assert name_of(new) == "renewed"
        old.sendall(request)
        assert old.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_a_bad_certificate_on_sighup_changes_nothing(private, authority, issued, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    key.write_bytes(issued[0].read_bytes())
    certificate.write_bytes(issued[1].read_bytes())
    server = serve(private, (key, certificate))
    certificate.write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the old certificate stays in use" in server.log())
    with connect(server, authority) as wire:
        assert name_of(wire) == "server"


def test_clients_must_show_a_certificate_if_asked_to(private, authority, issued):
    server = serve(private, issued, "--tls-client-ca", authority.certificate)
    key, certificate = authority.issue("client")
    config = botocore.config.Config(client_cert=(str(certificate), str(key)))
    assert "QueueUrls" not in client(server, authority, config=config).list_queues()
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(server.tls_url + "/_tern/health", verify=str(authority.certificate),
                     timeout=60)


def test_the_stop_ends_connections_in_order(private, authority, issued):
    server = serve(private, issued)
    with connect(server, authority) as wire:
        wire.sendall(b"GET /_tern/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200 OK")
        server.process.send_signal(signal.SIGTERM)
        assert wire.recv(1) == b""
    assert server.wait() == 0


def test_other_addresses_are_served_with_tls_and_signatures(private, issued):
    key, certificate = issued
    server = private("--listen", "tls:0.0.0.0:0", "--tls-cert", certificate, "--tls-key", key,
                     "--auth", "required", "--durability", "memory")
    assert server.get("/_tern/health").status_code == 200


def failing(tmp_path, *flags):
    done = subprocess.run(
        [BUILD / "ternd", "--listen", "tls:127.0.0.1:0", "--data", tmp_path / "data", *flags],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    return done.stderr


def test_mistakes_are_named(tmp_path, authority, issued):
    key, certificate = issued
    other_key, _ = authority.issue("other")
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("nonsense")
    assert "--tls-cert and --tls-key" in failing(tmp_path)
    assert "--tls-cert and --tls-key" in failing(tmp_path, "--tls-cert", certificate)
    assert f"the certificate {nonsense}" in failing(
        tmp_path, "--tls-cert", nonsense, "--tls-key", key)
    assert f"the key {other_key}" in failing(
        tmp_path, "--tls-cert", certificate, "--tls-key", other_key)
    assert f"the clients' CA {nonsense}" in failing(
        tmp_path, "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", nonsense)
    assert "No such file" in failing(
        tmp_path, "--tls-cert", tmp_path / "missing", "--tls-key", key)


def test_tls_for_others_needs_signatures(tmp_path, issued):
    key, certificate = issued
    done = subprocess.run(
        [BUILD / "ternd", "--listen", "tls:0.0.0.0:0", "--data", tmp_path / "data", "--tls-cert",
         certificate, "--tls-key", key], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--auth required" in done.stderr
