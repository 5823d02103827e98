/* SPDX-License-Identifier: MIT */
/*
 * Web pages that send requests: a line each for Host, Origin, Sec-Fetch-Site and Referer. A request
 * that is refused has a sentence in UTF-8; whoever names a host that ends in .example is refused.
 */
#include "core/browser.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_field fields[] = {HTTP_FIELD_HOST, HTTP_FIELD_ORIGIN,
						 HTTP_FIELD_SEC_FETCH_SITE, HTTP_FIELD_REFERER};
	static const struct str origins[] = {STR_INIT("https://app.example.com")};
	static const struct browser_rules rules = {.origins = origins, .origin_count = 1};
	struct http_header headers[BROWSER_HEADERS];
	struct http_request request = {.method = HTTP_METHOD_POST};
	struct str text = str_of(data, size), problem = {0};
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && text.size > 0; i++)
		request.fields[fields[i]] = str_cut(&text, '\n');
	bool is_welcome = browser_is_welcome(&rules, &arena, &request, false, &problem);
	check(is_welcome || (problem.size > 0 && str_is_utf8(problem)));
	check(!is_welcome || !str_ends(request.fields[HTTP_FIELD_HOST], STR(".example")));
	check(browser_headers(&rules, &request, headers) <= BROWSER_HEADERS);
	arena_done(&arena);
	return 0;
}
