/* SPDX-License-Identifier: MIT */
/* list: pages of lists; the markers are those of core/page.h. The call's thread. */
#ifndef TERN_SERVICES_KMS_LIST_H
#define TERN_SERVICES_KMS_LIST_H

#include "core/call.h"

struct kms_page {
	size_t limit;
	struct str after; /* items behind this key; empty: all */
};
must_check enum err kms_page_begin(struct call *call, bool has_limit, int64_t limit,
				   struct str marker, struct kms_page *out_page);
/* InvalidMarkerException. */
must_check enum err kms_refuse_marker(struct call *call);

#endif
