/* SPDX-License-Identifier: MIT */
/* name: the account comes from GetCallerIdentity, whose answer does not change. */
#include "name.h"

#include "api/sts.h"
#include "attributes.h"
#include "base/arn.h"

static enum cli_exit find_account(struct cli *cli, struct str *out_account)
{
	const struct sts_get_caller_identity_in in = {0};
	struct sts_get_caller_identity_out out;

	enum cli_exit code = cli_call(cli, &sts_operations[STS_GET_CALLER_IDENTITY], &in, &out);
	if (code == CLI_OK)
		*out_account = arena_copy(&cli->arena, out.account);
	return code;
}

enum cli_exit name_arn(struct cli *cli, const char *service, const char *prefix, struct str given,
		       struct str *out_arn)
{
	struct str account;

	*out_arn = given;
	if (str_starts(given, STR("arn:")))
		return CLI_OK;
	enum cli_exit code = find_account(cli, &account);
	if (code == CLI_OK)
		*out_arn = arn_make(&cli->arena, str_from(service),
				    tern_session_region(cli->session), account,
				    arena_format(&cli->arena, "%s%.*s", prefix, STR_ARG(given)));
	return code;
}

enum cli_exit name_queue_arn(struct cli *cli, struct str given, struct str *out_arn)
{
	struct str url;

	*out_arn = given;
	if (str_starts(given, STR("arn:")))
		return CLI_OK;
	enum cli_exit code = cli_queue_url(cli, given, &url);
	return code ? code : attributes_get(cli, url, STR("QueueArn"), out_arn);
}

struct str name_of_arn(struct str arn)
{
	size_t begin = arn.size;

	while (begin > 0 && arn.data[begin - 1] != ':' && arn.data[begin - 1] != '/')
		begin--;
	return str_slice(arn, begin, arn.size);
}
