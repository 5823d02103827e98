// SPDX-License-Identifier: MIT

package clients

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestTemporaryCredentials(t *testing.T) {
	ctx := newContext(t)
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(os.Getenv("TERN_ENDPOINT")), config.WithRetryMaxAttempts(1))
	must(t, err)
	client := sts.NewFromConfig(loaded)
	who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	must(t, err)
	equal(t, "the caller", *who.Arn, "arn:aws:iam::"+*who.Account+":root")
	answer, err := client.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	must(t, err)
	keys := answer.Credentials
	equal(t, "the prefix of the key", strings.HasPrefix(*keys.AccessKeyId, "ASIA"), true)

	queues := newClient(t)
	session := sqs.New(queues.Options(), func(options *sqs.Options) {
		options.Credentials = credentials.NewStaticCredentialsProvider(
			*keys.AccessKeyId, *keys.SecretAccessKey, *keys.SessionToken)
	})
	name := newName("")
	made, err := session.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	must(t, err)
	_, err = queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	must(t, err)
}
