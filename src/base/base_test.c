/* SPDX-License-Identifier: MIT */
/* Tests of the base layer: text, memory, tables, encodings, time and the mailbox. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/fixture.h"
#include "base/network.h"
#include "base/secret.h"
#include "base/sleep.h"
#include "base/suggest.h"

static void test_str_cut_splits_and_ends(void **state)
{
	(void)state;
	struct str rest = STR("a/b");

	assert_str(str_cut(&rest, '/'), "a");
	assert_str(str_cut(&rest, '/'), "b");
	assert_null(rest.data);
}

static void test_str_to_i64_checks_both_ends(void **state)
{
	(void)state;
	int64_t value;

	assert_true(str_to_i64(STR("9223372036854775807"), &value));
	assert_true(value == INT64_MAX);
	assert_true(str_to_i64(STR("-9223372036854775808"), &value));
	assert_true(value == INT64_MIN);
	assert_false(str_to_i64(STR("9223372036854775808"), &value));
	assert_false(str_to_i64(STR("-9223372036854775809"), &value));
	assert_false(str_to_i64(STR(""), &value));
	assert_false(str_to_i64(STR("-"), &value));
	assert_false(str_to_i64(STR("1x"), &value));
}

static void test_str_utf8_encodes_both_sides_of_each_size(void **state)
{
	static const struct {
		uint32_t character;
		struct str expected;
	} cases[] = {
		{0, STR_INIT("\0")},
		{0x7F, STR_INIT("\x7f")},
		{0x80, STR_INIT("\xc2\x80")},
		{0x7FF, STR_INIT("\xdf\xbf")},
		{0x800, STR_INIT("\xe0\xa0\x80")},
		{0xFFFF, STR_INIT("\xef\xbf\xbf")},
		{0x10000, STR_INIT("\xf0\x90\x80\x80")},
		{0x10FFFF, STR_INIT("\xf4\x8f\xbf\xbf")},
	};
	char out[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = str_utf8_encode(cases[i].character, out);
		assert_true(str_equal(str_of(out, size), cases[i].expected));
	}
}

static void test_str_utf8_refuses_what_rfc3629_refuses(void **state)
{
	(void)state;

	assert_true(str_is_utf8(STR("plain ascii, longer than eight bytes")));
	assert_true(str_is_utf8(STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa6")));
	assert_false(str_is_utf8(STR("\xc0\x80")));	    /* overlong */
	assert_false(str_is_utf8(STR("\xed\xa0\x80")));	    /* surrogate */
	assert_false(str_is_utf8(STR("\xf4\x90\x80\x80"))); /* over U+10FFFF */
	assert_false(str_is_utf8(STR("01234567\xc3")));	    /* cut */
}

static void test_str_find_and_trim(void **state)
{
	(void)state;

	assert_int_equal(str_find(STR("abcabc"), STR("ca"), 0), 2);
	assert_true(str_find(STR("abc"), STR("abcd"), 0) == SIZE_MAX);
	assert_true(str_find(STR("abc"), STR("a"), 1) == SIZE_MAX);
	assert_str(str_trim(STR(" \tx y\t ")), "x y");
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_equal_nocase(STR("Content-TYPE"), STR("content-type")));
}

static void test_str_equal_nocase_knows_all_bytes_at_all_places(void **state)
{
	(void)state;

	for (size_t place = 0; place < 11; place++) {
		for (unsigned byte = 0; byte < 65536; byte++) {
			char left[] = "a-b-c-d-e-f", right[] = "A-B-C-D-E-F";
			unsigned l = byte & 255, r = byte >> 8;
			left[place] = (char)l;
			right[place] = (char)r;
			bool is_letter = (l | 32) >= 'a' && (l | 32) <= 'z';
			bool is_same = l == r || (is_letter && (l ^ r) == 32);
			assert_int_equal(str_equal_nocase(str_of(left, 11), str_of(right, 11)),
					 is_same);
		}
	}
}

static void test_md5_many_agrees_with_md5(void **state)
{
	(void)state;
	static char bytes[4096];
	struct prng prng;

	prng_init(&prng, 11);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)prng_next(&prng);
	for (int round = 0; round < 2000; round++) {
		struct str texts[20];
		uint8_t got[20][16], want[16];
		size_t count = prng_below(&prng, 21);
		size_t size_max = round % 2 ? 200 : 1100;
		for (size_t i = 0; i < count; i++)
			texts[i] = str_of(bytes + prng_below(&prng, 2000),
					  round % 3 ? prng_below(&prng, size_max) : size_max - i);
		md5_many(texts, count, got);
		for (size_t i = 0; i < count; i++) {
			md5(texts[i], want);
			assert_memory_equal(got[i], want, 16);
		}
	}
}

static void test_arena_memory_is_zeroed_and_aligned(void **state)
{
	(void)state;

	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		arena_bytes(&arena, 1);
		unsigned char *memory = arena_alloc(&arena, size);
		assert_int_equal((uintptr_t)memory % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
	}
	arena_reset(&arena);
	unsigned char *again = arena_alloc(&arena, 64);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(again[i], 0);
}

static void test_buf_grows_and_formats(void **state)
{
	(void)state;
	struct buf buf = {0};

	buf_append_i64(&buf, INT64_MIN);
	buf_append_char(&buf, ' ');
	buf_append_u64(&buf, UINT64_MAX);
	buf_format(&buf, " %s", "end");
	assert_str(buf_str(&buf), "-9223372036854775808 18446744073709551615 end");
	buf_done(&buf);
}

struct entry {
	uint64_t key;
};

static bool entry_equal(const void *value, const void *key)
{
	return ((const struct entry *)value)->key == *(const uint64_t *)key;
}

static void test_map_agrees_with_a_plain_table(void **state)
{
	(void)state;
	enum { KEYS = 500 };
	static struct entry entries[KEYS];
	bool is_in[KEYS] = {false};
	struct map map = {0};
	struct prng prng;

	prng_init(&prng, 7);
	for (int step = 0; step < 50000; step++) {
		uint64_t key = prng_below(&prng, KEYS);
		uint64_t hash = key % 37; /* many collisions on purpose */
		entries[key].key = key;
		if (is_in[key])
			map_remove(&map, hash, &entries[key]);
		else
			map_insert(&map, hash, &entries[key]);
		is_in[key] = !is_in[key];
		uint64_t probe = prng_below(&prng, KEYS);
		void *found = map_find(&map, probe % 37, entry_equal, &probe);
		assert_ptr_equal(found, is_in[probe] ? &entries[probe] : NULL);
	}
	map_done(&map);
}

static void test_timers_come_out_in_order(void **state)
{
	(void)state;
	enum { TIMERS = 300 };
	static struct timer timers[TIMERS];
	struct timer_heap heap = {0};
	struct prng prng;

	prng_init(&prng, 11);
	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < TIMERS; i++)
			timer_set(&heap, &timers[i], (int64_t)prng_below(&prng, 50));
	for (size_t i = 0; i < TIMERS; i += 3)
		timer_clear(&heap, &timers[i]);
	assert_int_equal(heap.count, TIMERS - TIMERS / 3);

	struct timer last = {.at_ms = -1};
	while (timer_first(&heap)) {
		struct timer *timer = timer_first(&heap);
		assert_true(timer->at_ms > last.at_ms ||
			    (timer->at_ms == last.at_ms && timer->order > last.order));
		last = *timer;
		timer_clear(&heap, timer);
		assert_false(timer_is_set(timer));
	}
	timer_heap_done(&heap);
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
	char text[128];

	hex_format(str_of(bytes, size), text);
	assert_true(str_equal(str_of(text, 2 * size), str_from(expected)));
}

static void test_digests_match_published_vectors(void **state)
{
	(void)state;
	uint8_t out[32];

	md5(STR("abc"), out);
	assert_hex(out, 16, "900150983cd24fb0d6963f7d28e17f72");
	sha256(STR("abc"), out);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* RFC 4231, test case 2. */
	hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
	assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	/* RFC 3720 B.4: 32 bytes of zeros. */
	static const char zeros[32];
	assert_int_equal(crc32c(0, str_of(zeros, 32)), 0x8a9136aa);
	assert_int_equal(crc32c(crc32c(0, str_of(zeros, 5)), str_of(zeros, 27)), 0x8a9136aa);
}

static void test_siphash_matches_the_reference_vector(void **state)
{
	(void)state;
	uint8_t key[16], out[16];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	siphash128(key, STR(""), out);
	assert_hex(out, 16, "a3817f04ba25a8e66df67214c7550293");
	siphash128(key, str_of(key, 15), out);
	assert_hex(out, 16, "5493e99933b0a8117e08ec0f97cfc3d9");
}

static void test_base32_is_parsed_and_strict(void **state)
{
	uint8_t bytes[5];

	(void)state;
	assert_true(base32_parse(STR("MZXW6YTB"), bytes)); /* RFC 4648, section 10 */
	assert_memory_equal(bytes, "fooba", 5);
	assert_true(base32_parse(STR("MZXW6"), bytes)); /* a bit is left over */
	assert_memory_equal(bytes, "foo", 3);
	assert_false(base32_parse(STR("mzxw6ytb"), bytes));
	assert_false(base32_parse(STR("MZXW6YT1"), bytes));
	assert_false(base32_parse(STR("MZXW6==="), bytes));
}

static void test_base64_round_trips_and_is_strict(void **state)
{
	(void)state;
	char text[64];
	uint8_t bytes[48];
	size_t size;

	for (size_t n = 0; n <= 32; n++) {
		uint8_t data[32];
		random_bytes(data, sizeof(data));
		base64_format(str_of(data, n), text);
		assert_true(base64_parse(str_of(text, base64_size(n)), bytes, &size));
		assert_int_equal(size, n);
		assert_memory_equal(bytes, data, n);
	}
	assert_false(base64_parse(STR("abc"), bytes, &size));
	assert_false(base64_parse(STR("ab=c"), bytes, &size));
	assert_false(base64_parse(STR("ab c"), bytes, &size));
	assert_false(base64_parse(STR("YR=="), bytes, &size)); /* bits left over */
	assert_false(hex_parse(STR("abc"), bytes));
	assert_false(hex_parse(STR("zz"), bytes));
}

static void test_clock_formats_known_times(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_MAX];

	clock_format_http(784111777000, text); /* RFC 9110 5.6.7 */
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	clock_format_amz(784111777000, text);
	assert_string_equal(text, "19941106T084937Z");
	clock_format_iso(784111777042, text);
	assert_string_equal(text, "1994-11-06T08:49:37.042Z");
}

static void test_clock_shift_moves_wall_time(void **state)
{
	(void)state;

	int64_t before = clock_now_ms();
	clock_shift(3600000);
	assert_true(clock_now_ms() >= before + 3600000);
	clock_shift(-3600000);
}

static void test_the_time_base_does_not_follow_wall_time(void **state)
{
	(void)state;

	int64_t base_ms = clock_base_ms(), wall_ms = clock_now_ms();
	clock_set_wall(-3600000);
	assert_true(clock_now_ms() < wall_ms);
	assert_true(clock_base_ms() >= base_ms);
	clock_set_wall(2 * 3600000);
	assert_true(clock_base_ms() < base_ms + 3600000);
	clock_set_wall(-3600000);
	clock_shift(3600000);
	assert_true(clock_base_ms() >= base_ms + 3600000);
	clock_shift(-3600000);
	assert_true(clock_base_ms() >= base_ms + 3600000);
}

static void test_the_time_base_goes_on_from_a_mark(void **state)
{
	(void)state;
	const struct clock_mark mark = {.base_ms = 5000, .wall_ms = 70000};

	assert_int_equal(clock_resumed_ms(mark, 70000), 5000);
	assert_int_equal(clock_resumed_ms(mark, 70100), 5100);
	assert_int_equal(clock_resumed_ms(mark, 1), 5000); /* set back */
	clock_resume((struct clock_mark){.base_ms = 5000, .wall_ms = clock_now_ms() - 1000});
	assert_true(clock_base_ms() >= 6000 && clock_base_ms() < 3600000);
}

struct parcel {
	struct mailbox_message message;
	int sender, number;
};

enum { SENDERS = 4, PARCELS = 2000 };
static struct mailbox inbox;

static void *send_parcels(void *argument)
{
	struct parcel *parcels = argument;

	for (int i = 0; i < PARCELS; i++)
		mailbox_push(&inbox, &parcels[i].message);
	return NULL;
}

static void test_mailbox_keeps_each_senders_order(void **state)
{
	(void)state;
	static struct parcel parcels[SENDERS][PARCELS];
	pthread_t threads[SENDERS];
	int next[SENDERS] = {0}, total = 0;

	mailbox_init(&inbox, NULL, NULL);
	for (int s = 0; s < SENDERS; s++) {
		for (int i = 0; i < PARCELS; i++)
			parcels[s][i] = (struct parcel){.sender = s, .number = i};
		assert_int_equal(pthread_create(&threads[s], NULL, send_parcels, parcels[s]), 0);
	}
	while (total < SENDERS * PARCELS) {
		struct mailbox_message *message = mailbox_take(&inbox);
		while (message) {
			struct parcel *parcel = container_of(message, struct parcel, message);
			message = message->next;
			assert_int_equal(parcel->number, next[parcel->sender]++);
			total++;
		}
	}
	for (int s = 0; s < SENDERS; s++)
		pthread_join(threads[s], NULL);
	assert_true(mailbox_is_empty(&inbox));
}

/* ---- network ---- */

static bool is_in(const char *network_text, const char *address_text)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	struct network network;
	bool is_v4;

	assert_true(network_parse(str_from(network_text), &network));
	assert_true(network_parse_address(str_from(address_text), address, &is_v4));
	return network_has(&network, address);
}

static void test_network_has_its_addresses_only(void **state)
{
	(void)state;
	assert_true(is_in("192.0.2.0/24", "192.0.2.255"));
	assert_false(is_in("192.0.2.0/24", "192.0.3.0"));
	assert_true(is_in("192.0.2.128/25", "192.0.2.129"));
	assert_false(is_in("192.0.2.128/25", "192.0.2.127"));
	assert_true(is_in("192.0.2.1", "::ffff:192.0.2.1"));
	assert_true(is_in("0.0.0.0/0", "203.0.113.9"));
	assert_false(is_in("0.0.0.0/0", "2001:db8::1"));
	assert_true(is_in("2001:db8::/32", "2001:db8:ffff::"));
	assert_false(is_in("2001:db8::/32", "2001:db9::"));
	assert_true(is_in("::/0", "192.0.2.1"));
}

static void test_network_is_refused_if_it_is_none(void **state)
{
	static const char *const texts[] = {
		"",	  "192.0.2",	  "192.0.2.0/33",   "192.0.2.0/", "192.0.2.0/x",
		"::/129", "192.0.2.0/-1", "192.0.2.0/24/1", "localhost"};
	struct network network;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(network_parse(str_from(texts[i]), &network));
}

/* ---- secret ---- */

/* The flags that the kernel shows for the mapping that begins there: "rd wr ... dd". */
static bool has_flag(const void *memory, const char *flag)
{
	char line[512], begin[32];
	bool is_it = false, has = false;
	FILE *file = fopen("/proc/self/smaps", "re");

	assert_non_null(file);
	snprintf(begin, sizeof(begin), "%lx-", (unsigned long)(uintptr_t)memory);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, begin, strlen(begin)) == 0)
			is_it = true;
		if (is_it && strncmp(line, "VmFlags:", 8) == 0) {
			has = strstr(line, flag) != NULL;
			break;
		}
	}
	fclose(file);
	return has;
}

static void test_secret_is_left_out_of_dumps(void **state)
{
	(void)state;
	char *memory = secret_alloc(100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(memory[i], 0);
	assert_true(has_flag(memory, " dd"));
	secret_free(memory, 100);
	secret_free(NULL, 100);
}

static void test_suggest_names_only_what_is_near(void **state)
{
	(void)state;
	const char *const names[] = {"queue", "send", "receive"};

	assert_string_equal(suggest_name(STR("recieve"), names, 3), "receive");
	assert_string_equal(suggest_name(STR("que"), names, 3), "queue");
	assert_string_equal(suggest_name(STR("sent"), names, 3), "send");
	assert_null(suggest_name(STR("bench"), names, 3));
	assert_null(suggest_name(STR(""), names, 3));
}

static bool is_over_soon(const void *calls)
{
	return ++*(int *)(uintptr_t)calls > 2;
}

static void test_sleep_ends_once_it_is_over(void **state)
{
	int64_t begin_ns = clock_steady_ns();
	int calls = 0;

	(void)state;
	sleep_unless(3600000, is_over_soon, &calls);
	assert_int_equal(calls, 3);
	calls = -1000000;
	sleep_unless(20, is_over_soon, &calls);
	assert_true(clock_steady_ns() - begin_ns >= 20000000);
}

static void test_sleep_deadline_carries_nanoseconds(void **state)
{
	struct timespec now, until;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
		until = sleep_deadline(1999);
		int64_t ms = (until.tv_sec - now.tv_sec) * 1000 +
			     (until.tv_nsec - now.tv_nsec) / 1000000;
		assert_true(ms >= 1998);
		assert_in_range(until.tv_nsec, 0, 999999999);
	}
}
