environment       = "dev"
build_id          = "main"
cluster_lifecycle = "persistent"
