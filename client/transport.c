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
	struct http_header *answer_headers; /* in the arena */
	size_t answer_count, answer_room;
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

static void add_answer_header(struct transport *transport, struct str name, struct str value)
{
	struct arena *arena = &transport->arena;

	if (transport->answer_count == transport->answer_room) {
		size_t room = transport->answer_room ? transport->answer_room * 2 : 16;
		struct http_header *headers = arena_array(arena, struct http_header, room);
		if (transport->answer_count > 0)
			memcpy(headers, transport->answer_headers,
			       transport->answer_count * sizeof(*headers));
		transport->answer_headers = headers;
		transport->answer_room = room;
	}
	transport->answer_headers[transport->answer_count++] =
		(struct http_header){arena_copy(arena, name), arena_copy(arena, value)};
}

/* libcurl refuses heads over 300 KB, so their number needs no limit here. */
static size_t on_header(char *data, size_t item_size, size_t count, void *context)
{
	struct transport *transport = context;
	struct str value = str_of(data, item_size * count);

	if (str_starts(value, STR("HTTP/"))) { /* the answer behind "100 Continue" begins */
		transport->answer_count = 0;
		return item_size * count;
	}
	while (str_ends(value, STR("\r")) || str_ends(value, STR("\n")))
		value.size--;
	struct str name = str_cut(&value, ':');
	if (name.size > 0)
		add_answer_header(transport, name, str_trim(value));
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
	bool has_type = false;
	for (size_t i = 0; i < request->header_count; i++) {
		has_type |= str_equal_nocase(request->headers[i].name, STR("Content-Type"));
		struct str line = arena_format(&transport->arena, "%.*s: %.*s",
					       STR_ARG(request->headers[i].name),
					       STR_ARG(request->headers[i].value));
		append_header(transport, arena_cstr(&transport->arena, line));
	}
	/* A large body does not wait for "100 Continue": that is a second on servers without it. */
	append_header(transport, "Expect:");
	if (!has_type) /* libcurl would call the body a form */
		append_header(transport, "Content-Type:");
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

static void set_method(struct transport *transport, const struct transport_request *request)
{
	bool is_head = str_equal(request->method, STR("HEAD"));

	if ((is_head || str_equal(request->method, STR("GET"))) && request->body.size == 0) {
		set(transport, CURLOPT_CUSTOMREQUEST, (char *)NULL);
		set(transport, CURLOPT_HTTPGET, 1L);
		set(transport, CURLOPT_NOBODY, (long)is_head);
		return;
	}
	set(transport, CURLOPT_NOBODY, 0L);
	set(transport, CURLOPT_POST, 1L);
	set(transport, CURLOPT_CUSTOMREQUEST, arena_cstr(&transport->arena, request->method));
	set(transport, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
	set(transport, CURLOPT_POSTFIELDS, request->body.size ? request->body.data : "");
}

enum err transport_exchange(struct transport *transport, const struct transport_request *request,
			    struct transport_answer *out_answer, struct str *out_problem)
{
	long status = 0;

	arena_reset(&transport->arena);
	buf_reset(&transport->body);
	transport->answer_headers = NULL;
	transport->answer_count = transport->answer_room = 0;
	transport->is_too_large = false;
	transport->detail[0] = '\0';
	set_headers(transport, request);
	set(transport, CURLOPT_URL, arena_cstr(&transport->arena, request->url));
	/* A proxy cannot reach our own loopback addresses; NULL leaves it to the environment. */
	set(transport, CURLOPT_PROXY, is_loopback(request->url) ? "" : (char *)NULL);
	set_method(transport, request);
	CURLcode code = curl_easy_perform(transport->curl);
	if (code != CURLE_OK)
		return explain(transport, code, request->url, out_problem);
	check(curl_easy_getinfo(transport->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	*out_answer = (struct transport_answer){
		.status = (int)status,
		.headers = transport->answer_headers,
		.header_count = transport->answer_count,
		.body = buf_str(&transport->body),
	};
	return ERR_OK;
}
