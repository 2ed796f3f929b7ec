environment       = "prod"
build_id          = "main"
cluster_lifecycle = "persistent"
