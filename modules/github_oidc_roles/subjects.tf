# Which workflow runs each role trusts. The same as `goldenpath iam trust-policy` prints; a test compares the two.

locals {
  workflows = "${var.platform.repository}/.github/workflows"
  main      = "refs/heads/${var.platform.default_branch}"
  merged    = "refs/heads/${var.platform.integration_branch}"

  app_subjects = merge([for name, app in var.apps : {
    "${var.name_prefix}release-${name}" = {
      description   = "Releases of ${app.repository}"
      repository    = app.repository
      owner_id      = app.owner_id
      repository_id = app.repository_id
      environments  = app.github_environment == null ? [] : [app.github_environment]
      refs          = app.refs
      workflows     = [for ref in var.delivery_versions : "${local.workflows}/_build-and-release.yml@${ref}"]
    }
    "${var.name_prefix}rescan-${name}" = {
      description   = "Scans of what ${app.repository} has released"
      repository    = app.repository
      owner_id      = app.owner_id
      repository_id = app.repository_id
      environments  = []
      refs          = ["refs/heads/${app.default_branch}"]
      workflows     = [for ref in var.delivery_versions : "${local.workflows}/_rescan.yml@${ref}"]
    }
  }]...)

  platform_subjects = merge([for environment in var.environments : {
    "${var.name_prefix}plan-${environment}" = {
      description   = "Plans of the registries of ${environment}"
      repository    = var.platform.repository
      owner_id      = var.platform.owner_id
      repository_id = var.platform.repository_id
      environments  = []
      refs          = distinct([local.merged, local.main])
      workflows = [
        "${local.workflows}/create-ecr-registry.yml@${local.merged}",
        "${local.workflows}/retire-ecr-registry.yml@${local.merged}",
        "${local.workflows}/ecr-hygiene.yml@${local.main}",
      ]
    }
    "${var.name_prefix}apply-${environment}" = {
      description   = "Applies of the registries of ${environment}"
      repository    = var.platform.repository
      owner_id      = var.platform.owner_id
      repository_id = var.platform.repository_id
      environments  = ["registry-apply-${environment}"]
      refs          = [local.merged]
      # A push runs workflow files as the pushed commit has them: only the default branch's apply may enter.
      workflows = ["${local.workflows}/_apply-registries.yml@${local.main}"]
    }
  }]...)

  subjects = merge(local.app_subjects, local.platform_subjects)

  # GitHub names a repository in two forms; those made or renamed since July 2026 have the numbers.
  names = { for role, subject in local.subjects : role => [
    subject.repository,
    format("%s@%s/%s@%s", split("/", subject.repository)[0], subject.owner_id, split("/", subject.repository)[1], subject.repository_id),
  ] }
  # The `sub` of a job with a GitHub environment names that, and no ref.
  contexts = { for role, subject in local.subjects : role => length(subject.environments) > 0 ? [for name in subject.environments : "environment:${name}"] : [for ref in subject.refs : "ref:${ref}"] }

  subs = { for role, subject in local.subjects : role => distinct([
    for values in setproduct(local.names[role], local.contexts[role], subject.refs, subject.workflows) : join(":", [
      for key in var.subject_claim_keys : {
        repo                = "repo:${values[0]}"
        context             = values[1]
        repository          = "repository:${subject.repository}"
        repository_id       = "repository_id:${subject.repository_id}"
        repository_owner    = "repository_owner:${split("/", subject.repository)[0]}"
        repository_owner_id = "repository_owner_id:${subject.owner_id}"
        ref                 = "ref:${values[2]}"
        job_workflow_ref    = "job_workflow_ref:${values[3]}"
      }[key]
    ])
  ]) }

  claims = { for role, subject in local.subjects : role => { for claim, values in {
    sub              = local.subs[role]
    repository_id    = [subject.repository_id]
    environment      = subject.environments
    ref              = subject.refs
    job_workflow_ref = subject.workflows
    enterprise_id    = var.enterprise_id == null ? [] : [var.enterprise_id]
  } : claim => values if length(values) > 0 } }

  # `StringLike` only where a value has a wildcard: in it every `*` and `?` matches more than it says.
  conditions = { for role, claims in local.claims : role => merge(
    { StringEquals = merge(
      { "${local.issuer}:aud" = [var.audience] },
      { for claim, values in claims : "${local.issuer}:${claim}" => values if !strcontains(join("", values), "*") },
    ) },
    strcontains(join("", flatten(values(claims))), "*") ? { StringLike = { for claim, values in claims : "${local.issuer}:${claim}" => values if strcontains(join("", values), "*") } } : {},
  ) }
}
