"""The service API: Dify's and OpenAI's wire contracts."""
