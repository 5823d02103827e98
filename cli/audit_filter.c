/* SPDX-License-Identifier: MIT */
/* audit_filter: times are compared as texts, in the form that records have. */
#include "audit_filter.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Steps back to the last star only, so that the work is bounded by the product of the sizes. */
static bool matches(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resumed = 0;

	while (t < text.size) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = p++;
			resumed = t;
		} else if (p < pattern.size && lower(pattern.data[p]) == lower(text.data[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resumed;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}

static bool member_matches(struct str pattern, yyjson_val *object, const char *name)
{
	yyjson_val *value = json_member(object, name);

	return yyjson_is_str(value) && matches(pattern, json_text(value));
}

static bool is_by_user(struct str pattern, yyjson_val *record)
{
	static const char *const names[] = {"userName", "arn", "principalId", "accessKeyId",
					    "invokedBy"};
	yyjson_val *identity = json_member(record, "userIdentity");
	yyjson_val *issuer = json_member(json_member(identity, "sessionContext"), "sessionIssuer");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (member_matches(pattern, identity, names[i]))
			return true;
	/* "role" and "role/session" of "arn:aws:sts::A:assumed-role/role/session". */
	struct str arn = json_text(json_member(identity, "arn"));
	(void)str_cut(&arn, '/'); /* what is before it is no name */
	return (arn.size > 0 && matches(pattern, arn)) ||
	       member_matches(pattern, issuer, "userName");
}

static bool is_from_source(struct str pattern, yyjson_val *record)
{
	struct str source = json_text(json_member(record, "eventSource"));
	struct str rest = source;

	return matches(pattern, source) || matches(pattern, str_cut(&rest, '.'));
}

static bool is_about_account(struct str pattern, yyjson_val *record)
{
	return member_matches(pattern, record, "recipientAccountId") ||
	       member_matches(pattern, json_member(record, "userIdentity"), "accountId");
}

static bool is_about_resource(struct str pattern, yyjson_val *record)
{
	yyjson_val *resources = json_member(record, "resources"), *item;
	size_t i, count;

	if (!yyjson_is_arr(resources))
		return false;
	yyjson_arr_foreach(resources, i, count, item) {
		struct str arn = json_text(json_member(item, "ARN"));
		if (matches(pattern, arn))
			return true;
		for (int colons = 0; colons < 5; colons++)
			(void)str_cut(&arn, ':'); /* up to the account */
		if (arn.size > 0 && matches(pattern, arn))
			return true;
	}
	return false;
}

bool audit_filter_wants(const struct audit_filter *filter, yyjson_val *record)
{
	struct str time = json_text(json_member(record, "eventTime"));

	if (filter->since.size > 0 && str_compare(time, filter->since) < 0)
		return false;
	if (filter->until.size > 0 && str_compare(time, filter->until) > 0)
		return false;
	return (filter->user.size == 0 || is_by_user(filter->user, record)) &&
	       (filter->event.size == 0 || member_matches(filter->event, record, "eventName")) &&
	       (filter->source.size == 0 || is_from_source(filter->source, record)) &&
	       (filter->error.size == 0 || member_matches(filter->error, record, "errorCode")) &&
	       (filter->account.size == 0 || is_about_account(filter->account, record)) &&
	       (filter->resource.size == 0 || is_about_resource(filter->resource, record));
}

/* ---- times ---- */

static struct str format_time(struct arena *arena, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_iso(time_ms, text);
	text[AUDIT_TIME_SIZE - 1] = 'Z';
	return arena_copy(arena, str_of(text, AUDIT_TIME_SIZE));
}

static bool parse_duration(struct str text, int64_t *out_ms)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = {{'s', 1000},
		     {'m', 60000},
		     {'h', 3600000},
		     {'d', 86400000},
		     {'w', INT64_C(604800000)}};
	uint64_t number;

	if (text.size < 2 || text.size > 10 ||
	    !str_to_u64(str_slice(text, 0, text.size - 1), &number))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter != text.data[text.size - 1])
			continue;
		*out_ms = (int64_t)number * units[i].ms;
		return true;
	}
	return false;
}

bool audit_filter_parse_time(struct arena *arena, struct str text, int64_t now_ms, bool is_end,
			     struct str *out_time)
{
	static const char pattern[] = "0000-00-00T00:00:00";
	static const char begin[] = "2000-01-01T00:00:00Z", end[] = "2000-12-31T23:59:59Z";
	char full[AUDIT_TIME_SIZE];
	int64_t ago_ms;

	if (parse_duration(text, &ago_ms)) {
		*out_time = format_time(arena, now_ms > ago_ms ? now_ms - ago_ms : 0);
		return true;
	}
	if (str_ends(text, STR("Z")))
		text.size--;
	/* A date, and then hours and minutes, or seconds too. */
	if (text.size != 10 && text.size != 16 && text.size != 19)
		return false;
	memcpy(full, is_end ? end : begin, AUDIT_TIME_SIZE);
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i] == ' ' ? 'T' : text.data[i];
		bool is_digit = c >= '0' && c <= '9';
		if (pattern[i] == '0' ? !is_digit : c != pattern[i])
			return false;
		full[i] = c;
	}
	*out_time = arena_copy(arena, str_of(full, AUDIT_TIME_SIZE));
	return true;
}
