/* SPDX-License-Identifier: MIT */
/*
 * server: everything that ternd is made of, put together and taken apart.
 *
 * Functions are for the main thread. Between server_start and server_stop the net threads, the
 * control thread and the queue engine run by themselves.
 */
#ifndef TERN_SERVER_SERVER_H
#define TERN_SERVER_SERVER_H

#include "core/browser.h"
#include "core/dispatch.h"
#include "core/limit/quota.h"
#include "core/limit/source.h"
#include "core/metric_usage.h"
#include "server/settings.h"
#include "server/store.h"
#include "services/iam/iam.h"

struct server {
	const struct settings *settings;
	struct store store;
	struct core core;
	bool has_new_root; /* key, of the default account: made just now */
	struct iam_new_key root;
	struct arena arena; /* of what is made at the start and never changes */
	struct source_list proxies, metrics_readers;
	struct browser_rules browsers;
	struct quotas quotas;	   /* core's */
	struct throttle *throttle; /* core's; NULL: --throttle off */
	struct metric_usage metric_usage;
	struct dispatch dispatch;
	struct net_server *net;
	struct mail_relay *mail;	 /* core->mail */
	struct outbound *outbound;	 /* calls endpoints; server/deliveries.h */
	struct dispatch_thread *threads; /* one a net thread */
	uint16_t port;			 /* of the first listener; 0: a unix socket */
	char base_url[40];		 /* of that listener, when no public URL is set */
	int64_t started_ms;		 /* real time, not shifted */
	bool is_misconfigured;		 /* server_open failed because a setting is wrong */
	bool is_attached;		 /* the first engine's turns are those of net thread 0 */
};

/*
 * Checks the settings, addresses and certificate included, before anything is made. Then opens the
 * data directory, recovers the queues, declares those of the configuration, and takes the
 * addresses. False with a sentence that says what to do in `problem` (`size` bytes, ends with NUL);
 * server_close is fine then too.
 */
bool server_open(struct server *server, const struct settings *settings, char *problem,
		 size_t size);
/* Serves requests from now on. */
void server_start(struct server *server);
/* Reads the certificate anew, for connections that begin from now on, and opens the audit log anew.
 * Logs how it went. */
void server_reload(struct server *server);
/* Takes no new requests, ends those in progress, makes everything durable. */
void server_stop(struct server *server);
void server_close(struct server *server);

#endif
