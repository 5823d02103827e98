/* SPDX-License-Identifier: MIT */
/* sign: the certificate's URL has a digest of it, so another key has another URL. */
#include "services/sns/sign.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/signing_key.h"
#include "services/sns/state.h"

enum { CERTIFICATE_DAYS = 20 * 365, DIGEST_SIZE = 16 };
#define PATH_PREFIX "/SimpleNotificationService-"
#define PATH_SUFFIX ".pem"
#define RECORD STR("sns-signing-key")
#define CERTIFICATE_NAME STR("sns.amazonaws.com")

struct sns_signer {
	struct signing_key *key;
	char path[sizeof(PATH_PREFIX PATH_SUFFIX) + 2 * DIGEST_SIZE];
};

/* Takes the key over. */
static struct sns_signer *signer_new(struct signing_key *key)
{
	struct sns_signer *signer = heap_alloc(sizeof(*signer));
	char hex[2 * DIGEST_SIZE + 1] = {0};
	uint8_t digest[32];

	sha256(signing_key_certificate(key), digest);
	hex_format(str_of(digest, DIGEST_SIZE), hex);
	signer->key = key;
	snprintf(signer->path, sizeof(signer->path), PATH_PREFIX "%s" PATH_SUFFIX, hex);
	return signer;
}

void sns_signer_free(struct sns_signer **signer)
{
	if (!*signer)
		return;
	signing_key_free(&(*signer)->key);
	heap_free(*signer);
	*signer = NULL;
}

static const struct sns_signer *signer_of(const struct core *core)
{
	return atomic_load_explicit(&sns_of(core)->signer, memory_order_acquire);
}

static void set_signer(struct core *core, struct sns_signer *signer)
{
	atomic_store_explicit(&sns_of(core)->signer, signer, memory_order_release);
}

/* Within a reading transaction. */
static enum err read_key(struct core *core, struct arena *arena, struct signing_key **out_key)
{
	struct str value, plain;

	enum err err = catalog_get(core->catalog, CATALOG_META, RECORD, &value);
	if (err)
		return err;
	char *copy = arena_cstr(arena, value);
	err = seal_open(core->seal, copy, value.size, &plain);
	if (!err)
		err = signing_key_load(plain, out_key);
	explicit_bzero(copy, value.size);
	return err;
}

enum err sns_signer_load(struct core *core)
{
	struct signing_key *key = NULL;
	struct arena arena;

	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	arena_init(&arena);
	err = read_key(core, &arena, &key);
	catalog_abort(core->catalog);
	arena_done(&arena);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		set_signer(core, signer_new(key));
	return err;
}

static enum err save_key(struct core *core, const struct signing_key *key)
{
	struct catalog_changes changes = {0};
	struct buf secret = {0};
	struct arena arena;

	arena_init(&arena);
	signing_key_save(key, &secret);
	catalog_changes_put(&changes, CATALOG_META, RECORD,
			    seal_close(core->seal, &arena, 0, buf_str(&secret)));
	explicit_bzero(secret.data, secret.capacity);
	buf_done(&secret);
	enum err err = catalog_write(core->catalog, &changes);
	arena_done(&arena);
	return err;
}

enum err sns_signer_ensure(struct core *core)
{
	if (signer_of(core))
		return ERR_OK;
	struct signing_key *key =
		signing_key_new(CERTIFICATE_NAME, clock_now_ms(), CERTIFICATE_DAYS);
	enum err err = save_key(core, key);
	if (err) {
		signing_key_free(&key);
		return err;
	}
	set_signer(core, signer_new(key));
	return ERR_OK;
}

/* ---- use ---- */

bool sns_signs(const struct core *core, const struct topic *topic,
	       const struct subscription *subscription)
{
	if (topic->is_fifo || subscription->is_raw)
		return false;
	switch (subscription->protocol) {
	case SNS_PROTOCOL_HTTP:
	case SNS_PROTOCOL_HTTPS:
		return true;
	case SNS_PROTOCOL_SQS:
	case SNS_PROTOCOL_LAMBDA:
	case SNS_PROTOCOL_EMAIL_JSON:
		return !core->signs_http_only;
	default:
		return false;
	}
}

struct sns_signature sns_sign(struct core *core, struct arena *arena, struct str version,
			      struct str text)
{
	const struct sns_signer *signer = signer_of(core);
	bool is_second = str_equal(version, STR("2"));
	uint8_t bytes[SIGNING_KEY_SIGNATURE_SIZE];

	if (!signer)
		return (struct sns_signature){0};
	signing_key_sign(signer->key, is_second ? SIGNING_SHA256 : SIGNING_SHA1, text, bytes);
	char *base64 = arena_bytes(arena, base64_size(sizeof(bytes)));
	base64_format(str_of(bytes, sizeof(bytes)), base64);
	return (struct sns_signature){
		.version = is_second ? STR("2") : STR("1"),
		.text = str_of(base64, base64_size(sizeof(bytes))),
		.certificate_url = arena_join(
			arena, (struct str[]){core->base_url, str_from(signer->path)}, 2),
	};
}

/* ---- the certificate ---- */

static bool find_page(const struct core *core, struct str path, struct service_page *out_page)
{
	const struct sns_signer *signer = signer_of(core);

	if (!signer || !str_equal(path, str_from(signer->path)))
		return false;
	*out_page = (struct service_page){STR("application/x-pem-file"),
					  signing_key_certificate(signer->key)};
	return true;
}

const struct service_pages sns_pages = {STR_INIT(PATH_PREFIX), find_page};
