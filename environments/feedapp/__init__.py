"""The local short-video page, for agents and for people. It emits events and knows no trace."""
