# SPDX-License-Identifier: MIT
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
    }
  }
}
variable "url" {}
variable "key" {}
variable "secret" {}
variable "path" { default = "/team/" }
provider "aws" {
  region     = "us-east-1"
  access_key = var.key
  secret_key = var.secret
  endpoints {
    iam = var.url
    sts = var.url
  }
}
data "aws_caller_identity" "me" {}
data "aws_iam_policy" "ro" { name = "AmazonSQSReadOnlyAccess" }
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.u.arn]
    }
  }
}
data "aws_iam_policy_document" "send" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["*"]
  }
}
resource "aws_iam_user" "u" {
  name                 = "tf-user"
  path                 = var.path
  force_destroy        = true
  tags                 = { team = "red" }
  permissions_boundary = data.aws_iam_policy.ro.arn
}
resource "aws_iam_access_key" "k" { user = aws_iam_user.u.name }
resource "aws_iam_group" "g" { name = "tf-group" }
resource "aws_iam_group_membership" "m" {
  name  = "m"
  group = aws_iam_group.g.name
  users = [aws_iam_user.u.name]
}
resource "aws_iam_group_policy" "gp" {
  group  = aws_iam_group.g.name
  policy = data.aws_iam_policy_document.send.json
}
resource "aws_iam_group_policy_attachment" "gpa" {
  group      = aws_iam_group.g.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_user_policy" "up" {
  user   = aws_iam_user.u.name
  policy = data.aws_iam_policy_document.send.json
}
resource "aws_iam_user_policy_attachment" "upa" {
  user       = aws_iam_user.u.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_policy" "p" {
  name        = "tf-policy"
  description = "d"
  policy      = data.aws_iam_policy_document.send.json
  tags        = { a = "b" }
}
resource "aws_iam_role" "r" {
  name                 = "tf-role"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  description          = "role"
  tags                 = { a = "b" }
}
resource "aws_iam_role_policy" "rp" {
  role   = aws_iam_role.r.name
  policy = data.aws_iam_policy_document.send.json
}
resource "aws_iam_role_policy_attachment" "rpa" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
}
resource "aws_iam_instance_profile" "ip" {
  name = "tf-profile"
  role = aws_iam_role.r.name
  path = var.path
  tags = { a = "b" }
}
resource "aws_iam_openid_connect_provider" "oidc" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com", var.path]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { a = "b" }
}
data "aws_iam_policy_document" "web" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.oidc.arn]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:octo/*"]
    }
  }
}
resource "aws_iam_role" "web" {
  name               = "tf-web"
  assume_role_policy = data.aws_iam_policy_document.web.json
}
resource "aws_iam_account_password_policy" "pp" {
  minimum_password_length        = 12
  require_symbols                = true
  require_numbers                = true
  require_uppercase_characters   = true
  require_lowercase_characters   = true
  allow_users_to_change_password = true
  max_password_age               = var.path == "/team/" ? 90 : 60
  password_reuse_prevention      = 3
}
resource "aws_iam_user_login_profile" "lp" {
  user       = aws_iam_user.u.name
  depends_on = [aws_iam_account_password_policy.pp]
}
resource "aws_iam_virtual_mfa_device" "mfa" {
  virtual_mfa_device_name = "tf-mfa"
  tags                    = { a = "b" }
}
resource "aws_iam_service_linked_role" "s" { aws_service_name = "ecs.amazonaws.com" }
resource "aws_iam_account_alias" "a" { account_alias = "tern-tf" }
output "me" { value = data.aws_caller_identity.me.arn }
