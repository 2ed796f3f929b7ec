locals {
  # What each level of risk brings. `goldenpath registry` reads this very table for its catalogue and its reviews, so
  # it holds literal values only.
  risk_controls = {
    low = {
      mutability = "MUTABLE"
      encryption = "AES256"
      keep       = 20
    }
    medium = {
      mutability = "MUTABLE"
      encryption = "AES256"
      keep       = 30
    }
    high = {
      mutability = "IMMUTABLE"
      encryption = "KMS"
      keep       = 50
    }
  }

  # An unknown level is refused by the variable's validation; the strictest stands in until that is reported.
  controls = lookup(local.risk_controls, var.metadata.risk, local.risk_controls.high)
}
