/* SPDX-License-Identifier: MIT */
/*
 * certificate: what is made satisfies RFC 5280 strictly, key identifiers included, since Python
 * since 3.13 and Java refuse less.
 */
#include "certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum {
	SERIAL_BITS = 159, /* positive and at most 20 bytes: RFC 5280 4.1.2.2 */
	SKEW_S = 3600,	   /* valid an hour ago already, for clocks that are behind */
	PATH_SIZE = 4096,
	NAMES_SIZE = 8192,
	COMMON_NAME_SIZE = 64,
};

static enum err refuse(char *problem, enum err err, const char *what, const char *path)
{
	snprintf(problem, CERTIFICATE_PROBLEM_SIZE, "%s %s: %s", path, what,
		 err == ERR_IO ? strerror(errno) : "it is no PEM file of the right kind");
	return err;
}

/* ---- files ---- */

typedef int (*write_fn)(BIO *out, const void *subject);

static int write_key(BIO *out, const void *subject)
{
	return PEM_write_bio_PrivateKey(out, subject, NULL, NULL, 0, NULL, NULL);
}

static int write_certificate(BIO *out, const void *subject)
{
	return PEM_write_bio_X509(out, subject);
}

static bool write_descriptor(int descriptor, struct str text)
{
	return write(descriptor, text.data, text.size) == (ssize_t)text.size &&
	       fsync(descriptor) == 0;
}

static enum err save(const char *path, unsigned mode, write_fn format, const void *subject,
		     char *problem)
{
	char temporary[PATH_SIZE];
	char *text;

	int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (length < 0 || (size_t)length >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return refuse(problem, ERR_IO, "cannot be written", path);
	}
	BIO *out = BIO_new(BIO_s_mem());
	check(out && format(out, subject) == 1);
	long size = BIO_get_mem_data(out, &text);
	(void)unlink(temporary); /* of a run that was interrupted */
	int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool is_written =
		descriptor >= 0 && write_descriptor(descriptor, str_of(text, (size_t)size));
	explicit_bzero(text, (size_t)size);
	BIO_free(out);
	if (descriptor >= 0)
		close(descriptor);
	if (is_written && rename(temporary, path) == 0)
		return ERR_OK;
	enum err err = refuse(problem, ERR_IO, "cannot be written", path);
	(void)unlink(temporary); /* what is left of it helps nobody */
	return err;
}

static enum err load_certificate(const char *path, X509 **out_certificate, char *problem)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return refuse(problem, ERR_IO, "cannot be read", path);
	*out_certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	return *out_certificate ? ERR_OK
				: refuse(problem, ERR_INVALID, "holds no certificate", path);
}

static enum err load_key(const char *path, EVP_PKEY **out_key, char *problem)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return refuse(problem, ERR_IO, "cannot be read", path);
	*out_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return *out_key ? ERR_OK : refuse(problem, ERR_INVALID, "holds no key", path);
}

struct authority {
	X509 *certificate;
	EVP_PKEY *key;
};

static void authority_done(struct authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
}

/* Free with authority_done in any case. */
static enum err load_authority(const struct certificate_files *files, struct authority *out,
			       char *problem)
{
	*out = (struct authority){0};
	enum err err = load_certificate(files->certificate, &out->certificate, problem);
	if (!err)
		err = load_key(files->key, &out->key, problem);
	if (err || X509_check_private_key(out->certificate, out->key) == 1)
		return err;
	snprintf(problem, CERTIFICATE_PROBLEM_SIZE, "%s is not the key of %s", files->key,
		 files->certificate);
	return ERR_INVALID;
}

/* ---- contents ---- */

static void set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();

	check(number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
	check(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
	BN_free(number);
}

static void set_times(X509 *certificate, int64_t days)
{
	check(X509_gmtime_adj(X509_getm_notBefore(certificate), -SKEW_S));
	check(X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL));
}

static void add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	check(extension && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static X509_NAME *make_name(struct str common_name)
{
	X509_NAME *name = X509_NAME_new();
	static const unsigned char organization[] = "Tern";

	check(name && X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
						 organization, -1, -1, 0) == 1);
	check(X509_NAME_add_entry_by_NID(
		      name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name.data,
		      (int)str_slice(common_name, 0, COMMON_NAME_SIZE).size, -1, 0) == 1);
	return name;
}

static X509 *make_blank(EVP_PKEY *key, struct str subject, int64_t days)
{
	X509 *certificate = X509_new();
	X509_NAME *name = make_name(subject);

	check(certificate && X509_set_version(certificate, X509_VERSION_3) == 1);
	set_serial(certificate);
	set_times(certificate, days);
	check(X509_set_subject_name(certificate, name) == 1);
	check(X509_set_pubkey(certificate, key) == 1);
	X509_NAME_free(name);
	return certificate;
}

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	check(key);
	return key;
}

/* "DNS:localhost,IP:127.0.0.1": names hold nothing that would have a meaning here. */
static void format_names(const struct certificate_wish *wish, char out[NAMES_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < wish->name_count; i++) {
		char name[256];
		unsigned char address[16];
		snprintf(name, sizeof(name), "%.*s", STR_ARG(wish->names[i]));
		bool is_address = inet_pton(AF_INET, name, address) == 1 ||
				  inet_pton(AF_INET6, name, address) == 1;
		int size = snprintf(out + used, NAMES_SIZE - used, "%s%s:%s", i > 0 ? "," : "",
				    is_address ? "IP" : "DNS", name);
		check(size > 0 && used + (size_t)size < NAMES_SIZE);
		used += (size_t)size;
	}
}

bool certificate_is_name(struct str name)
{
	if (name.size == 0 || name.size > 253)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !memchr(".-_:*", c, 5))
			return false;
	}
	/* A colon is an IPv6 address's; port numbers do not belong into a name. */
	if (str_find_char(name, ':', 0) == SIZE_MAX)
		return true;
	char text[64];
	unsigned char address[16];
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	return name.size < sizeof(text) && inet_pton(AF_INET6, text, address) == 1;
}

/* ---- making ---- */

static enum err save_pair(const struct certificate_files *files, X509 *certificate, EVP_PKEY *key,
			  char *problem)
{
	enum err err = save(files->key, 0600, write_key, key, problem);
	if (err)
		return err;
	return save(files->certificate, 0644, write_certificate, certificate, problem);
}

enum err certificate_make_authority(const struct certificate_files *files, int64_t days,
				    char *problem)
{
	char name[64];
	uint8_t mark[4];
	char digits[8];

	/* Several authorities on one machine are told apart by it. */
	random_bytes(mark, sizeof(mark));
	hex_format(str_of(mark, sizeof(mark)), digits);
	int size = snprintf(name, sizeof(name), "Tern development CA %.8s", digits);
	EVP_PKEY *key = make_key();
	X509 *certificate = make_blank(key, str_of(name, (size_t)size), days);
	check(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
	add_extension(certificate, certificate, NID_basic_constraints,
		      "critical,CA:TRUE,pathlen:0");
	add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
	add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
	add_extension(certificate, certificate, NID_authority_key_identifier, "keyid:always");
	check(X509_sign(certificate, key, EVP_sha256()) > 0);
	enum err err = save_pair(files, certificate, key, problem);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return err;
}

static X509 *sign_new(const struct authority *authority, EVP_PKEY *key,
		      const struct certificate_wish *wish)
{
	X509 *certificate = make_blank(key, wish->subject, wish->days);
	X509 *issuer = authority->certificate;
	char names[NAMES_SIZE];

	check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
	add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
	add_extension(certificate, issuer, NID_ext_key_usage,
		      wish->is_client ? "clientAuth" : "serverAuth");
	add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
	add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
	if (wish->name_count > 0) {
		format_names(wish, names);
		add_extension(certificate, issuer, NID_subject_alt_name, names);
	}
	check(X509_sign(certificate, authority->key, EVP_sha256()) > 0);
	return certificate;
}

enum err certificate_make(const struct certificate_files *authority_files,
			  const struct certificate_files *files,
			  const struct certificate_wish *wish, char *problem)
{
	struct authority authority;

	enum err err = load_authority(authority_files, &authority, problem);
	if (!err) {
		EVP_PKEY *key = make_key();
		X509 *certificate = sign_new(&authority, key, wish);
		err = save_pair(files, certificate, key, problem);
		X509_free(certificate);
		EVP_PKEY_free(key);
	}
	authority_done(&authority);
	return err;
}

static enum err sign_again(const struct authority *authority, const struct certificate_files *files,
			   X509 *certificate, int64_t days, char *problem)
{
	/* Also compares the key identifiers, which the new certificate keeps. */
	if (X509_check_issued(authority->certificate, certificate) != X509_V_OK) {
		snprintf(problem, CERTIFICATE_PROBLEM_SIZE,
			 "%s was signed by another authority; make a new one with --force",
			 files->certificate);
		return ERR_INVALID;
	}
	set_serial(certificate);
	set_times(certificate, days);
	check(X509_sign(certificate, authority->key, EVP_sha256()) > 0);
	return save(files->certificate, 0644, write_certificate, certificate, problem);
}

enum err certificate_renew(const struct certificate_files *authority_files,
			   const struct certificate_files *files, int64_t days, char *problem)
{
	struct authority authority;
	X509 *certificate = NULL;

	enum err err = load_authority(authority_files, &authority, problem);
	if (!err)
		err = load_certificate(files->certificate, &certificate, problem);
	if (!err)
		err = sign_again(&authority, files, certificate, days, problem);
	X509_free(certificate);
	authority_done(&authority);
	return err;
}

/* ---- reading ---- */

static struct str names_of(struct arena *arena, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	struct buf text = {0};

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char address[INET6_ADDRSTRLEN] = "";
		buf_append(&text, text.size > 0 ? STR(", ") : STR(""));
		if (name->type == GEN_IPADD) {
			int family = name->d.ip->length == 4 ? AF_INET : AF_INET6;
			inet_ntop(family, name->d.ip->data, address, sizeof(address));
			buf_append(&text, str_from(address));
		} else if (name->type == GEN_DNS) {
			buf_append(&text,
				   str_of(name->d.dNSName->data, (size_t)name->d.dNSName->length));
		}
	}
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	GENERAL_NAMES_free(names);
	return copy;
}

static int64_t expiry_ms(const X509 *certificate)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	check(epoch &&
	      ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1);
	ASN1_TIME_free(epoch);
	return ((int64_t)days * 86400 + seconds) * 1000;
}

enum err certificate_read(struct arena *arena, const char *path,
			  struct certificate_facts *out_facts)
{
	char problem[CERTIFICATE_PROBLEM_SIZE], subject[256] = "";
	X509 *certificate;

	enum err err = load_certificate(path, &certificate, problem);
	if (err)
		return err;
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, subject,
				  sizeof(subject));
	uint32_t uses = X509_get_extended_key_usage(certificate);
	*out_facts = (struct certificate_facts){
		.subject = arena_copy(arena, str_from(subject)),
		.names = names_of(arena, certificate),
		.expires_ms = expiry_ms(certificate),
		.is_authority = X509_check_ca(certificate) == 1,
		.is_client = uses != UINT32_MAX && (uses & XKU_SSL_CLIENT) != 0,
	};
	X509_free(certificate);
	return ERR_OK;
}
