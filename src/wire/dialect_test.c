/* SPDX-License-Identifier: MIT */
/* Tests of Query as IAM and as EC2 speak it and of JSON 1.1, in both directions, on shapes of their
 * own. */
#include "base/fixture.h"
#include "format/form.h"
#include "format/xml_read.h"
#include "wire/fault.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/query_client.h"

struct tag {
	struct str key, value;
};
struct thing {
	struct str name;
	int64_t created;
	bool has_created;
	struct tag *owner;
	struct tag *tags;
	size_t tags_count;
	struct shape_pair *labels;
	size_t labels_count;
	double ratio;
	bool has_ratio;
	bool is_on;
	bool has_is_on;
	struct str bytes;
	bool *switches;
	size_t switches_count;
};

#define AT(field) .offset = offsetof(struct thing, field)
#define MORE(field) .extra_offset = offsetof(struct thing, field)

static const struct shape_member lists_tag_members[] = {
	{.name = STR_INIT("Key"), .query_name = STR_INIT("Key"), .xml_name = STR_INIT("Key")},
	{.name = STR_INIT("Value"),
	 .query_name = STR_INIT("Value"),
	 .xml_name = STR_INIT("Value"),
	 .offset = offsetof(struct tag, value)},
};
static const struct shape lists_tag = {.name = STR_INIT("Tag"),
				       .size = sizeof(struct tag),
				       .member_count = 2,
				       .members = lists_tag_members};

#define NAMES(text) .name = STR_INIT(text), .query_name = STR_INIT(text), .xml_name = STR_INIT(text)
static const struct shape_member lists_members[] = {
	{NAMES("Name"), AT(name)},
	{NAMES("Created"), .kind = SHAPE_TIMESTAMP, AT(created), MORE(has_created)},
	{NAMES("Owner"), .kind = SHAPE_STRUCTURE, .shape = &lists_tag, AT(owner)},
	{NAMES("Tags"), .query_item = STR_INIT("member"), .xml_item = STR_INIT("member"),
	 .kind = SHAPE_LIST, .item_kind = SHAPE_STRUCTURE, .shape = &lists_tag, AT(tags),
	 MORE(tags_count), .item_size = sizeof(struct tag), .is_always = true},
	{NAMES("Labels"), .query_item = STR_INIT("entry"), .xml_item = STR_INIT("entry"),
	 .key_name = STR_INIT("key"), .value_name = STR_INIT("value"), .kind = SHAPE_MAP,
	 .item_kind = SHAPE_STRING, AT(labels), MORE(labels_count),
	 .item_size = sizeof(struct shape_pair),
	 .item_value_offset = offsetof(struct shape_pair, value)},
	{NAMES("Ratio"), .kind = SHAPE_DOUBLE, AT(ratio), MORE(has_ratio)},
	{NAMES("IsOn"), .kind = SHAPE_BOOLEAN, AT(is_on), MORE(has_is_on)},
	{NAMES("Bytes"), .kind = SHAPE_BLOB, AT(bytes)},
	{NAMES("Switches"), .query_item = STR_INIT("member"), .xml_item = STR_INIT("member"),
	 .kind = SHAPE_LIST, .item_kind = SHAPE_BOOLEAN, AT(switches), MORE(switches_count),
	 .item_size = sizeof(bool)},
};
static const struct shape lists_thing = {.name = STR_INIT("Thing"),
					 .size = sizeof(struct thing),
					 .member_count =
						 sizeof(lists_members) / sizeof(lists_members[0]),
					 .members = lists_members};

static const struct shape_member ec2_tag_members[] = {
	{.name = STR_INIT("Key"), .query_name = STR_INIT("Key"), .xml_name = STR_INIT("key")},
	{.name = STR_INIT("Value"),
	 .query_name = STR_INIT("Value"),
	 .xml_name = STR_INIT("value"),
	 .offset = offsetof(struct tag, value)},
};
static const struct shape ec2_tag = {.name = STR_INIT("Tag"),
				     .size = sizeof(struct tag),
				     .member_count = 2,
				     .members = ec2_tag_members};
static const struct shape_member ec2_members[] = {
	{.name = STR_INIT("Name"),
	 .query_name = STR_INIT("Name"),
	 .xml_name = STR_INIT("name"),
	 AT(name)},
	{.name = STR_INIT("Created"),
	 .query_name = STR_INIT("Created"),
	 .xml_name = STR_INIT("creationTimestamp"),
	 .kind = SHAPE_TIMESTAMP,
	 AT(created),
	 MORE(has_created)},
	{.name = STR_INIT("Tags"),
	 .query_name = STR_INIT("Tag"),
	 .query_alias = STR_INIT("TagSet"),
	 .xml_name = STR_INIT("tagSet"),
	 .xml_item = STR_INIT("item"),
	 .kind = SHAPE_LIST,
	 .item_kind = SHAPE_STRUCTURE,
	 .shape = &ec2_tag,
	 AT(tags),
	 MORE(tags_count),
	 .item_size = sizeof(struct tag),
	 .is_always = true},
};
static const struct shape ec2_thing = {.name = STR_INIT("Thing"),
				       .size = sizeof(struct thing),
				       .member_count = 3,
				       .members = ec2_members};

static const struct service lists_service = {
	.name = STR_INIT("iam"),
	.query_version = STR_INIT("2010-05-08"),
	.xml_namespace = STR_INIT("https://iam/"),
};
static const struct service ec2_service = {
	.name = STR_INIT("ec2"),
	.query_version = STR_INIT("2016-11-15"),
	.xml_namespace = STR_INIT("http://ec2/"),
	.query_style = QUERY_STYLE_EC2,
};
static const struct service json_service = {.json_target = STR_INIT("TrentService"),
					    .json_version = STR_INIT("1.1")};
static const struct operation put_list = {.name = STR_INIT("PutThing"),
					  .service = &lists_service,
					  .in = &lists_thing,
					  .out = &lists_thing};
static const struct operation put_ec2 = {
	.name = STR_INIT("PutThing"), .service = &ec2_service, .in = &ec2_thing, .out = &ec2_thing};

static struct tag owner = {STR_INIT("o"), STR_INIT("&=<")};
static struct tag tags[] = {{STR_INIT("a"), STR_INIT("1")}, {STR_INIT("b"), STR_INIT("")}};
static struct shape_pair labels[] = {{STR_INIT("x y"), STR_INIT("z")}};
static bool switches[] = {true, false};
static const struct thing full = {
	.name = STR_INIT("t\xc3\xa9"),
	.created = 1764097418250,
	.has_created = true,
	.owner = &owner,
	.tags = tags,
	.tags_count = 2,
	.labels = labels,
	.labels_count = 1,
	.ratio = 0.5,
	.has_ratio = true,
	.is_on = false,
	.has_is_on = true,
	.bytes = STR_INIT("\x00\xff\x10"),
	.switches = switches,
	.switches_count = 2,
};

static struct buf out, other;

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	buf_done(&other);
	return 0;
}

static void assert_same(const struct shape *shape, const struct thing *a, const struct thing *b)
{
	struct buf left = {0}, right = {0};

	wire_json_encode(&left, shape, a);
	wire_json_encode(&right, shape, b);
	assert_str(buf_str(&left), arena_cstr(&arena, buf_str(&right)));
	buf_done(&left);
	buf_done(&right);
}

static void decode(const struct operation *operation, struct str query, struct thing *thing)
{
	struct str problem;
	struct form form;

	*thing = (struct thing){0};
	assert_int_equal(form_parse(&arena, query, &form), ERR_OK);
	assert_int_equal(wire_query_decode(&arena, &form, operation->in, thing, &problem), ERR_OK);
}

static void test_lists_and_maps_have_members_and_entries(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_list,
	       STR("Action=PutThing&Name=n&Created=2025-11-25T19:03:38.25Z&Owner.Key=k"
		   "&Tags.member.2.Key=b&Tags.member.10.Key=c&Tags.member.10.Value=v"
		   "&Labels.entry.1.key=l&Labels.entry.1.value=m&Ratio=-1e3&IsOn=TRUE&Bytes=aGk%3D"
		   "&Switches.member.1=false"),
	       &thing);
	assert_str(thing.name, "n");
	assert_int_equal(thing.created, 1764097418250);
	assert_str(thing.owner->key, "k");
	assert_null(thing.owner->value.data);
	assert_int_equal(thing.tags_count, 2);
	assert_str(thing.tags[0].key, "b");
	assert_str(thing.tags[1].value, "v");
	assert_int_equal(thing.labels_count, 1);
	assert_str(thing.labels[0].key, "l");
	assert_str(thing.labels[0].value, "m");
	assert_true(thing.ratio < -999.9 && thing.ratio > -1000.1);
	assert_true(thing.is_on);
	assert_str(thing.bytes, "hi");
	assert_int_equal(thing.switches_count, 1);

	/* An empty list is there. */
	decode(&put_list, STR("Switches="), &thing);
	assert_null(thing.tags);
	assert_null(thing.owner);
	assert_non_null(thing.switches);
	assert_int_equal(thing.switches_count, 0);
}

static void test_lists_may_be_flattened_or_unnumbered(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_list, STR("Tags.1.Key=b&Tags.member.1.Key=c&Tags.Key=a&Tags.Value=v"), &thing);
	assert_int_equal(thing.tags_count, 3);
	assert_str(thing.tags[0].key, "a");
	assert_str(thing.tags[0].value, "v");
	assert_str(thing.tags[1].key, "b");
	assert_str(thing.tags[2].key, "c");
	decode(&put_list, STR("Labels.key=l&Labels.value=m&Labels.2.key=n&Labels.2.value=o"),
	       &thing);
	assert_int_equal(thing.labels_count, 2);
	assert_str(thing.labels[0].value, "m");
	assert_str(thing.labels[1].value, "o");
	decode(&put_list, STR("Switches=true&Switches=false&Switches.1=true"), &thing);
	assert_int_equal(thing.switches_count, 3);
	assert_true(thing.switches[0]);
	assert_false(thing.switches[1]);
}

static void test_members_may_have_their_alias(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_ec2, STR("TagSet.2.Key=b&Tag.1.Key=a"), &thing);
	assert_int_equal(thing.tags_count, 2);
	assert_str(thing.tags[0].key, "a");
	assert_str(thing.tags[1].key, "b");
}

static void test_parameters_that_nobody_takes_are_refused(void **state)
{
	(void)state;
	static const struct {
		struct str query, problem;
	} cases[] = {
		{STR_INIT("Name=n&Nam=m"), STR_INIT("The parameter Nam is not recognized")},
		{STR_INIT("Name.1=n"), STR_INIT("The parameter Name.1 is not recognized")},
		{STR_INIT("Owner=o"), STR_INIT("The parameter Owner is not recognized")},
		{STR_INIT("Owner.Kay=o"), STR_INIT("The parameter Owner.Kay is not recognized")},
		{STR_INIT("Tags=a"), STR_INIT("The parameter Tags is not recognized")},
		{STR_INIT("Tag.1.Key=a"), STR_INIT("The parameter Tag.1.Key is not recognized")},
		{STR_INIT("Tags.member.01.Key=a"),
		 STR_INIT("The parameter Tags.member.01.Key is not recognized")},
		{STR_INIT("Switches.member.1=true&Switches.member.1.x=a"),
		 STR_INIT("The parameter Switches.member.1.x is not recognized")},
		{STR_INIT("Switches.member=true"),
		 STR_INIT("The parameter Switches.member is not recognized")},
		{STR_INIT("Name=n&%ff=m"), STR_INIT("The parameter (not text) is not recognized")},
		{STR_INIT("Name=n&Name=m"), STR_INIT("The parameter Name is given more than once")},
		{STR_INIT("Action=PutThing&Action=GetThing"),
		 STR_INIT("The parameter Action is given more than once")},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct thing thing = {0};
		struct str problem = {0};
		struct form form;
		assert_int_equal(form_parse(&arena, cases[i].query, &form), ERR_OK);
		assert_int_equal(wire_query_decode(&arena, &form, &lists_thing, &thing, &problem),
				 ERR_NOTFOUND);
		assert_str(problem, arena_cstr(&arena, cases[i].problem));
	}
}

static void test_parameters_of_every_request_are_known(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_list,
	       STR("Action=PutThing&Version=1&AWSAccessKeyId=a&Timestamp=t&SignatureVersion=2"
		   "&X-Amz-Date=d&x-amz-signature=s&Name=n&Name=n"),
	       &thing);
	assert_str(thing.name, "n");
}

static void test_ec2_flattens_parameters(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_ec2, STR("Name=n&Tag.1.Key=a&Tag.1.Value=b"), &thing);
	assert_int_equal(thing.tags_count, 1);
	assert_str(thing.tags[0].value, "b");
}

static void refuse(struct str query)
{
	struct thing thing = {0};
	struct str problem = {0};
	struct form form;

	assert_int_equal(form_parse(&arena, query, &form), ERR_OK);
	assert_int_equal(wire_query_decode(&arena, &form, &lists_thing, &thing, &problem),
			 ERR_INVALID);
	assert_true(problem.size > 0);
}

static void test_wrong_values_are_refused(void **state)
{
	(void)state;

	refuse(STR("Created=yesterday"));
	refuse(STR("Created=2025-02-29T00:00:00Z"));
	refuse(STR("Ratio=0x10"));
	refuse(STR("Ratio="));
	refuse(STR("Ratio=1 "));
	refuse(STR("IsOn=1"));
	refuse(STR("Switches.member.1=x"));
	refuse(STR("Bytes=%26"));
}

static void test_times_are_read_as_aws_takes_them(void **state)
{
	(void)state;
	struct thing thing;

	decode(&put_list, STR("Created=1970-01-01"), &thing);
	assert_int_equal(thing.created, 0);
	decode(&put_list, STR("Created=1970-01-01T01:00:00%2B01:00"), &thing);
	assert_int_equal(thing.created, 0);
	decode(&put_list, STR("Created=2000-02-29T23:59:59.123456Z"), &thing);
	assert_int_equal(thing.created, 951868799123);
	decode(&put_list, STR("Created=1969-12-31T23:59:59Z"), &thing);
	assert_int_equal(thing.created, -1000);
}

static void test_answers_nest_their_lists(void **state)
{
	(void)state;
	struct thing thing = full;

	thing.bytes = thing.name = (struct str){0};
	thing.switches_count = 0;
	wire_query_encode(&out, &put_list, &thing, STR("id"));
	assert_str(buf_str(&out), "<?xml version=\"1.0\"?><PutThingResponse xmlns=\"https://iam/\">"
				  "<PutThingResult><Created>2025-11-25T19:03:38Z</Created>"
				  "<Owner><Key>o</Key><Value>&amp;=&lt;</Value></Owner>"
				  "<Tags><member><Key>a</Key><Value>1</Value></member>"
				  "<member><Key>b</Key><Value></Value></member></Tags>"
				  "<Labels><entry><key>x y</key><value>z</value></entry></Labels>"
				  "<Ratio>0.5</Ratio><IsOn>false</IsOn></PutThingResult>"
				  "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
				  "</PutThingResponse>");
}

static void test_ec2_answers_have_an_envelope_of_their_own(void **state)
{
	(void)state;
	struct thing thing = {.created = 1764097418250, .has_created = true};

	wire_ec2_encode(&out, &put_ec2, &thing, STR("id"));
	assert_str(buf_str(&out),
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<PutThingResponse xmlns=\"http://ec2/\"><requestId>id</requestId>"
		   "<creationTimestamp>2025-11-25T19:03:38.250Z</creationTimestamp><tagSet/>"
		   "</PutThingResponse>");
}

static void test_what_a_client_sends_is_what_the_server_reads(void **state)
{
	(void)state;
	struct thing thing, wanted = full;

	wire_query_encode_request(&out, &put_list, &full);
	assert_true(str_starts(buf_str(&out), STR("Action=PutThing&Version=2010-05-08&Name=t%C3%A9"
						  "&Created=2025-11-25T19%3A03%3A38Z&Owner.Key=o"
						  "&Owner.Value=%26%3D%3C&Tags.member.1.Key=a")));
	decode(&put_list, buf_str(&out), &thing);
	wanted.created = 1764097418000; /* IAM's times are to the second */
	assert_same(&lists_thing, &thing, &wanted);

	buf_reset(&out);
	wire_query_encode_request(&out, &put_ec2, &full);
	decode(&put_ec2, buf_str(&out), &thing);
	assert_same(&ec2_thing, &thing, &full);
}

static void test_what_the_server_answers_is_what_a_client_reads(void **state)
{
	(void)state;
	struct thing thing = {0}, wanted = full;

	wire_query_encode(&out, &put_list, &full, STR("id"));
	assert_int_equal(wire_query_decode_answer(&arena, buf_str(&out), &put_list, &thing),
			 ERR_OK);
	wanted.created = 1764097418000;
	assert_same(&lists_thing, &thing, &wanted);

	wire_ec2_encode(&other, &put_ec2, &full, STR("id"));
	thing = (struct thing){0};
	assert_int_equal(wire_query_decode_answer(&arena, buf_str(&other), &put_ec2, &thing),
			 ERR_OK);
	assert_same(&ec2_thing, &thing, &full);
	assert_int_equal(wire_query_decode_answer(&arena, STR("<Other/>"), &put_ec2, &thing),
			 ERR_INVALID);
}

static void test_json_times_are_seconds(void **state)
{
	(void)state;
	struct thing thing = {.created = 1764097418250, .has_created = true}, back = {0};
	struct str problem;

	wire_json_encode(&out, &lists_thing, &thing);
	assert_str(buf_str(&out), "{\"Created\":1764097418.250,\"Tags\":[]}");
	assert_int_equal(wire_json_decode(&arena, buf_str(&out), &lists_thing, &back, &problem),
			 ERR_OK);
	assert_int_equal(back.created, thing.created);
	assert_int_equal(
		wire_json_decode(&arena, STR("{\"Created\":-1.5}"), &lists_thing, &back, &problem),
		ERR_OK);
	assert_int_equal(back.created, -1500);
	buf_reset(&out);
	wire_json_encode(&out, &lists_thing, &back);
	assert_true(str_starts(buf_str(&out), STR("{\"Created\":-1.500,")));
	assert_int_equal(
		wire_json_decode(&arena, STR("{\"Created\":1e300}"), &lists_thing, &back, &problem),
		ERR_INVALID);
	assert_int_equal(wire_json_decode(&arena, STR("{\"Created\":\"2025\"}"), &lists_thing,
					  &back, &problem),
			 ERR_INVALID);
}

static void test_json_has_every_kind_both_ways(void **state)
{
	(void)state;
	struct thing thing = {0};
	struct str problem;

	wire_json_encode(&out, &lists_thing, &full);
	assert_int_equal(wire_json_decode(&arena, buf_str(&out), &lists_thing, &thing, &problem),
			 ERR_OK);
	assert_same(&lists_thing, &thing, &full);
	assert_int_equal(wire_json_decode(&arena, STR("{\"Ratio\":\"-Infinity\"}"), &lists_thing,
					  &thing, &problem),
			 ERR_OK);
	assert_true(thing.ratio < -1e300);
	assert_int_equal(
		wire_json_decode(&arena, STR("{\"Ratio\":\"5\"}"), &lists_thing, &thing, &problem),
		ERR_INVALID);
}

static const struct fault_type fault = {
	.shape = STR_INIT("NoKeyException"),
	.query_code = STR_INIT("NoKey"),
	.status = 403,
	.json_status = 400,
	.ec2_code = STR_INIT("AuthFailure"),
	.ec2_status = 401,
};

static void test_faults_differ_by_dialect(void **state)
{
	(void)state;
	struct wire_query_fault told;

	assert_int_equal(wire_fault_status(NULL, &fault), 403);
	assert_int_equal(wire_fault_status(&lists_service, &fault), 403);
	assert_int_equal(wire_fault_status(&json_service, &fault), 400);

	wire_fault_encode_ec2(&out, &fault, STR("a<b"), STR("id"));
	assert_str(buf_str(&out),
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
		   "<Code>AuthFailure</Code><Message>a&lt;b</Message></Error></Errors>"
		   "<RequestID>id</RequestID></Response>");
	assert_int_equal(wire_query_decode_fault(&arena, buf_str(&out), &told), ERR_OK);
	assert_str(told.code, "AuthFailure");
	assert_str(told.message, "a<b");
	assert_str(told.request_id, "id");

	wire_fault_encode_query(&other, &lists_service, &fault, STR("m"), STR("id"));
	assert_str(buf_str(&other), "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"https://iam/\">"
				    "<Error><Type>Sender</Type><Code>NoKey</Code><Message>m"
				    "</Message></Error><RequestId>id</RequestId></ErrorResponse>");
	assert_int_equal(wire_query_decode_fault(&arena, buf_str(&other), &told), ERR_OK);
	assert_str(told.code, "NoKey");
	assert_str(told.request_id, "id");
	assert_int_equal(wire_query_decode_fault(&arena, STR("<html/>"), &told), ERR_INVALID);
}

static void test_xml_is_read_with_its_oddities(void **state)
{
	(void)state;
	const struct xml_node *root;

	assert_int_equal(xml_parse(&arena,
				   STR("<?xml version='1.0'?>\n"
				       "<!-- c --><n:a x='>' y=\"'\"><b>1<!-- -->2<![CDATA[<&]]>"
				       "&#x41;&#66;&quot;</b>\n<c/><b>second</b></n:a>\n"),
				   &root),
			 ERR_OK);
	assert_str(root->name, "a");
	assert_str(xml_child_text(root, STR("b")), "12<&AB\"");
	assert_str(xml_child_text(root, STR("c")), "");
	assert_str(root->text, "");
	assert_null(xml_child_text(root, STR("d")).data);
}

static void test_what_is_no_xml_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"text",
		"<a>",
		"<a></b>",
		"</a>",
		"<a/><b/>",
		"<a",
		"<a b></a>",
		"<a b=c></a>",
		"<a>&nope;</a>",
		"<a>&#0;</a>",
		"<a>&#xd800;</a>",
		"<a>&lt",
		"<!DOCTYPE a><a/>",
		"<a/>text",
		"<a><![CDATA[</a>",
		"<a>\xff</a>",
	};
	const struct xml_node *root;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(xml_parse(&arena, str_from(texts[i]), &root), ERR_INVALID);
	for (int i = 0; i <= LIMIT_XML_DEPTH; i++)
		buf_append(&out, STR("<a>"));
	assert_int_equal(xml_parse(&arena, buf_str(&out), &root), ERR_TOOLARGE);
}

static enum err parse_nested(size_t depth)
{
	const struct xml_node *root;

	buf_reset(&out);
	for (size_t i = 0; i < depth; i++)
		buf_append(&out, STR("<a>"));
	for (size_t i = 0; i < depth; i++)
		buf_append(&out, STR("</a>"));
	return xml_parse(&arena, buf_str(&out), &root);
}

/* A root with an attribute and elements with one each, `count` of all of them. */
static enum err parse_elements(size_t count)
{
	const struct xml_node *root;

	buf_reset(&out);
	buf_append(&out, STR("<a b=''>"));
	for (size_t i = 2; i < count; i += 2)
		buf_append(&out, STR("<a b=''/>"));
	buf_append(&out, STR("</a>"));
	return xml_parse(&arena, buf_str(&out), &root);
}

/* One element with count - 1 attributes. */
static enum err parse_attributes(size_t count)
{
	const struct xml_node *root;

	buf_reset(&out);
	buf_append(&out, STR("<a"));
	for (size_t i = 1; i < count; i++)
		buf_format(&out, " b%zu=''", i);
	buf_append(&out, STR("/>"));
	return xml_parse(&arena, buf_str(&out), &root);
}

static void test_xml_depth_elements_and_attributes_have_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(LIMIT_XML_DEPTH), ERR_OK);
	assert_int_equal(parse_nested(LIMIT_XML_DEPTH + 1), ERR_TOOLARGE);
	assert_int_equal(parse_elements(LIMIT_XML_NODES), ERR_OK);
	assert_int_equal(parse_elements(LIMIT_XML_NODES + 2), ERR_TOOLARGE);
	assert_int_equal(parse_attributes(LIMIT_XML_NODES), ERR_OK);
	assert_int_equal(parse_attributes(LIMIT_XML_NODES + 1), ERR_TOOLARGE);
}
