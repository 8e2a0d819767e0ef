"""A stand-in for GitHub's REST API on loopback: real paths, paging, rate headers and error bodies; planted contents."""
