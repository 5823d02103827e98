/* SPDX-License-Identifier: MIT */
/*
 * bench_socket: a connection to the endpoint, with or without TLS. One owning thread.
 *
 * Opening blocks; reading and writing do not.
 */
#ifndef TERN_CLI_BENCH_SOCKET_H
#define TERN_CLI_BENCH_SOCKET_H

#include "bench_options.h"

struct ssl_st;
struct ssl_ctx_st;

struct bench_socket {
	int fd; /* -1: closed */
	struct ssl_st *tls;
};

/* Resolves the name once and prepares TLS (AWS_CA_BUNDLE or the system's authorities). */
struct bench_dialer;
must_check enum err bench_dialer_new(const struct bench_endpoint *endpoint,
				     struct bench_dialer **out_dialer);
void bench_dialer_free(struct bench_dialer **dialer);

/* ERR_CLOSED: refused or not trusted. */
must_check enum err bench_socket_open(struct bench_dialer *dialer, struct bench_socket *out_socket);
void bench_socket_close(struct bench_socket *socket);

/*
 * Bytes moved; 0: would block. ERR_CLOSED: the peer closed or the connection broke. A read that
 * fills less than the room it got has emptied the socket only without TLS.
 */
must_check enum err bench_socket_read(struct bench_socket *socket, char *out, size_t size,
				      size_t *out_moved);
must_check enum err bench_socket_write(struct bench_socket *socket, struct str bytes,
				       size_t *out_moved);

#endif
