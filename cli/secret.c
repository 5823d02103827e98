/* SPDX-License-Identifier: MIT */
/* secret: a secret is printed only where no file keeps it. */
#include "secret.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sqs.h"
#include "output.h"
#include "shared_file.h"

/* ---- printing ---- */

static void write_member(struct json_writer *json, const char *name, struct str text)
{
	if (text.size == 0)
		return;
	json_key(json, str_from(name));
	json_str(json, text);
}

static void print_json(const struct secret *secret)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	write_member(&json, "Arn", secret->arn);
	write_member(&json, "AccessKeyId", secret->access_key_id);
	write_member(&json, "SecretAccessKey", secret->secret_access_key);
	write_member(&json, "SessionToken", secret->session_token);
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

static void print(const struct cli *cli, const struct secret *secret)
{
	if (cli->is_json) {
		print_json(secret);
		return;
	}
	cli_note(cli, "The secret is shown this once%s%.*s:", secret->arn.size > 0 ? ", of " : "",
		 STR_ARG(secret->arn));
	printf("export AWS_ACCESS_KEY_ID=%.*s\nexport AWS_SECRET_ACCESS_KEY=%.*s\n",
	       STR_ARG(secret->access_key_id), STR_ARG(secret->secret_access_key));
	if (secret->session_token.size > 0)
		printf("export AWS_SESSION_TOKEN=%.*s\n", STR_ARG(secret->session_token));
}

/* ---- the profile ---- */

static bool is_profile(struct str name)
{
	for (size_t i = 0; i < name.size; i++)
		if ((unsigned char)name.data[i] <= ' ' || name.data[i] == ']' ||
		    name.data[i] == '[')
			return false;
	return name.size > 0;
}

static bool write_credentials(struct cli *cli, const struct secret *secret, struct str profile,
			      struct str path)
{
	const struct shape_pair pairs[] = {
		{STR("aws_access_key_id"), secret->access_key_id},
		{STR("aws_secret_access_key"), secret->secret_access_key},
		{STR("aws_session_token"), secret->session_token},
	};

	return shared_file_write(&cli->arena, path, profile, pairs, 3);
}

/* So that the profile alone reaches this server, from any directory. */
static bool write_config(struct cli *cli, struct str profile, struct str path)
{
	struct str section = str_equal(profile, STR("default"))
				     ? profile
				     : arena_format(&cli->arena, "profile %.*s", STR_ARG(profile));
	struct str bundle = tern_session_ca_bundle(cli->session);
	char made[TERN_ENDPOINT_SIZE], absolute[PATH_MAX];
	struct str endpoint = tern_session_endpoint(cli->session, &sqs_client_service, made);

	if (bundle.size > 0 && realpath(arena_cstr(&cli->arena, bundle), absolute))
		bundle = str_from(absolute);
	const struct shape_pair pairs[] = {
		{STR("region"), tern_session_region(cli->session)},
		/* The SDKs find AWS's endpoints themselves. */
		{STR("endpoint_url"), endpoint.data == made ? STR("") : endpoint},
		{STR("ca_bundle"), bundle},
	};
	return shared_file_write(&cli->arena, path, section, pairs, 3);
}

static enum cli_exit refuse(struct cli *cli, const struct secret *secret, struct str path,
			    const char *reason)
{
	print(cli, secret);
	return cli_fail(cli, CLI_FAILED, "%.*s cannot be written: %s", STR_ARG(path), reason);
}

enum cli_exit secret_print(struct cli *cli, const struct secret *secret, struct str profile)
{
	if (!profile.data) {
		print(cli, secret);
		return CLI_OK;
	}
	struct str path =
		shared_file_path(&cli->arena, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
	struct str config = shared_file_path(&cli->arena, "AWS_CONFIG_FILE", "config");
	if (!is_profile(profile))
		return refuse(cli, secret, path, "a profile's name has no blanks and no brackets");
	if (!write_credentials(cli, secret, profile, path))
		return refuse(cli, secret, path, strerror(errno));
	if (!write_config(cli, profile, config))
		return refuse(cli, secret, config, strerror(errno));
	struct secret told = *secret;
	told.secret_access_key = told.session_token = (struct str){0};
	if (cli->is_json)
		print_json(&told);
	else
		printf("%.*s is in profile %.*s of %.*s\n", STR_ARG(secret->access_key_id),
		       STR_ARG(profile), STR_ARG(path));
	return CLI_OK;
}
