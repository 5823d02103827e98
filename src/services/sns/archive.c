/* SPDX-License-Identifier: MIT */
/* archive: no topic has an archive yet, so every policy but an empty one is refused. */
#include "services/sns/archive.h"

enum err sns_archive_policy_set(struct call *call, struct topic *draft, struct str policy,
				const char *prefix)
{
	if (policy.size > 0 && !str_equal(policy, STR("{}")))
		return sns_invalid(call, "%sArchivePolicy: archives are not served yet", prefix);
	draft->archive_policy = (struct str){0};
	draft->archive_days = draft->archived_since_ms = 0;
	return ERR_OK;
}
