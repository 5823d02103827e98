// SPDX-License-Identifier: MIT

package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// What the Terraform provider's aws_sqs_queue does, call by call: it waits until each attribute
// comes back as it was sent, byte by byte, but for policies, which it compares as JSON.
func expectAttributes(t *testing.T, client *sqs.Client, url *string, want map[string]string) {
	t.Helper()
	found, err := client.GetQueueAttributes(newContext(t), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	must(t, err)
	for name, value := range want {
		got := found.Attributes[name]
		if strings.HasSuffix(name, "Policy") && value != "" {
			var gotJSON, wantJSON any
			must(t, json.Unmarshal([]byte(got), &gotJSON))
			must(t, json.Unmarshal([]byte(value), &wantJSON))
			equal(t, name+" "+got, reflect.DeepEqual(gotJSON, wantJSON), true)
			continue
		}
		equal(t, name, got, value)
	}
}

func TestTerraformsLifeOfAQueue(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	deadLettersArn := attributeOf(t, client, newQueue(t, client, nil),
		types.QueueAttributeNameQueueArn)
	attributes := map[string]string{
		"DelaySeconds":                  "0",
		"MaximumMessageSize":            "262144",
		"MessageRetentionPeriod":        "345600",
		"ReceiveMessageWaitTimeSeconds": "1",
		"VisibilityTimeout":             "30",
		"KmsMasterKeyId":                "alias/aws/sqs",
		"KmsDataKeyReusePeriodSeconds":  "600",
		"RedrivePolicy": fmt.Sprintf(
			`{"deadLetterTargetArn":"%s","maxReceiveCount":4}`, deadLettersArn),
		"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`,
		"Policy": `{"Statement":[{"Action":"sqs:SendMessage","Effect":"Allow",` +
			`"Principal":"*","Resource":"*","Sid":"a"}],"Version":"2012-10-17"}`,
	}
	name := newName("")
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName: &name, Attributes: attributes, Tags: map[string]string{"Name": "tern"}})
	must(t, err)
	url := made.QueueUrl
	equal(t, "the name in the path", strings.Split(*url, "/")[4], name)
	equal(t, "the parts of the URL", len(strings.Split(*url, "/")), 5)
	expectAttributes(t, client, url, attributes)
	tags, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: url})
	must(t, err)
	equal(t, "the tags", fmt.Sprint(tags.Tags), "map[Name:tern]")

	for _, change := range []map[string]string{
		{"KmsMasterKeyId": "", "RedrivePolicy": "", "RedriveAllowPolicy": "", "Policy": ""},
		{"SqsManagedSseEnabled": "true"},
	} {
		_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl: url, Attributes: change})
		must(t, err)
		expectAttributes(t, client, url, change)
	}

	_, err = client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url})
	must(t, err)
	_, err = client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	var gone smithy.APIError
	equal(t, "an API error", errors.As(err, &gone), true)
	equal(t, "its code", gone.ErrorCode(), "AWS.SimpleQueueService.NonExistentQueue")
	_, err = client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name)})
	must(t, err)
}
