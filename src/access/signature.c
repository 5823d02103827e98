/* SPDX-License-Identifier: MIT */
/*
 * signature: the claim is read from the header or the query string first. Then it is checked,
 * cheapest test first; the last test computes the signature and compares it.
 */
#include "access/signature.h"

#include <string.h>
#include <time.h>

#include "format/form.h"
#include "http/url.h"

#define SKEW_MS INT64_C(300000)
#define EXPIRES_S_MAX 604800

const struct fault_type access_faults[ACCESS_FAULTS] = {
	[ACCESS_MISSING_TOKEN] = {.is_common = true,
				  .shape = STR_INIT("MissingAuthenticationTokenException"),
				  .query_code = STR_INIT("MissingAuthenticationToken"),
				  .status = 403,
				  .json_status = 400},
	[ACCESS_INCOMPLETE_SIGNATURE] = {.is_common = true,
					 .shape = STR_INIT("IncompleteSignatureException"),
					 .query_code = STR_INIT("IncompleteSignature"),
					 .status = 400},
	[ACCESS_UNKNOWN_KEY] = {.is_common = true,
				.shape = STR_INIT("UnrecognizedClientException"),
				.query_code = STR_INIT("InvalidClientTokenId"),
				.status = 403,
				.json_status = 400,
				.ec2_code = STR_INIT("AuthFailure"),
				.ec2_status = 401},
	[ACCESS_EXPIRED_TOKEN] = {.is_common = true,
				  .shape = STR_INIT("ExpiredTokenException"),
				  .query_code = STR_INIT("ExpiredToken"),
				  .status = 403,
				  .json_status = 400},
	[ACCESS_WRONG_SIGNATURE] = {.is_common = true,
				    .shape = STR_INIT("InvalidSignatureException"),
				    .query_code = STR_INIT("SignatureDoesNotMatch"),
				    .status = 403,
				    .json_status = 400},
};

/* The request's claim; views into it or into the arena. */
struct claim {
	struct str credential, signed_headers, signature, date, token;
	struct str expires; /* presigned only */
	bool is_presigned, has_token_parameter;
	/* Parts of the credential. */
	struct str key_id, terminator;
	struct sigv4_scope scope;
	/* Names of the signed headers. */
	struct signed_name *names;
	size_t name_count;
};

/* A name of a header, with a hash of it that ignores case. */
struct signed_name {
	struct str text;
	uint32_t hash;
};

struct verifier {
	struct arena *arena;
	const struct signature_request *request;
	struct claim claim;
	const struct fault_type *fault;
	struct str problem;
};

static enum err refuse(struct verifier *verifier, enum access_fault fault, struct str problem)
{
	verifier->fault = &access_faults[fault];
	verifier->problem = problem;
	return ERR_FAULT;
}

/* ---- reading the claim ---- */

static struct str header(const struct verifier *verifier, struct str name)
{
	struct str value = {0};

	(void)http_request_find(verifier->request->http, name, &value); /* absent: empty */
	return value;
}

static struct str date_text(struct arena *arena, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];
	int size = clock_format_amz(time_ms, text);

	return arena_copy(arena, str_of(text, (size_t)size));
}

/* "Credential=..., SignedHeaders=..., Signature=..." */
static void read_parts(struct claim *claim, struct str parts)
{
	while (parts.data) {
		struct str value = str_trim(str_cut(&parts, ','));
		struct str name = str_cut(&value, '=');
		if (str_equal(name, STR("Credential")))
			claim->credential = value;
		else if (str_equal(name, STR("SignedHeaders")))
			claim->signed_headers = value;
		else if (str_equal(name, STR("Signature")))
			claim->signature = value;
	}
}

static enum err incomplete_header(struct verifier *verifier)
{
	const struct claim *claim = &verifier->claim;
	struct buf text = {0};

	if (claim->credential.size == 0)
		buf_append(&text, STR("Authorization header requires 'Credential' parameter. "));
	if (claim->signature.size == 0)
		buf_append(&text, STR("Authorization header requires 'Signature' parameter. "));
	if (claim->signed_headers.size == 0)
		buf_append(&text, STR("Authorization header requires 'SignedHeaders' parameter. "));
	if (claim->date.size == 0)
		buf_append(&text, STR("Authorization header requires existence of either a "
				      "'X-Amz-Date' or a 'Date' header. "));
	struct str problem = arena_copy(verifier->arena, str_trim(buf_str(&text)));
	buf_done(&text);
	if (problem.size == 0)
		return ERR_OK;
	return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE, problem);
}

/* A Date header may have the form of HTTP (RFC 9110 5.6.7); the string to sign has that of AWS. */
static struct str as_amz_date(const struct verifier *verifier, struct str date)
{
	char text[CLOCK_TEXT_MAX];
	struct tm utc = {0};

	if (date.size >= sizeof(text))
		return date;
	memcpy(text, date.data ? date.data : "", date.size);
	text[date.size] = '\0';
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
	return end && !*end ? date_text(verifier->arena, (int64_t)timegm(&utc) * 1000) : date;
}

static enum err read_header(struct verifier *verifier, struct str authorization)
{
	struct claim *claim = &verifier->claim;
	struct str parts = authorization;
	struct str algorithm = str_cut(&parts, ' ');

	if (!str_equal(algorithm, STR("AWS4-HMAC-SHA256")))
		return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
			      arena_format(verifier->arena, "Unsupported AWS 'algorithm': '%.*s'.",
					   STR_ARG(algorithm)));
	read_parts(claim, parts);
	claim->date = header(verifier, STR("X-Amz-Date"));
	if (claim->date.size == 0)
		claim->date = as_amz_date(verifier, header(verifier, STR("Date")));
	claim->token = header(verifier, STR("X-Amz-Security-Token"));
	return incomplete_header(verifier);
}

static enum err read_query(struct verifier *verifier, const struct form *form)
{
	struct claim *claim = &verifier->claim;
	const struct {
		struct str name;
		struct str *value;
	} wanted[] = {
		{STR_INIT("X-Amz-Credential"), &claim->credential},
		{STR_INIT("X-Amz-Signature"), &claim->signature},
		{STR_INIT("X-Amz-SignedHeaders"), &claim->signed_headers},
		{STR_INIT("X-Amz-Date"), &claim->date},
		{STR_INIT("X-Amz-Expires"), &claim->expires},
	};

	claim->is_presigned = true;
	if (form_find(form, STR("X-Amz-Security-Token"), &claim->token))
		claim->has_token_parameter = true;
	else
		claim->token = header(verifier, STR("X-Amz-Security-Token"));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!form_find(form, wanted[i].name, wanted[i].value))
			return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
				      arena_format(verifier->arena,
						   "AWS query-string parameters must include "
						   "'%.*s'. Re-examine the query-string "
						   "parameters.",
						   STR_ARG(wanted[i].name)));
	return ERR_OK;
}

static enum err read_claim(struct verifier *verifier)
{
	struct str authorization = verifier->request->http->fields[HTTP_FIELD_AUTHORIZATION];
	struct http_url url = http_url_split(verifier->request->http->target);
	struct form form = {0};
	struct str algorithm;

	if (authorization.size > 0)
		return read_header(verifier, authorization);
	if (form_parse(verifier->arena, url.query, &form) != ERR_OK ||
	    !form_find(&form, STR("X-Amz-Algorithm"), &algorithm))
		return refuse(verifier, ACCESS_MISSING_TOKEN,
			      STR("Request is missing Authentication Token"));
	if (!str_equal(algorithm, STR("AWS4-HMAC-SHA256")))
		return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
			      STR("Unsupported AWS 'algorithm' in the query string."));
	return read_query(verifier, &form);
}

/* "<key id>/<date>/<region>/<service>/<terminator>" */
static enum err read_credential(struct verifier *verifier)
{
	struct claim *claim = &verifier->claim;
	struct str rest = claim->credential;
	struct str parts[5];

	for (size_t i = 0; i < 5; i++)
		parts[i] = str_cut(&rest, '/');
	if (!parts[4].data || rest.data || parts[0].size == 0)
		return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
			      arena_format(verifier->arena,
					   "Credential must have exactly 5 slash-delimited "
					   "elements, e.g. keyid/date/region/service/term, got "
					   "'%.*s'",
					   STR_ARG(claim->credential)));
	claim->key_id = parts[0];
	claim->scope =
		(struct sigv4_scope){.date = parts[1], .region = parts[2], .service = parts[3]};
	claim->terminator = parts[4];
	return ERR_OK;
}

/* ---- checking it ---- */

static enum err check_scope(struct verifier *verifier)
{
	const struct claim *claim = &verifier->claim;
	struct str service = verifier->request->service;

	if (!str_equal(claim->terminator, STR("aws4_request")))
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      arena_format(verifier->arena,
					   "Credential should be scoped with a valid terminator: "
					   "'aws4_request', not '%.*s'.",
					   STR_ARG(claim->terminator)));
	if (claim->scope.region.size == 0)
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      STR("Credential should be scoped to a valid region."));
	if (service.data && !str_equal(claim->scope.service, service))
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      arena_format(verifier->arena,
					   "Credential should be scoped to correct service: "
					   "'%.*s'.",
					   STR_ARG(service)));
	if (!str_equal(claim->scope.date, str_slice(claim->date, 0, 8)))
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      arena_format(verifier->arena,
					   "Date in Credential scope does not match YYYYMMDD from "
					   "ISO-8601 version of date from HTTP: '%.*s' != '%.*s', "
					   "from '%.*s'.",
					   STR_ARG(claim->scope.date),
					   STR_ARG(str_slice(claim->date, 0, 8)),
					   STR_ARG(claim->date)));
	return ERR_OK;
}

/* "20150830T123600Z" in milliseconds; false if it is not of that form. */
static bool parse_date(struct str date, int64_t *out_ms)
{
	char text[17];
	struct tm utc = {0};

	if (date.size != 16)
		return false;
	memcpy(text, date.data, 16);
	text[16] = '\0';
	const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &utc);
	if (!end || *end)
		return false;
	*out_ms = (int64_t)timegm(&utc) * 1000;
	return true;
}

/* A header's signature is valid for five minutes; a presigned one for its X-Amz-Expires. */
static enum err check_time(struct verifier *verifier)
{
	const struct claim *claim = &verifier->claim;
	int64_t now_ms = verifier->request->now_ms;
	int64_t valid_ms = SKEW_MS;
	int64_t signed_ms, expires_s;

	if (!parse_date(claim->date, &signed_ms))
		return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
			      arena_format(verifier->arena,
					   "Date must be in ISO-8601 'basic format'. Got '%.*s'.",
					   STR_ARG(claim->date)));
	if (claim->is_presigned) {
		if (!str_to_i64(claim->expires, &expires_s) || expires_s < 1 ||
		    expires_s > EXPIRES_S_MAX)
			return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
				      STR("X-Amz-Expires must be a number of seconds from 1 to "
					  "604800."));
		valid_ms = expires_s * 1000;
	}
	if (signed_ms > now_ms + SKEW_MS)
		return refuse(
			verifier, ACCESS_WRONG_SIGNATURE,
			arena_format(verifier->arena,
				     "Signature not yet current: %.*s is still later than %.*s "
				     "(%.*s + 5 min.)",
				     STR_ARG(claim->date),
				     STR_ARG(date_text(verifier->arena, now_ms + SKEW_MS)),
				     STR_ARG(date_text(verifier->arena, now_ms))));
	if (signed_ms + valid_ms < now_ms)
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      arena_format(verifier->arena,
					   "Signature expired: %.*s is now earlier than %.*s "
					   "(%.*s - %lld min.)",
					   STR_ARG(claim->date),
					   STR_ARG(date_text(verifier->arena, now_ms - valid_ms)),
					   STR_ARG(date_text(verifier->arena, now_ms)),
					   (long long)(valid_ms / 60000)));
	return ERR_OK;
}

/* FNV-1a of the name in lower case. It only spares comparisons, so collisions are harmless. */
static struct signed_name name_of(struct str text)
{
	struct signed_name name = {text, 2166136261U};

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = (uint8_t)text.data[i];
		name.hash = (name.hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20U : c)) * 16777619U;
	}
	return name;
}

/*
 * The caller chooses both the names and the headers before any check of a signature. So there are
 * not more names than a request may have headers, and names are compared by their hashes.
 */
static enum err read_names(struct verifier *verifier)
{
	struct claim *claim = &verifier->claim;
	struct str rest = claim->signed_headers;
	size_t count = 1;

	for (size_t i = 0; i < rest.size && count < LIMIT_HTTP_HEADERS; i++)
		count += rest.data[i] == ';';
	claim->names = arena_array(verifier->arena, struct signed_name, count);
	while (rest.data) {
		if (claim->name_count == LIMIT_HTTP_HEADERS)
			return refuse(verifier, ACCESS_INCOMPLETE_SIGNATURE,
				      arena_format(verifier->arena,
						   "SignedHeaders names more than %d headers.",
						   LIMIT_HTTP_HEADERS));
		claim->names[claim->name_count++] = name_of(str_cut(&rest, ';'));
	}
	return ERR_OK;
}

static bool is_signed_name(const struct claim *claim, struct str text)
{
	struct signed_name name = name_of(text);

	for (size_t i = 0; i < claim->name_count; i++)
		if (claim->names[i].hash == name.hash &&
		    str_equal_nocase(claim->names[i].text, text))
			return true;
	return false;
}

/*
 * Host and every x-amz-* must be signed, or an attacker between client and server could change the
 * request. The session token is exempt, as some clients add it after signing: no other token fits
 * the key.
 */
static enum err check_signed_headers(struct verifier *verifier)
{
	const struct http_request *http = verifier->request->http;
	const struct claim *claim = &verifier->claim;

	if (!is_signed_name(claim, STR("host")))
		return refuse(verifier, ACCESS_WRONG_SIGNATURE,
			      STR("'Host' must be a 'SignedHeader' in the AWS Authorization."));
	for (size_t i = 0; i < http->header_count; i++) {
		struct str name = http->headers[i].name;
		if (str_equal_nocase(str_slice(name, 0, 6), STR("x-amz-")) &&
		    !str_equal_nocase(name, STR("x-amz-security-token")) &&
		    !is_signed_name(claim, name))
			return refuse(verifier, ACCESS_WRONG_SIGNATURE,
				      arena_format(verifier->arena,
						   "There were headers present in the request "
						   "which were not signed: %.*s",
						   STR_ARG(name)));
	}
	return ERR_OK;
}

/* ---- the signature ---- */

static const struct sigv4_key *signing_key(struct signature_cache *cache,
					   const struct signer *signer, const struct claim *claim)
{
	struct str credential = claim->credential;
	struct signature_cached *cached =
		&cache->entries[str_hash(credential) % SIGNATURE_CACHE_SIZE];

	if (credential.size == cached->size &&
	    memcmp(credential.data, cached->credential, credential.size) == 0)
		return &cached->key;
	sigv4_key_derive(str_of(signer->secret, signer->secret_size), &claim->scope, &cached->key);
	/* A credential that is too long for the cache uses its slot without being found there. */
	cached->size = 0;
	if (credential.size <= SIGNATURE_CREDENTIAL_SIZE) {
		memcpy(cached->credential, credential.data, credential.size);
		cached->size = credential.size;
	}
	return &cached->key;
}

/* The signed headers as they were sent; one that is listed but absent is signed as nothing. */
static size_t collect_headers(const struct verifier *verifier, struct sigv4_header *out)
{
	const struct http_request *http = verifier->request->http;
	size_t count = 0;

	for (size_t i = 0; i < http->header_count; i++)
		if (is_signed_name(&verifier->claim, http->headers[i].name))
			out[count++] = (struct sigv4_header){http->headers[i].name,
							     http->headers[i].value};
	return count;
}

static bool is_signature(struct verifier *verifier, const struct sigv4_request *request,
			 const struct sigv4_key *key)
{
	const struct claim *claim = &verifier->claim;
	char expected[SIGV4_SIGNATURE_SIZE];

	struct str text = sigv4_string_to_sign(verifier->arena, claim->date, &claim->scope,
					       sigv4_canonical_request(verifier->arena, request));
	sigv4_sign(key, text, expected);
	return str_equal_secret(str_of(expected, sizeof(expected)), claim->signature);
}

/*
 * The body is always hashed: x-amz-content-sha256 counts only for S3, so a body that was not signed
 * (UNSIGNED-PAYLOAD) or was signed in chunks (STREAMING-...) is not accepted.
 */
static enum err check_signature(struct verifier *verifier, struct signature_cache *cache,
				const struct signer *signer)
{
	const struct http_request *http = verifier->request->http;
	const struct claim *claim = &verifier->claim;
	const struct sigv4_key *key = signing_key(cache, signer, claim);
	struct http_url url = http_url_split(http->target);
	struct sigv4_header *headers =
		arena_array(verifier->arena, struct sigv4_header, http->header_count + 1);
	char hash[SIGV4_SIGNATURE_SIZE];

	sigv4_payload_hash(verifier->request->body, hash);
	struct sigv4_request request = {
		.method = http->method_text,
		.path = url.path,
		.query = url.query,
		.headers = headers,
		.header_count = collect_headers(verifier, headers),
		.payload_hash = str_of(hash, sizeof(hash)),
	};
	if (is_signature(verifier, &request, key))
		return ERR_OK;
	request.is_token_added_later = claim->has_token_parameter;
	if (request.is_token_added_later && is_signature(verifier, &request, key))
		return ERR_OK;
	return refuse(verifier, ACCESS_WRONG_SIGNATURE,
		      STR("The request signature we calculated does not match the signature you "
			  "provided. Check your AWS Secret Access Key and signing method. Consult "
			  "the service documentation for details."));
}

static enum err find_signer(struct verifier *verifier, const struct signer_source *signers,
			    struct signer *out_signer)
{
	const struct claim *claim = &verifier->claim;

	switch (signers->find(signers->context, claim->key_id, claim->token,
			      verifier->request->now_ms, out_signer)) {
	case SIGNER_FOUND:
		return ERR_OK;
	case SIGNER_EXPIRED:
		return refuse(verifier, ACCESS_EXPIRED_TOKEN,
			      STR("The security token included in the request is expired"));
	case SIGNER_UNKNOWN:
		break;
	}
	return refuse(verifier, ACCESS_UNKNOWN_KEY,
		      STR("The security token included in the request is invalid."));
}

static enum err verify_claim(struct verifier *verifier, struct signature_cache *cache,
			     const struct signer *signer)
{
	enum err err = check_scope(verifier);

	if (!err)
		err = check_time(verifier);
	if (!err)
		err = read_names(verifier);
	if (!err)
		err = check_signed_headers(verifier);
	if (!err)
		err = check_signature(verifier, cache, signer);
	return err;
}

enum err signature_verify(struct arena *arena, const struct signer_source *signers,
			  struct signature_cache *cache, const struct signature_request *request,
			  struct signature *out_signature, const struct fault_type **out_fault,
			  struct str *out_problem)
{
	struct verifier verifier = {.arena = arena, .request = request};
	struct signer signer = {0};

	enum err err = read_claim(&verifier);
	if (!err)
		err = read_credential(&verifier);
	if (!err)
		err = find_signer(&verifier, signers, &signer);
	if (!err)
		err = verify_claim(&verifier, cache, &signer);
	signer_wipe(&signer);
	if (err) {
		principal_release(signer.principal);
		*out_fault = verifier.fault;
		*out_problem = verifier.problem;
		return err;
	}
	*out_signature = (struct signature){
		.principal = signer.principal,
		.key_id = verifier.claim.key_id,
		.region = verifier.claim.scope.region,
	};
	return ERR_OK;
}
