"""A stand-in for a Jira Cloud site on loopback: API v3, its kinds of paging, JQL, permissions and rate headers."""
