"""What the platform promises, as dated tables of data with validators that prove them total."""
