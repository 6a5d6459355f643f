"""Agent loops: a model that calls tools until it can answer."""
