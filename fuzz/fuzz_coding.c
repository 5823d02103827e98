/* SPDX-License-Identifier: MIT */
/* A compressed body: decompressed within the limit, or refused. */
#include "fuzz.h"
#include "http/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.body = str_of(data, size)};
	struct arena arena;
	struct str body;

	request.fields[HTTP_FIELD_CONTENT_ENCODING] = STR("gzip");
	arena_init(&arena);
	enum err err = http_body_decode(&arena, &request, &body);
	check(err == ERR_OK || err == ERR_INVALID || err == ERR_TOOLARGE);
	if (!err) {
		check(body.size <= LIMIT_HTTP_BODY_SIZE);
		(void)crc32c(0, body); /* reads all of it */
	}
	arena_done(&arena);
	return 0;
}
