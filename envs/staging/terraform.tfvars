environment       = "staging"
build_id          = "main"
cluster_lifecycle = "persistent"
