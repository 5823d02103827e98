// SPDX-License-Identifier: MIT

package clients

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sqs"
)

// The first SDK for Go, at a version that speaks Query; it checks digests of bodies itself.
func newVersionOne(t *testing.T) *sqs.SQS {
	t.Helper()
	made, err := session.NewSession(&aws.Config{
		Endpoint: aws.String(os.Getenv("TERN_ENDPOINT")), Region: aws.String("us-east-1"),
		MaxRetries: aws.Int(0)})
	must(t, err)
	return sqs.New(made)
}

func newVersionOneQueue(t *testing.T, client *sqs.SQS, attributes map[string]*string) *string {
	t.Helper()
	made, err := client.CreateQueue(&sqs.CreateQueueInput{
		QueueName: aws.String(newName("")), Attributes: attributes})
	must(t, err)
	return made.QueueUrl
}

func TestVersionOneSendsReceivesAndDeletes(t *testing.T) {
	client := newVersionOne(t)
	url := newVersionOneQueue(t, client, nil)
	var sends []*sqs.SendMessageBatchRequestEntry
	for i := range 10 {
		sends = append(sends, &sqs.SendMessageBatchRequestEntry{
			Id:          aws.String(fmt.Sprint(i)),
			MessageBody: aws.String("grüße 🐦 <&> \t\r\n")})
	}
	sent, err := client.SendMessageBatch(
		&sqs.SendMessageBatchInput{QueueUrl: url, Entries: sends})
	must(t, err)
	equal(t, "sent", len(sent.Successful), 10)
	received, err := client.ReceiveMessage(&sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: aws.Int64(10), WaitTimeSeconds: aws.Int64(20),
		AttributeNames: aws.StringSlice([]string{"All"})})
	must(t, err)
	equal(t, "received", len(received.Messages), 10)
	for _, message := range received.Messages {
		equal(t, "the body", *message.Body, *sends[0].MessageBody)
		equal(t, "the count", *message.Attributes["ApproximateReceiveCount"], "1")
		_, err = client.DeleteMessage(&sqs.DeleteMessageInput{
			QueueUrl: url, ReceiptHandle: message.ReceiptHandle})
		must(t, err)
	}
}

func TestVersionOneFindsDeadLetters(t *testing.T) {
	client := newVersionOne(t)
	deadLetters := newVersionOneQueue(t, client, nil)
	found, err := client.GetQueueAttributes(&sqs.GetQueueAttributesInput{
		QueueUrl: deadLetters, AttributeNames: aws.StringSlice([]string{"QueueArn"})})
	must(t, err)
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":3}`,
		*found.Attributes["QueueArn"])
	url := newVersionOneQueue(t, client, aws.StringMap(map[string]string{
		"RedrivePolicy": policy, "VisibilityTimeout": "0"}))
	_, err = client.SendMessage(&sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("poison")})
	must(t, err)
	for _, want := range []int{1, 1, 1, 0} {
		received, err := client.ReceiveMessage(&sqs.ReceiveMessageInput{QueueUrl: url})
		must(t, err)
		equal(t, "received", len(received.Messages), want)
	}
	dead, err := client.ReceiveMessage(&sqs.ReceiveMessageInput{QueueUrl: deadLetters})
	must(t, err)
	equal(t, "the dead letter", *dead.Messages[0].Body, "poison")
}

func TestVersionOneReadsErrors(t *testing.T) {
	client := newVersionOne(t)
	_, err := client.GetQueueUrl(&sqs.GetQueueUrlInput{QueueName: aws.String(newName(""))})
	var failure awserr.RequestFailure
	equal(t, "an answer of the service", errors.As(err, &failure), true)
	equal(t, "its code", failure.Code(), sqs.ErrCodeQueueDoesNotExist)
	equal(t, "its status", failure.StatusCode(), 400)
	equal(t, "its request id", len(failure.RequestID()), 36)
	equal(t, "its text", strings.Contains(failure.Message(), "for this wsdl version"), true)
}
