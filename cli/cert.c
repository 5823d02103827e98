/* SPDX-License-Identifier: MIT */
/* cert: certificates for development and for small installations, without another tool. */
#include "commands.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"
#include "output.h"

enum { AUTHORITY_DAYS = 3650, DAYS = 397, DAYS_MAX = 36500, DAY_S = 86400 };
#define DIRECTORY "tern-cert"

struct cert_values {
	struct str directory, client;
	struct option_number days;
	bool forces;
};

#define DIRECTORY_OPTION                                                                           \
	{                                                                                          \
		"dir", OPTION_TEXT, offsetof(struct cert_values, directory), "DIR",                \
			"where the files are; without it: " DIRECTORY, 0, 0                        \
	}
#define DAYS_OPTION                                                                                \
	{                                                                                          \
		"days", OPTION_NUMBER, offsetof(struct cert_values, days), "DAYS",                 \
			"how long the certificate is valid; without it: 397", 1, DAYS_MAX          \
	}

/* ---- paths ---- */

static const char *directory_of(struct cli *cli, const struct cert_values *values)
{
	return values->directory.size > 0 ? arena_cstr(&cli->arena, values->directory) : DIRECTORY;
}

static const char *path_of(struct cli *cli, const char *directory, struct str name,
			   const char *ending)
{
	return arena_format(&cli->arena, "%s/%.*s%s", directory, STR_ARG(name), ending).data;
}

static struct certificate_files files_of(struct cli *cli, const char *directory, struct str name)
{
	return (struct certificate_files){path_of(cli, directory, name, ".pem"),
					  path_of(cli, directory, name, ".key")};
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Printed commands are pasted into shells of other directories. */
static struct str absolute(struct cli *cli, const char *path)
{
	char *real = realpath(path, NULL);
	struct str text = real ? arena_copy(&cli->arena, str_from(real)) : str_from(path);

	free(real);
	return text;
}

static int64_t days_of(const struct cert_values *values)
{
	return values->days.is_given ? values->days.value : DAYS;
}

/* ---- create ---- */

static const struct option create_options[] = {
	DIRECTORY_OPTION,
	DAYS_OPTION,
	{"client", OPTION_TEXT, offsetof(struct cert_values, client), "NAME",
	 "a certificate that a client shows, in NAME.pem, in place of a server's", 0, 0},
	{"force", OPTION_FLAG, offsetof(struct cert_values, forces), NULL,
	 "take the place of a certificate that is there; never of the authority", 0, 0},
};

static enum cli_exit check_names(struct cli *cli)
{
	for (size_t i = 0; i < cli->arguments.count; i++) {
		struct str name = cli->arguments.items[i];
		if (!certificate_is_name(name))
			return cli_fail(cli, CLI_USAGE,
					"\"%.*s\" is no host name or address; write it without "
					"scheme and port",
					STR_ARG(name));
	}
	return CLI_OK;
}

/* The authority is made once and then stays: clients trust it. */
static enum cli_exit resolve_authority(struct cli *cli, const char *directory,
				       struct certificate_files *out_files)
{
	char problem[CERTIFICATE_PROBLEM_SIZE];

	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		return cli_fail(cli, CLI_USAGE, "the directory %s cannot be made: %s", directory,
				strerror(errno));
	*out_files = files_of(cli, directory, STR("ca"));
	if (exists(out_files->certificate) && exists(out_files->key))
		return CLI_OK;
	if (exists(out_files->certificate) || exists(out_files->key))
		return cli_fail(cli, CLI_USAGE,
				"of the authority only half is there: bring back %s and %s, or "
				"remove both and make new certificates",
				out_files->certificate, out_files->key);
	if (certificate_make_authority(out_files, AUTHORITY_DAYS, problem) != ERR_OK)
		return cli_fail(cli, CLI_USAGE, "%s", problem);
	return CLI_OK;
}

static void print_json(struct cli *cli, const struct certificate_files *authority,
		       const struct certificate_files *files)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("Authority"));
	json_str(&json, absolute(cli, authority->certificate));
	json_key(&json, STR("Certificate"));
	json_str(&json, absolute(cli, files->certificate));
	json_key(&json, STR("Key"));
	json_str(&json, absolute(cli, files->key));
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

static void print_server(struct cli *cli, const struct certificate_files *authority,
			 const struct certificate_files *files, struct str host)
{
	struct str ca = absolute(cli, authority->certificate);

	printf("Serve with it:\n\n"
	       "  ternd --listen tls:127.0.0.1:4566 --tls-cert %.*s --tls-key %.*s\n\n"
	       "Clients trust it with:\n\n"
	       "  export AWS_CA_BUNDLE=%.*s        # AWS CLI, boto3, tern\n"
	       "  export SSL_CERT_FILE=%.*s        # Go, curl and others with OpenSSL\n"
	       "  export NODE_EXTRA_CA_CERTS=%.*s  # Node.js\n"
	       "  export AWS_ENDPOINT_URL=https://%.*s:4566\n",
	       STR_ARG(absolute(cli, files->certificate)), STR_ARG(absolute(cli, files->key)),
	       STR_ARG(ca), STR_ARG(ca), STR_ARG(ca), STR_ARG(host));
}

static void print_client(struct cli *cli, const struct certificate_files *authority,
			 const struct certificate_files *files)
{
	printf("ternd wants such a certificate with:\n\n"
	       "  --tls-client-ca %.*s\n\n"
	       "Clients show it, for example, with:\n\n"
	       "  curl --cert %.*s --key %.*s ...\n"
	       "  boto3: Config(client_cert=(\"%.*s\", \"%.*s\"))\n",
	       STR_ARG(absolute(cli, authority->certificate)),
	       STR_ARG(absolute(cli, files->certificate)), STR_ARG(absolute(cli, files->key)),
	       STR_ARG(absolute(cli, files->certificate)), STR_ARG(absolute(cli, files->key)));
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	static const struct str loopback[] = {STR_INIT("localhost"), STR_INIT("127.0.0.1"),
					      STR_INIT("::1")};
	const struct cert_values *values = values_given;
	const char *directory = directory_of(cli, values);
	bool is_client = values->client.size > 0;
	struct str name = is_client ? values->client : STR("server");
	struct certificate_files authority, files = files_of(cli, directory, name);
	struct certificate_wish wish = {
		.names = cli->arguments.count > 0 ? cli->arguments.items : loopback,
		.name_count = cli->arguments.count > 0 ? cli->arguments.count : 3,
		.days = days_of(values),
		.is_client = is_client,
	};
	char problem[CERTIFICATE_PROBLEM_SIZE];

	if (is_client && cli->arguments.count > 0)
		return cli_fail(cli, CLI_USAGE, "a client's certificate is for no address");
	if (is_client && (str_equal(name, STR("ca")) || str_equal(name, STR("server")) ||
			  str_find_char(name, '/', 0) != SIZE_MAX))
		return cli_fail(cli, CLI_USAGE, "--client cannot be \"%.*s\"", STR_ARG(name));
	enum cli_exit code = check_names(cli);
	if (code)
		return code;
	if (!values->forces && (exists(files.certificate) || exists(files.key)))
		return cli_fail(cli, CLI_USAGE,
				"%s is there already: renew it with tern cert renew, or take its "
				"place with --force",
				files.certificate);
	code = resolve_authority(cli, directory, &authority);
	if (code)
		return code;
	if (is_client)
		wish.name_count = 0;
	wish.subject = is_client ? name : wish.names[0];
	if (certificate_make(&authority, &files, &wish, problem) != ERR_OK)
		return cli_fail(cli, CLI_USAGE, "%s", problem);
	if (cli->is_json)
		print_json(cli, &authority, &files);
	else if (is_client)
		print_client(cli, &authority, &files);
	else
		print_server(cli, &authority, &files, wish.names[0]);
	return CLI_OK;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "[NAME...]",
	.summary = "make a server's certificate, and an authority if there is none",
	.details = "NAME is a host name or an address that clients use; without any: localhost, "
		   "127.0.0.1 and ::1. The authority (ca.pem, ca.key) is made at the first run and "
		   "signs all that follow; whoever has ca.key can pass for any server to those who "
		   "trust ca.pem, so keep it to yourself.\n"
		   "\n"
		   "  tern cert create\n"
		   "  tern cert create queues.example.com 10.0.0.7 --dir /etc/tern/tls\n"
		   "  tern cert create --client worker",
	.arguments_max = ARGUMENTS_ANY,
	.run = create_run,
	.is_offline = true,
	CLI_OPTIONS(create_options, struct cert_values),
};

/* ---- renew ---- */

static const struct option renew_options[] = {DIRECTORY_OPTION, DAYS_OPTION};

static enum cli_exit renew_run(struct cli *cli, const void *values_given)
{
	const struct cert_values *values = values_given;
	const char *directory = directory_of(cli, values);
	struct str name = cli->arguments.count > 0 ? cli->arguments.items[0] : STR("server");
	struct certificate_files authority = files_of(cli, directory, STR("ca"));
	struct certificate_files files = files_of(cli, directory, name);
	char problem[CERTIFICATE_PROBLEM_SIZE];

	if (str_equal(name, STR("ca")))
		return cli_fail(cli, CLI_USAGE,
				"the authority is not renewed: clients would have to trust another "
				"one; make it in another --dir");
	if (certificate_renew(&authority, &files, days_of(values), problem) != ERR_OK)
		return cli_fail(cli, CLI_USAGE, "%s", problem);
	if (cli->is_json)
		print_json(cli, &authority, &files);
	else
		printf("ternd reads it after SIGHUP, without dropping connections:\n\n"
		       "  kill -HUP $(pidof ternd)\n");
	return CLI_OK;
}

static const struct command renew_command = {
	.name = "renew",
	.arguments = "[NAME]",
	.summary = "sign a certificate again, with the same key and names",
	.details = "NAME is that of the file, without .pem; without it: server.",
	.arguments_max = 1,
	.run = renew_run,
	.is_offline = true,
	CLI_OPTIONS(renew_options, struct cert_values),
};

/* ---- ls ---- */

static const struct option ls_options[] = {DIRECTORY_OPTION};

static const struct column ls_columns[] = {
	{"FILE", "File", false},   {"KIND", "Kind", false},	  {"SUBJECT", "Subject", false},
	{"NAMES", "Names", false}, {"EXPIRES", "Expires", false},
};

static void add_row(struct cli *cli, struct table *table, const char *directory, const char *file)
{
	struct certificate_facts facts;
	const char *path = path_of(cli, directory, str_from(file), "");

	if (certificate_read(&cli->arena, path, &facts) != ERR_OK)
		return;
	const struct str cells[] = {
		str_from(file),
		facts.is_authority ? STR("authority")
		: facts.is_client  ? STR("client")
				   : STR("server"),
		facts.subject,
		facts.names.size > 0 ? facts.names : (struct str){0},
		output_time(&cli->arena, facts.expires_ms),
	};
	table_add(table, cells);
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	const char *directory = directory_of(cli, values);
	struct dirent **entries;
	struct table table;

	int count = scandir(directory, &entries, NULL, alphasort);
	if (count < 0)
		return cli_fail(cli, CLI_USAGE,
				"%s cannot be read: %s; say where the certificates are with --dir",
				directory, strerror(errno));
	table_init(&table, cli, ls_columns, sizeof(ls_columns) / sizeof(ls_columns[0]));
	for (int i = 0; i < count; i++) {
		if (str_ends(str_from(entries[i]->d_name), STR(".pem")))
			add_row(cli, &table, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	table_done(&table);
	return CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.summary = "list certificates, what they are for and until when",
	.run = ls_run,
	.is_offline = true,
	CLI_OPTIONS(ls_options, struct cert_values),
};

static const struct command *const children[] = {&create_command, &renew_command, &ls_command};

const struct command cert_command = {
	.name = "cert",
	.summary = "make certificates for TLS",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
	.is_offline = true,
};
