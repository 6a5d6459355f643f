"""How a run's events are told: in our own words, in Dify's, in OpenAI's."""
