# Perl's DBD::Pg: bytes as PG_BYTEA, arrays as references, codes of errors; with prepared statements of the server, or behind a pooler without them.
use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg qw(:pg_types);
use JSON::PP;

binmode STDOUT, ':encoding(UTF-8)';
my $TENANT = 'driver-perl';
my $json = JSON::PP->new->canonical;
my $dbh = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1, pg_server_prepare => $ENV{POOLED} ? 0 : 1 });

sub check {
    my ($what, $work) = @_;
    $work->();
    print "ok: $what\n";
}

sub equal {
    my ($got, $wanted) = map { ref ? $json->encode($_) : $_ // 'undef' } @_;
    die "got $got, wanted $wanted\n" if $got ne $wanted;
}

# Values are plain, or { bytes => … }.
sub query {
    my ($text, @values) = @_;
    my $statement = $dbh->prepare($text);
    for my $n (1 .. @values) {
        my $value = $values[$n - 1];
        if (ref $value eq 'HASH') { $statement->bind_param($n, $value->{bytes}, { pg_type => PG_BYTEA }) }
        else { $statement->bind_param($n, $value) }
    }
    $statement->execute;
    return $statement->fetchall_arrayref;
}

my $error_state = '';
sub in_tenant {
    my ($work, $tenant) = @_;
    $dbh->begin_work;
    my $result = eval { query('SELECT llmspell.tenant_set(?)', $tenant // $TENANT); $work->() };
    if (my $error = $@) {
        $error_state = $dbh->state;
        $dbh->rollback;
        die $error;
    }
    $dbh->commit;
    return $result;
}

sub refused_in_tenant {
    my ($state, $work) = @_;
    eval { in_tenant($work); 1 } and die "no error, $state was expected\n";
    my $error = $@;
    equal($error_state, $state);
    return $error;
}

my $bytes = join '', map { chr } 0 .. 255;
check('text and its version', sub {
    equal(in_tenant(sub { query('SELECT version::int, created::int FROM llmspell.kv_set_text(?, ?)', 'text', "a'é\\ %") }), [[1, 1]]);
    equal(in_tenant(sub { query('SELECT value FROM llmspell.kv_get_text(?)', 'text') })->[0][0], "a'é\\ %");
});
check('bytes, bound as PG_BYTEA', sub {
    in_tenant(sub { query('SELECT llmspell.kv_set(?, ?)', 'bytes', { bytes => $bytes }) });
    equal(in_tenant(sub { query('SELECT value FROM llmspell.kv_get(?)', 'bytes') })->[0][0], $bytes);
});
check('JSON', sub {
    in_tenant(sub { query('SELECT llmspell.kv_set_json(?, ?)', 'json', $json->encode({ a => [1, undef, 'é'] })) });
    equal($json->decode(in_tenant(sub { query('SELECT value FROM llmspell.kv_get_json(?)', 'json') })->[0][0]), { a => [1, undef, 'é'] });
});
check('arrays of texts, as references both ways', sub {
    equal(in_tenant(sub { query('SELECT key FROM llmspell.kv_get_many(?)', ['text', 'no "key"', 'json']) }), [['json'], ['text']]);
    equal(in_tenant(sub { query('SELECT array_agg(key ORDER BY key) FROM llmspell.kv_list()') })->[0][0], ['bytes', 'json', 'text']);
});
check('vectors as text', sub {
    in_tenant(sub { query('SELECT llmspell.item_put(?, ?, ?, embedding => ?)', ['a', 'b'], 'k', '{"n": 1}', '[1,0,0.5]') });
    equal(in_tenant(sub { query('SELECT key, (score > 0.99)::int FROM llmspell.item_search(?, query_embedding => ?)', ['a'], '[1,0,0.5]') }), [['k', 1]]);
});
check('intervals, times and NULL', sub {
    in_tenant(sub { query('SELECT llmspell.kv_set_text(?, ?, ?, ttl => ?)', 'ttl', 'x', undef, '1 hour') });
    equal(in_tenant(sub { query('SELECT metadata, (expires_at > now())::int FROM llmspell.kv_get_text(?)', 'ttl') }), [[undef, 1]]);
});
check('a conflict is LS409 with both versions, and the session lives', sub {
    my $error = refused_in_tenant('LS409', sub { query('SELECT llmspell.kv_set_text(?, ?, expected_version => ?)', 'text', 'y', 7) });
    die $error if $error !~ /expected version 7, current version 1/;
    equal(in_tenant(sub { query('SELECT llmspell.kv_count()::int') }), [[4]]);
});
check('no tenant is 42501, also after a transaction that had one', sub {
    eval { query('SELECT llmspell.kv_count()'); 1 } and die "no error\n";
    equal($dbh->state, '42501');
});
check('a transaction that fails leaves nothing', sub {
    refused_in_tenant('22012', sub { query('SELECT llmspell.kv_set_text(?, ?)', 'gone', 'x'); query('SELECT 1 / 0') });
    equal(in_tenant(sub { query('SELECT llmspell.kv_exists(?)::int', 'gone') }), [[0]]);
});
check('call: one statement, JSON in and out', sub {
    my $rows = query('SELECT r FROM llmspell.call(?, ?, ?) AS r', 'kv_get_json', $json->encode({ key => 'json' }), $TENANT);
    equal($json->decode($rows->[0][0])->{value}, { a => [1, undef, 'é'] });
});
check('a statement that is prepared once follows the tenant', sub {
    my $set = $dbh->prepare('SELECT llmspell.kv_set_text(?, ?)');
    my $get = $dbh->prepare('SELECT value FROM llmspell.kv_get_text(?)');
    for my $n (0, 1, 0, 1, 0, 1) {
        my $tenant = "$TENANT-$n";
        in_tenant(sub { $set->execute('k', $tenant); $set->finish }, $tenant);
        equal(in_tenant(sub { $get->execute('k'); my ($value) = $get->fetchrow_array; $get->finish; $value }, $tenant), $tenant);
    }
});
