/* SPDX-License-Identifier: MIT */
/* Plain sockets are used directly; TLS goes through OpenSSL's socket BIO on the same descriptor. */
#include "bench_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench_dialer {
	struct addrinfo *addresses;
	SSL_CTX *context;
	char host[256];
};

enum err bench_dialer_new(const struct bench_endpoint *endpoint, struct bench_dialer **out_dialer)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;

	if (getaddrinfo(endpoint->host, endpoint->port, &hints, &addresses) != 0)
		return ERR_NOTFOUND;
	struct bench_dialer *dialer = heap_alloc(sizeof(*dialer));
	dialer->addresses = addresses;
	memcpy(dialer->host, endpoint->host, sizeof(dialer->host));
	if (endpoint->is_tls) {
		const char *bundle = getenv("AWS_CA_BUNDLE");
		dialer->context = SSL_CTX_new(TLS_client_method());
		check(dialer->context != NULL);
		SSL_CTX_set_verify(dialer->context, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_mode(dialer->context, SSL_MODE_ENABLE_PARTIAL_WRITE);
		int loaded = bundle && *bundle ? SSL_CTX_load_verify_file(dialer->context, bundle)
					       : SSL_CTX_set_default_verify_paths(dialer->context);
		if (loaded != 1) {
			bench_dialer_free(&dialer);
			return ERR_INVALID;
		}
	}
	*out_dialer = dialer;
	return ERR_OK;
}

void bench_dialer_free(struct bench_dialer **dialer)
{
	if (!*dialer)
		return;
	freeaddrinfo((*dialer)->addresses);
	SSL_CTX_free((*dialer)->context);
	heap_free(*dialer);
	*dialer = NULL;
}

static enum err tls_begin(struct bench_dialer *dialer, struct bench_socket *socket)
{
	socket->tls = SSL_new(dialer->context);
	check(socket->tls != NULL);
	/* An address is looked for among the certificate's addresses and is no server name. */
	bool is_address =
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(socket->tls), dialer->host) == 1;
	if (!is_address && (SSL_set_tlsext_host_name(socket->tls, dialer->host) != 1 ||
			    SSL_set1_host(socket->tls, dialer->host) != 1))
		return ERR_CLOSED;
	if (SSL_set_fd(socket->tls, socket->fd) != 1 || SSL_connect(socket->tls) != 1)
		return ERR_CLOSED;
	return ERR_OK;
}

enum err bench_socket_open(struct bench_dialer *dialer, struct bench_socket *out_socket)
{
	struct bench_socket opened = {.fd = -1};

	for (struct addrinfo *at = dialer->addresses; at && opened.fd < 0; at = at->ai_next) {
		opened.fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (opened.fd >= 0 && connect(opened.fd, at->ai_addr, at->ai_addrlen) != 0) {
			close(opened.fd);
			opened.fd = -1;
		}
	}
	if (opened.fd < 0)
		return ERR_CLOSED;
	const int on = 1;
	(void)setsockopt(opened.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* only slower */
	if (dialer->context && tls_begin(dialer, &opened)) {
		bench_socket_close(&opened);
		return ERR_CLOSED;
	}
	int flags = fcntl(opened.fd, F_GETFL);
	check(flags >= 0);
	check(fcntl(opened.fd, F_SETFL, flags | O_NONBLOCK) == 0);
	*out_socket = opened;
	return ERR_OK;
}

void bench_socket_close(struct bench_socket *socket)
{
	if (socket->tls)
		SSL_free(socket->tls);
	if (socket->fd >= 0)
		close(socket->fd);
	*socket = (struct bench_socket){.fd = -1};
}

static enum err tls_result(struct bench_socket *socket, int result, size_t *out_moved)
{
	if (result > 0) {
		*out_moved = (size_t)result;
		return ERR_OK;
	}
	int reason = SSL_get_error(socket->tls, result);
	if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE)
		return ERR_CLOSED;
	*out_moved = 0;
	return ERR_OK;
}

static enum err plain_result(ssize_t result, bool zero_is_end, size_t *out_moved)
{
	if (result < 0 && errno != EAGAIN && errno != EINTR)
		return ERR_CLOSED;
	if (result == 0 && zero_is_end)
		return ERR_CLOSED;
	*out_moved = result > 0 ? (size_t)result : 0;
	return ERR_OK;
}

enum err bench_socket_read(struct bench_socket *socket, char *out, size_t size, size_t *out_moved)
{
	if (socket->tls)
		return tls_result(socket, SSL_read(socket->tls, out, (int)size), out_moved);
	return plain_result(recv(socket->fd, out, size, 0), true, out_moved);
}

enum err bench_socket_write(struct bench_socket *socket, struct str bytes, size_t *out_moved)
{
	if (socket->tls)
		return tls_result(socket, SSL_write(socket->tls, bytes.data, (int)bytes.size),
				  out_moved);
	return plain_result(send(socket->fd, bytes.data, bytes.size, MSG_NOSIGNAL), false,
			    out_moved);
}
