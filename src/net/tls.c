/* SPDX-License-Identifier: MIT */
/*
 * tls: OpenSSL reads from and writes to memory; whatever it wants to send is taken from there after
 * each call, so it never waits for anything but bytes of the peer.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "net/tickets.h"

#define PIECE_SIZE 16384 /* a record's most */

struct tls_session {
	SSL *ssl;
	BIO *from_peer, *to_peer; /* the SSL's */
	unsigned long error;	  /* of ERR_INVALID */
};

/* SSL_CTX counts its references itself: a session holds one. */
static SSL_CTX *ssl_context(struct tls_context *context)
{
	return (SSL_CTX *)context;
}

/* HTTP/1.1 is all that is spoken; a client that offers others only may try it all the same. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
			   const unsigned char *offered, unsigned offered_size, void *context)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl, (void)context;
	if (SSL_select_next_proto(&chosen, out_size, ours, sizeof(ours) - 1, offered,
				  offered_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL's reason, or a plainer one for what is most often wrong. */
static const char *reason_of(unsigned long error)
{
	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
		return "it is not in PEM: a line -----BEGIN ... is missing";
	if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) == SSL_R_NO_CERTIFICATE_ASSIGNED) /* of the key's kind */
		return "it does not belong to the certificate";
	if (ERR_GET_LIB(error) == ERR_LIB_X509 &&
	    ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
		return "it does not belong to the certificate";
	return ERR_reason_error_string(error);
}

static enum err complain(SSL_CTX *ssl, char *problem, size_t size, const char *what,
			 const char *path)
{
	const char *reason = reason_of(ERR_peek_error());

	snprintf(problem, size, "%s %s: %s", what, path, reason ? reason : "it cannot be read");
	ERR_clear_error();
	SSL_CTX_free(ssl);
	return ERR_INVALID;
}

enum err tls_context_new(const struct tls_files *files, struct tls_context **out_context,
			 char *problem, size_t size)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	check(ssl != NULL);
	check(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Buffers of idle connections are given back. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	tickets_use(ssl);
	/* Forward secrecy and authenticated encryption only, also in TLS 1.2. */
	check(SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ssl, files->certificate) != 1)
		return complain(ssl, problem, size, "the certificate", files->certificate);
	if (SSL_CTX_use_PrivateKey_file(ssl, files->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return complain(ssl, problem, size, "the key", files->key);
	if (files->client_ca) {
		STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(files->client_ca);
		if (!names || SSL_CTX_load_verify_locations(ssl, files->client_ca, NULL) != 1) {
			sk_X509_NAME_pop_free(names, X509_NAME_free);
			return complain(ssl, problem, size, "the clients' CA", files->client_ca);
		}
		SSL_CTX_set_client_CA_list(ssl, names);
		SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		/* Without a context of its own OpenSSL resumes no session with certificates. */
		check(SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"tern", 4) == 1);
	}
	*out_context = (struct tls_context *)ssl;
	return ERR_OK;
}

void tls_context_free(struct tls_context **context)
{
	SSL_CTX_free(ssl_context(*context));
	*context = NULL;
}

enum err tls_client_context_new(const char *authorities, struct tls_context **out_context,
				char *problem, size_t size)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());

	check(ssl != NULL);
	check(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	ERR_clear_error();
	if (authorities ? SSL_CTX_load_verify_locations(ssl, authorities, NULL) != 1
			: SSL_CTX_set_default_verify_paths(ssl) != 1)
		return complain(ssl, problem, size, "the file of authorities",
				authorities ? authorities : "of the system");
	*out_context = (struct tls_context *)ssl;
	return ERR_OK;
}

static struct tls_session *new_session(struct tls_context *context)
{
	struct tls_session *session = heap_alloc(sizeof(*session));

	session->ssl = SSL_new(ssl_context(context));
	session->from_peer = BIO_new(BIO_s_mem());
	session->to_peer = BIO_new(BIO_s_mem());
	check(session->ssl && session->from_peer && session->to_peer);
	SSL_set_bio(session->ssl, session->from_peer, session->to_peer);
	return session;
}

struct tls_session *tls_session_new(struct tls_context *context)
{
	struct tls_session *session = new_session(context);

	SSL_set_accept_state(session->ssl);
	return session;
}

struct tls_session *tls_session_new_client(struct tls_context *context, const char *host,
					   const struct tls_resumption *resumption)
{
	struct tls_session *session = new_session(context);
	X509_VERIFY_PARAM *expected = SSL_get0_param(session->ssl);

	SSL_set_connect_state(session->ssl);
	/* An address is in no SNI (RFC 6066, section 3), and in a certificate by itself. */
	if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) != 1) {
		check(SSL_set1_host(session->ssl, host) == 1);
		check(SSL_set_tlsext_host_name(session->ssl, host) == 1);
	}
	/* Resuming only if the peer agrees, so a session that cannot be set is none. */
	if (resumption)
		(void)SSL_set_session(session->ssl, (SSL_SESSION *)(uintptr_t)resumption);
	ERR_clear_error();
	return session;
}

const char *tls_session_problem(const struct tls_session *session)
{
	long verified = SSL_get_verify_result(session->ssl);
	const char *reason;

	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	reason = ERR_reason_error_string(session->error);
	return reason ? reason : "the peer does not speak TLS as it should";
}

struct tls_resumption *tls_session_keep(const struct tls_session *session)
{
	SSL_SESSION *mine = SSL_get_session(session->ssl);

	/* A copy: OpenSSL marks the session of a connection that just breaks as not resumable. */
	if (!mine || !SSL_SESSION_is_resumable(mine))
		return NULL;
	return (struct tls_resumption *)SSL_SESSION_dup(mine);
}

void tls_resumption_free(struct tls_resumption **resumption)
{
	SSL_SESSION_free((SSL_SESSION *)*resumption);
	*resumption = NULL;
}

void tls_session_free(struct tls_session **session)
{
	if (!*session)
		return;
	SSL_free((*session)->ssl);
	heap_free(*session);
	*session = NULL;
}

bool tls_session_is_ready(const struct tls_session *session)
{
	return SSL_is_init_finished(session->ssl);
}

bool tls_session_is_resumed(const struct tls_session *session)
{
	return SSL_session_reused(session->ssl) == 1;
}

struct str tls_session_version(const struct tls_session *session)
{
	return str_from(SSL_get_version(session->ssl));
}

struct str tls_session_cipher(const struct tls_session *session)
{
	return str_from(SSL_get_cipher_name(session->ssl));
}

static void take_wire(struct tls_session *session, struct buf *wire)
{
	char *bytes;
	long size = BIO_get_mem_data(session->to_peer, &bytes);

	if (size <= 0)
		return;
	buf_append(wire, str_of(bytes, (size_t)size));
	(void)BIO_reset(session->to_peer); /* of memory it cannot fail */
}

static enum err read_all(struct tls_session *session, struct buf *plain)
{
	for (;;) {
		buf_reserve(plain, PIECE_SIZE);
		ERR_clear_error();
		int size = SSL_read(session->ssl, plain->data + plain->size, PIECE_SIZE);
		if (size > 0) {
			plain->size += (size_t)size;
			/* A read that can find nothing costs half of one that does. */
			if (size < PIECE_SIZE && BIO_pending(session->from_peer) == 0 &&
			    !SSL_has_pending(session->ssl))
				return ERR_OK;
			continue;
		}
		switch (SSL_get_error(session->ssl, size)) {
		case SSL_ERROR_WANT_READ:
			return ERR_OK;
		case SSL_ERROR_ZERO_RETURN:
			return ERR_CLOSED;
		default:
			session->error = ERR_peek_error();
			ERR_clear_error();
			return ERR_INVALID;
		}
	}
}

void tls_session_begin(struct tls_session *session, struct buf *wire)
{
	ERR_clear_error();
	(void)SSL_do_handshake(session->ssl); /* it waits for the peer's answer */
	ERR_clear_error();
	take_wire(session, wire);
}

enum err tls_session_receive(struct tls_session *session, struct str bytes, struct buf *plain,
			     struct buf *wire)
{
	int taken = BIO_write(session->from_peer, bytes.data, (int)bytes.size);

	check(taken == (int)bytes.size);
	enum err err = read_all(session, plain);
	take_wire(session, wire);
	return err;
}

void tls_session_send(struct tls_session *session, struct str plain, struct buf *wire)
{
	if (plain.size == 0)
		return;
	ERR_clear_error();
	/* Memory takes everything at once. */
	check(SSL_write(session->ssl, plain.data, (int)plain.size) == (int)plain.size);
	take_wire(session, wire);
}

void tls_session_end(struct tls_session *session, struct buf *wire)
{
	ERR_clear_error();
	(void)SSL_shutdown(session->ssl); /* what the peer answers is of no interest */
	ERR_clear_error();
	take_wire(session, wire);
}
