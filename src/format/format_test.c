/* SPDX-License-Identifier: MIT */
/* Tests of the formats: JSON, XML and forms. */
#include "base/fixture.h"
#include "format/form.h"
#include "format/json.h"
#include "format/real.h"
#include "format/xml.h"

static struct buf out;

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static void test_json_depth_limit_has_two_sides(void **state)
{
	(void)state;
	yyjson_val *root;

	for (size_t i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_append_char(&out, '[');
	buf_append(&out, STR("\"]\""));
	for (size_t i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_append_char(&out, ']');
	assert_int_equal(json_parse(&arena, buf_str(&out), &root), ERR_OK);
	struct buf deeper = {0};
	buf_format(&deeper, "[%.*s]", STR_ARG(buf_str(&out)));
	assert_int_equal(json_parse(&arena, buf_str(&deeper), &root), ERR_TOOLARGE);
	buf_done(&deeper);
}

static void test_json_refuses_malformed_documents(void **state)
{
	(void)state;
	yyjson_val *root;

	assert_int_equal(json_parse(&arena, STR(""), &root), ERR_INVALID);
	assert_int_equal(json_parse(&arena, STR("{} x"), &root), ERR_INVALID);
	assert_int_equal(json_parse(&arena, STR("\"\xff\""), &root), ERR_INVALID);
	assert_int_equal(json_parse(&arena, STR("{\"a\":1,}"), &root), ERR_INVALID);
}

static void test_json_writer_finds_what_it_must_escape_at_any_place(void **state)
{
	(void)state;
	struct json_writer writer;
	yyjson_val *root;

	for (unsigned byte = 0; byte < 128; byte++) {
		for (size_t place = 0; place < 20; place++) {
			char text[] = "abcdefghijklmnopqrst";
			text[place] = (char)byte;
			buf_reset(&out);
			json_begin(&writer, &out);
			json_str(&writer, str_of(text, 20));
			bool is_escaped = byte < 0x20 || byte == '"' || byte == '\\';
			assert_int_equal(out.size > 22, is_escaped);
			assert_int_equal(json_parse(&arena, buf_str(&out), &root), ERR_OK);
			assert_true(str_equal(json_text(root), str_of(text, 20)));
		}
	}
}

static void test_json_writer_escapes_what_it_must(void **state)
{
	(void)state;
	struct json_writer writer;

	json_begin(&writer, &out);
	json_open_object(&writer);
	json_key(&writer, STR("k\"\\"));
	json_str(&writer, STR("a\n\x01\x7f\xc3\xbc\xff/"));
	json_key(&writer, STR("list"));
	json_open_array(&writer);
	json_i64(&writer, -1);
	json_bool(&writer, true);
	json_base64(&writer, STR("hi"));
	json_close_array(&writer);
	json_close_object(&writer);
	assert_str(buf_str(&out), "{\"k\\\"\\\\\":\"a\\n\\u0001\x7f\xc3\xbc\xef\xbf\xbd/"
				  "\",\"list\":[-1,true,\"aGk=\"]}");
}

static void test_xml_text_survives_a_parser(void **state)
{
	(void)state;

	xml_element(&out, STR("A"), STR("<&>\"\r\n"));
	xml_empty(&out, STR("B"));
	assert_str(buf_str(&out), "<A>&lt;&amp;&gt;&quot;&#xD;\n</A><B/>");
}

static void test_xml_text_holds_nothing_that_xml_forbids(void **state)
{
	(void)state;

	xml_text(&out, STR("a\x01\t\xff<\xc3\xbc\xc3"));
	assert_str(buf_str(&out), "a\xef\xbf\xbd\t\xef\xbf\xbd&lt;\xc3\xbc\xef\xbf\xbd");
	buf_reset(&out);
	xml_text(&out, STR("\xef\xbf\xbe<\xef\xbf\xbc"));
	assert_str(buf_str(&out), "\xef\xbf\xbd&lt;\xef\xbf\xbc");
}

static void test_json_with_too_many_values_is_refused(void **state)
{
	(void)state;
	yyjson_val *root;
	struct str text = STR("{\"a,[\\\"{\":[1,{},\"\\\\\"]}");

	assert_int_equal(json_parse_limited(&arena, text, 6, &root), ERR_OK);
	assert_int_equal(json_parse_limited(&arena, text, 5, &root), ERR_TOOLARGE);
}

static void test_form_keeps_order_and_decodes(void **state)
{
	(void)state;
	struct form form;
	struct str value;

	assert_int_equal(form_parse(&arena, STR("b=1&a=x+y%20z&&c&b=2"), &form), ERR_OK);
	assert_int_equal(form.count, 4);
	assert_str(form.pairs[1].value, "x y z");
	assert_true(form_find(&form, STR("b"), &value));
	assert_str(value, "1");
	assert_true(form_find(&form, STR("c"), &value));
	assert_int_equal(value.size, 0);
	assert_non_null(value.data);
	assert_false(form_find(&form, STR("d"), &value));
}

static void test_form_refuses_bad_escapes_and_too_many(void **state)
{
	(void)state;
	struct form form;

	assert_int_equal(form_parse(&arena, STR("a=%"), &form), ERR_INVALID);
	assert_int_equal(form_parse(&arena, STR("a=%2"), &form), ERR_INVALID);
	assert_int_equal(form_parse(&arena, STR("a=%zz"), &form), ERR_INVALID);
	for (size_t i = 0; i < LIMIT_FORM_PARAMETERS; i++)
		buf_append(&out, i ? STR("&a") : STR("a"));
	assert_int_equal(form_parse(&arena, buf_str(&out), &form), ERR_OK);
	buf_append(&out, STR("&a"));
	assert_int_equal(form_parse(&arena, buf_str(&out), &form), ERR_TOOLARGE);
}

static void test_form_encode_is_rfc3986(void **state)
{
	(void)state;

	form_encode(&out, STR("a-._~Z/ +\xc3"), true);
	assert_str(buf_str(&out), "a-._~Z/%20%2B%C3");
}

static void test_json_parse_explained_names_line_and_column(void **state)
{
	struct json_problem problem = {0};
	yyjson_val *root;

	(void)state;
	assert_int_equal(
		json_parse_explained(&arena, STR("{\n \"a\": 1,\n \"b\": }"), &root, &problem),
		ERR_INVALID);
	assert_int_equal(problem.line, 3);
	assert_int_equal(problem.column, 7);
	assert_non_null(problem.reason);
	assert_int_equal(json_parse_explained(&arena, STR("{"), &root, &problem), ERR_INVALID);
	assert_int_equal(problem.line, 1);
	assert_int_equal(json_parse_explained(&arena, STR("{}"), &root, &problem), ERR_OK);
}

static void test_json_line_of_member_finds_outer_members_only(void **state)
{
	struct str text = STR("{\n\"x\": {\n\"b\": \"a\"},\n \"a\" : [\n\"b\"],\n\"b\":1}");

	(void)state;
	assert_int_equal(json_line_of_member(text, STR("x")), 2);
	assert_int_equal(json_line_of_member(text, STR("a")), 4);
	assert_int_equal(json_line_of_member(text, STR("b")), 6);
	assert_int_equal(json_line_of_member(text, STR("c")), 0);
	assert_int_equal(json_line_of_member(STR("{\"a"), STR("a")), 0);
}

static void assert_real(double value, const char *text)
{
	buf_reset(&out);
	real_format(&out, value);
	assert_str(buf_str(&out), text);
}

static void test_reals_have_the_fewest_digits(void **state)
{
	(void)state;
	assert_real(0.1, "0.1");
	assert_real(10.8, "10.8");
	assert_real(0.1 + 0.2, "0.30000000000000004");
	assert_real(-1.25, "-1.25");
	assert_real(5e-324, "4.94065645841247e-324");
	assert_real(1e300, "1e+300");
	assert_real(9007199254740993.0, "9007199254740992");
	assert_real(0, "0");
}
