"""The emulated services of AWS: ECR and its registry, IAM, STS, and S3 for Terraform's state.

Every response of ECR fits the SDK's model (`shapes`). Where it still differs from the real ECR, it is listed here:

- Nothing is replicated, and nothing is scanned: `imageScanStatus` follows from the image; findings come from moto.
- Its registry has the settings that a new one has: nothing is signed, every pull is recorded, no blob is mounted.
- An image is restored from the archive within seconds; ECR takes up to 20 minutes.
- DescribeImages with `imageIds` does not return an archived image without a filter. ECR's documents say that of lists.
- The tag of an archived image stays taken: an immutable repository refuses to write it. ECR's documents do not say so.
- The referrers of an image stay active when it is archived, and stay when it is deleted; ECR removes them within a day.
- DescribeImages gives no size for an image index; ECR gives that of its largest manifest.
- The data plane has no list of referrers, lists the tags of archived images too, and gives their blobs.
- Quotas are not applied; tests throttle in their own way.
- The calls for layers (InitiateLayerUpload and the like) are not there: a push goes through the data plane.
- Of the policies of a repository only denials for everybody count; identity policies are not evaluated.
"""
