# SPDX-License-Identifier: MIT
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "url" {}
variable "key" {}
variable "secret" {}
variable "change" { default = "before" }
provider "aws" {
  region     = "us-east-1"
  access_key = var.key
  secret_key = var.secret
  endpoints {
    iam = var.url
    sns = var.url
    sqs = var.url
    sts = var.url
  }
}
resource "aws_sns_topic" "orders" {
  name         = "orders"
  display_name = var.change
  tags         = { change = var.change }
}
resource "aws_sns_topic_policy" "orders" {
  arn = aws_sns_topic.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.change
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.orders.arn
    }]
  })
}
resource "aws_sns_topic" "ordered" {
  name                        = "ordered.fifo"
  fifo_topic                  = true
  content_based_deduplication = var.change == "after"
}
resource "aws_sqs_queue" "orders" { name = "orders" }
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.orders.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.orders.arn } }
    }]
  })
}
resource "aws_sns_topic_subscription" "orders" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.orders.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ stage = [var.change] })
}
