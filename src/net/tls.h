/* SPDX-License-Identifier: MIT */
/*
 * tls: TLS 1.2 and 1.3 by OpenSSL, as bytes in and bytes out; knows no sockets.
 *
 * A context holds a certificate and its key and may be shared by threads: sessions keep what they
 * need of it, so it may be freed while they go on. A session has one owning thread.
 */
#ifndef TERN_NET_TLS_H
#define TERN_NET_TLS_H

#include "base/buf.h"
#include "base/err.h"

struct tls_context;
struct tls_session;

struct tls_files {		 /* in PEM; paths end with NUL */
	const char *certificate; /* with the chain behind it */
	const char *key;
	const char *client_ca; /* clients must show a certificate of it; NULL: they need none */
};

/*
 * Reads the files. ERR_INVALID: one cannot be read, is no PEM, or the key belongs to another
 * certificate; a sentence is in `problem` (`size` bytes, ends with NUL).
 */
must_check enum err tls_context_new(const struct tls_files *files, struct tls_context **out_context,
				    char *problem, size_t size);
void tls_context_free(struct tls_context **context); /* accepts NULL, leaves NULL */

/*
 * For the client's side. `authorities`: a file of certificates in PEM that are accepted as
 * authorities; NULL: those of the system. ERR_INVALID as above.
 */
must_check enum err tls_client_context_new(const char *authorities,
					   struct tls_context **out_context, char *problem,
					   size_t size);

/* The server's side of a connection. */
struct tls_session *tls_session_new(struct tls_context *context);
void tls_session_free(struct tls_session **session); /* accepts NULL, leaves NULL */

/* A session to resume, so that a later handshake with the same peer costs less. */
struct tls_resumption;
/*
 * The client's side of a connection with `host`, a name or an address that the peer's certificate
 * must have (RFC 6125); ends with NUL. `resumption` may be NULL and stays the caller's.
 */
struct tls_session *tls_session_new_client(struct tls_context *context, const char *host,
					   const struct tls_resumption *resumption);
/* The client's first bytes; later ones come of tls_session_receive. */
void tls_session_begin(struct tls_session *session, struct buf *wire);
/* After ERR_INVALID: why, for people. Static, or OpenSSL's. */
const char *tls_session_problem(const struct tls_session *session);
/* Of a client's session that is ready; NULL: it cannot be resumed. */
struct tls_resumption *tls_session_keep(const struct tls_session *session);
void tls_resumption_free(struct tls_resumption **resumption); /* accepts NULL, leaves NULL */

/*
 * Takes bytes that came from the peer: appends what they say to *plain and what has to be sent
 * because of them to *wire, also with an error. ERR_CLOSED: the peer has said that it sends no
 * more. ERR_INVALID: no TLS, or none that is good enough.
 */
must_check enum err tls_session_receive(struct tls_session *session, struct str bytes,
					struct buf *plain, struct buf *wire);
/* True once the handshake is over. */
bool tls_session_is_ready(const struct tls_session *session);
/* Of a client's session that is ready. */
bool tls_session_is_resumed(const struct tls_session *session);
/* "TLSv1.3" and "TLS_AES_128_GCM_SHA256", static; only once the session is ready. */
struct str tls_session_version(const struct tls_session *session);
struct str tls_session_cipher(const struct tls_session *session);
/* Appends `plain` to *wire in its encrypted form. Only once the session is ready. */
void tls_session_send(struct tls_session *session, struct str plain, struct buf *wire);
/* Appends the notice that no more will be sent. */
void tls_session_end(struct tls_session *session, struct buf *wire);

#endif
