/* SPDX-License-Identifier: MIT */
/* jwt_test: tokens that were signed once with keys of their own, by another implementation. */
#include "access/issuers.h"
#include "base/fixture.h"

static const char key_set[] =
	"{\"issuer\":\"https://issuer.example\",\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r1\""
	",\"use\":\"sig\",\"alg\":\"RS256\",\"n\":\"swNMrxlSnGwpKwWfuky5dMjaIa5RtDurXj3G5"
	"9TmiXVGgDO5dr7Oje6bolksPvsyf6S2eoiwYsHX8QMQsA5xOZgw3WRpjXSOaVRrPpr3SXzrg-uOj69lV"
	"rEauIoeoZ-nuHKRx_43aU1YPwFfz0eKlKUFO7DgkvwWvLpIt__GlVHDjkOwKvkozmNEMBabnk8BVTmJu"
	"15Mr13L9f-8rS-VZOq3WQwK1ea10nMu7Fd63SixyC1-JO-TaCWJH3DanoLwvdUFxeSa8RFZr6MhklsUn"
	"c344saCQ2oi3-p_t-9zDR9nVV9vJjSyCbhdrmJNch-XkypJXLUnvWV81Ezse1y3fQ\",\"e\":\"AQAB"
	"\"},{\"kty\":\"EC\",\"kid\":\"e1\",\"crv\":\"P-256\",\"x\":\"aLFVUHH7X2XIRGF1l9W"
	"oOWZBvq_emdQqf-udx4HZ5fw\",\"y\":\"XeP3BjAdrrJAHSCGf1ilBHEAvv9DQ1UMW5g_9QV1axw\""
	"},{\"kty\":\"oct\",\"k\":\"AA\"}]}";

static const char by_rsa[] =
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIxIn0.eyJpc3MiOiJodHRwczovL2lzc3Vl"
	"ci5leGFtcGxlIiwic3ViIjoibWUiLCJhdWQiOlsiYSIsImIiXSwiYXpwIjoiYSIsImV4cCI6MjAwMDAw"
	"MDAwMCwibmJmIjoxMDAwMDAwMDAwLjUsImlhdCI6MTUwMDAwMDAwMCwiYW1yIjpbImF1dGhlbnRpY2F0"
	"ZWQiXX0.C4BoVRWAUafP-10TH6At2G5-ijJmYRC_u4bvBSbwH7J62XMN03LIFSuR90LxuKrzIj9aU7O1"
	"hfSKs7k7Cx1rcBPtXu9idhlJqOZeGxK1H0nLWiGNUyQXodyj1QsMO-4gJia_xf767TtmpkqGdjfGJmBQ"
	"f5qK1RdsZRxVB5cxlSlVLxD9HMs-k8zPkZjgyBQryFYqgpfjaCitvMW2TpUDgBAiyEfKuE8w1gAqAti1"
	"9tbxTCPMxNQVIqWHjF6babvPNAxPb9Z9gZXKU895_UtanknHn5YnGMqzR8X9mywBxMlT8_6YWoNCtpca"
	"Hi3TeVsmF6416Vetucnpdk-svp7kSg";

static const char by_p256[] =
	"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiw"
	"ic3ViIjoibWUiLCJhdWQiOlsiYSIsImIiXSwiYXpwIjoiYSIsImV4cCI6MjAwMDAwMDAwMCwibmJmIjo"
	"xMDAwMDAwMDAwLjUsImlhdCI6MTUwMDAwMDAwMCwiYW1yIjpbImF1dGhlbnRpY2F0ZWQiXX0.6omw0N9"
	"2dtX-ZDwVeBnwK3ynLjY9gsSXiQYSSXZrp60VHh7AXLhog429IIdCWMQz-nsz_maSZx8umVC0ohF8fA";

static struct jwt parse(const char *text)
{
	struct jwt jwt;

	assert_int_equal(jwt_parse(&arena, str_from(text), &jwt), ERR_OK);
	return jwt;
}

static struct issuers *load(void)
{
	struct issuers *issuers = issuers_new();
	struct str problem;

	assert_int_equal(issuers_add(issuers, &arena, str_from(key_set), &problem), ERR_OK);
	return issuers;
}

static void test_jwt_claims_are_read(void **state)
{
	struct jwt jwt = parse(by_rsa);

	(void)state;
	assert_str(jwt.issuer, "https://issuer.example");
	assert_str(jwt.subject, "me");
	assert_str(jwt.authorized_party, "a");
	assert_str(jwt.key_id, "r1");
	assert_int_equal(jwt.audience_count, 2);
	assert_str(jwt.audiences[1], "b");
	assert_int_equal(jwt.method_count, 1);
	assert_int_equal(jwt.expires_s, 2000000000);
	assert_int_equal(jwt.not_before_s, 1000000000);
	assert_int_equal(jwt.issued_s, 1500000000);
	assert_null(parse(by_p256).key_id.data);
}

static void test_issuers_verify_their_tokens(void **state)
{
	struct issuers *issuers = load();
	struct jwt rsa = parse(by_rsa), p256 = parse(by_p256), other = rsa;

	(void)state;
	assert_int_equal(issuers_verify(issuers, &rsa), ISSUERS_SIGNED);
	assert_int_equal(issuers_verify(issuers, &p256), ISSUERS_SIGNED);
	other.issuer = STR("https://other.example");
	assert_int_equal(issuers_verify(issuers, &other), ISSUERS_NO_KEY);
	other = rsa;
	other.key_id = STR("r2");
	assert_int_equal(issuers_verify(issuers, &other), ISSUERS_NO_KEY);
	/* The key's kind differs from the header's algorithm. */
	other = p256;
	other.key_id = STR("r1");
	assert_int_equal(issuers_verify(issuers, &other), ISSUERS_NO_KEY);
	other = p256;
	other.signed_part = rsa.signed_part;
	assert_int_equal(issuers_verify(issuers, &other), ISSUERS_FORGED);
	issuers_free(&issuers);
}

/* Each bit of a signature counts; a truncated one is invalid. */
static void test_issuers_refuse_a_changed_signature(void **state)
{
	struct issuers *issuers = load();
	const char *const tokens[] = {by_rsa, by_p256};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct jwt jwt = parse(tokens[i]);
		struct str whole = jwt.signature;
		for (size_t place = 0; place < whole.size; place += 7) {
			((char *)whole.data)[place] ^= 1;
			assert_int_equal(issuers_verify(issuers, &jwt), ISSUERS_FORGED);
			((char *)whole.data)[place] ^= 1;
		}
		for (size_t size = 0; size < whole.size; size += 9) {
			jwt.signature = str_slice(whole, 0, size);
			assert_int_equal(issuers_verify(issuers, &jwt), ISSUERS_FORGED);
		}
		jwt.signature = whole;
		assert_int_equal(issuers_verify(issuers, &jwt), ISSUERS_SIGNED);
	}
	issuers_free(&issuers);
}

static void test_issuers_are_replaced_whole(void **state)
{
	struct issuers *issuers = load(), *empty = issuers_new();
	struct jwt jwt = parse(by_rsa);

	(void)state;
	issuers_replace(issuers, empty);
	assert_int_equal(issuers_count(issuers), 0);
	assert_int_equal(issuers_verify(issuers, &jwt), ISSUERS_NO_KEY);
	issuers_free(&empty);
	issuers_free(&issuers);
}

static void test_issuers_report_the_mistake_of_a_token(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"issuer\":\"http://x\",\"keys\":[]}",
		"{\"issuer\":\"https://x\"}",
		"{\"issuer\":\"https://"
		"x\",\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
		"{\"issuer\":\"https://"
		"x\",\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\"}]}",
	};
	struct issuers *issuers = load();
	struct str problem;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(issuers_add(issuers, &arena, str_from(texts[i]), &problem),
				 ERR_INVALID);
		assert_true(problem.size > 0);
	}
	assert_int_equal(issuers_add(issuers, &arena, str_from(key_set), &problem), ERR_INVALID);
	assert_str(problem, "its issuer is in another file too");
	issuers_free(&issuers);
}

/* "{}" is e30, {"alg":"RS256"} is eyJhbGciOiJSUzI1NiJ9. */
static void test_invalid_jwt(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"e30.e30",
		"e30.e30.",
		"eyJhbGciOiJSUzI1NiJ9.e30",
		"eyJhbGciOiJSUzI1NiJ9.W10.AA",		     /* [] */
		"eyJhbGciOiJSUzI1NiJ9.e30.AA==",	     /* padded */
		"eyJhbGciOiJSUzI1NiJ9.e30.A+",		     /* another alphabet */
		"eyJhbGciOiJub25lIn0.e30.",		     /* none */
		"eyJhbGciOiJIUzI1NiJ9.e30.AA",		     /* HS256 */
		"eyJhbGciOiJSUzI1NiIsImNyaXQiOltdfQ.e30.AA", /* crit */
		/* A name twice: alg, sub. */
		"eyJhbGciOiJSUzI1NiIsImFsZyI6IkVTMjU2In0.e30.AA",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIiwic3ViIjoiYiJ9.AA",
	};
	struct jwt jwt;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(jwt_parse(&arena, str_from(texts[i]), &jwt), ERR_INVALID);
	assert_int_equal(jwt_parse(&arena, STR("eyJhbGciOiJSUzI1NiJ9.e30.AA"), &jwt), ERR_OK);
}
