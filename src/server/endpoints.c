/* SPDX-License-Identifier: MIT */
/*
 * endpoints: --endpoint-listen says what kind of address an endpoint gets: a free port, one of a
 * range, or a socket file of its own.
 */
#include "server/endpoints.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/address.h"

/* The setting, taken apart. */
struct pattern {
	struct str tls;	      /* "tls:" or empty */
	struct str host;      /* "127.0.0.1", "[::1]" */
	struct str unix_dir;  /* of unix:DIR; empty: TCP */
	uint16_t first, last; /* 0: any free port */
};

static struct server *server_of(struct core *core)
{
	return container_of(core, struct server, core);
}

static bool parse_range(struct str text, struct pattern *out)
{
	uint64_t first, last;
	struct str rest = text;

	if (!str_to_u64(str_cut(&rest, '-'), &first))
		return false;
	last = first;
	if (rest.data && !str_to_u64(rest, &last))
		return false;
	out->first = (uint16_t)first;
	out->last = (uint16_t)last;
	return last <= UINT16_MAX && first <= last && (first > 0 || last == 0);
}

static bool parse(struct str text, struct pattern *out)
{
	*out = (struct pattern){.tls = STR("")};
	if (address_is_tls(text)) {
		out->tls = STR("tls:");
		text = str_slice(text, 4, SIZE_MAX);
	}
	if (str_starts(text, STR("unix:"))) {
		out->unix_dir = str_slice(text, 5, SIZE_MAX);
		return out->unix_dir.size > 0;
	}
	size_t end = str_starts(text, STR("[")) ? str_find_char(text, ']', 0) : 0;
	if (end == SIZE_MAX)
		return false;
	size_t colon = str_find_char(text, ':', end);
	out->host = str_slice(text, 0, colon);
	return out->host.size > 0 &&
	       (colon == SIZE_MAX || parse_range(str_slice(text, colon + 1, SIZE_MAX), out));
}

static struct str format(struct arena *arena, const struct pattern *pattern, uint16_t port)
{
	return arena_format(arena, "%.*s%.*s:%u", STR_ARG(pattern->tls), STR_ARG(pattern->host),
			    (unsigned)port);
}

/* ---- for the service ---- */

/* The port of a URL of before, if the setting still allows it; 0: it does not. */
static uint16_t port_of(struct arena *arena, const struct pattern *pattern, struct str url)
{
	struct str start =
		arena_format(arena, "%s%.*s:", pattern->tls.size > 0 ? "https://" : "http://",
			     STR_ARG(pattern->host));
	uint64_t port;

	if (!str_starts(url, start) || !str_to_u64(str_slice(url, start.size, SIZE_MAX), &port) ||
	    port > UINT16_MAX)
		return 0;
	bool is_in_range = pattern->first == 0 || (port >= pattern->first && port <= pattern->last);
	return is_in_range ? (uint16_t)port : 0;
}

static enum err try_ports(struct server *server, struct arena *arena, const struct pattern *pattern,
			  struct net_listening *out)
{
	enum err err = ERR_BUSY;

	for (uint32_t port = pattern->first; port <= pattern->last && err == ERR_BUSY; port++)
		err = net_listen(server->net, format(arena, pattern, (uint16_t)port), out);
	return err;
}

static enum err open_tcp(struct server *server, struct arena *arena, const struct pattern *pattern,
			 struct str wanted, struct str *out_url, struct net_listening *out)
{
	uint16_t before = port_of(arena, pattern, wanted);
	enum err err = ERR_BUSY;

	if (before > 0)
		err = net_listen(server->net, format(arena, pattern, before), out);
	if (err)
		err = try_ports(server, arena, pattern, out);
	if (!err)
		*out_url = arena_format(arena, "%s://%.*s:%u",
					pattern->tls.size > 0 ? "https" : "http",
					STR_ARG(pattern->host), (unsigned)out->port);
	return err;
}

static enum err open_endpoint(struct core *core, struct arena *arena, struct str id,
			      struct str wanted, struct str *out_url, uint32_t *out_listener)
{
	struct server *server = server_of(core);
	struct net_listening listening;
	struct pattern pattern;
	enum err err;

	check(parse(server->settings->endpoint_listen, &pattern)); /* it was at start-up */
	if (pattern.unix_dir.size > 0) {
		*out_url = arena_format(arena, "unix:%.*s/%.*s.sock", STR_ARG(pattern.unix_dir),
					STR_ARG(id));
		err = net_listen(
			server->net,
			arena_format(arena, "%.*s%.*s", STR_ARG(pattern.tls), STR_ARG(*out_url)),
			&listening);
	} else {
		err = open_tcp(server, arena, &pattern, wanted, out_url, &listening);
	}
	if (err) {
		*out_url = (struct str){0};
		return err;
	}
	*out_listener = listening.listener;
	log_event(LOG_INFO, "private endpoint open", log_str("endpoint", id),
		  log_str("url", *out_url));
	return ERR_OK;
}

static void serve_endpoint(struct core *core, uint32_t listener)
{
	net_serve(server_of(core)->net, listener);
}

static void close_endpoint(struct core *core, uint32_t listener)
{
	net_unlisten(server_of(core)->net, listener);
}

static const struct core_listeners listeners = {
	.open = open_endpoint,
	.serve = serve_endpoint,
	.close = close_endpoint,
};

/* ---- up ---- */

/* Tries the address, so that a mistake shows at once and not with the first endpoint. */
static bool try_address(struct server *server, const struct pattern *pattern, char *problem,
			size_t size)
{
	struct str setting = server->settings->endpoint_listen;
	struct net_listening listening;
	struct arena arena;

	if (pattern->unix_dir.size > 0) {
		arena_init(&arena);
		bool is_writable = access(arena_cstr(&arena, pattern->unix_dir), W_OK | X_OK) == 0;
		arena_done(&arena);
		if (!is_writable)
			snprintf(problem, size, "--endpoint-listen: cannot make files in %.*s: %s",
				 STR_ARG(pattern->unix_dir), strerror(errno));
		return is_writable;
	}
	arena_init(&arena);
	enum err err = net_listen(server->net, format(&arena, pattern, 0), &listening);
	arena_done(&arena);
	if (!err)
		net_unlisten(server->net, listening.listener);
	else
		snprintf(problem, size, "--endpoint-listen: cannot listen on %.*s: %s",
			 STR_ARG(setting),
			 err == ERR_INVALID ? "not an address of this machine" : strerror(errno));
	return !err;
}

bool endpoints_check(struct server *server, char *problem, size_t size)
{
	const struct settings *settings = server->settings;
	struct pattern pattern;

	if (!parse(settings->endpoint_listen, &pattern)) {
		snprintf(
			problem, size,
			"--endpoint-listen must be ADDR, ADDR:FIRST-LAST or unix:DIR, perhaps with "
			"tls: before it, not \"%.*s\"",
			STR_ARG(settings->endpoint_listen));
		return false;
	}
	/* A server without endpoints must start without a loopback network. */
	if (!str_equal(settings->endpoint_listen, STR("127.0.0.1")) &&
	    !try_address(server, &pattern, problem, size))
		return false;
	/* As "ADDR:" so that a name is not taken for a longer one. */
	char address[512];
	snprintf(address, sizeof(address), "%.*s%s", STR_ARG(settings->endpoint_listen),
		 pattern.first == 0 && pattern.unix_dir.size == 0 ? ":0" : "");
	return address_may_listen(settings, str_from(address), problem, size);
}

void endpoints_bind(struct core *core)
{
	core->listeners = &listeners;
}
