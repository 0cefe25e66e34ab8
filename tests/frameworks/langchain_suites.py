"""LangChain's own suites over llmspell. test_langchain.py runs them by pytest, each test with a tenant of its own."""

import os
import uuid

import pytest
from langchain_tests.integration_tests import AsyncCacheTestSuite, BaseStoreAsyncTests, BaseStoreSyncTests, SyncCacheTestSuite, VectorStoreIntegrationTests
from llmspell import AsyncTenant, Tenant
from llmspell.langchain import LlmspellByteStore, LlmspellCache, LlmspellVectorStore


def conninfo():
    return os.environ["LLMSPELL_CONNINFO"]


@pytest.fixture
def tenant():
    with Tenant.connect(conninfo(), f"langchain-{uuid.uuid4()}", prepare_threshold=None) as connected:
        yield connected


@pytest.fixture
async def async_tenant():
    async with AsyncTenant.connect(conninfo(), f"langchain-{uuid.uuid4()}", prepare_threshold=None) as connected:
        yield connected


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tenant):
        return LlmspellVectorStore(tenant, self.get_embeddings(), space="small:suite")


class TestAsyncVectorStore(VectorStoreIntegrationTests):
    """With a connection for asyncio; its other tests are deselected."""

    @pytest.fixture
    async def vectorstore(self, async_tenant):
        return LlmspellVectorStore(async_tenant, self.get_embeddings(), space="small:suite")


class TestByteStore(BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def three_values(self):
        return b"a", b"\0\xff", b""

    @pytest.fixture
    def kv_store(self, tenant):
        return LlmspellByteStore(tenant)


class TestAsyncByteStore(BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    def three_values(self):
        return b"a", b"\0\xff", b""

    @pytest.fixture
    async def kv_store(self, async_tenant):
        return LlmspellByteStore(async_tenant, prefix="suite:")


class TestCache(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, tenant):
        return LlmspellCache(tenant)


class TestAsyncCache(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self, async_tenant):
        return LlmspellCache(async_tenant)
