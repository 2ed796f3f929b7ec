environment       = "test"
build_id          = "main"
cluster_lifecycle = "persistent"
