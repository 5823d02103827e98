/* SPDX-License-Identifier: MIT */
/* list: see list.h. */
#include "services/kms/list.h"

#include "core/page.h"
#include "services/kms/validate.h"

enum { PAGE_SIZE = 100, MARKER_SIZE_MAX = 1024 };

enum err kms_refuse_marker(struct call *call)
{
	return fail(call, &KMS_INVALID_MARKER, "Invalid marker.");
}

enum err kms_page_begin(struct call *call, bool has_limit, int64_t limit, struct str marker,
			struct kms_page *out_page)
{
	enum err err = kms_check_range(call, "limit", has_limit, limit, 1, LIMIT_LIST_RESULTS);
	if (!err)
		err = kms_check_text(call, "marker", marker, 1, MARKER_SIZE_MAX);
	if (err)
		return err;
	*out_page = (struct kms_page){.limit = has_limit ? (size_t)limit : PAGE_SIZE};
	if (marker.data && page_token_open(call, marker, 0, &out_page->after) != ERR_OK)
		return kms_refuse_marker(call);
	return ERR_OK;
}
