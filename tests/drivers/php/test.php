<?php
// PHP's PDO: bytes as PARAM_LOB, arrays as text, codes of errors; with the prepared statements of the server, or behind a pooler without them.

const TENANT = 'driver-php';

function check(string $what, callable $work): void
{
    $work();
    echo "ok: $what\n";
}

function equal($got, $wanted): void
{
    if ($got !== $wanted) {
        throw new Exception('got ' . json_encode($got) . ', wanted ' . json_encode($wanted));
    }
}

function refused(string $state, callable $work): array
{
    try {
        $work();
    } catch (PDOException $error) {
        equal($error->errorInfo[0], $state);
        return $error->errorInfo;
    }
    throw new Exception("no error, $state was expected");
}

$pooled = (bool) getenv('POOLED');
$pdo = new PDO('pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE'), getenv('PGUSER'), getenv('PGPASSWORD') ?: null, [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC, PDO::ATTR_EMULATE_PREPARES => $pooled]);

$query = function (string $text, ...$values) use ($pdo): array {
    $statement = $pdo->prepare($text);
    foreach ($values as $n => $value) {
        $isBytes = is_resource($value);
        $statement->bindValue($n + 1, $value, match (true) {
            $isBytes => PDO::PARAM_LOB, is_int($value) => PDO::PARAM_INT, is_bool($value) => PDO::PARAM_BOOL, $value === null => PDO::PARAM_NULL, default => PDO::PARAM_STR
        });
    }
    $statement->execute();
    return $statement->fetchAll();
};
$bytesOf = function (string $text) {
    $stream = fopen('php://memory', 'r+');
    fwrite($stream, $text);
    rewind($stream);
    return $stream;
};
$inTenant = function (callable $work, string $tenant = TENANT) use ($pdo, $query) {
    $pdo->beginTransaction();
    try {
        $query('SELECT llmspell.tenant_set(?)', $tenant);
        $result = $work();
        $pdo->commit();
        return $result;
    } catch (Throwable $error) {
        $pdo->rollBack();
        throw $error;
    }
};

$bytes = implode('', array_map('chr', range(0, 255)));
check('text and its version', function () use ($inTenant, $query) {
    equal($inTenant(fn () => $query('SELECT version, created FROM llmspell.kv_set_text(?, ?)', 'text', "a'é\\ %")), [['version' => 1, 'created' => true]]);
    equal($inTenant(fn () => $query('SELECT value FROM llmspell.kv_get_text(?)', 'text')), [['value' => "a'é\\ %"]]);
});
check('bytes: a stream bound as PARAM_LOB, a stream back', function () use ($inTenant, $query, $bytesOf, $bytes) {
    $inTenant(fn () => $query('SELECT llmspell.kv_set(?, ?)', 'bytes', $bytesOf($bytes)));
    equal(stream_get_contents($inTenant(fn () => $query('SELECT value FROM llmspell.kv_get(?)', 'bytes'))[0]['value']), $bytes);
});
check('JSON', function () use ($inTenant, $query) {
    $inTenant(fn () => $query('SELECT llmspell.kv_set_json(?, ?)', 'json', json_encode(['a' => [1, null, 'é']])));
    equal(json_decode($inTenant(fn () => $query('SELECT value FROM llmspell.kv_get_json(?)', 'json'))[0]['value'], true), ['a' => [1, null, 'é']]);
});
check('arrays of texts, as text', function () use ($inTenant, $query) {
    equal(array_column($inTenant(fn () => $query('SELECT key FROM llmspell.kv_get_many(?)', '{"text","no \"key\"","json"}')), 'key'), ['json', 'text']);
});
check('vectors as text', function () use ($inTenant, $query) {
    $inTenant(fn () => $query('SELECT llmspell.item_put(?, ?, ?, embedding => ?)', '{a,b}', 'k', '{"n": 1}', '[1,0,0.5]'));
    equal($inTenant(fn () => $query('SELECT key, score > 0.99 AS near FROM llmspell.item_search(?, query_embedding => ?)', '{a}', '[1,0,0.5]')), [['key' => 'k', 'near' => true]]);
});
check('intervals, times and NULL', function () use ($inTenant, $query) {
    $inTenant(fn () => $query('SELECT llmspell.kv_set_text(?, ?, ?, ttl => ?)', 'ttl', 'x', null, '1 hour'));
    equal($inTenant(fn () => $query('SELECT metadata, expires_at > now() AS later FROM llmspell.kv_get_text(?)', 'ttl')), [['metadata' => null, 'later' => true]]);
});
check('a conflict is LS409 with both versions, and the session lives', function () use ($inTenant, $query) {
    $error = refused('LS409', fn () => $inTenant(fn () => $query('SELECT llmspell.kv_set_text(?, ?, expected_version => ?)', 'text', 'y', 7)));
    equal(str_contains($error[2], 'expected version 7, current version 1'), true);
    equal($inTenant(fn () => $query('SELECT llmspell.kv_count() AS n')), [['n' => 4]]);
});
check('no tenant is 42501, also after a transaction that had one', function () use ($query) {
    refused('42501', fn () => $query('SELECT llmspell.kv_count()'));
});
check('a transaction that fails leaves nothing', function () use ($inTenant, $query) {
    refused('22012', fn () => $inTenant(function () use ($query) {
        $query('SELECT llmspell.kv_set_text(?, ?)', 'gone', 'x');
        $query('SELECT 1 / 0');
    }));
    equal($inTenant(fn () => $query('SELECT llmspell.kv_exists(?) AS e', 'gone')), [['e' => false]]);
});
check('call: one statement, JSON in and out', function () use ($query) {
    $rows = $query('SELECT r FROM llmspell.call(?, ?, ?) AS r', 'kv_get_json', json_encode(['key' => 'json']), TENANT);
    equal(json_decode($rows[0]['r'], true)['value'], ['a' => [1, null, 'é']]);
});
check('a statement that is prepared once follows the tenant', function () use ($pdo, $inTenant) {
    $set = $pdo->prepare('SELECT llmspell.kv_set_text(?, ?)');
    $get = $pdo->prepare('SELECT value FROM llmspell.kv_get_text(?)');
    foreach ([0, 1, 0, 1, 0, 1] as $n) {
        $tenant = TENANT . "-$n";
        $inTenant(fn () => $set->execute(['k', $tenant]), $tenant);
        $found = $inTenant(fn () => [$get->execute(['k']), $get->fetchColumn()], $tenant);
        equal($found[1], $tenant);
    }
});
