/* SPDX-License-Identifier: MIT */
/* mail: a password is in a file of its own, whose first line it is. */
#include "server/mail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "net/tls.h"

enum { PASSWORD_MAX = 1024 };

static bool is_host_and_port(struct str text)
{
	size_t colon = text.size;
	uint64_t port;

	while (colon > 0 && text.data[colon - 1] != ':')
		colon--;
	return colon > 1 && str_to_u64(str_slice(text, colon, SIZE_MAX), &port) && port > 0 &&
	       port <= UINT16_MAX;
}

static bool complain(char *problem, size_t size, const char *format, struct str value)
{
	snprintf(problem, size, format, (int)value.size, value.data ? value.data : "");
	return false;
}

static bool check_relay(const struct settings *settings, char *problem, size_t size)
{
	bool has_login = settings->smtp_user.size > 0;

	if (!is_host_and_port(settings->smtp_relay))
		return complain(problem, size, "smtp-relay: \"%.*s\" is no HOST:PORT",
				settings->smtp_relay);
	if (!smtp_is_address(settings->smtp_from))
		return complain(problem, size, "smtp-from: \"%.*s\" is no e-mail address",
				settings->smtp_from);
	if (has_login != (settings->smtp_password_file.size > 0))
		return complain(problem, size,
				"smtp-user and smtp-password-file are set together%.*s", STR(""));
	if (has_login && settings->smtp_tls == SMTP_TLS_OFF)
		return complain(problem, size,
				"smtp-user %.*s: a login needs smtp-tls start or implicit",
				settings->smtp_user);
	return true;
}

/* Like the root key, it is for the server's user alone. */
static bool read_password(struct str path, struct str *out_password, char *problem, size_t size)
{
	char line[PASSWORD_MAX];
	struct stat status;

	FILE *file = fopen(path.data, "re");
	if (!file) {
		snprintf(problem, size, "smtp-password-file %s cannot be read: %s", path.data,
			 strerror(errno));
		return false;
	}
	bool is_private = fstat(fileno(file), &status) == 0 && (status.st_mode & 077) == 0;
	bool is_read = is_private && fgets(line, sizeof(line), file);
	fclose(file);
	if (!is_private)
		return complain(problem, size,
				"smtp-password-file %.*s can be read by others: run chmod 600",
				path);
	if (!is_read)
		return complain(problem, size, "smtp-password-file %.*s is empty", path);
	size_t length = strcspn(line, "\r\n");
	char *kept = heap_alloc(length + 1);
	memcpy(kept, line, length);
	explicit_bzero(line, sizeof(line));
	*out_password = str_of(kept, length);
	return true;
}

bool mail_relay_open(const struct settings *settings, struct mail_relay **out_relay, char *problem,
		     size_t size)
{
	char text[256];

	*out_relay = NULL;
	if (settings->smtp_relay.size == 0)
		return true;
	if (!check_relay(settings, problem, size))
		return false;
	struct mail_relay *relay = heap_alloc(sizeof(*relay));
	relay->address = settings->smtp_relay;
	relay->from = settings->smtp_from;
	relay->tls = (enum smtp_tls)settings->smtp_tls;
	relay->user = settings->smtp_user;
	*out_relay = relay;
	if (settings->smtp_password_file.size > 0 &&
	    !read_password(settings->smtp_password_file, &relay->password, problem, size))
		return false;
	if (relay->tls == SMTP_TLS_OFF)
		return true;
	const char *authorities =
		settings->deliver_authorities.size > 0 ? settings->deliver_authorities.data : NULL;
	if (!tls_client_context_new(authorities, &relay->context, text, sizeof(text)))
		return true;
	snprintf(problem, size, "deliver-ca: %s", text);
	return false;
}

void mail_relay_close(struct mail_relay **relay)
{
	struct mail_relay *mine = *relay;

	if (!mine)
		return;
	if (mine->password.size > 0)
		explicit_bzero((char *)(uintptr_t)mine->password.data, mine->password.size);
	heap_free((void *)(uintptr_t)mine->password.data);
	tls_context_free(&mine->context);
	heap_free(mine);
	*relay = NULL;
}
