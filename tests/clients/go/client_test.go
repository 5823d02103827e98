// SPDX-License-Identifier: MIT

// Package clients drives a ternd with the AWS SDK for Go v2. The server is that of TERN_ENDPOINT;
// test_go.py starts one.
package clients

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var number atomic.Int64

func newContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newClient(t *testing.T) *sqs.Client {
	t.Helper()
	endpoint := os.Getenv("TERN_ENDPOINT")
	if endpoint == "" {
		t.Fatal("TERN_ENDPOINT is not set; pytest tests/clients/test_go.py sets it")
	}
	loaded, err := config.LoadDefaultConfig(newContext(t),
		config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(endpoint),
		config.WithRetryMaxAttempts(1))
	must(t, err)
	return sqs.NewFromConfig(loaded)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, not %v", what, got, want)
	}
}

func newName(suffix string) string {
	return fmt.Sprintf("go-%d-%d%s", os.Getpid(), number.Add(1), suffix)
}

func newQueue(t *testing.T, client *sqs.Client, attributes map[string]string) *string {
	t.Helper()
	suffix := ""
	if attributes["FifoQueue"] == "true" {
		suffix = ".fifo"
	}
	made, err := client.CreateQueue(newContext(t), &sqs.CreateQueueInput{
		QueueName: aws.String(newName(suffix)), Attributes: attributes})
	must(t, err)
	return made.QueueUrl
}

func attributeOf(t *testing.T, client *sqs.Client, url *string,
	name types.QueueAttributeName) string {
	t.Helper()
	found, err := client.GetQueueAttributes(newContext(t), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{name}})
	must(t, err)
	return found.Attributes[string(name)]
}

// A queue whose messages go to a second one after `receives` receives.
func newQueueWithDeadLetters(t *testing.T, client *sqs.Client,
	receives int) (queue, deadLetters *string, deadLettersArn string) {
	t.Helper()
	deadLetters = newQueue(t, client, nil)
	deadLettersArn = attributeOf(t, client, deadLetters, types.QueueAttributeNameQueueArn)
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":%d}`,
		deadLettersArn, receives)
	queue = newQueue(t, client, map[string]string{"RedrivePolicy": policy})
	return queue, deadLetters, deadLettersArn
}

func send(t *testing.T, client *sqs.Client, url *string, body string) *sqs.SendMessageOutput {
	t.Helper()
	sent, err := client.SendMessage(newContext(t), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String(body)})
	must(t, err)
	return sent
}

func receive(t *testing.T, client *sqs.Client, in sqs.ReceiveMessageInput) []types.Message {
	t.Helper()
	if in.MaxNumberOfMessages == 0 {
		in.MaxNumberOfMessages = 10
	}
	received, err := client.ReceiveMessage(newContext(t), &in)
	must(t, err)
	return received.Messages
}
