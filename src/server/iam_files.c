/* SPDX-License-Identifier: MIT */
/* iam_files: a file each issuer, a file each policy, whose place in the directory is its name. */
#include "server/iam_files.h"

#include <string.h>

#include "access/issuers.h"
#include "server/folder.h"

/* ---- issuers ---- */

static bool add_issuer(void *context, struct arena *arena, struct str name, struct str text,
		       struct str *out_problem)
{
	(void)name; /* the file says whose keys they are */
	return issuers_add(context, arena, text, out_problem) == ERR_OK;
}

bool iam_files_read_keys(struct core *core, const struct settings *settings, char *problem,
			 size_t size)
{
	struct issuers *read = issuers_new();
	bool is_good =
		settings->oidc_keys.size == 0 ||
		folder_each("--oidc-keys", settings->oidc_keys, add_issuer, read, problem, size);

	if (is_good)
		issuers_replace(core->issuers, read);
	if (is_good && settings->oidc_keys.size > 0)
		log_event(LOG_INFO, "keys of OpenID Connect issuers read",
			  log_str("directory", settings->oidc_keys),
			  log_i64("issuers", (int64_t)issuers_count(core->issuers)));
	issuers_free(&read);
	return is_good;
}

/* ---- managed policies ---- */

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !strchr("+=,.@_-", c))
			return false;
	}
	return text.size > 0 && text.size <= 128;
}

static bool add_policy(void *context, struct arena *arena, struct str name, struct str text,
		       struct str *out_problem)
{
	size_t end = name.size;

	while (end > 0 && name.data[end - 1] != '/')
		end--;
	struct directory_aws_policy policy = {
		.path = arena_format(arena, "/%.*s", STR_ARG(str_slice(name, 0, end))),
		.name = str_slice(name, end, SIZE_MAX),
		.document = text,
	};
	*out_problem = STR("the file's name is no policy's: letters, digits and +=,.@_- only");
	if (!is_name(policy.name))
		return false;
	return directory_add_aws_policy(context, arena, &policy, out_problem) == ERR_OK;
}

bool iam_files_read_policies(struct core *core, const struct settings *settings, char *problem,
			     size_t size)
{
	return settings->managed_policies.size == 0 ||
	       folder_each("--managed-policies", settings->managed_policies, add_policy,
			   core->directory, problem, size);
}
