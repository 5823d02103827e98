/* SPDX-License-Identifier: MIT */
/*
 * Verification of a signed HTTP request: one key is known, and time stands still. Either it was
 * that key, and then no other body is signed by it; or there is a fault with a text that can be
 * shown.
 */
#include "access/signature.h"
#include "fuzz.h"
#include "request.h"

#define NOW_MS INT64_C(1795608000000) /* 2026-11-25T12:00:00Z */

static struct principal signing = {.references = 1, .type = PRINCIPAL_ROOT};

static enum signer_outcome find(void *context, struct str key_id, struct str token, int64_t now_ms,
				struct signer *out_signer)
{
	static const struct str secret = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

	(void)context, (void)now_ms;
	if (str_equal(token, STR("expired")))
		return SIGNER_EXPIRED;
	if (!str_equal(key_id, STR("AKIATERNTERNTERNTERN")))
		return SIGNER_UNKNOWN;
	memcpy(out_signer->secret, secret.data, secret.size);
	out_signer->secret_size = secret.size;
	out_signer->principal = principal_hold(&signing);
	return SIGNER_FOUND;
}

static enum err verify(struct arena *arena, const struct http_request *http, struct str body)
{
	static const struct signer_source source = {.find = find};
	static struct signature_cache cache;
	const struct fault_type *fault = NULL;
	struct signature signature;
	struct signature_request request = {.http = http, .body = body, .now_ms = NOW_MS};
	struct str problem = {0};

	enum err err =
		signature_verify(arena, &source, &cache, &request, &signature, &fault, &problem);
	if (!err) {
		check(signature.principal == &signing);
		principal_release(signature.principal);
		return err;
	}
	check(err == ERR_FAULT);
	check(fault >= access_faults && fault < access_faults + ACCESS_FAULTS);
	check(problem.size > 0);
	return err;
}

/* Presigned requests and UNSIGNED-PAYLOAD do not say what the body is. */
static bool signs_body(const struct http_request *http)
{
	struct str hash = http->fields[HTTP_FIELD_X_AMZ_CONTENT_SHA256];

	return http->fields[HTTP_FIELD_AUTHORIZATION].data && !str_starts(hash, STR("UNSIGNED")) &&
	       !str_starts(hash, STR("STREAMING"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf bytes = {0};
	struct http_request http;
	struct arena arena;

	arena_init(&arena);
	if (read_http(&bytes, str_of(data, size), &http)) {
		enum err err = verify(&arena, &http, http.body);
		if (!err && signs_body(&http))
			check(verify(&arena, &http, STR("another body")) == ERR_FAULT);
	}
	arena_done(&arena);
	buf_done(&bytes);
	return 0;
}
