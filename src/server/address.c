/* SPDX-License-Identifier: MIT */
/* address: which addresses may be listened on, and what is said of those that may not. */
#include "server/address.h"

#include <stdio.h>

bool address_is_tls(struct str address)
{
	return str_starts(address, STR("tls:"));
}

struct str address_host(struct str address)
{
	if (address_is_tls(address))
		address = str_slice(address, 4, SIZE_MAX);
	if (str_starts(address, STR("unix:")))
		return STR("");
	if (str_starts(address, STR("["))) {
		address = str_slice(address, 1, SIZE_MAX);
		return str_cut(&address, ']');
	}
	return str_cut(&address, ':');
}

/* An address that only this machine can reach. */
static bool is_local(struct str address)
{
	if (address_is_tls(address))
		address = str_slice(address, 4, SIZE_MAX);
	return str_starts(address, STR("127.")) || str_starts(address, STR("[::1]:")) ||
	       str_starts(address, STR("localhost:")) || str_starts(address, STR("unix:"));
}

bool address_may_listen(const struct settings *settings, struct str address, char *problem,
			size_t size)
{
	if (is_local(address) || (address_is_tls(address) && settings->auth == AUTH_REQUIRED))
		return true;
	if (settings->is_insecure) {
		log_event(LOG_WARN,
			  settings->auth == AUTH_OPEN
				  ? "anybody who reaches this address may do anything (--insecure)"
				  : "requests and answers cross the network in clear (--insecure)",
			  log_str("address", address));
		return true;
	}
	if (settings->auth == AUTH_OPEN)
		snprintf(problem, size,
			 "%.*s can be reached from other machines, and anybody there could do "
			 "anything: use a loopback address, or --auth required with a tls: "
			 "address, or --insecure if the network is yours alone",
			 STR_ARG(address));
	else
		snprintf(problem, size,
			 "%.*s can be reached from other machines, and messages would cross the "
			 "network in clear: use a tls: address with --tls-cert and --tls-key, or "
			 "--insecure if the network is yours alone",
			 STR_ARG(address));
	return false;
}
