/* SPDX-License-Identifier: MIT */
/* list: see list.h. */
#include "services/kms/list.h"

#include "services/kms/validate.h"

enum { PAGE_SIZE = 100, MARKER_SIZE_MAX = 1024 };

enum err kms_page_begin(struct call *call, bool has_limit, int64_t limit, struct str marker,
			struct kms_page *out_page)
{
	size_t size = 0;

	enum err err = kms_check_range(call, "limit", has_limit, limit, 1, LIMIT_LIST_RESULTS);
	if (!err)
		err = kms_check_text(call, "marker", marker, 1, MARKER_SIZE_MAX);
	if (err)
		return err;
	char *name = arena_bytes(call->arena, marker.size / 4 * 3 + 1);
	if (!base64_parse(marker, (uint8_t *)name, &size))
		return fail(call, &KMS_INVALID_MARKER, "Invalid marker.");
	out_page->limit = has_limit ? (size_t)limit : PAGE_SIZE;
	out_page->after = str_of(name, size);
	return ERR_OK;
}

struct str kms_page_marker(struct arena *arena, struct str name)
{
	char *text = arena_bytes(arena, base64_size(name.size));

	base64_format(name, text);
	return str_of(text, base64_size(name.size));
}
