"""A stand-in for Slack's Web API and its Audit Logs API on loopback: real methods, paging, scopes and errors."""
