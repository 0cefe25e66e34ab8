# frozen_string_literal: true

# Ruby's pg: parameters without types, bytes in binary format, arrays by the encoder, codes of errors.
require 'json'
require 'pg'

TENANT = 'driver-ruby'

def check(what)
  yield
  puts "ok: #{what}"
end

def equal(got, wanted)
  raise "got #{got.inspect}, wanted #{wanted.inspect}" unless got == wanted
end

def refused(state)
  yield
  raise "no error, #{state} was expected"
rescue PG::Error => e
  raise unless e.result && e.result.error_field(PG::Result::PG_DIAG_SQLSTATE) == state

  e.result
end

connection = PG.connect
array = PG::TextEncoder::Array.new
bytes = (0..255).to_a.pack('C*')
query = ->(text, *values) { connection.exec_params(text, values) }
in_tenant = lambda do |name = TENANT, &work|
  connection.transaction do
    query.call('SELECT llmspell.tenant_set($1)', name)
    work.call
  end
end

check('text and its version') do
  in_tenant.call { equal query.call('SELECT version, created FROM llmspell.kv_set_text($1, $2)', 'text', "a'é\\ %").values, [%w[1 t]] }
  in_tenant.call { equal query.call('SELECT value FROM llmspell.kv_get_text($1)', 'text').getvalue(0, 0), "a'é\\ %" }
end
check('bytes, in binary format both ways') do
  in_tenant.call { query.call('SELECT llmspell.kv_set($1, $2)', 'bytes', { value: bytes, format: 1 }) }
  in_tenant.call { equal connection.exec_params('SELECT value FROM llmspell.kv_get($1)', ['bytes'], 1).getvalue(0, 0), bytes }
  in_tenant.call { equal connection.unescape_bytea(query.call('SELECT value FROM llmspell.kv_get($1)', 'bytes').getvalue(0, 0)), bytes }
end
check('JSON') do
  in_tenant.call { query.call('SELECT llmspell.kv_set_json($1, $2)', 'json', { a: [1, nil, 'é'] }.to_json) }
  in_tenant.call { equal JSON.parse(query.call('SELECT value FROM llmspell.kv_get_json($1)', 'json').getvalue(0, 0)), { 'a' => [1, nil, 'é'] } }
end
check('arrays of texts') do
  in_tenant.call do
    found = query.call('SELECT key FROM llmspell.kv_get_many($1)', array.encode(['text', 'no "key"', 'json']))
    equal found.column_values(0), %w[json text]
  end
end
check('vectors as text') do
  in_tenant.call { query.call('SELECT llmspell.item_put($1, $2, $3, embedding => $4)', array.encode(%w[a b]), 'k', '{"n": 1}', '[1,0,0.5]') }
  in_tenant.call { equal query.call('SELECT key, score::float8 > 0.99 FROM llmspell.item_search($1, query_embedding => $2)', array.encode(['a']), '[1,0,0.5]').values, [%w[k t]] }
end
check('intervals, times and NULL') do
  in_tenant.call { query.call('SELECT llmspell.kv_set_text($1, $2, $3, ttl => $4)', 'ttl', 'x', nil, '1 hour') }
  in_tenant.call { equal query.call('SELECT metadata, expires_at > now() FROM llmspell.kv_get_text($1)', 'ttl').values, [[nil, 't']] }
end
check('a conflict is LS409 with both versions, and the session lives') do
  result = refused('LS409') { in_tenant.call { query.call('SELECT llmspell.kv_set_text($1, $2, expected_version => $3)', 'text', 'y', 7) } }
  equal result.error_field(PG::Result::PG_DIAG_MESSAGE_DETAIL), 'expected version 7, current version 1'
  in_tenant.call { equal query.call('SELECT llmspell.kv_count()').getvalue(0, 0), '4' }
end
check('no tenant is 42501, also after a transaction that had one') do
  refused('42501') { query.call('SELECT llmspell.kv_count()') }
end
check('a transaction that fails leaves nothing') do
  refused('22012') { in_tenant.call { query.call('SELECT llmspell.kv_set_text($1, $2)', 'gone', 'x') && query.call('SELECT 1 / 0') } }
  in_tenant.call { equal query.call('SELECT llmspell.kv_exists($1)', 'gone').getvalue(0, 0), 'f' }
end
check('call: one statement, JSON in and out') do
  found = query.call('SELECT r FROM llmspell.call($1, $2, $3) AS r', 'kv_get_json', { key: 'json' }.to_json, TENANT)
  equal JSON.parse(found.getvalue(0, 0))['value'], { 'a' => [1, nil, 'é'] }
end
unless ENV['POOLED']
  check('a prepared statement follows the tenant') do
    connection.prepare('set', 'SELECT llmspell.kv_set_text($1, $2)')
    connection.prepare('get', 'SELECT value FROM llmspell.kv_get_text($1)')
    6.times do |n|
      name = "#{TENANT}-#{n % 2}"
      in_tenant.call(name) { connection.exec_prepared('set', ['k', name]) }
      in_tenant.call(name) { equal connection.exec_prepared('get', ['k']).getvalue(0, 0), name }
    end
  end
end
