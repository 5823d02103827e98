/* SPDX-License-Identifier: MIT */
/*
 * settings: what ternd can be told, as one table for flags, environment, configuration file and
 * help.
 *
 * A flag wins over the environment, that over the file, that over the default. Names are the
 * same everywhere: --log-format, TERN_LOG_FORMAT, "log-format". Main thread, at start-up.
 */
#ifndef TERN_SERVER_SETTINGS_H
#define TERN_SERVER_SETTINGS_H

#include "base/base.h"

enum { SETTINGS_LIST_MAX = 16 };

enum settings_auth { AUTH_OPEN, AUTH_REQUIRED };
enum settings_seccomp { SECCOMP_ON, SECCOMP_OFF };
enum settings_audit { AUDIT_CALLS_AUTO, AUDIT_CALLS_NONE, AUDIT_CALLS_MANAGEMENT, AUDIT_CALLS_ALL };
enum settings_audit_full { AUDIT_FULL_DROP, AUDIT_FULL_REFUSE };
enum settings_throttle { THROTTLE_OFF, THROTTLE_AWS };
enum settings_deliver { DELIVER_TO_AUTO, DELIVER_TO_PUBLIC, DELIVER_TO_PRIVATE, DELIVER_TO_ANY };
enum settings_repair { REPAIR_OFF, REPAIR_JOIN };
enum settings_durability { DURABILITY_FSYNC, DURABILITY_OS, DURABILITY_MEMORY };
enum settings_commits { COMMITS_AUTO, COMMITS_RING, COMMITS_DIRECT, COMMITS_BUFFERED };
enum settings_signatures { SIGNATURES_ALL, SIGNATURES_HTTP };

struct settings_list {
	struct str items[SETTINGS_LIST_MAX];
	size_t count;
};

struct settings {
	struct arena arena; /* holds all texts */
	struct settings_list listen, host_names, allowed_origins;
	struct str endpoint_listen;
	struct str port_file, data, region, account, public_url, config;
	struct str root_key_file, root_key_command, new_root_key_file;
	struct str tls_certificate, tls_key, tls_client_ca; /* paths; empty: none */
	struct str oidc_keys, managed_policies;		    /* directories; empty: none */
	int64_t deliver_to;				    /* of its enum */
	struct str deliver_not_to, deliver_authorities;	    /* networks; a path: empty: none */
	struct str user, trusted_proxies, metrics_from, quotas;
	int64_t audit, audit_full; /* of their enums */
	struct str smtp_relay, smtp_from, smtp_user, smtp_password_file, webhook_url;
	int64_t smtp_tls;	/* of its enum */
	int64_t sns_signatures; /* of its enum */
	struct str audit_file;
	int64_t audit_max_mib, audit_max_hours, audit_keep;
	int64_t repair; /* of its enum */
	int64_t auth, durability, commits, seccomp, throttle, log_format,
		log_level; /* of their enums */
	int64_t threads, partitions, workers;
	int64_t connections, connections_per_source, head_ms, body_ms, idle_ms;
	int64_t segment_mib;
	bool data_must_exist, drops_unknown_queues;
	bool is_insecure, allows_dumps;
	bool has_test_clock, allows_reset, delays_recreate, allows_quick_purge;
	bool wants_help, wants_manual, wants_version, greets, rotates_root_key;
	struct str config_text; /* of the configuration file; empty: none */
};

/*
 * Reads them all. False with a sentence that says what to do in `problem` (`size` bytes, ends with
 * NUL). Free with settings_done in any case.
 */
bool settings_load(int argc, char **argv, struct settings *out_settings, char *problem,
		   size_t size);
void settings_done(struct settings *settings);
/* Once the log is set up: a misspelt TERN_... says nothing by itself. */
void settings_warn_of_unknown(void);

/* A setting, for help and manual: static texts, empty where there is none. */
struct settings_row {
	const char *name, *value, *standard, *help;
};
/* False if there are not so many. */
bool settings_describe(size_t index, struct settings_row *out_row);

#endif
