/* SPDX-License-Identifier: MIT */
/* list: see list.h. */
#include "services/kms/list.h"

#include "api/kms.h"
#include "core/page.h"

enum { PAGE_SIZE = 100 };

enum err kms_refuse_marker(struct call *call)
{
	return fail(call, &KMS_INVALID_MARKER, "Invalid marker.");
}

enum err kms_page_begin(struct call *call, bool has_limit, int64_t limit, struct str marker,
			struct kms_page *out_page)
{
	*out_page = (struct kms_page){.limit = has_limit ? (size_t)limit : PAGE_SIZE};
	if (marker.data && page_token_open(call, marker, 0, &out_page->after) != ERR_OK)
		return kms_refuse_marker(call);
	return ERR_OK;
}
