# The roles by which workflow runs of GitHub enter this account, and the provider whose tokens they trust.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  issuer    = "token.actions.githubusercontent.com"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  place     = { partition = local.partition, account = local.account, region = local.region }

  release_roles = { for name, app in var.apps : "${var.name_prefix}release-${name}" => templatefile("${path.module}/policies/release.json.tftpl", merge(local.place, { repositories = app.ecr_repositories })) }
  rescan_roles  = { for name, app in var.apps : "${var.name_prefix}rescan-${name}" => templatefile("${path.module}/policies/rescan.json.tftpl", merge(local.place, { repositories = app.ecr_repositories })) if app.rescan }
  plan_roles    = { for environment in var.environments : "${var.name_prefix}plan-${environment}" => templatefile("${path.module}/policies/plan.json.tftpl", merge(local.place, { environment = environment, bucket = var.state_bucket })) }
  apply_roles   = { for environment in var.environments : "${var.name_prefix}apply-${environment}" => templatefile("${path.module}/policies/${length(var.kms_keys) > 0 ? "apply_with_keys" : "apply"}.json.tftpl", merge(local.place, { environment = environment, bucket = var.state_bucket, keys = var.kms_keys })) }
  policies      = merge(local.release_roles, local.rescan_roles, local.plan_roles, local.apply_roles)

  boundary = var.permissions_boundary_arn == null ? one(aws_iam_policy.boundary[*].arn) : var.permissions_boundary_arn
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = [var.audience]
}

resource "aws_iam_policy" "boundary" {
  count = var.permissions_boundary_arn == null ? 1 : 0

  name        = "${var.name_prefix}boundary"
  description = "The most that a role of the platform may do, whatever policies it has."
  policy      = templatefile("${path.module}/policies/boundary.json.tftpl", merge(local.place, { bucket = coalesce(var.state_bucket, "no-state-bucket") }))
}

resource "aws_iam_role" "this" {
  for_each = local.policies

  name                 = each.key
  description          = local.subjects[each.key].description
  permissions_boundary = local.boundary
  # An apply may take longer than half an hour, and gets no new credentials on its way.
  max_session_duration = 3600
  assume_role_policy = templatefile("${path.module}/policies/trust.json.tftpl", {
    partition = local.partition
    account   = local.account
    condition = local.conditions[each.key]
  })

  depends_on = [aws_iam_openid_connect_provider.github]

  lifecycle {
    precondition {
      condition     = length(each.key) <= 64
      error_message = "The role name ${each.key} has more than 64 characters: give the app a shorter name."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = "goldenpath"
  role   = aws_iam_role.this[each.key].name
  policy = each.value
}
