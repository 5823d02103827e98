/* SPDX-License-Identifier: MIT */
/* https endpoints: certificates that are accepted and refused, and sessions that are resumed. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fixture.h"
#include "net/outbound.h"
#include "net/server.h"
#include "net/tls.h"

static char directory[] = "/tmp/outbound-XXXXXX";
static char certificate_path[64], key_path[64];
static struct net_server *server;
static struct outbound *outbound;
static uint16_t port;
static sem_t has_ended;

/* A certificate of its own key, for the names that `names` lists as OpenSSL writes them. */
static void write_certificate(const char *names, long valid_s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();
	X509_NAME *name = X509_get_subject_name(made);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_true(key && made && extension);
	X509_set_version(made, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
	X509_gmtime_adj(X509_getm_notBefore(made), -7200);
	X509_gmtime_adj(X509_getm_notAfter(made), valid_s);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
				   0);
	X509_set_issuer_name(made, name);
	X509_set_pubkey(made, key);
	X509_add_ext(made, extension, -1);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	FILE *file = fopen(certificate_path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, made), 1);
	fclose(file);
	file = fopen(key_path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	X509_EXTENSION_free(extension);
	X509_free(made);
	EVP_PKEY_free(key);
}

static void on_request(struct net_request *request)
{
	const struct http_header close = {STR("Connection"), STR("close")};
	bool closes = str_equal(request->http.target, STR("/close"));

	net_respond(request, 200, &close, closes ? 1 : 0, request->http.body);
}

static void on_abort(struct net_request *request)
{
	net_request_end(request);
}

static int setup(void **state)
{
	(void)state;
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(directory));
	snprintf(certificate_path, sizeof(certificate_path), "%s/cert.pem", directory);
	snprintf(key_path, sizeof(key_path), "%s/key.pem", directory);
	sem_init(&has_ended, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	outbound_free(&outbound);
	net_server_stop(server, 0);
	net_server_free(&server);
	unlink(certificate_path);
	unlink(key_path);
	rmdir(directory);
	sem_destroy(&has_ended);
	return 0;
}

static void start(const char *names, long valid_s, bool is_accepted)
{
	const struct net_options options = {.on_request = on_request, .on_abort = on_abort};
	struct outbound_options client = {.authorities = is_accepted ? certificate_path : NULL};
	struct tls_files files = {.certificate = certificate_path, .key = key_path};
	struct net_listening listening;
	struct tls_context *context;
	char problem[256] = "";

	write_certificate(names, valid_s);
	assert_int_equal(tls_context_new(&files, &context, problem, sizeof(problem)), ERR_OK);
	server = net_server_new(&options);
	net_server_set_tls(server, context);
	assert_int_equal(net_listen(server, STR("tls:127.0.0.1:0"), &listening), ERR_OK);
	port = listening.port;
	net_server_start(server);
	assert_int_equal(outbound_new(&client, &outbound, problem, sizeof(problem)), ERR_OK);
}

static void on_done(struct outbound_request *request)
{
	(void)request;
	sem_post(&has_ended);
}

static struct outbound_request run(const char *scheme, const char *host, const char *path)
{
	static char url[128];
	struct outbound_request request = {
		.method = STR("POST"),
		.body = STR("message"),
		.connect_ms = 60000,
		.answer_ms = 60000,
		.body_size_max = 100,
		.done = on_done,
	};

	snprintf(url, sizeof(url), "%s://%s:%u%s", scheme, host, (unsigned)port, path);
	request.url = str_from(url);
	outbound_send(outbound, &request);
	sem_wait(&has_ended);
	return request;
}

static void test_https_is_spoken_with_names_and_addresses_of_the_certificate(void **state)
{
	(void)state;
	start("DNS:localhost,IP:127.0.0.1", 7200, true);
	assert_int_equal(run("https", "localhost", "/").status, 200);
	assert_int_equal(run("https", "127.0.0.1", "/").status, 200);
}

static void test_https_resumes_sessions(void **state)
{
	struct outbound_stats stats;

	(void)state;
	start("DNS:localhost", 7200, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(run("https", "localhost", "/close").status, 200);
	outbound_stats_read(outbound, &stats);
	assert_int_equal(stats.connections_made, 3);
	assert_int_equal(stats.handshakes_resumed, 2);
}

static void test_https_refuses_certificates_of_other_names(void **state)
{
	(void)state;
	start("DNS:other.example", 7200, true);
	struct outbound_request request = run("https", "localhost", "/");
	assert_int_equal(request.outcome, OUTBOUND_TLS);
	assert_non_null(strstr(request.problem, "ostname"));
	assert_int_equal(run("https", "127.0.0.1", "/").outcome, OUTBOUND_TLS);
}

static void test_https_refuses_certificates_that_are_over(void **state)
{
	(void)state;
	start("DNS:localhost", -3600, true);
	struct outbound_request request = run("https", "localhost", "/");
	assert_int_equal(request.outcome, OUTBOUND_TLS);
	assert_non_null(strstr(request.problem, "expired"));
}

static void test_https_refuses_unknown_authorities(void **state)
{
	(void)state;
	start("DNS:localhost", 7200, false);
	assert_int_equal(run("https", "localhost", "/").outcome, OUTBOUND_TLS);
}

static void test_http_to_a_tls_port_is_no_answer(void **state)
{
	(void)state;
	start("DNS:localhost", 7200, true);
	assert_int_equal(run("http", "localhost", "/").outcome, OUTBOUND_BROKEN);
}
