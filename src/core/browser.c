/* SPDX-License-Identifier: MIT */
/*
 * browser: an address as Host is safe, as a page of another server never sends it here. A name is
 * unsafe, unless it is known to mean this machine. AWS's own names are safe, as only AWS controls
 * their DNS; clients that are redirected by /etc/hosts or a proxy send them.
 */
#include "core/browser.h"

#include <string.h>

#include "base/network.h"
#include "http/url.h"

enum { SHOWN_MAX = 255 };

/* ---- names ---- */

/* "tern.example.com" of "tern.example.com:4566", "::1" of "[::1]:4566"; else the whole text. */
static struct str without_port(struct str host)
{
	struct str rest = host, name;
	uint64_t port;

	if (str_starts(host, STR("["))) {
		rest = str_slice(host, 1, SIZE_MAX);
		name = str_cut(&rest, ']');
		if (rest.size > 0 && rest.data[0] == ':')
			rest = str_slice(rest, 1, SIZE_MAX);
	} else {
		name = str_cut(&rest, ':');
	}
	if (rest.size > 0 && !str_to_u64(rest, &port))
		return host;
	return str_ends(name, STR(".")) ? str_slice(name, 0, name.size - 1) : name;
}

static bool ends_nocase(struct str text, struct str end)
{
	return text.size > end.size &&
	       str_equal_nocase(str_slice(text, text.size - end.size, SIZE_MAX), end);
}

static bool is_address(struct str name)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	return network_parse_address(name, address, &is_v4);
}

static bool is_loopback(struct str name)
{
	static const struct network loopback[] = {
		{{[10] = 0xff, [11] = 0xff, [12] = 127}, 104},
		{{[15] = 1}, 128},
	};
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	if (network_parse_address(name, address, &is_v4))
		return network_has(&loopback[0], address) || network_has(&loopback[1], address);
	/* RFC 6761: names below localhost mean this machine, and browsers resolve them without
	 * DNS. */
	return str_equal_nocase(name, STR("localhost")) || ends_nocase(name, STR(".localhost"));
}

/* "queue" of "http://queue.amazonaws.com/doc/2012-11-05/": SQS had hosts of that name. */
static struct str old_name_of(const struct service *service)
{
	struct str rest = service->xml_namespace;
	size_t at = str_find(rest, STR("://"), 0);

	rest = at == SIZE_MAX ? (struct str){0} : str_slice(rest, at + 3, SIZE_MAX);
	return str_cut(&rest, '.');
}

static bool is_of_service(const struct browser_rules *rules, struct str label)
{
	for (size_t i = 0; rules->services && i < rules->services->service_count; i++) {
		const struct service *service = rules->services->services[i];
		if (str_equal_nocase(label, service_signing_name(service)) ||
		    (label.size > 0 && str_equal_nocase(label, old_name_of(service))))
			return true;
	}
	return false;
}

/* "sqs.eu-west-1.amazonaws.com", "eu-west-1.queue.amazonaws.com", "vpce-1.sqs...amazonaws.com". */
static bool is_of_aws(const struct browser_rules *rules, struct str name)
{
	if (!ends_nocase(name, STR(".amazonaws.com")) &&
	    !ends_nocase(name, STR(".amazonaws.com.cn")))
		return false;
	while (name.data)
		if (is_of_service(rules, str_cut(&name, '.')))
			return true;
	return false;
}

static bool has_text(const struct str *list, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], STR("*")) || str_equal_nocase(list[i], text) ||
		    (str_starts(list[i], STR("*.")) &&
		     ends_nocase(text, str_slice(list[i], 1, SIZE_MAX))))
			return true;
	return false;
}

/* True if the name means this machine, or is configured to. */
static bool is_own_name(const struct browser_rules *rules, struct str name)
{
	return is_loopback(name) || has_text(rules->host_names, rules->host_name_count, name);
}

static bool is_own_host(const struct browser_rules *rules, struct str host)
{
	struct str name = without_port(host);

	/* Every browser sends a Host. */
	return host.size == 0 || is_address(name) || is_own_name(rules, name) ||
	       is_of_aws(rules, name);
}

/* ---- pages ---- */

static bool is_allowed(const struct browser_rules *rules, struct str origin)
{
	return origin.data && has_text(rules->origins, rules->origin_count, origin);
}

/* "app.example.com:8080" of "https://app.example.com:8080/page"; empty if it is no URL. */
static struct str host_of_url(struct str url)
{
	size_t at = str_find(url, STR("://"), 0);
	struct str rest = at == SIZE_MAX ? (struct str){0} : str_slice(url, at + 3, SIZE_MAX);

	return str_cut(&rest, '/');
}

/* A page of this server, or of another one on this machine. */
static bool is_own_page(const struct browser_rules *rules, const struct http_request *request,
			struct str url)
{
	struct str host = host_of_url(url);

	return host.size > 0 && (str_equal_nocase(host, request->fields[HTTP_FIELD_HOST]) ||
				 is_own_name(rules, without_port(host)));
}

static bool is_own_site(const struct http_request *request, struct str site)
{
	struct str host = request->fields[HTTP_FIELD_HOST];

	return str_equal(site, STR("same-origin")) || str_equal(site, STR("none")) ||
	       (str_equal(site, STR("same-site")) && is_loopback(without_port(host)));
}

/* "https://app.example.com" of "https://app.example.com/page". */
static struct str origin_of_url(struct str url)
{
	struct str host = host_of_url(url);

	return host.size > 0 ? str_of(url.data, (size_t)(host.data - url.data) + host.size) : url;
}

/*
 * An image of a page without Referer, of a host that is not a secure context: the browser sends
 * neither Origin nor Sec-Fetch-Site. Reads without a query, such as a typed address, are allowed.
 */
static bool is_hidden_page(const struct browser_rules *rules, const struct http_request *request)
{
	struct str agent = request->fields[HTTP_FIELD_USER_AGENT];
	bool is_read = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;

	return str_starts(agent, STR("Mozilla/")) &&
	       (!is_read || http_url_split(request->target).has_query) &&
	       !has_text(rules->origins, rules->origin_count, STR("*"));
}

/* *out_page is empty if the request does not name its page. */
static bool is_foreign_page(const struct browser_rules *rules, const struct http_request *request,
			    struct str *out_page)
{
	struct str origin = request->fields[HTTP_FIELD_ORIGIN];
	struct str site = request->fields[HTTP_FIELD_SEC_FETCH_SITE];
	struct str referer = request->fields[HTTP_FIELD_REFERER];

	if (!origin.data && referer.data)
		origin = origin_of_url(referer);
	*out_page = origin;
	if (is_allowed(rules, origin))
		return false;
	if (!origin.data && !site.data)
		return is_hidden_page(rules, request);
	/* A page's request without Origin and Sec-Fetch-Site is one of an older browser. */
	if (request->fields[HTTP_FIELD_ORIGIN].data || !site.data)
		return !is_own_page(rules, request, origin);
	return !is_own_site(request, site) &&
	       !has_text(rules->origins, rules->origin_count, STR("*"));
}

/* ---- answers ---- */

static struct str shown(struct str text)
{
	return text.size <= SHOWN_MAX && str_is_utf8(text) ? text : STR("(not shown)");
}

bool browser_is_welcome(const struct browser_rules *rules, struct arena *arena,
			const struct http_request *request, bool is_unix, struct str *out_problem)
{
	struct str host = request->fields[HTTP_FIELD_HOST], page;

	if (!is_unix && !is_own_host(rules, host)) {
		struct str name = shown(without_port(host));
		*out_problem = arena_format(
			arena,
			"The host name %.*s is not known here. If it is this server's, start ternd "
			"with --host-name %.*s (TERN_HOST_NAME); requests without a signature are "
			"refused under other names, since web pages could send them.",
			STR_ARG(name), STR_ARG(name));
		return false;
	}
	if (!is_foreign_page(rules, request, &page))
		return true;
	page = page.data ? shown(page) : STR("another site, or of an unknown one,");
	*out_problem = arena_format(arena,
				    "A web page of %.*s sent this. To let its requests in, start "
				    "ternd with --allow-origin and that origin "
				    "(TERN_ALLOW_ORIGIN).",
				    STR_ARG(page));
	return false;
}

size_t browser_headers(const struct browser_rules *rules, const struct http_request *request,
		       struct http_header out_headers[BROWSER_HEADERS])
{
	struct str origin = request->fields[HTTP_FIELD_ORIGIN];
	size_t count = 0;

	if (rules->origin_count == 0)
		return 0;
	out_headers[count++] = (struct http_header){STR("Vary"), STR("Origin")};
	if (!is_allowed(rules, origin))
		return count;
	if (has_text(rules->origins, rules->origin_count, STR("*")))
		origin = STR("*");
	out_headers[count++] = (struct http_header){STR("Access-Control-Allow-Origin"), origin};
	out_headers[count++] = (struct http_header){STR("Access-Control-Expose-Headers"),
						    STR("x-amzn-RequestId, x-amzn-query-error")};
	return count;
}

/* Names of headers with commas, as a browser sends them. */
static bool is_header_list(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !memchr("-_, ", c, 4))
			return false;
	}
	return text.size > 0;
}

bool browser_is_preflight(const struct browser_rules *rules, const struct http_request *request,
			  struct http_header out_headers[BROWSER_PREFLIGHT_HEADERS],
			  size_t *out_count)
{
	struct str wanted;

	if (request->method != HTTP_METHOD_OPTIONS ||
	    !is_allowed(rules, request->fields[HTTP_FIELD_ORIGIN]) ||
	    !http_request_find(request, STR("access-control-request-method"), &wanted))
		return false;
	size_t count = browser_headers(rules, request, out_headers);
	out_headers[count++] =
		(struct http_header){STR("Access-Control-Allow-Methods"), STR("GET, POST")};
	if (http_request_find(request, STR("access-control-request-headers"), &wanted) &&
	    is_header_list(wanted))
		out_headers[count++] =
			(struct http_header){STR("Access-Control-Allow-Headers"), wanted};
	/* A page of the Internet that calls a server of a private network requests that permission
	 * too. */
	if (http_request_find(request, STR("access-control-request-private-network"), &wanted))
		out_headers[count++] = (struct http_header){
			STR("Access-Control-Allow-Private-Network"), STR("true")};
	out_headers[count++] = (struct http_header){STR("Access-Control-Max-Age"), STR("600")};
	*out_count = count;
	return true;
}
