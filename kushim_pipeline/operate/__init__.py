"""Run Kushim over years: tenants come and go, data is backed up and brought back."""
