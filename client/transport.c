/* SPDX-License-Identifier: MIT */
/*
 * transport: an easy handle that lives as long as the transport, which is how libcurl keeps a
 * connection open between exchanges.
 */
#include "client/transport.h"

#include <curl/curl.h>
#include <string.h>

#include "client/session_private.h"

struct transport {
	const struct tern_session *session;
	CURL *curl;
	struct curl_slist *headers;
	struct arena arena; /* of one exchange */
	struct buf body;
	bool is_too_large;
	struct transport_answer answer;
	char detail[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t item_size, size_t count, void *context)
{
	struct transport *transport = context;
	size_t size = item_size * count;

	transport->is_too_large = size > TRANSPORT_BODY_SIZE_MAX - transport->body.size;
	if (transport->is_too_large)
		return 0;
	buf_append(&transport->body, str_of(data, size));
	return size;
}

static size_t on_header(char *data, size_t item_size, size_t count, void *context)
{
	struct transport *transport = context;
	struct transport_answer *answer = &transport->answer;
	struct str value = str_of(data, item_size * count);
	struct str name = str_cut(&value, ':');

	while (str_ends(value, STR("\r")) || str_ends(value, STR("\n")))
		value.size--;
	value = str_trim(value);
	if (str_equal_nocase(name, STR("x-amzn-requestid")))
		answer->request_id = arena_copy(&transport->arena, value);
	else if (str_equal_nocase(name, STR("x-amzn-query-error")))
		answer->query_error = arena_copy(&transport->arena, value);
	else if (str_equal_nocase(name, STR("date")))
		answer->date = arena_copy(&transport->arena, value);
	return item_size * count;
}

/* Called about once a second, and whenever bytes move. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transport *transport = context;

	(void)a, (void)b, (void)c, (void)d; /* how far it is does not matter */
	return tern_session_is_stopped(transport->session);
}

#define set(transport, option, value)                                                              \
	check(curl_easy_setopt((transport)->curl, (option), (value)) == CURLE_OK)

struct transport *transport_new(const struct tern_session *session)
{
	struct transport *transport = heap_alloc(sizeof(*transport));

	transport->session = session;
	arena_init(&transport->arena);
	transport->curl = curl_easy_init();
	check(transport->curl != NULL);
	set(transport, CURLOPT_NOSIGNAL, 1L);
	set(transport, CURLOPT_PROTOCOLS_STR, "http,https");
	set(transport, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set(transport, CURLOPT_TCP_KEEPALIVE, 1L);
	set(transport, CURLOPT_CONNECTTIMEOUT_MS, (long)session->connect_timeout_ms);
	set(transport, CURLOPT_TIMEOUT_MS, (long)session->answer_timeout_ms);
	set(transport, CURLOPT_ERRORBUFFER, transport->detail);
	set(transport, CURLOPT_WRITEFUNCTION, on_body);
	set(transport, CURLOPT_WRITEDATA, (void *)transport);
	set(transport, CURLOPT_HEADERFUNCTION, on_header);
	set(transport, CURLOPT_HEADERDATA, (void *)transport);
	set(transport, CURLOPT_NOPROGRESS, 0L);
	set(transport, CURLOPT_XFERINFOFUNCTION, on_progress);
	set(transport, CURLOPT_XFERINFODATA, (void *)transport);
	if (session->certificates.size > 0)
		set(transport, CURLOPT_CAINFO,
		    arena_cstr(&transport->arena, session->certificates));
	return transport;
}

void transport_free(struct transport **transport)
{
	struct transport *gone = *transport;

	if (!gone)
		return;
	curl_easy_cleanup(gone->curl);
	curl_slist_free_all(gone->headers);
	arena_done(&gone->arena);
	buf_done(&gone->body);
	heap_free(gone);
	*transport = NULL;
}

static void append_header(struct transport *transport, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transport->headers, line);

	check(longer != NULL);
	transport->headers = longer;
}

static void set_headers(struct transport *transport, const struct transport_request *request)
{
	curl_slist_free_all(transport->headers);
	transport->headers = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		struct str line = arena_format(&transport->arena, "%.*s: %.*s",
					       STR_ARG(request->headers[i].name),
					       STR_ARG(request->headers[i].value));
		append_header(transport, arena_cstr(&transport->arena, line));
	}
	/* A large body does not wait for "100 Continue": that is a second on servers without it. */
	append_header(transport, "Expect:");
	set(transport, CURLOPT_HTTPHEADER, transport->headers);
}

static bool is_loopback(struct str url)
{
	static const char *const starts[] = {"http://127.",	 "https://127.",
					     "http://localhost", "https://localhost",
					     "http://[::1]",	 "https://[::1]"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (str_starts(url, str_from(starts[i])))
			return true;
	return false;
}

static enum err explain(struct transport *transport, CURLcode code, struct str url,
			struct str *out_problem)
{
	const char *detail = transport->detail[0] ? transport->detail : curl_easy_strerror(code);

	if (transport->is_too_large) {
		*out_problem = arena_format(&transport->arena, "the answer of %.*s is over %u MiB",
					    STR_ARG(url), TRANSPORT_BODY_SIZE_MAX >> 20);
		return ERR_TOOLARGE;
	}
	if (tern_session_is_stopped(transport->session)) {
		*out_problem = STR("interrupted");
		return ERR_CLOSED;
	}
	/* A server answers, so neither another try nor a start of the server helps. */
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
		*out_problem = arena_format(&transport->arena,
					    "%.*s is not to be trusted: %s. AWS_CA_BUNDLE names "
					    "the file of the authorities that are",
					    STR_ARG(url), detail);
		return ERR_INVALID;
	}
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(detail, "wrong version number")) {
		*out_problem = arena_format(&transport->arena,
					    "%.*s does not speak TLS: its URL begins with http://",
					    STR_ARG(url));
		return ERR_INVALID;
	}
	*out_problem =
		arena_format(&transport->arena, "no answer from %.*s: %s%s", STR_ARG(url), detail,
			     code == CURLE_GOT_NOTHING && str_starts(url, STR("http:"))
				     ? "; if it speaks TLS, its URL begins with https://"
				     : "");
	return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ? ERR_INVALID
										 : ERR_CLOSED;
}

enum err transport_exchange(struct transport *transport, const struct transport_request *request,
			    struct transport_answer *out_answer, struct str *out_problem)
{
	bool is_get = str_equal(request->method, STR("GET"));
	long status = 0;

	arena_reset(&transport->arena);
	buf_reset(&transport->body);
	transport->answer = (struct transport_answer){0};
	transport->is_too_large = false;
	transport->detail[0] = '\0';
	set_headers(transport, request);
	set(transport, CURLOPT_URL, arena_cstr(&transport->arena, request->url));
	/* A proxy cannot reach our own loopback addresses; NULL leaves it to the environment. */
	set(transport, CURLOPT_PROXY, is_loopback(request->url) ? "" : (char *)NULL);
	if (is_get) {
		set(transport, CURLOPT_HTTPGET, 1L);
	} else {
		set(transport, CURLOPT_POST, 1L);
		set(transport, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
		set(transport, CURLOPT_POSTFIELDS, request->body.size ? request->body.data : "");
	}
	CURLcode code = curl_easy_perform(transport->curl);
	if (code != CURLE_OK)
		return explain(transport, code, request->url, out_problem);
	check(curl_easy_getinfo(transport->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	transport->answer.status = (int)status;
	transport->answer.body = buf_str(&transport->body);
	*out_answer = transport->answer;
	return ERR_OK;
}
