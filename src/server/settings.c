/* SPDX-License-Identifier: MIT */
/* settings: the table has a row a setting; its kind knows how a text becomes a value. */
#include "server/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arn.h"
#include "base/suggest.h"
#include "format/json.h"
#include "server/browsers.h"

enum kind { KIND_TEXT, KIND_LIST, KIND_NUMBER, KIND_CHOICE, KIND_FLAG };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *standard; /* as text; NULL: none */
	int64_t least, most;  /* of a number */
	const char *choices;  /* "a|b|c": the value is the place */
	const char *value_name;
	const char *help;
};

#define AT(member) offsetof(struct settings, member)
static const struct row rows[] = {
	{"listen", KIND_LIST, AT(listen), "127.0.0.1:4566", 0, 0, NULL, "ADDR:PORT",
	 "address to serve, tls:ADDR:PORT for TLS, or unix:PATH; port 0 picks a free one; may be "
	 "repeated"},
	{"endpoint-listen", KIND_TEXT, AT(endpoint_listen), "127.0.0.1", 0, 0, NULL, "ADDR",
	 "where private endpoints listen: ADDR for free ports, ADDR:FIRST-LAST for those of a "
	 "range, "
	 "unix:DIR for sockets in a directory; tls: before it for TLS"},
	{"host-name", KIND_LIST, AT(host_names), NULL, 0, 0, NULL, "NAME",
	 "with --auth open: name by which clients reach this server, beside localhost and "
	 "addresses, *.NAME for all below it; may be repeated"},
	{"allow-origin", KIND_LIST, AT(allowed_origins), NULL, 0, 0, NULL, "ORIGIN",
	 "origin of web pages that may send requests and read answers (CORS), such as "
	 "https://app.example.com, or * for all; may be repeated"},
	{"port-file", KIND_TEXT, AT(port_file), "", 0, 0, NULL, "FILE",
	 "write the first listener's port to FILE once requests are served"},
	{"data", KIND_TEXT, AT(data), "tern-data", 0, 0, NULL, "DIR",
	 "directory of queues and messages; made if it is missing"},
	{"data-must-exist", KIND_FLAG, AT(data_must_exist), NULL, 0, 0, NULL, NULL,
	 "refuse to make a data directory: so a file system that is not mounted is noticed"},
	{"repair", KIND_CHOICE, AT(repair), "off", 0, 0, "off|join", "WHAT",
	 "join: declare that catalog/ and log/ of the data directory belong together, and exit; no "
	 "ternd may be using it"},
	{"drop-unknown-queues", KIND_FLAG, AT(drops_unknown_queues), NULL, 0, 0, NULL, NULL,
	 "delete the messages of queues that the catalog does not know, at the start"},
	{"root-key-file", KIND_TEXT, AT(root_key_file), "", 0, 0, NULL, "FILE",
	 "64 hex digits, mode 0600, that all encryption at rest hangs on; made if the data "
	 "directory "
	 "is new; root.key in --data if not given"},
	{"root-key-command", KIND_TEXT, AT(root_key_command), "", 0, 0, NULL, "COMMAND",
	 "shell command that prints the root key, in place of a file"},
	{"rotate-root-key", KIND_FLAG, AT(rotates_root_key), NULL, 0, 0, NULL, NULL,
	 "give the data directory a new root key and exit; no ternd may be using it"},
	{"new-root-key-file", KIND_TEXT, AT(new_root_key_file), "", 0, 0, NULL, "FILE",
	 "with --rotate-root-key: the new root key, made if it is missing, where the old one is "
	 "not "
	 "in a file that may be replaced"},
	{"durability", KIND_CHOICE, AT(durability), "fsync", 0, 0, "fsync|os|memory", "LEVEL",
	 "what acknowledged means: synced to disk, written to the file, or held in memory"},
	{"commits", KIND_CHOICE, AT(commits), "auto", 0, 0, "auto|ring|direct|buffered", "WAY",
	 "how --durability fsync writes: past the page cache, by io_uring or by a thread that "
	 "waits; or through it and then fdatasync; auto: the first that kernel and file system "
	 "take"},
	{"auth", KIND_CHOICE, AT(auth), "open", 0, 0, "open|required", "MODE",
	 "open: any credentials, loopback only; required: every request must be signed"},
	{"tls-cert", KIND_TEXT, AT(tls_certificate), "", 0, 0, NULL, "FILE",
	 "certificate of tls: addresses, in PEM, with its chain; read again on SIGHUP"},
	{"tls-key", KIND_TEXT, AT(tls_key), "", 0, 0, NULL, "FILE",
	 "private key of the certificate, in PEM"},
	{"tls-client-ca", KIND_TEXT, AT(tls_client_ca), "", 0, 0, NULL, "FILE",
	 "clients of tls: addresses must show a certificate of this CA, in PEM"},
	{"oidc-keys", KIND_TEXT, AT(oidc_keys), "", 0, 0, NULL, "DIR",
	 "directory of JSON Web Key Sets of OpenID Connect issuers, for AssumeRoleWithWebIdentity; "
	 "read again on SIGHUP"},
	{"managed-policies", KIND_TEXT, AT(managed_policies), "", 0, 0, NULL, "DIR",
	 "directory of more AWS managed policies, or others in place of built-in ones: "
	 "PATH/NAME.json each"},
	{"insecure", KIND_FLAG, AT(is_insecure), NULL, 0, 0, NULL, NULL,
	 "listen on other addresses than loopback although anybody on the way can read along"},
	{"user", KIND_TEXT, AT(user), "", 0, 0, NULL, "NAME",
	 "user to become once everything is open, if started as root; the data directory is given "
	 "to it"},
	{"seccomp", KIND_CHOICE, AT(seccomp), "on", 0, 0, "on|off", "MODE",
	 "refuse system calls that ternd never needs once it serves: other programs, other "
	 "processes, the kernel's administration"},
	{"core-dumps", KIND_FLAG, AT(allows_dumps), NULL, 0, 0, NULL, NULL,
	 "allow core dumps and debuggers of the same user: both see keys and messages"},
	{"throttle", KIND_CHOICE, AT(throttle), "off", 0, 0, "off|aws", "QUOTAS",
	 "refuse requests beyond AWS's quotas of requests a second; \"throttle-rules\" of the "
	 "configuration file are others"},
	{"quotas", KIND_TEXT, AT(quotas), "", 0, 0, NULL, "LIST",
	 "how much each account may have, where it is not AWS's default: NAME=COUNT with commas, "
	 "such as iam-users=100,kms-keys=20"},
	{"trusted-proxies", KIND_TEXT, AT(trusted_proxies), "", 0, 0, NULL, "LIST",
	 "addresses or networks of proxies, with commas, and unix for unix sockets: "
	 "X-Forwarded-For "
	 "and X-Forwarded-Proto of these are believed"},
	{"metrics-from", KIND_TEXT, AT(metrics_from), "", 0, 0, NULL, "LIST",
	 "addresses or networks that may read /_tern/metrics without a signature, such as "
	 "127.0.0.1, and unix for unix sockets; not those that an untrusted proxy speaks for"},
	{"deliver-to", KIND_CHOICE, AT(deliver_to), "auto", 0, 0, "auto|public|private|any",
	 "NETWORKS",
	 "addresses that subscribers and API destinations may have: public ones, also private "
	 "ones, "
	 "also loopback; auto: any with --auth open, private with --auth required; link-local "
	 "addresses and metadata services never"},
	{"deliver-not-to", KIND_TEXT, AT(deliver_not_to), "", 0, 0, NULL, "LIST",
	 "further addresses or networks that nothing is delivered to, with commas"},
	{"deliver-ca", KIND_TEXT, AT(deliver_authorities), "", 0, 0, NULL, "FILE",
	 "authorities of https endpoints that are delivered to, in PEM; the system's if not given"},
	{"region", KIND_TEXT, AT(region), "us-east-1", 0, 0, NULL, "NAME",
	 "region of requests that name none"},
	{"account", KIND_TEXT, AT(account), "000000000000", 0, 0, NULL, "ID",
	 "account of callers whose access key is not a 12-digit account id"},
	{"public-url", KIND_TEXT, AT(public_url), "", 0, 0, NULL, "URL",
	 "base of queue URLs for requests without a usable Host header"},
	{"threads", KIND_NUMBER, AT(threads), "1", 1, LIMIT_NET_THREADS, NULL, "N",
	 "network threads; with 1 the queue engine shares it"},
	{"partitions", KIND_NUMBER, AT(partitions), "0", 0, LIMIT_PARTITIONS, NULL, "N",
	 "partitions of the queue engine, each with a log and a thread of its own, among which "
	 "accounts are distributed; fixed when the data directory is made; 0: as it was made, 1 if "
	 "it is new"},
	{"workers", KIND_NUMBER, AT(workers), "0", 0, 64, NULL, "N",
	 "threads for what takes long, such as RSA and policy simulation; 0: one a processor, at "
	 "least 2"},
	{"connections", KIND_NUMBER, AT(connections), "65536", 1, LIMIT_CONNECTIONS, NULL, "N",
	 "most open connections"},
	{"connections-per-source", KIND_NUMBER, AT(connections_per_source), "16384", 1,
	 LIMIT_CONNECTIONS, NULL, "N",
	 "most open connections of one address (IPv6: of one /64); those of --trusted-proxies may "
	 "have more"},
	{"head-timeout-ms", KIND_NUMBER, AT(head_ms), "10000", 50, 600000, NULL, "MS",
	 "time for a request's headers to arrive"},
	{"body-timeout-ms", KIND_NUMBER, AT(body_ms), "60000", 50, 3600000, NULL, "MS",
	 "time for a request's body to arrive"},
	{"idle-timeout-ms", KIND_NUMBER, AT(idle_ms), "600000", 50, 86400000, NULL, "MS",
	 "time an idle connection is kept"},
	{"segment-mib", KIND_NUMBER, AT(segment_mib), "64", 2, 1024, NULL, "MIB",
	 "size of a log segment"},
	{"recreate-delay", KIND_FLAG, AT(delays_recreate), NULL, 0, 0, NULL, NULL,
	 "refuse to make a queue again within 60 s of its deletion, as AWS does"},
	{"quick-purge", KIND_FLAG, AT(allows_quick_purge), NULL, 0, 0, NULL, NULL,
	 "allow PurgeQueue more than once in 60 s"},
	{"sns-signatures", KIND_CHOICE, AT(sns_signatures), "all", 0, 0, "all|http", "WHICH",
	 "notifications of SNS that are signed: all that AWS signs, or those to http and https "
	 "only, "
	 "which saves about 0.5 ms of CPU for a publish to queues"},
	{"smtp-relay", KIND_TEXT, AT(smtp_relay), "", 0, 0, NULL, "HOST:PORT",
	 "mail server that takes e-mail for subscribers"},
	{"smtp-tls", KIND_CHOICE, AT(smtp_tls), "off", 0, 0, "off|start|implicit", "WAY",
	 "TLS with the mail server: none, by STARTTLS, or from the first byte; its certificate is "
	 "checked with --deliver-ca"},
	{"smtp-user", KIND_TEXT, AT(smtp_user), "", 0, 0, NULL, "NAME",
	 "login at the mail server; needs TLS and --smtp-password-file"},
	{"smtp-password-file", KIND_TEXT, AT(smtp_password_file), "", 0, 0, NULL, "FILE",
	 "its first line is the password of --smtp-user; mode 0600"},
	{"smtp-from", KIND_TEXT, AT(smtp_from), "no-reply@localhost", 0, 0, NULL, "ADDRESS",
	 "sender of that e-mail"},
	{"sms-webhook", KIND_TEXT, AT(webhook_url), "", 0, 0, NULL, "URL",
	 "gets SMS and push messages of SNS as JSON by POST"},
	{"test-clock", KIND_FLAG, AT(has_test_clock), NULL, 0, 0, NULL, NULL,
	 "serve POST /_tern/clock, which advances the server's time"},
	{"allow-reset", KIND_FLAG, AT(allows_reset), NULL, 0, 0, NULL, NULL,
	 "serve POST /_tern/reset, which deletes all queues of an account"},
	{"greeting", KIND_FLAG, AT(greets), NULL, 0, 0, NULL, NULL,
	 "print the endpoint and lines to paste on standard output once requests are served"},
	{"audit", KIND_CHOICE, AT(audit), "auto", 0, 0, "auto|off|management|all", "CALLS",
	 "calls to record in the audit log: none, those that manage, or also those that use queues "
	 "and keys; auto: management with --auth required"},
	{"audit-file", KIND_TEXT, AT(audit_file), "", 0, 0, NULL, "FILE",
	 "the audit log, mode 0600; audit/audit.jsonl in --data if not given"},
	{"audit-max-mib", KIND_NUMBER, AT(audit_max_mib), "64", 1, 65536, NULL, "MIB",
	 "size at which the audit log is rotated"},
	{"audit-max-hours", KIND_NUMBER, AT(audit_max_hours), "24", 1, 8784, NULL, "HOURS",
	 "age at which the audit log is rotated"},
	{"audit-keep", KIND_NUMBER, AT(audit_keep), "30", 0, 10000, NULL, "N",
	 "rotated audit logs that are kept; older ones are removed"},
	{"audit-full", KIND_CHOICE, AT(audit_full), "drop", 0, 0, "drop|refuse", "POLICY",
	 "while records cannot be written: drop and count those beyond 8 MiB, or also refuse "
	 "management calls"},
	{"log-format", KIND_CHOICE, AT(log_format), "text", 0, 0, "text|json", "FORMAT",
	 "form of log lines on standard error"},
	{"log-level", KIND_CHOICE, AT(log_level), "info", 0, 0, "debug|info|warn|error", "LEVEL",
	 "least level of log lines"},
	{"config", KIND_TEXT, AT(config), "", 0, 0, NULL, "FILE",
	 "JSON file with any of these settings, and \"queues\" and \"vpcs\" to declare"},
	{"manual", KIND_FLAG, AT(wants_manual), NULL, 0, 0, NULL, NULL,
	 "print the manual page, in roff, and exit"},
	{"help", KIND_FLAG, AT(wants_help), NULL, 0, 0, NULL, NULL, "print this text and exit"},
	{"version", KIND_FLAG, AT(wants_version), NULL, 0, 0, NULL, NULL,
	 "print the version and exit"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Where a value came from; a weaker source does not overwrite a stronger one. */
enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct loader {
	struct settings *settings;
	enum source from[ROWS];
	char *problem;
	size_t problem_size;
};

static bool complain(struct loader *loader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool complain(struct loader *loader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(loader->problem, loader->problem_size, format, arguments);
	va_end(arguments);
	return false;
}

static void *value_at(struct loader *loader, const struct row *row)
{
	return (char *)loader->settings + row->offset;
}

static bool set_choice(struct loader *loader, const struct row *row, struct str text)
{
	struct str rest = str_from(row->choices);

	for (int64_t place = 0; rest.data; place++) {
		if (str_equal(str_cut(&rest, '|'), text)) {
			*(int64_t *)value_at(loader, row) = place;
			return true;
		}
	}
	return complain(loader, "--%s must be one of %s, not \"%.*s\"", row->name, row->choices,
			STR_ARG(text));
}

static bool set_number(struct loader *loader, const struct row *row, struct str text)
{
	int64_t number;

	if (!str_to_i64(text, &number) || number < row->least || number > row->most)
		return complain(loader, "--%s must be a number from %lld to %lld, not \"%.*s\"",
				row->name, (long long)row->least, (long long)row->most,
				STR_ARG(text));
	*(int64_t *)value_at(loader, row) = number;
	return true;
}

static bool set_flag(struct loader *loader, const struct row *row, struct str text)
{
	bool is_on = str_equal(text, STR("true")) || str_equal(text, STR("1"));

	if (!is_on && !str_equal(text, STR("false")) && !str_equal(text, STR("0")))
		return complain(loader, "--%s must be true or false, not \"%.*s\"", row->name,
				STR_ARG(text));
	*(bool *)value_at(loader, row) = is_on;
	return true;
}

static bool add_item(struct loader *loader, const struct row *row, struct str text, bool is_first)
{
	struct settings_list *list = value_at(loader, row);

	if (is_first)
		list->count = 0;
	if (list->count == SETTINGS_LIST_MAX)
		return complain(loader, "--%s may be given %d times at most", row->name,
				SETTINGS_LIST_MAX);
	list->items[list->count++] = arena_copy(&loader->settings->arena, text);
	return true;
}

/* Of a list, `text` is one item; items of one source add up. */
static bool set(struct loader *loader, size_t number, struct str text, enum source source)
{
	const struct row *row = &rows[number];
	bool is_first = loader->from[number] != source;

	if (loader->from[number] > source)
		return true;
	loader->from[number] = source;
	switch (row->kind) {
	case KIND_TEXT:
		*(struct str *)value_at(loader, row) =
			str_from(arena_cstr(&loader->settings->arena, text));
		return true;
	case KIND_LIST:
		return add_item(loader, row, text, is_first || source == SOURCE_DEFAULT);
	case KIND_NUMBER:
		return set_number(loader, row, text);
	case KIND_CHOICE:
		return set_choice(loader, row, text);
	case KIND_FLAG:
		return set_flag(loader, row, text);
	}
	return false;
}

static size_t find_row(struct str name)
{
	size_t number = 0;

	while (number < ROWS && !str_equal(name, str_from(rows[number].name)))
		number++;
	return number;
}

/* ---- sources ---- */

/* Members of the configuration file beside the settings. */
static const char *const sections[] = {"queues", "vpcs", "throttle-rules"};
enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

/* "TERN_LOG_FORMAT" of "log-format". */
static void format_variable(const struct row *row, char *out, size_t size)
{
	snprintf(out, size, "TERN_%s", row->name);
	for (char *c = out + 5; *c; c++)
		*c = *c == '-' ? '_' : (char)(*c - ('a' <= *c && *c <= 'z' ? 32 : 0));
}

static const char *suggest_row(struct str name, bool has_sections)
{
	const char *names[ROWS + SECTIONS];
	size_t count = 0;

	for (; count < ROWS; count++)
		names[count] = rows[count].name;
	for (size_t i = 0; has_sections && i < SECTIONS; i++)
		names[count++] = sections[i];
	return suggest_name(name, names, count);
}

static bool complain_of_option(struct loader *loader, const char *word)
{
	struct str rest = str_slice(str_from(word), 2, SIZE_MAX);
	const char *meant = suggest_row(str_cut(&rest, '='), false);

	return complain(loader, "unknown option \"%s\"%s%s%s; see ternd --help", word,
			meant ? "; did you mean --" : "", meant ? meant : "", meant ? "?" : "");
}

static bool load_flags(struct loader *loader, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct str rest = str_from(argv[i]);
		if (!str_starts(rest, STR("--")))
			return complain(loader, "unexpected argument \"%s\"; see ternd --help",
					argv[i]);
		rest = str_slice(rest, 2, SIZE_MAX);
		bool has_value = str_find_char(rest, '=', 0) != SIZE_MAX;
		size_t number = find_row(str_cut(&rest, '='));
		if (number == ROWS)
			return complain_of_option(loader, argv[i]);
		if (!has_value && rows[number].kind == KIND_FLAG)
			rest = STR("true");
		else if (!has_value && i + 1 == argc)
			return complain(loader, "--%s needs a value", rows[number].name);
		else if (!has_value)
			rest = str_from(argv[++i]);
		if (!set(loader, number, rest, SOURCE_FLAG))
			return false;
	}
	return true;
}

static bool load_environment(struct loader *loader)
{
	for (size_t i = 0; i < ROWS; i++) {
		char name[64];
		format_variable(&rows[i], name, sizeof(name));
		const char *value = getenv(name);
		if (!value)
			continue;
		struct str rest = str_from(value);
		if (rows[i].kind != KIND_LIST) {
			if (!set(loader, i, rest, SOURCE_ENVIRONMENT))
				return false;
			continue;
		}
		while (rest.data)
			if (!set(loader, i, str_trim(str_cut(&rest, ',')), SOURCE_ENVIRONMENT))
				return false;
	}
	return true;
}

static bool is_variable(struct str name)
{
	char known[64];

	if (str_equal(name, STR("TERN_ROOT_KEY")))
		return true;
	for (size_t i = 0; i < ROWS; i++) {
		format_variable(&rows[i], known, sizeof(known));
		if (str_equal(name, str_from(known)))
			return true;
	}
	return false;
}

void settings_warn_of_unknown(void)
{
	struct buf names = {0};

	for (char **variable = environ; variable && *variable; variable++) {
		struct str rest = str_from(*variable);
		struct str name = str_cut(&rest, '=');
		if (!str_starts(name, STR("TERN_")) || is_variable(name))
			continue;
		if (names.size > 0)
			buf_append(&names, STR(","));
		buf_append(&names, name);
	}
	if (names.size > 0)
		log_event(LOG_WARN, "variables of the environment that are no settings",
			  log_str("names", buf_str(&names)));
	buf_done(&names);
}

static bool set_from_json(struct loader *loader, size_t number, yyjson_val *value)
{
	char text[32];

	if (yyjson_is_str(value))
		return set(loader, number, json_text(value), SOURCE_FILE);
	if (yyjson_is_bool(value))
		return set(loader, number, yyjson_get_bool(value) ? STR("true") : STR("false"),
			   SOURCE_FILE);
	if (yyjson_is_int(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)yyjson_get_sint(value));
		return set(loader, number, str_from(text), SOURCE_FILE);
	}
	return complain(loader, "\"%s\" must be text, a number or a boolean", rows[number].name);
}

static bool read_file(struct loader *loader, struct str path, struct buf *out)
{
	char bytes[4096];
	size_t size;

	FILE *file = fopen(path.data, "re");
	if (!file)
		return complain(loader, "cannot read the configuration %.*s: %s", STR_ARG(path),
				strerror(errno));
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_append(out, str_of(bytes, size));
	fclose(file);
	return true;
}

static bool is_section(struct str name)
{
	for (size_t i = 0; i < SECTIONS; i++)
		if (str_equal(name, str_from(sections[i])))
			return true;
	return false;
}

/* Puts in front of the problem which line of the file has it. */
static bool complain_of_value(struct loader *loader, struct str name)
{
	const struct settings *settings = loader->settings;
	char problem[256];

	snprintf(problem, sizeof(problem), "%s", loader->problem);
	return complain(loader, "the configuration %.*s, line %zu: %s", STR_ARG(settings->config),
			json_line_of_member(settings->config_text, name), problem);
}

static bool complain_of_key(struct loader *loader, struct str name)
{
	const struct settings *settings = loader->settings;
	const char *meant = suggest_row(name, true);

	return complain(loader,
			"the configuration %.*s, line %zu: there is no setting \"%.*s\"%s%s%s "
			"ternd --help lists all",
			STR_ARG(settings->config), json_line_of_member(settings->config_text, name),
			STR_ARG(name), meant ? "; did you mean \"" : ";", meant ? meant : "",
			meant ? "\"?" : "");
}

static bool load_file(struct loader *loader)
{
	struct settings *settings = loader->settings;
	struct str path = settings->config;
	struct buf text = {0};
	struct json_problem problem;
	yyjson_val *root, *key, *value;
	size_t i, most;

	if (path.size == 0)
		return true;
	bool is_read = read_file(loader, path, &text);
	settings->config_text = arena_copy(&settings->arena, buf_str(&text));
	buf_done(&text);
	if (!is_read)
		return false;
	enum err err =
		json_parse_explained(&settings->arena, settings->config_text, &root, &problem);
	if (err == ERR_INVALID)
		return complain(loader,
				"the configuration %.*s is not JSON: line %zu, column %zu: %s",
				STR_ARG(path), problem.line, problem.column, problem.reason);
	if (err || !yyjson_is_obj(root))
		return complain(loader, "the configuration %.*s is not a JSON object",
				STR_ARG(path));
	yyjson_obj_foreach(root, i, most, key, value) {
		struct str name = json_text(key);
		size_t number = find_row(name);
		size_t j, count;
		yyjson_val *item;
		if (is_section(name))
			continue;
		if (number == ROWS || str_equal(name, STR("config")))
			return complain_of_key(loader, name);
		if (!yyjson_is_arr(value) || rows[number].kind != KIND_LIST) {
			if (!set_from_json(loader, number, value))
				return complain_of_value(loader, name);
			continue;
		}
		yyjson_arr_foreach(value, j, count, item)
			if (!set_from_json(loader, number, item))
				return complain_of_value(loader, name);
	}
	return true;
}

static bool load_defaults(struct loader *loader)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].standard && loader->from[i] == SOURCE_DEFAULT &&
		    !set(loader, i, str_from(rows[i].standard), SOURCE_DEFAULT))
			return false;
	return true;
}

static bool check_names(struct loader *loader)
{
	struct str account = loader->settings->account;
	struct str region = loader->settings->region;

	if (!arn_is_account(account))
		return complain(loader, "--account must have 12 digits, not \"%.*s\"",
				STR_ARG(account));
	if (!arn_is_region(region))
		return complain(loader,
				"--region must have 1 to 32 letters, digits and hyphens, not "
				"\"%.*s\"",
				STR_ARG(region));
	return true;
}

bool settings_load(int argc, char **argv, struct settings *out_settings, char *problem, size_t size)
{
	struct loader loader = {.settings = out_settings, .problem = problem, .problem_size = size};

	*out_settings = (struct settings){0};
	arena_init(&out_settings->arena);
	return load_flags(&loader, argc, argv) && load_environment(&loader) && load_file(&loader) &&
	       load_defaults(&loader) && check_names(&loader) &&
	       browsers_check(out_settings, problem, size);
}

void settings_done(struct settings *settings)
{
	arena_done(&settings->arena);
}

bool settings_describe(size_t index, struct settings_row *out_row)
{
	if (index >= ROWS)
		return false;
	*out_row = (struct settings_row){
		.name = rows[index].name,
		.value = rows[index].choices	  ? rows[index].choices
			 : rows[index].value_name ? rows[index].value_name
						  : "",
		.standard = rows[index].standard ? rows[index].standard : "",
		.help = rows[index].help,
	};
	return true;
}
