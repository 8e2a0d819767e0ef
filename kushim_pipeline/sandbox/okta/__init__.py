"""A stand-in for an Okta organisation on loopback: real paths, Link paging, rate headers and error bodies."""
