/* SPDX-License-Identifier: MIT */
/* arn: partitions are told by how a region's name begins. */
#include "base/arn.h"

#include <string.h>

struct str arn_partition(struct str region)
{
	static const struct {
		struct str start, partition;
	} others[] = {
		{STR_INIT("cn-"), STR_INIT("aws-cn")},
		{STR_INIT("us-gov-"), STR_INIT("aws-us-gov")},
		{STR_INIT("us-iso-"), STR_INIT("aws-iso")},
		{STR_INIT("us-isob-"), STR_INIT("aws-iso-b")},
		{STR_INIT("eu-isoe-"), STR_INIT("aws-iso-e")},
		{STR_INIT("us-isof-"), STR_INIT("aws-iso-f")},
		{STR_INIT("eu-isof-"), STR_INIT("aws-iso-f")},
		{STR_INIT("eusc-"), STR_INIT("aws-eusc")},
	};

	/* The names of most regions differ from all of these in the fourth letter. */
	if (region.size < 4 || (region.data[0] != 'c' && !memchr("gic", region.data[3], 3)))
		return STR("aws");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_starts(region, others[i].start))
			return others[i].partition;
	return STR("aws");
}

bool arn_is_account(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.size == 12;
}

bool arn_is_region(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return text.size >= 1 && text.size <= 32;
}

struct str arn_format(struct str service, struct str region, struct str account,
		      struct str resource, char out[ARN_SIZE_MAX])
{
	const struct str parts[] = {STR("arn"), arn_partition(region), service, region, account,
				    resource};
	size_t size = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (size + 1 + parts[i].size > ARN_SIZE_MAX)
			return (struct str){0};
		if (i > 0)
			out[size++] = ':';
		if (parts[i].size > 0)
			memcpy(out + size, parts[i].data, parts[i].size);
		size += parts[i].size;
	}
	return str_of(out, size);
}

struct str arn_make(struct arena *arena, struct str service, struct str region, struct str account,
		    struct str resource)
{
	const struct str parts[] = {STR("arn:"), arn_partition(region),
				    STR(":"),	 service,
				    STR(":"),	 region,
				    STR(":"),	 account,
				    STR(":"),	 resource};

	return arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

struct str arn_root(struct arena *arena, struct str region, struct str account)
{
	return arena_format(arena, "arn:%.*s:iam::%.*s:root", STR_ARG(arn_partition(region)),
			    STR_ARG(account));
}

bool arn_parse(struct str text, struct arn *out_arn)
{
	struct str rest = text;
	struct arn arn;

	bool has_scheme = str_equal(str_cut(&rest, ':'), STR("arn"));
	arn.partition = str_cut(&rest, ':');
	arn.service = str_cut(&rest, ':');
	arn.region = str_cut(&rest, ':');
	arn.account = str_cut(&rest, ':');
	arn.resource = rest;
	if (!has_scheme || arn.partition.size == 0 || arn.service.size == 0 ||
	    arn.resource.size == 0)
		return false;
	*out_arn = arn;
	return true;
}

struct str arn_region(struct str text)
{
	struct arn arn;

	return arn_parse(text, &arn) ? arn.region : STR("");
}

struct str arn_account(struct str text)
{
	struct arn arn;

	return arn_parse(text, &arn) ? arn.account : STR("");
}

struct str arn_place(struct str text)
{
	struct arn arn;

	return arn_parse(text, &arn) ? str_slice(text, 0, text.size - arn.resource.size) : STR("");
}

struct str arn_move(struct arena *arena, struct str text, struct str from, struct str to)
{
	struct arn arn;

	if (str_equal(from, to) || !arn_parse(text, &arn) || !str_equal(arn.partition, from) ||
	    (!str_equal(arn.service, STR("iam")) && !str_equal(arn.service, STR("sts"))))
		return text;
	struct str rest = str_slice(text, sizeof("arn:") - 1 + from.size, SIZE_MAX);
	return arena_format(arena, "arn:%.*s%.*s", STR_ARG(to), STR_ARG(rest));
}

struct str arn_identity(struct str text)
{
	struct arn arn;

	if (!arn_parse(text, &arn) ||
	    (!str_equal(arn.service, STR("iam")) && !str_equal(arn.service, STR("sts"))))
		return (struct str){0};
	return str_slice(text, sizeof("arn::") - 1 + arn.partition.size, SIZE_MAX);
}

bool arn_is_same(struct str a, struct str b)
{
	struct str identity = arn_identity(a);

	return str_equal(a, b) || (identity.data && str_equal(identity, arn_identity(b)));
}
