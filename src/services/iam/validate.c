/* SPDX-License-Identifier: MIT */
/*
 * validate: the constraints of AWS's model, in one table by the members' names, whose meaning is
 * the same in all operations.
 */
#include <string.h>

#include "core/constraint.h"
#include "services/iam/common.h"

enum alphabet { ANYTHING, NAME, WORD, DIGITS, SERIAL, PATH, PREFIX, VERSION, ALIAS };

struct rule {
	const char *member;
	size_t length_min, length_max; /* of numbers their values, of lists their items' lengths */
	enum alphabet alphabet;
};

static const struct rule rules[] = {
	{"AuthenticationCode1", 6, 6, DIGITS},
	{"AuthenticationCode2", 6, 6, DIGITS},
	{"AWSServiceName", 1, 128, NAME},
	{"AccessKeyId", 16, 128, WORD},
	{"AccountAlias", 3, 63, ALIAS},
	{"AssertionEncryptionMode", 1, 64, ANYTHING},
	{"AssumeRolePolicyDocument", 1, LIMIT_IAM_DOCUMENT_SIZE, ANYTHING},
	{"ClientID", 1, 255, ANYTHING},
	{"ClientIDList", 1, 255, ANYTHING},
	{"CustomSuffix", 1, 64, NAME},
	{"DeletionTaskId", 1, 1000, ANYTHING},
	{"Description", 0, 1000, ANYTHING},
	{"GroupName", 1, 128, NAME},
	{"InstanceProfileName", 1, 128, NAME},
	{"Marker", 1, 320, ANYTHING},
	{"MaxPasswordAge", 1, 1095, ANYTHING},
	{"MaxSigninSessionDuration", 3600, 7776000, ANYTHING},
	{"MinimumPasswordLength", 6, 128, ANYTHING},
	{"NewPassword", 1, 128, ANYTHING},
	{"OldPassword", 1, 128, ANYTHING},
	{"Password", 1, 128, ANYTHING},
	{"PasswordReusePrevention", 1, 24, ANYTHING},
	{"SerialNumber", 9, 256, SERIAL},
	{"VirtualMFADeviceName", 1, 226, NAME},
	{"MaxItems", 1, LIMIT_IAM_LIST_RESULTS, ANYTHING},
	{"MaxSessionDuration", 3600, 43200, ANYTHING},
	{"Name", 1, 128, NAME},
	{"NewGroupName", 1, 128, NAME},
	{"NewPath", 1, 512, PATH},
	{"NewUserName", 1, 64, NAME},
	{"OpenIDConnectProviderArn", 20, 2048, ANYTHING},
	{"Path", 1, 512, PATH},
	{"PathPrefix", 1, 512, PREFIX},
	{"PermissionsBoundary", 20, 2048, ANYTHING},
	{"PolicyArn", 20, 2048, ANYTHING},
	{"PolicyDocument", 1, LIMIT_IAM_DOCUMENT_SIZE, ANYTHING},
	{"PolicyName", 1, 128, NAME},
	{"RoleName", 1, 64, NAME},
	{"SAMLMetadataDocument", 1000, 10000000, ANYTHING},
	{"SAMLProviderArn", 20, 2048, ANYTHING},
	{"ThumbprintList", 40, 40, ANYTHING},
	{"Url", 1, 255, ANYTHING},
	{"UserName", 1, 128, NAME},
	{"VersionId", 0, SIZE_MAX, VERSION},
};

/* Members whose values AWS lists. */
static const struct choice {
	const char *member;
	const char *values[6];
} choices[] = {
	{"AssertionEncryptionMode", {"Required", "Allowed"}},
	{"AssignmentStatus", {"Assigned", "Unassigned", "Any"}},
	{"EntityFilter", {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}},
	{"PolicyUsageFilter", {"PermissionsPolicy", "PermissionsBoundary"}},
	{"Scope", {"All", "AWS", "Local"}},
	{"Status", {"Active", "Inactive", "Expired"}},
};

static const struct rule *find_rule(struct str member)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (str_equal(member, str_from(rules[i].member)))
			return &rules[i];
	return NULL;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* All bytes are letters, digits or in `others`. */
static bool has_only(struct str text, const char *others)
{
	for (size_t i = 0; i < text.size; i++)
		if (!is_word(text.data[i]) && (!text.data[i] || !strchr(others, text.data[i])))
			return false;
	return true;
}

static bool is_digits(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return true;
}

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '!' || text.data[i] > '~')
			return false;
	return true;
}

static bool is_version(struct str text)
{
	uint64_t number;

	return str_starts(text, STR("v")) && text.size > 1 && text.data[1] != '0' &&
	       str_to_u64(str_slice(text, 1, SIZE_MAX), &number);
}

static bool is_alias(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool is_edge = i == 0 || i + 1 == text.size || text.data[i - 1] == '-';
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!is_plain && (c != '-' || is_edge))
			return false;
	}
	return true;
}

static bool follows(struct str value, enum alphabet alphabet)
{
	switch (alphabet) {
	case ANYTHING:
		return true;
	case NAME:
		return has_only(value, "+=,.@_-");
	case WORD:
		return has_only(value, "_");
	case DIGITS:
		return is_digits(value);
	case SERIAL:
		return has_only(value, "_+=/:,.@-");
	case PATH:
		return str_starts(value, STR("/")) && str_ends(value, STR("/")) &&
		       is_printable(value) && !str_equal(value, STR("//"));
	case PREFIX:
		return str_starts(value, STR("/")) && is_printable(value);
	case VERSION:
		return is_version(value);
	case ALIAS:
		return is_alias(value);
	}
	return false;
}

/* AWS's own words where they are known; else those of its pattern constraint. */
static enum err fail_alphabet(struct call *call, const char *name, enum alphabet alphabet)
{
	switch (alphabet) {
	case PATH:
		return fail(call, &IAM_VALIDATION_ERROR,
			    "The specified value for %s is invalid. It must begin and end with / "
			    "and contain only alphanumeric characters and/or / characters.",
			    name);
	case PREFIX:
		return fail(call, &IAM_VALIDATION_ERROR,
			    "The specified value for %s is invalid. It must begin with / and "
			    "contain only alphanumeric characters and/or / characters.",
			    name);
	case NAME:
		return fail(call, &IAM_VALIDATION_ERROR,
			    "The specified value for %s is invalid. It must contain only "
			    "alphanumeric characters and/or the following: +=,.@_-",
			    name);
	default:
		return fail(call, &IAM_VALIDATION_ERROR,
			    "1 validation error detected: Value at '%s' failed to satisfy "
			    "constraint: Member must satisfy regular expression pattern: %s",
			    name,
			    alphabet == WORD	  ? "[\\w]+"
			    : alphabet == DIGITS  ? "[\\d]+"
			    : alphabet == SERIAL  ? "[\\w+=/:,.@-]+"
			    : alphabet == VERSION ? "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"
						  : "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$");
	}
}

static enum err check_choice(struct call *call, const char *name, struct str member,
			     struct str value)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (!str_equal(member, str_from(choices[i].member)))
			continue;
		for (const char *const *choice = choices[i].values; *choice; choice++)
			if (str_equal(value, str_from(*choice)))
				return ERR_OK;
		return fail(call, &IAM_VALIDATION_ERROR,
			    "1 validation error detected: Value at '%s' failed to satisfy "
			    "constraint: Member must satisfy enum value set",
			    name);
	}
	return ERR_OK;
}

/* A member's name as AWS's texts print it: "userName". */
static const char *text_name(struct call *call, struct str member)
{
	char *name = arena_cstr(call->arena, member);

	name[0] = (char)(name[0] | 0x20);
	return name;
}

static void check_member(struct constraints *constraints, const struct shape_member *member,
			 const char *in)
{
	const struct rule *rule = find_rule(member->name);
	const char *name = text_name(constraints->call, member->name);
	const char *place = in + member->offset;

	if (member->kind == SHAPE_STRING) {
		struct str value = *(const struct str *)(const void *)place;
		if (member->is_required)
			constraint_present(constraints, name, value.data != NULL);
		if (rule)
			constraint_length(constraints, name, value, rule->length_min,
					  rule->length_max);
	} else if (member->kind == SHAPE_INTEGER && rule) {
		constraint_range(constraints, name, *(const bool *)(in + member->extra_offset),
				 *(const int64_t *)(const void *)place, (int64_t)rule->length_min,
				 (int64_t)rule->length_max);
	} else if (member->kind == SHAPE_LIST) {
		if (member->is_required)
			constraint_present(constraints, name,
					   *(void *const *)(const void *)place != NULL);
		size_t count = *(const size_t *)(const void *)(in + member->extra_offset);
		if (rule)
			constraint_items(constraints, name,
					 *(const struct str *const *)(const void *)place, count,
					 rule->length_min, rule->length_max);
		else
			constraint_list_length(constraints, name, count, LIMIT_IAM_TAGS);
	}
}

static enum err check_alphabets(struct call *call, const char *in)
{
	const struct shape *shape = call->operation->in;

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (member->kind != SHAPE_STRING)
			continue;
		const struct rule *rule = find_rule(member->name);
		struct str value = *(const struct str *)(const void *)(in + member->offset);
		if (!value.data)
			continue;
		const char *name = text_name(call, member->name);
		enum err err = check_choice(call, name, member->name, value);
		if (!err && rule && !follows(value, rule->alphabet))
			err = fail_alphabet(call, name, rule->alphabet);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err iam_validate(struct call *call, const void *in)
{
	const struct shape *shape = call->operation->in;
	struct constraints constraints = {.call = call, .hides_values = true};

	for (uint32_t i = 0; i < shape->member_count; i++)
		check_member(&constraints, &shape->members[i], in);
	enum err err = constraints_check(&constraints, &IAM_VALIDATION_ERROR);
	return err ? err : check_alphabets(call, in);
}
