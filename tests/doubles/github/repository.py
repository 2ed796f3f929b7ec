"""GitHub's description of a repository, complete enough for its own OpenAPI schema and for PyGithub."""

from __future__ import annotations

from typing import Any

_REPOSITORY_URLS = {
    f"{name}_url": path
    for name, path in {
        "archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}",
        "branches": "/branches{/branch}", "collaborators": "/collaborators{/collaborator}",
        "comments": "/comments{/number}", "commits": "/commits{/sha}", "compare": "/compare/{base}...{head}",
        "contents": "/contents/{+path}", "contributors": "/contributors", "deployments": "/deployments",
        "downloads": "/downloads", "events": "/events", "forks": "/forks", "git_commits": "/git/commits{/sha}",
        "git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}", "hooks": "/hooks",
        "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
        "issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages",
        "merges": "/merges", "milestones": "/milestones{/number}",
        "notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
        "releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}",
        "subscribers": "/subscribers", "subscription": "/subscription", "tags": "/tags", "teams": "/teams",
        "trees": "/git/trees{/sha}",
    }.items()
}  # fmt: skip
_OWNER_URLS = {
    "events_url": "/events{/privacy}", "followers_url": "/followers", "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}", "organizations_url": "/orgs", "received_events_url": "/received_events",
    "repos_url": "/repos", "starred_url": "/starred{/owner}{/repo}", "subscriptions_url": "/subscriptions",
}  # fmt: skip
_COUNTS = (
    "forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size", "stargazers_count",
    "subscribers_count", "watchers", "watchers_count",
)  # fmt: skip
_ABSENT = ("description", "homepage", "language", "license", "mirror_url")
_SWITCHES = {
    "archived": False, "disabled": False, "fork": False, "has_discussions": False, "has_downloads": True,
    "has_issues": True, "has_pages": False, "has_projects": False, "has_wiki": False,
}  # fmt: skip
_BORN = "2026-01-01T00:00:00Z"


def describe(origin: str, owner: str, name: str, *, visibility: str) -> dict[str, Any]:
    """Return the response to "Get a repository"; `origin` is the API's own URL, `visibility` public or private."""
    url, page = f"{origin}/repos/{owner}/{name}", f"{origin}/{owner}/{name}"
    return {
        "id": 1,
        "node_id": "R_local",
        "name": name,
        "full_name": f"{owner}/{name}",
        "owner": person(origin, owner),
        "private": visibility != "public",
        "visibility": visibility,
        "default_branch": "main",
        "url": url,
        "html_url": page,
        "clone_url": f"{page}.git",
        "git_url": f"{page}.git",
        "ssh_url": f"git@127.0.0.1:{owner}/{name}.git",
        "svn_url": page,
        **{key: url + path for key, path in _REPOSITORY_URLS.items()},
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_ABSENT),
        **dict.fromkeys(("created_at", "pushed_at", "updated_at"), _BORN),
        **_SWITCHES,
    }


def person(origin: str, login: str) -> dict[str, Any]:
    """Return the description of the user or organization `login`."""
    url = f"{origin}/users/{login}"
    return {
        "login": login,
        "id": 1,
        "node_id": "U_local",
        "avatar_url": f"{origin}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{origin}/{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        **{key: url + path for key, path in _OWNER_URLS.items()},
    }
