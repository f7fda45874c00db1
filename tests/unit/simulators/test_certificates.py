"""Certificates that a real TLS handshake accepts for their hosts, and for nobody else's."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest

from storesense_simulators.certificates import expires_at, hosts_of, new_authority, new_server_certificate

HOSTS = ("broker", "shop.example", "192.0.2.7")


def handshake(tmp_path, *, trusted, server, server_name):
    certificate, key, authority = tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "a.pem"
    certificate.write_bytes(server.certificate)
    key.write_bytes(server.key)
    authority.write_bytes(trusted.certificate)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def serve():
            try:
                server_context.wrap_socket(theirs, server_side=True).close()
            except (ssl.SSLError, OSError):
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            client = ssl.create_default_context(cafile=authority)
            client.wrap_socket(ours, server_hostname=server_name).close()
        finally:
            ours.close()
            thread.join(5)


@pytest.mark.parametrize("name", HOSTS)
def test_a_client_that_trusts_the_authority_accepts_every_host(tmp_path, name):
    authority = new_authority(datetime.now(UTC))
    server = new_server_certificate(authority, HOSTS, datetime.now(UTC))
    handshake(tmp_path, trusted=authority, server=server, server_name=name)
    assert hosts_of(server.certificate) == set(HOSTS)


def test_another_host_and_another_authority_are_refused(tmp_path):
    now_at = datetime.now(UTC)
    authority, stranger = new_authority(now_at), new_authority(now_at)
    server = new_server_certificate(authority, HOSTS, now_at)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(tmp_path, trusted=authority, server=server, server_name="other.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, trusted=stranger, server=server, server_name="broker")


def test_lifetimes():
    now_at = datetime(2030, 1, 1, tzinfo=UTC)
    authority = new_authority(now_at)
    assert expires_at(authority.certificate) - now_at == timedelta(days=3650)
    assert expires_at(new_server_certificate(authority, HOSTS, now_at).certificate) - now_at == timedelta(days=825)
