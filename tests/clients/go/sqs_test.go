// SPDX-License-Identifier: MIT

package clients

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

func TestQueuesAreFoundListedTaggedAndDeleted(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	prefix := newName("-list-")
	var made []string
	for _, suffix := range []string{"a", "b", "c"} {
		out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{
			QueueName: aws.String(prefix + suffix),
			Tags:      map[string]string{"team": suffix}})
		must(t, err)
		made = append(made, *out.QueueUrl)
	}
	found, err := client.GetQueueUrl(ctx,
		&sqs.GetQueueUrlInput{QueueName: aws.String(prefix + "b")})
	must(t, err)
	equal(t, "the found URL", *found.QueueUrl, made[1])

	var listed []string
	pages := sqs.NewListQueuesPaginator(client,
		&sqs.ListQueuesInput{QueueNamePrefix: aws.String(prefix), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, err)
		listed = append(listed, page.QueueUrls...)
	}
	sort.Strings(listed)
	equal(t, "the list", strings.Join(listed, " "), strings.Join(made, " "))

	_, err = client.TagQueue(ctx, &sqs.TagQueueInput{
		QueueUrl: &made[0], Tags: map[string]string{"stage": "test"}})
	must(t, err)
	_, err = client.UntagQueue(ctx, &sqs.UntagQueueInput{
		QueueUrl: &made[0], TagKeys: []string{"team"}})
	must(t, err)
	tags, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &made[0]})
	must(t, err)
	equal(t, "the tags", fmt.Sprint(tags.Tags), "map[stage:test]")

	_, err = client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &made[2]})
	must(t, err)
	_, err = client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(prefix + "c")})
	var missing *types.QueueDoesNotExist
	equal(t, "typed as QueueDoesNotExist", errors.As(err, &missing), true)
}

// The SDK compares MD5OfMessageBody and MD5OfBody itself and fails the call if they are wrong.
func TestAMessageComesBackAsItWasSent(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	url := newQueue(t, client, nil)
	body := "grüße 🐦 <&> \t\r\n"
	raw := []byte{0, 1, 254, 255}
	sent, err := client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"bytes":  {DataType: aws.String("Binary.raw"), BinaryValue: raw},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("42")},
		}})
	must(t, err)
	messages := receive(t, client, sqs.ReceiveMessageInput{
		QueueUrl: url, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	equal(t, "the number of messages", len(messages), 1)
	got := messages[0]
	equal(t, "the body", *got.Body, body)
	equal(t, "the id", *got.MessageId, *sent.MessageId)
	equal(t, "the digest", *got.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
	equal(t, "bytes", bytes.Equal(got.MessageAttributes["bytes"].BinaryValue, raw), true)
	equal(t, "number", *got.MessageAttributes["number"].StringValue, "42")
	equal(t, "the receive count", got.Attributes["ApproximateReceiveCount"], "1")
	_, err = client.DeleteMessage(ctx, &sqs.DeleteMessageInput{
		QueueUrl: url, ReceiptHandle: got.ReceiptHandle})
	must(t, err)
	equal(t, "in flight", attributeOf(t, client, url,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible), "0")
}

func TestBatchesOfTenWithAFailure(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	url := newQueue(t, client, nil)
	var sends []types.SendMessageBatchRequestEntry
	for i := range 10 {
		sends = append(sends, types.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String("body")})
	}
	sends[9].MessageBody = aws.String("\x00")
	sent, err := client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
		QueueUrl: url, Entries: sends})
	must(t, err)
	equal(t, "sent", len(sent.Successful), 9)
	equal(t, "failed", *sent.Failed[0].Code, "InvalidMessageContents")

	messages := receive(t, client, sqs.ReceiveMessageInput{QueueUrl: url})
	equal(t, "received", len(messages), 9)
	var hides []types.ChangeMessageVisibilityBatchRequestEntry
	for _, message := range messages {
		hides = append(hides, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle,
			VisibilityTimeout: 0})
	}
	_, err = client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: url, Entries: hides})
	must(t, err)
	var deletes []types.DeleteMessageBatchRequestEntry
	for _, message := range receive(t, client, sqs.ReceiveMessageInput{QueueUrl: url}) {
		deletes = append(deletes, types.DeleteMessageBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle})
	}
	deleted, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{
		QueueUrl: url, Entries: deletes})
	must(t, err)
	equal(t, "deleted", len(deleted.Successful), 9)
}

func TestFifoKeepsTheOrderAndDropsDuplicates(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	url := newQueue(t, client, map[string]string{"FifoQueue": "true"})
	var last string
	for _, id := range []string{"1", "2", "2", "3"} {
		sent, err := client.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: url, MessageBody: aws.String("m" + id),
			MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String(id)})
		must(t, err)
		equal(t, "sequence numbers do not fall", *sent.SequenceNumber >= last, true)
		last = *sent.SequenceNumber
	}
	var bodies []string
	for _, message := range receive(t, client, sqs.ReceiveMessageInput{QueueUrl: url}) {
		bodies = append(bodies, *message.Body)
	}
	equal(t, "the bodies", strings.Join(bodies, " "), "m1 m2 m3")
	equal(t, "more of the locked group",
		len(receive(t, client, sqs.ReceiveMessageInput{QueueUrl: url})), 0)
}

func TestALongPollIsWokenByASend(t *testing.T) {
	client := newClient(t)
	url := newQueue(t, client, nil)
	polled := make(chan []types.Message)
	go func() {
		out, err := client.ReceiveMessage(newContext(t), &sqs.ReceiveMessageInput{
			QueueUrl: url, WaitTimeSeconds: 20})
		if err != nil {
			t.Error(err)
			out = &sqs.ReceiveMessageOutput{}
		}
		polled <- out.Messages
	}()
	attributeOf(t, client, url, types.QueueAttributeNameQueueArn)
	send(t, client, url, "wake")
	messages := <-polled
	equal(t, "polled", len(messages), 1)
	equal(t, "the body", *messages[0].Body, "wake")
}

func TestDeadLettersMoveBack(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	queue, deadLetters, arn := newQueueWithDeadLetters(t, client, 3)
	send(t, client, queue, "poison")
	for range 3 {
		messages := receive(t, client, sqs.ReceiveMessageInput{QueueUrl: queue})
		equal(t, "received", len(messages), 1)
		_, err := client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: queue, ReceiptHandle: messages[0].ReceiptHandle,
			VisibilityTimeout: 0})
		must(t, err)
	}
	equal(t, "received", len(receive(t, client, sqs.ReceiveMessageInput{QueueUrl: queue})), 0)
	equal(t, "dead letters", attributeOf(t, client, deadLetters,
		types.QueueAttributeNameApproximateNumberOfMessages), "1")
	sources, err := client.ListDeadLetterSourceQueues(ctx,
		&sqs.ListDeadLetterSourceQueuesInput{QueueUrl: deadLetters})
	must(t, err)
	equal(t, "the source", strings.Join(sources.QueueUrls, " "), *queue)

	_, err = client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn})
	must(t, err)
	for {
		tasks, err := client.ListMessageMoveTasks(ctx,
			&sqs.ListMessageMoveTasksInput{SourceArn: &arn})
		must(t, err)
		if *tasks.Results[0].Status != "RUNNING" {
			equal(t, "the status", *tasks.Results[0].Status, "COMPLETED")
			equal(t, "moved", tasks.Results[0].ApproximateNumberOfMessagesMoved, 1)
			break
		}
	}
	messages := receive(t, client, sqs.ReceiveMessageInput{QueueUrl: queue})
	equal(t, "back", *messages[0].Body, "poison")
}

// What the Terraform provider and older programs compare is ErrorCode(): the legacy code.
func TestErrorsAreTypedAndCarryTheLegacyCode(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	url := newQueue(t, client, nil)
	handle := aws.String("garbage")

	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: aws.String(*url + "-missing"), MessageBody: aws.String("x")})
	var missing *types.QueueDoesNotExist
	equal(t, "QueueDoesNotExist", errors.As(err, &missing), true)
	equal(t, "its code", missing.ErrorCode(), "AWS.SimpleQueueService.NonExistentQueue")
	equal(t, "its fault", missing.ErrorFault(), smithy.FaultClient)

	_, err = client.DeleteMessage(ctx,
		&sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle})
	var invalid *types.ReceiptHandleIsInvalid
	equal(t, "ReceiptHandleIsInvalid", errors.As(err, &invalid), true)

	_, err = client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
		QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{}})
	var empty *types.EmptyBatchRequest
	equal(t, "EmptyBatchRequest", errors.As(err, &empty), true)
	equal(t, "its code", empty.ErrorCode(), "AWS.SimpleQueueService.EmptyBatchRequest")

	_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: url, Attributes: map[string]string{"Colour": "red"}})
	var unknown *types.InvalidAttributeName
	equal(t, "InvalidAttributeName", errors.As(err, &unknown), true)

	_, err = client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 11})
	var other smithy.APIError
	equal(t, "an API error", errors.As(err, &other), true)
	equal(t, "its code", other.ErrorCode(), "InvalidParameterValue")
}

// KEDA's scaler asks for these three, needs each to be an integer, and takes a queue's bare name.
func TestDepthsAreThereForAScaler(t *testing.T) {
	client, ctx := newClient(t), newContext(t)
	url := newQueue(t, client, nil)
	send(t, client, url, "in flight")
	receive(t, client, sqs.ReceiveMessageInput{QueueUrl: url})
	send(t, client, url, "visible")
	send(t, client, url, "visible too")
	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("delayed"), DelaySeconds: 900})
	must(t, err)

	parts := strings.Split(*url, "/")
	for _, form := range []string{*url, parts[len(parts)-1]} {
		found, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &form, AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameApproximateNumberOfMessages,
				types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
				types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
			}})
		must(t, err)
		equal(t, "the depths", fmt.Sprint(found.Attributes),
			"map[ApproximateNumberOfMessages:2 ApproximateNumberOfMessagesDelayed:1 "+
				"ApproximateNumberOfMessagesNotVisible:1]")
	}
}
