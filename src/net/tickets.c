/* SPDX-License-Identifier: MIT */
/*
 * tickets: RFC 5077's recommended form, AES-256-CBC and HMAC-SHA-256, as OpenSSL asks for it. The
 * first ticket after an hour makes the new key.
 */
#include "net/tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"

enum { NAME_SIZE = 16, SECRET_SIZE = 32 };
static const int64_t key_life_ms = INT64_C(3600000);

struct ticket_key {
	int64_t made_ms; /* 0: there is none */
	uint8_t name[NAME_SIZE];
	uint8_t cipher[SECRET_SIZE], mac[SECRET_SIZE];
};

struct tickets {
	pthread_mutex_t lock;
	struct ticket_key current, previous;
};

static int slot; /* where a context has its tickets */

static void free_tickets(void *parent, void *subject, CRYPTO_EX_DATA *data, int index,
			 long argument, void *context)
{
	struct tickets *tickets = subject;

	(void)parent, (void)data, (void)index, (void)argument, (void)context;
	if (!tickets)
		return;
	pthread_mutex_destroy(&tickets->lock);
	explicit_bzero(tickets, sizeof(*tickets));
	heap_free(tickets);
}

static void make_slot(void)
{
	slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_tickets);
	check(slot >= 0);
}

static void rotate(struct tickets *tickets, int64_t now_ms)
{
	struct ticket_key *current = &tickets->current;

	if (current->made_ms > 0 && now_ms - current->made_ms < key_life_ms)
		return;
	tickets->previous = *current;
	if (now_ms - current->made_ms >= 2 * key_life_ms)
		tickets->previous.made_ms = 0;
	current->made_ms = now_ms;
	random_bytes(current->name, sizeof(current->name));
	random_bytes(current->cipher, sizeof(current->cipher));
	random_bytes(current->mac, sizeof(current->mac));
}

/* The key that the name means: its own, or for a new ticket the current one. */
static bool find_key(struct tickets *tickets, bool is_new, const uint8_t *name,
		     struct ticket_key *out_key, bool *out_is_old)
{
	bool is_found = true;

	*out_is_old = false;
	pthread_mutex_lock(&tickets->lock);
	rotate(tickets, clock_base_ms());
	if (is_new || memcmp(name, tickets->current.name, NAME_SIZE) == 0) {
		*out_key = tickets->current;
	} else if (tickets->previous.made_ms > 0 &&
		   memcmp(name, tickets->previous.name, NAME_SIZE) == 0) {
		*out_key = tickets->previous;
		*out_is_old = true;
	} else {
		is_found = false;
	}
	pthread_mutex_unlock(&tickets->lock);
	return is_found;
}

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb wants it: 1 good, 2 good but to be renewed, 0 unknown. */
static int use_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
		   EVP_MAC_CTX *mac, int is_new)
{
	struct tickets *tickets = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot);
	struct ticket_key key;
	bool is_old;

	if (!find_key(tickets, is_new, name, &key, &is_old))
		return 0;
	if (is_new) {
		memcpy(name, key.name, NAME_SIZE);
		random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
	}
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof(key.mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"sha256"}, 0),
		OSSL_PARAM_construct_end(),
	};
	bool is_ready =
		EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
		EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv, is_new) == 1;
	explicit_bzero(&key, sizeof(key));
	if (!is_ready)
		return -1;
	return is_old ? 2 : 1;
}

void tickets_use(SSL_CTX *context)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tickets *tickets = heap_alloc(sizeof(*tickets));

	pthread_once(&once, make_slot);
	pthread_mutex_init(&tickets->lock, NULL);
	check(SSL_CTX_set_ex_data(context, slot, tickets) == 1);
	check(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_key) == 1);
	SSL_CTX_set_timeout(context, key_life_ms / 1000);
}
