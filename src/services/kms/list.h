/* SPDX-License-Identifier: MIT */
/* list: pages of lists. A marker is the name of the last item that was shown, in base64. */
#ifndef TERN_SERVICES_KMS_LIST_H
#define TERN_SERVICES_KMS_LIST_H

#include "core/call.h"

struct kms_page {
	size_t limit;
	struct str after; /* items behind this name; empty: all */
};
must_check enum err kms_page_begin(struct call *call, bool has_limit, int64_t limit,
				   struct str marker, struct kms_page *out_page);
/* The marker for a page that ends with that name. */
struct str kms_page_marker(struct arena *arena, struct str name);

#endif
