locals {
  # What each level of risk brings. `goldenpath registry` reads this very table for its catalogue and its reviews, so
  # it holds literal values only. Where `archive_after_days` is a number, releases that nobody pulled for so many days are
  # archived in place of being deleted by count. An archived image cannot be pulled: protect what runs first
  # (`goldenpath registry protect`), since a cluster may run an image for months without pulling it.
  risk_controls = {
    low = {
      mutability         = "MUTABLE"
      encryption         = "AES256"
      keep               = 20
      archive_after_days = null
    }
    medium = {
      mutability         = "MUTABLE"
      encryption         = "AES256"
      keep               = 30
      archive_after_days = null
    }
    high = {
      mutability         = "IMMUTABLE"
      encryption         = "KMS"
      keep               = 50
      archive_after_days = null
    }
  }

  # An unknown level is refused by the variable's validation; the strictest stands in until that is reported.
  controls = lookup(local.risk_controls, var.metadata.risk, local.risk_controls.high)
}
