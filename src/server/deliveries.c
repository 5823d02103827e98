/* SPDX-License-Identifier: MIT */
/* deliveries: networks by settings; subscribers belong to accounts, so --auth required trusts them
 * less. */
#include "server/deliveries.h"

#include <stdio.h>

#include "core/consumer.h"
#include "core/obligation.h"

enum { GRACE_MS = 3000, NETWORKS_MAX = 64 };

/* RFC 1918, 6598, 4193. */
static const char *const private_networks[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					       "100.64.0.0/10", "fc00::/7"};
enum { PRIVATE_NETWORKS = sizeof(private_networks) / sizeof(private_networks[0]) };

static enum settings_deliver networks_of(const struct settings *settings)
{
	if (settings->deliver_to != DELIVER_TO_AUTO)
		return (enum settings_deliver)settings->deliver_to;
	return settings->auth == AUTH_OPEN ? DELIVER_TO_ANY : DELIVER_TO_PRIVATE;
}

static bool add_refused(const struct settings *settings, struct network *networks, size_t *count,
			char *problem, size_t size)
{
	struct str rest = settings->deliver_not_to;

	while (rest.size > 0) {
		struct str part = str_trim(str_cut(&rest, ','));
		if (*count == NETWORKS_MAX) {
			snprintf(problem, size, "--deliver-not-to: too many networks");
			return false;
		}
		if (!network_parse(part, &networks[(*count)++])) {
			snprintf(problem, size,
				 "--deliver-not-to: \"%.*s\" is neither an address nor a network "
				 "such "
				 "as 192.0.2.0/24",
				 STR_ARG(part));
			return false;
		}
	}
	return true;
}

bool deliveries_open(const struct settings *settings, struct outbound **out_outbound, char *problem,
		     size_t size)
{
	enum settings_deliver to = networks_of(settings);
	struct network networks[NETWORKS_MAX];
	size_t count = 0;

	for (; to == DELIVER_TO_PUBLIC && count < PRIVATE_NETWORKS; count++)
		check(network_parse(str_from(private_networks[count]), &networks[count]));
	if (!add_refused(settings, networks, &count, problem, size))
		return false;
	struct outbound_options options = {
		.authorities = settings->deliver_authorities.size > 0
				       ? settings->deliver_authorities.data
				       : NULL,
		.refused = networks,
		.refused_count = count,
		.refuses_loopback = to != DELIVER_TO_ANY,
	};
	return outbound_new(&options, out_outbound, problem, size) == ERR_OK;
}

void deliveries_start(struct core *core, struct outbound *outbound, struct net_server *net,
		      uint32_t threads)
{
	struct net_thread **homes = heap_alloc(threads * sizeof(struct net_thread *));

	for (uint32_t i = 0; i < threads; i++)
		homes[i] = net_server_thread(net, i);
	obligations_start(core, outbound, homes, threads);
	consumers_start(core, homes, threads);
	heap_free(homes);
}

void deliveries_stop(struct core *core, struct outbound *outbound)
{
	consumers_stop(core, GRACE_MS);
	obligations_stop(core, GRACE_MS);
	outbound_stop(outbound);
}
