/* SPDX-License-Identifier: MIT */
/*
 * audit: a record is built in a buffer of the thread and copied once, into the file's line.
 *
 * Members are in CloudTrail's order. Texts of requests are cut, so that the size of a record is
 * bounded.
 */
#include "core/audit/audit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "format/json.h"
#include "net/server.h"
#include "wire/credential.h"

/* A token bucket for records of unauthenticated requests. */
struct unauthenticated {
	pthread_mutex_t lock;
	int64_t filled_ms, tokens_milli; /* under the lock, like the members below */
	uint64_t left_out;		 /* since the last record */
	_Atomic uint64_t left_out_sum;
};

struct audit {
	struct audit_file *file;
	bool wants_data, refuses_if_full;
	struct unauthenticated unauthenticated;
};

/* ---- pieces ---- */

static void write_text(struct json_writer *json, struct str key, struct str text)
{
	if (!text.data)
		return;
	json_key(json, key);
	json_str(json, str_slice(text, 0, LIMIT_AUDIT_TEXT_SIZE));
}

static void write_bool(struct json_writer *json, struct str key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

/* "2026-11-24T00:00:00Z". */
static void write_time(struct json_writer *json, struct str key, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_iso(time_ms, text);
	text[19] = 'Z';
	json_key(json, key);
	json_str(json, str_of(text, 20));
}

static struct str after_last(struct str text, char separator)
{
	struct str last = text;

	while (text.data)
		last = str_cut(&text, separator);
	return last;
}

/* ---- caller ---- */

static void write_session(struct json_writer *json, const struct principal *principal)
{
	bool is_role = principal->type == PRINCIPAL_ROLE_SESSION;

	json_key(json, STR("sessionContext"));
	json_open_object(json);
	if (is_role) {
		json_key(json, STR("sessionIssuer"));
		json_open_object(json);
		write_text(json, STR("type"), STR("Role"));
		write_text(json, STR("principalId"), principal->entity_id);
		write_text(json, STR("arn"), principal->entity_arn);
		write_text(json, STR("accountId"), principal->account);
		write_text(json, STR("userName"), after_last(principal->entity_arn, '/'));
		json_close_object(json);
	}
	json_key(json, STR("attributes"));
	json_open_object(json);
	write_time(json, STR("creationDate"), principal->token_issued_ms);
	write_text(json, STR("mfaAuthenticated"), STR("false"));
	json_close_object(json);
	if (principal->source_identity.size > 0)
		write_text(json, STR("sourceIdentity"), principal->source_identity);
	json_close_object(json);
}

static void write_principal(struct json_writer *json, const struct principal *principal,
			    struct str access_key)
{
	static const char *const types[] = {
		[PRINCIPAL_ANONYMOUS] = "AWSAccount",
		[PRINCIPAL_ROOT] = "Root",
		[PRINCIPAL_USER] = "IAMUser",
		[PRINCIPAL_ROLE_SESSION] = "AssumedRole",
		[PRINCIPAL_FEDERATED_USER] = "FederatedUser",
		[PRINCIPAL_SERVICE] = "AWSService",
	};

	write_text(json, STR("type"), str_from(types[principal->type]));
	if (principal->type == PRINCIPAL_SERVICE) {
		write_text(json, STR("invokedBy"), principal->arn);
		return;
	}
	if (principal->type == PRINCIPAL_ANONYMOUS) {
		write_text(json, STR("principalId"), STR(""));
		write_text(json, STR("accountId"), STR("ANONYMOUS_PRINCIPAL"));
		return;
	}
	write_text(json, STR("principalId"), principal->id);
	write_text(json, STR("arn"), principal->arn);
	write_text(json, STR("accountId"), principal->account);
	write_text(json, STR("accessKeyId"), access_key);
	if (principal->type == PRINCIPAL_USER)
		write_text(json, STR("userName"), principal->name);
	if (principal->token_issued_ms > 0)
		write_session(json, principal);
}

static void write_identity(struct json_writer *json, const struct audit_event *event)
{
	json_key(json, STR("userIdentity"));
	json_open_object(json);
	if (event->principal) {
		write_principal(json, event->principal, event->access_key);
		if (event->principal->type != PRINCIPAL_SERVICE)
			write_text(json, STR("invokedBy"), event->invoked_by);
	} else {
		/* CloudTrail's type for an unknown caller; the key is the request's claim. */
		write_text(json, STR("type"), STR("Unknown"));
		write_text(json, STR("accessKeyId"), event->access_key);
	}
	json_close_object(json);
}

/* ---- operation ---- */

static void write_shape(struct json_writer *json, struct str key, const struct shape *shape,
			const void *value)
{
	json_key(json, key);
	if (!shape || !value || shape->member_count == 0) {
		json_null(json);
		return;
	}
	audit_write_shape(json->out, shape, value);
	json->needs_comma = true;
}

static void write_resource(struct json_writer *json, const struct audit_event *event)
{
	if (event->resource.size == 0 || str_equal(event->resource, STR("*")))
		return;
	json_key(json, STR("resources"));
	json_open_array(json);
	json_open_object(json);
	write_text(json, STR("accountId"), event->account);
	write_text(json, STR("type"), event->resource_type);
	write_text(json, STR("ARN"), event->resource);
	json_close_object(json);
	json_close_array(json);
}

static void write_tls(struct json_writer *json, const struct audit_event *event)
{
	if (!event->tls_version.data)
		return;
	json_key(json, STR("tlsDetails"));
	json_open_object(json);
	write_text(json, STR("tlsVersion"), event->tls_version);
	write_text(json, STR("cipherSuite"), event->tls_cipher);
	write_text(json, STR("clientProvidedHostHeader"), event->host);
	json_close_object(json);
}

static void write_ids(struct json_writer *json, struct str request_id)
{
	char text[UUID_TEXT_SIZE];
	uint8_t id[16];

	uuid_new(id);
	uuid_format(id, text);
	write_text(json, STR("requestID"), request_id);
	write_text(json, STR("eventID"), str_of(text, sizeof(text)));
}

static void write_source(struct json_writer *json, struct str source)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%.*s.amazonaws.com", STR_ARG(source));

	write_text(json, STR("eventSource"), str_of(text, (size_t)size));
}

static void write_record(struct buf *out, const struct audit_event *event)
{
	struct json_writer json;

	json_begin(&json, out);
	json_open_object(&json);
	write_text(&json, STR("eventVersion"), STR("1.11"));
	write_identity(&json, event);
	write_time(&json, STR("eventTime"), event->now_ms);
	write_source(&json, event->source);
	write_text(&json, STR("eventName"), event->name);
	write_text(&json, STR("awsRegion"), event->region);
	write_text(&json, STR("sourceIPAddress"), event->source_ip);
	write_text(&json, STR("userAgent"), event->user_agent);
	write_text(&json, STR("errorCode"), event->error_code);
	write_text(&json, STR("errorMessage"), event->error_message);
	write_shape(&json, STR("requestParameters"), event->in_shape, event->in);
	write_shape(&json, STR("responseElements"), event->out_shape, event->out);
	write_ids(&json, event->request_id);
	write_bool(&json, STR("readOnly"), event->is_read_only);
	write_resource(&json, event);
	write_text(&json, STR("eventType"), STR("AwsApiCall"));
	write_bool(&json, STR("managementEvent"), !event->is_data);
	write_text(&json, STR("recipientAccountId"), event->account);
	write_text(&json, STR("vpcEndpointId"), event->endpoint);
	write_text(&json, STR("eventCategory"), event->is_data ? STR("Data") : STR("Management"));
	write_tls(&json, event);
	json_close_object(&json);
}

void audit_record(struct audit *audit, const struct audit_event *event)
{
	struct buf line = {0};

	write_record(&line, event);
	audit_file_append(audit->file, buf_str(&line));
	buf_done(&line);
}

/* ---- unauthenticated requests ---- */

enum { RECORD_MILLI = 1000 };

/* True if there is a token. *out_left_out: the number of records without a token since the last one
 * with it. */
static bool take_token(struct unauthenticated *unauthenticated, int64_t now_ms,
		       uint64_t *out_left_out)
{
	pthread_mutex_lock(&unauthenticated->lock);
	int64_t passed_ms =
		now_ms > unauthenticated->filled_ms ? now_ms - unauthenticated->filled_ms : 0;
	int64_t most = (int64_t)LIMIT_AUDIT_UNAUTHENTICATED * RECORD_MILLI;
	if (passed_ms > 60000 * LIMIT_AUDIT_UNAUTHENTICATED)
		passed_ms = 60000 * LIMIT_AUDIT_UNAUTHENTICATED;
	int64_t more = passed_ms * LIMIT_AUDIT_UNAUTHENTICATED_RATE * RECORD_MILLI / 60000;
	unauthenticated->tokens_milli += more;
	if (more > 0)
		unauthenticated->filled_ms = now_ms;
	if (unauthenticated->tokens_milli > most)
		unauthenticated->tokens_milli = most;
	bool has_token = unauthenticated->tokens_milli >= RECORD_MILLI;
	*out_left_out = 0;
	if (has_token) {
		unauthenticated->tokens_milli -= RECORD_MILLI;
		*out_left_out = unauthenticated->left_out;
		unauthenticated->left_out = 0;
	} else {
		unauthenticated->left_out++;
		atomic_fetch_add(&unauthenticated->left_out_sum, 1);
	}
	pthread_mutex_unlock(&unauthenticated->lock);
	return has_token;
}

bool audit_wants_unauthenticated(struct audit *audit, struct str account, struct str region)
{
	uint64_t left_out;
	char text[128];

	if (!take_token(&audit->unauthenticated, clock_base_ms(), &left_out))
		return false;
	if (left_out == 0)
		return true;
	int size = snprintf(text, sizeof(text),
			    "%llu records of refused requests without a good signature",
			    (unsigned long long)left_out);
	struct audit_event event = {
		.now_ms = clock_now_ms(),
		.source = STR("tern"),
		.name = STR("RecordsLeftOut"),
		.region = region,
		.account = account,
		.error_code = STR("LeftOut"),
		.error_message = str_of(text, (size_t)size),
		.is_read_only = true,
	};
	audit_record(audit, &event);
	return true;
}

uint64_t audit_left_out(const struct audit *audit)
{
	return atomic_load_explicit(&audit->unauthenticated.left_out_sum, memory_order_relaxed);
}

/* ---- requests ---- */

/* The key that the request names, without verification. */
static struct str claimed_key(const struct http_request *http)
{
	struct str authorization = http->fields[HTTP_FIELD_AUTHORIZATION];
	struct credential credential = {0};
	static const struct str parameter = STR_INIT("X-Amz-Credential=");

	if (authorization.data) {
		(void)credential_parse_header(authorization, &credential); /* then it has none */
		return credential.access_key;
	}
	size_t place = str_find(http->target, parameter, 0);
	if (place == SIZE_MAX)
		return (struct str){0};
	struct str rest = str_slice(http->target, place + parameter.size, SIZE_MAX);
	size_t size = 0;
	while (size < rest.size && rest.data[size] != '%' && rest.data[size] != '/' &&
	       rest.data[size] != '&')
		size++;
	return str_slice(rest, 0, size);
}

/* "127.0.0.1" of "127.0.0.1:40312", "::1" of "[::1]:40312", "unix". */
static struct str without_port(struct str peer)
{
	size_t size = peer.size;

	while (size > 0 && peer.data[size - 1] != ':')
		size--;
	if (size == 0)
		return peer;
	struct str host = str_slice(peer, 0, size - 1);
	return str_starts(host, STR("[")) ? str_slice(host, 1, host.size - 2) : host;
}

void audit_describe_request(struct audit_event *event, struct net_request *request)
{
	const struct http_request *http = &request->http;

	event->user_agent = http->fields[HTTP_FIELD_USER_AGENT];
	event->host = http->fields[HTTP_FIELD_HOST];
	if (!event->source_ip.data)
		event->source_ip = without_port(net_request_peer(request));
	if (!event->access_key.data)
		event->access_key = claimed_key(http);
	net_request_tls(request, &event->tls_version, &event->tls_cipher);
}

bool audit_wants(const struct audit *audit, bool is_data)
{
	return audit && (!is_data || audit->wants_data);
}

bool audit_refuses(const struct audit *audit, bool is_data)
{
	return audit && audit->refuses_if_full && !is_data &&
	       audit_file_stats(audit->file).is_failing;
}

/* ---- life ---- */

enum err audit_open(const struct audit_options *options, struct audit **out_audit)
{
	struct audit_file *file;

	enum err err = audit_file_open(&options->file, &file);
	if (err)
		return err;
	struct audit *audit = heap_alloc(sizeof(*audit));
	audit->file = file;
	pthread_mutex_init(&audit->unauthenticated.lock, NULL);
	audit->unauthenticated.tokens_milli = (int64_t)LIMIT_AUDIT_UNAUTHENTICATED * RECORD_MILLI;
	audit->unauthenticated.filled_ms = clock_base_ms();
	audit->wants_data = options->wants_data;
	audit->refuses_if_full = options->refuses_if_full;
	*out_audit = audit;
	return ERR_OK;
}

void audit_close(struct audit **audit)
{
	if (!*audit)
		return;
	audit_file_close(&(*audit)->file);
	if ((*audit)->unauthenticated.left_out > 0)
		log_event(LOG_WARN, "audit records of refused requests were left out",
			  log_i64("count", (int64_t)(*audit)->unauthenticated.left_out));
	pthread_mutex_destroy(&(*audit)->unauthenticated.lock);
	heap_free(*audit);
	*audit = NULL;
}

void audit_reopen(struct audit *audit)
{
	audit_file_reopen(audit->file);
}

struct audit_file_stats audit_stats(const struct audit *audit)
{
	return audit_file_stats(audit->file);
}

const char *audit_path(const struct audit *audit)
{
	return audit_file_path(audit->file);
}
