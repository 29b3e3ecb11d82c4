"""The container image and what the containers of docker-compose.yml start with."""
