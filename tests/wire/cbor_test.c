/* SPDX-License-Identifier: MIT */
/* Tests of RPC v2 CBOR: requests that are read, answers and faults that are written. */
#include "cases.h"
#include "wire/cbor.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static const struct request_case cbor_requests[] = {
	{"RpcV2CborSimpleScalarProperties", "cbor", AT("Scalars"), C,
	 "hex:a26454657874617365536d616c6c20", "{\"Text\":\"s\",\"Small\":-1}"},
	{"RpcV2CborSimpleScalarPropertiesUsingIndefiniteLength", "cbor", AT("Scalars"), C,
	 "hex:bf64546578746173ff", "{\"Text\":\"s\"}"},
	{"RpcV2CborServerDoesntDeSerializeNullStructureValues", "cbor", AT("Scalars"), C,
	 "hex:a26454657874f665536d616c6cf7", "{}"},
	{"RpcV2CborSupportsNaNFloatInputs, RpcV2CborFloat16LSBNaN", "cbor", AT("Scalars"), C,
	 "hex:a1645265616cf97e01", "{\"Real\":\"NaN\"}"},
	{"RpcV2CborFloat16Inf", "cbor", AT("Scalars"), C, "hex:a1645265616cf97c00",
	 "{\"Real\":\"Infinity\"}"},
	{"RpcV2CborFloat16Subnormal", "cbor", AT("Scalars"), C, "hex:a1645265616cf90050",
	 "{\"Real\":4.76837158203125e-06}"},
	{"RpcV2CborIndefiniteLengthStringsCanBeDeserialized", "cbor", AT("Scalars"), C,
	 "hex:a164546578747f61616162ff", "{\"Text\":\"ab\"}"},
	{"RpcV2CborIndefiniteLengthByteStringsCanBeDeserialized", "cbor", AT("Scalars"), C,
	 "hex:a16542797465735f41014102ff", "{\"Bytes\":\"AQI=\"}"},
	{"RpcV2CborSupportsUpcastingData", "cbor", AT("Scalars"), C,
	 "hex:a2645265616c0265536d616c6cfb4008000000000000", "{\"Small\":3,\"Real\":2}"},
	{"RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByServers", "cbor", AT("Scalars"), C,
	 "hex:bf61789f01bf6179c101ffff64546578746173ff", "{\"Text\":\"s\"}"},
	{"RpcV2CborServersShouldHandleNoAcceptHeader", "cbor", AT("Scalars"),
	 "smithy-protocol: rpc-v2-cbor", "hex:a0", "{}"},
	{"RpcV2CborLists, RpcV2CborListsEmptyUsingDefiniteLength", "cbor", AT("Containers"), C,
	 "hex:a2655465787473826161616265576f72647380", "{\"Texts\":[\"a\",\"b\"]}"},
	{"RpcV2CborIndefiniteStringInsideIndefiniteList", "cbor", AT("Containers"), C,
	 "hex:a16554657874739f7f61616162ffff", "{\"Texts\":[\"ab\"]}"},
	{"RpcV2CborMaps, RpcV2CborSerializesZeroValuesInMaps", "cbor", AT("Containers"), C,
	 "hex:a166436f756e7473a1616100", "{\"Counts\":{\"a\":0}}"},
	{"RpcV2CborDateTimeWithFractionalSeconds", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fb41cc37db380fbe77", "{\"When\":946845296.123}"},
	{"RpcV2CborRecursiveShapes", "cbor", AT("Containers"), C,
	 "hex:a1655468696e67a165496e6e6572a1644e616d65616e",
	 "{\"Thing\":{\"Inner\":{\"Name\":\"n\"}}}"},
	{"RpcV2CborSerializesUnionValue", "cbor", AT("Unions"), C,
	 "hex:a16643686f696365a164466c6167f5", "{\"Choice\":{\"Flag\":true}}"},
	{"NoInputServerAllowsEmptyBody", "cbor", AT("Empty"), C, "", "{}"},
	{"NoInputServerAllowsEmptyCbor", "cbor", AT("Empty"), C, "hex:a0", "{}"},
	{"a service with its namespace", "cbor",
	 "POST /p/service/com.example.Kitchen/operation/Empty", C, "", "{}"},
	{"X-Amz-Target must be refused", "cbor", AT("Empty"), C "\nX-Amz-Target: Json10.Empty", "",
	 NULL},
	{"a text where a number belongs", "cbor", AT("Scalars"), C, "hex:a165536d616c6c6131", NULL},
	{"bytes behind the document", "cbor", AT("Scalars"), C, "hex:a0a0", NULL},
	{"an unknown key without a value", "cbor", AT("Scalars"), C, "hex:bf6178ffff", NULL},
	{"the least integer and long", "cbor", AT("Scalars"), C,
	 "hex:a265536d616c6c3a7fffffff634269673b7fffffffffffffff",
	 "{\"Small\":-2147483648,\"Big\":-9223372036854775808}"},
	{"below the least integer", "cbor", AT("Scalars"), C, "hex:a165536d616c6c3a80000000", NULL},
	{"above the largest integer", "cbor", AT("Scalars"), C, "hex:a165536d616c6c1a80000000",
	 NULL},
	{"below the least long", "cbor", AT("Scalars"), C, "hex:a1634269673b8000000000000000",
	 NULL},
	{"above the largest long", "cbor", AT("Scalars"), C, "hex:a1634269671b8000000000000000",
	 NULL},
	{"a fraction for an integer", "cbor", AT("Scalars"), C,
	 "hex:a165536d616c6cfb3ff8000000000000", NULL},
	{"a time long after all calendars", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fb42a2309ce5400000", NULL},
	{"a time long before them", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fbc2a2309ce5400000", NULL},
	{"a time that is no number", "cbor", AT("Scalars"), C, "hex:a1645768656ec1f97e00", NULL},
	{"a null in a list", "cbor", AT("Containers"), C, "hex:a165546578747382f66161",
	 "{\"Texts\":[\"a\"]}"},
	{"a null in a map", "cbor", AT("Containers"), C, "hex:a166436f756e7473a26161f6616201",
	 "{\"Counts\":{\"b\":1}}"},
	{"a union with two members", "cbor", AT("Unions"), C,
	 "hex:a16643686f696365a264466c6167f564546578746174", NULL},
	{"a union without members", "cbor", AT("Unions"), C, "hex:a16643686f696365a0", NULL},
};

static const struct answer_case cbor_answers[] = {
	{"RpcV2CborSimpleScalarPropertiesUsingDefiniteLength", "cbor", "Scalars",
	 "{\"Text\":\"s\",\"Small\":-1}", 200,
	 "smithy-protocol: rpc-v2-cbor\nContent-Type: application/cbor",
	 "hex:a26454657874617365536d616c6c20"},
	{"RpcV2CborServerDoesntSerializeNullStructureValues", "cbor", "Scalars", "{}", 200, "",
	 "hex:a0"},
	{"NoOutput", "cbor", "Empty", "{}", 200, "smithy-protocol: rpc-v2-cbor", ""},
	{"RpcV2CborLists", "cbor", "Containers", "{\"Texts\":[\"a\"],\"Lists\":[[\"b\"]]}", 200, "",
	 "hex:a265546578747381616165"
	 "4c697374738181"
	 "6162"},
	{"RpcV2CborMaps", "cbor", "Containers", "{\"Counts\":{\"a\":0}}", 200, "",
	 "hex:a166436f756e7473a1616100"},
	{"RpcV2CborTimestamp", "cbor", "Scalars", "{\"When\":1}", 200, "", "hex:a1645768656ec101"},
	{"RpcV2CborSerializesUnionValue", "cbor", "Unions", "{\"Choice\":{\"Flag\":true}}", 200, "",
	 "hex:a16643686f696365a164466c6167f5"},
	{"RpcV2CborSupportsInfinityFloatOutputs", "cbor", "Scalars", "{\"Real\":\"Infinity\"}", 200,
	 "", "hex:a1645265616cfa7f800000"},
	{"RpcV2CborExtremes", "cbor", "Scalars",
	 "{\"Small\":-2147483648,\"Big\":9223372036854775807}", 200, "",
	 "hex:a265536d616c6c3a7fffffff634269671b7fffffffffffffff"},
	{"RpcV2CborBlobs", "cbor", "Scalars", "{\"Bytes\":\"AP8=\"}", 200, "",
	 "hex:a16542797465734200ff"},
	{"RpcV2CborBooleans", "cbor", "Scalars", "{\"Flag\":false}", 200, "", "hex:a164466c6167f4"},
	{"RpcV2CborFloats, in four bytes where that loses nothing", "cbor", "Scalars",
	 "{\"Real\":1.5}", 200, "", "hex:a1645265616cfa3fc00000"},
	{"RpcV2CborFloats, in eight bytes", "cbor", "Scalars", "{\"Real\":0.1}", 200, "",
	 "hex:a1645265616cfb3fb999999999999a"},
	{"RpcV2CborDateTimeWithFractionalSeconds", "cbor", "Scalars", "{\"When\":0.5}", 200, "",
	 "hex:a1645768656ec1fa3f000000"},
	{"RpcV2CborRecursiveShapes", "cbor", "Containers",
	 "{\"Thing\":{\"Inner\":{\"Name\":\"n\"}}}", 200, "",
	 "hex:a1655468696e67a165496e6e6572a1644e616d65616e"},
	{"RpcV2CborDenseMapsWithSets", "cbor", "Containers", "{\"Groups\":{\"g\":[\"a\",\"b\"]}}",
	 200, "", "hex:a16647726f757073a161678261616162"},
	{"RpcV2CborMaps of structures", "cbor", "Containers",
	 "{\"ThingMap\":{\"t\":{\"Number\":0}}}", 200, "",
	 "hex:a1685468696e674d6170a16174a1664e756d62657200"},
};

static void test_requests_in_cbor_are_read(void **state)
{
	(void)state;
	CHECK_ALL(cbor_requests, is_read)
}
static void test_answers_in_cbor_are_written(void **state)
{
	(void)state;
	CHECK_ALL(cbor_answers, is_written)
}

static void test_faults_in_cbor_are_read_as_they_were_written(void **state)
{
	const struct fault_type *fault = kitchen_fault(STR("fire"));
	struct str type, message;

	(void)state;
	buf_reset(&out);
	wire_cbor_encode_fault(&out, STR("com.example"), fault, STR("it burns"));
	assert_int_equal(wire_cbor_decode_fault(&arena, buf_str(&out), &type, &message), ERR_OK);
	assert_str(type, "com.example#KitchenFireException");
	assert_str(message, "it burns");
	buf_reset(&out);
	wire_cbor_encode_fault(&out, STR("com.example"), fault, STR(""));
	assert_int_equal(wire_cbor_decode_fault(&arena, buf_str(&out), &type, &message), ERR_OK);
	assert_null(message.data);
	/* Some services write the name with a capital. */
	assert_int_equal(wire_cbor_decode_fault(&arena, bytes_of("hex:a1674d6573736167656162"),
						&type, &message),
			 ERR_OK);
	assert_null(type.data);
	assert_str(message, "b");
	assert_int_equal(wire_cbor_decode_fault(&arena, bytes_of("hex:80"), &type, &message),
			 ERR_INVALID);
}
