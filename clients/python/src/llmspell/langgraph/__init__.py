"""Savers of LangGraph's checkpoints, and its stores."""

from .saver import AsyncLlmspellSaver, LlmspellSaver
from .store import AsyncLlmspellStore, LlmspellStore

__all__ = ["AsyncLlmspellSaver", "AsyncLlmspellStore", "LlmspellSaver", "LlmspellStore"]
