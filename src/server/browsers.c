/* SPDX-License-Identifier: MIT */
/* browsers: names that other settings give this server are names of --host-name too. */
#include "server/browsers.h"

#include <stdio.h>
#include <string.h>

#include "server/address.h"

/* "tern.example.com" of "https://tern.example.com:8443/sqs". */
static struct str host_of_url(struct str url)
{
	size_t at = str_find(url, STR("://"), 0);
	struct str rest = str_slice(url, at == SIZE_MAX ? 0 : at + 3, SIZE_MAX);

	return address_host(str_cut(&rest, '/'));
}

struct browser_rules browsers_rules(const struct settings *settings, struct arena *arena)
{
	size_t most = settings->host_names.count + settings->listen.count + 2, count = 0;
	struct str *names = arena_array(arena, struct str, most);

	for (size_t i = 0; i < settings->host_names.count; i++)
		names[count++] = settings->host_names.items[i];
	for (size_t i = 0; i < settings->listen.count; i++)
		names[count++] = address_host(settings->listen.items[i]);
	names[count++] = address_host(settings->endpoint_listen);
	names[count++] = host_of_url(settings->public_url);
	check(count == most);
	return (struct browser_rules){.host_names = names,
				      .host_name_count = count,
				      .origins = settings->allowed_origins.items,
				      .origin_count = settings->allowed_origins.count};
}

/* Letters, digits and what else a host name has; "*" alone or before the first dot. */
static bool is_host_name(struct str text)
{
	if (str_equal(text, STR("*")))
		return true;
	if (str_starts(text, STR("*.")))
		text = str_slice(text, 2, SIZE_MAX);
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !memchr("-_.", c, 3))
			return false;
	}
	return text.size > 0;
}

/* "https://app.example.com:8080", without a path: what a browser sends. */
static bool is_origin(struct str text)
{
	size_t at = str_find(text, STR("://"), 0);

	if (str_equal(text, STR("*")) || str_equal(text, STR("null")))
		return true;
	return at != SIZE_MAX && at > 0 && text.size > at + 3 &&
	       str_find_char(text, '/', at + 3) == SIZE_MAX && str_is_utf8(text);
}

bool browsers_check(const struct settings *settings, char *problem, size_t size)
{
	for (size_t i = 0; i < settings->host_names.count; i++) {
		struct str name = settings->host_names.items[i];
		if (is_host_name(name))
			continue;
		snprintf(problem, size,
			 "--host-name takes a name without scheme and port, such as "
			 "tern.example.com or *.example.com, not \"%.*s\"",
			 STR_ARG(name));
		return false;
	}
	for (size_t i = 0; i < settings->allowed_origins.count; i++) {
		struct str origin = settings->allowed_origins.items[i];
		if (is_origin(origin))
			continue;
		snprintf(problem, size,
			 "--allow-origin takes an origin such as https://app.example.com:8080, "
			 "without a path, or *, not \"%.*s\"",
			 STR_ARG(origin));
		return false;
	}
	return true;
}
